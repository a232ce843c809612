//! "Did you mean": the known name that is nearest to a mistyped one.

/// The nearest of these names, if one is near enough to have been meant. Case and underscores make no difference, so that the names of
/// other notations (`partyId`) are found, too.
pub(in crate::rules) fn nearest<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let plain_typed = plain(typed);
    let near_enough = (plain_typed.len() / 3).max(1);
    names
        .into_iter()
        .map(|name| (distance(&plain_typed, &plain(name)), name))
        .filter(|(distance, _)| *distance <= near_enough)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn plain(name: &str) -> Vec<char> {
    name.chars()
        .filter(|c| *c != '_')
        .flat_map(char::to_lowercase)
        .collect()
}

/// How many characters must be put in, taken out, replaced, or changed with their neighbour, to make one of the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = vec![];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before_last[j - 2] + 1);
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let names = ["MEETING_FULL", "PORT_FULL", "party_id", "status", "name"];
        for (typed, meant) in [
            ("MEETNG_FULL", Some("MEETING_FULL")),
            ("port_full", Some("PORT_FULL")),
            ("partyId", Some("party_id")),
            ("stauts", Some("status")),
            ("nmae", Some("name")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(nearest(typed, names), meant, "{typed}");
        }
    }
}
