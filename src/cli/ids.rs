//! Ids by their beginnings, so that whoever reads one off a screen need not write all of it. The server knows whole ids alone: the rest
//! of each is found in a list.

use tonic::{Status, transport::Channel};

use super::{alerts, failure::Failure, show};
use crate::api::alert_service_client::AlertServiceClient;

/// How many digits an id has.
const WHOLE: usize = 32;

/// How many of them a beginning has at least.
const LEAST: usize = 6;

/// Among how many alerts, the newest, a beginning is looked for.
const NEWEST: usize = 10_000;

/// How many of those that begin alike are named.
const NAMED: usize = 10;

/// Something that has an id.
#[derive(Debug)]
pub(super) struct Known {
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// Makes whole the ids of alerts of which the beginning was given.
///
/// # Errors
///
/// As [`complete`].
pub(super) async fn complete_alerts(
    service: &mut AlertServiceClient<Channel>,
    ids: &mut [String],
) -> Result<(), Failure> {
    complete(ids, async || {
        let newest = alerts::list(service, String::new(), alerts::Order::Newest, NEWEST).await?;
        let known = |alert| Known {
            name: format!("{} {}", show::alert_name(&alert), show::state(&alert)),
            id: alert.id,
        };
        Ok(newest.into_iter().map(known).collect())
    })
    .await
}

/// Makes whole the ids of which the beginning was given, out of a list that is asked for only then. What begins no id there stays as it
/// is, for the server to refuse.
///
/// # Errors
///
/// [`Failure::Ambiguous`], with nothing done to any of them; and where the list fails.
pub(super) async fn complete(
    ids: &mut [String],
    list: impl AsyncFnOnce() -> Result<Vec<Known>, Status>,
) -> Result<(), Failure> {
    let beginnings: Vec<&mut String> = ids.iter_mut().filter(|id| is_beginning(id)).collect();
    if beginnings.is_empty() {
        return Ok(());
    }
    let known = list().await?;
    for beginning in beginnings {
        if let Some(id) = only(beginning, &known)? {
            *beginning = id;
        }
    }
    Ok(())
}

fn is_beginning(id: &str) -> bool {
    (LEAST..WHOLE).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The only id that begins so.
fn only(beginning: &str, known: &[Known]) -> Result<Option<String>, Failure> {
    let start = beginning.to_ascii_lowercase();
    let fitting: Vec<&Known> = known.iter().filter(|known| known.id.starts_with(&start)).collect();
    match fitting.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only.id.clone())),
        several => Err(Failure::Ambiguous {
            beginning: start,
            count: several.len(),
            candidates: several.iter().take(NAMED).map(|known| told(known)).collect(),
        }),
    }
}

fn told(known: &Known) -> String {
    format!("\n  {}  {}", show::clean(&known.id), known.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn completed(ids: &[&str]) -> Result<Vec<String>, Failure> {
        let mut ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let known = ["abcdef00", "abcdef11", "012345aa"].map(|start| Known {
            id: format!("{start:0<32}"),
            name: format!("rule{{{start}}} firing"),
        });
        complete(&mut ids, async || Ok(Vec::from(known))).await?;
        Ok(ids)
    }

    #[tokio::test]
    async fn a_beginning_that_one_id_has_is_made_whole_and_what_is_none_stays() {
        let whole = format!("{:0<32}", "abcdef11");
        for (given, expected) in [
            ("abcdef1", whole.as_str()),
            ("ABCDEF1", whole.as_str()),
            (whole.as_str(), whole.as_str()),
            ("abcdef2", "abcdef2"),
            ("01234", "01234"),
            ("port-full", "port-full"),
            ("", ""),
        ] {
            assert_eq!(completed(&[given]).await.unwrap(), [expected], "{given}");
        }
    }

    #[tokio::test]
    async fn one_that_several_ids_have_names_them() {
        let told = completed(&["012345", "abcdef"]).await.unwrap_err().to_string();
        assert!(told.starts_with("abcdef is the beginning of 2 ids"), "{told}");
        assert!(
            told.contains("rule{abcdef00} firing") && told.contains("rule{abcdef11} firing"),
            "{told}"
        );
    }

    #[tokio::test]
    async fn whole_ids_ask_for_no_list() {
        let mut ids = ["0".repeat(32)];
        complete(&mut ids, async || panic!("nobody asks")).await.unwrap();
    }
}
