//! The closed cases of CEL's public conformance suite (google/cel-spec, `tests/simple/testdata`, at 508bd98): the files on basics,
//! integers, comparisons, logic, texts, macros, parsing, times and lists. Absent are those that bind variables or name messages.

use super::{Expr, Mistake, Schema, compile, scenes};
use crate::model::ConferenceStatus;

/// `# a section`, and a case a line, `expression ⇒ value`: true, false, undecided, a number or a text in quotes. Under `# refused: …` an
/// expression a line, and what it is refused with. Pictures stand for control characters: `␊` for the end of a line.
const CASES: &str = include_str!("conformance.txt");

#[test]
fn what_is_here_of_cel_means_what_cel_says() {
    let mut cases = 0;
    let mut reason = None;
    for line in CASES.lines().filter(|line| !line.is_empty()) {
        if let Some(section) = line.strip_prefix("# ") {
            reason = section.strip_prefix("refused: ");
            continue;
        }
        cases += 1;
        match (reason, line.split_once(" ⇒ ")) {
            (Some(reason), _) => {
                let told = told(&compile(&drawn(line), Schema::Notification));
                assert!(told.contains(reason), "{line} is refused because {reason}, not: {told}");
            }
            (None, Some((expression, value))) => check(expression, value),
            (None, None) => panic!("{line}"),
        }
    }
    assert_eq!(cases, 850);
}

fn check(expression: &str, value: &str) {
    let mut scene = scenes::conf(ConferenceStatus::MEETING_START);
    let plain = drawn(expression);
    let (text, expected) = match value {
        "true" => (plain, Some(true)),
        "false" => (plain, Some(false)),
        "undecided" => {
            let compared = [format!("({plain}) == 0"), format!("({plain}) == ''")];
            let by_type = compared
                .into_iter()
                .find(|text| compile(text, Schema::Notification).is_ok());
            (by_type.unwrap_or(plain), None)
        }
        value => match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
            // Not written as a literal, whose reading is what is looked at.
            Some(value) => {
                scene.source = drawn(value);
                (format!("source == ({plain})"), Some(true))
            }
            None => (format!("({plain}) == {value}"), Some(true)),
        },
    };
    let expr = compile(&text, Schema::Notification);
    let expr = expr.unwrap_or_else(|mistakes| panic!("{expression}: {mistakes:#?}"));
    assert_eq!(expr.decide(&scene.facts()), expected, "{expression} ⇒ {value}");
}

/// All that is wrong in one line.
fn told(result: &Result<Expr, Vec<Mistake>>) -> String {
    let mistakes = result.as_ref().err().map_or(&[][..], Vec::as_slice);
    let told = mistakes
        .iter()
        .map(|Mistake { message, advice, .. }| format!("{message} {advice:?}"));
    told.collect::<Vec<_>>().join("; ")
}

/// With control characters in place of their pictures.
fn drawn(text: &str) -> String {
    let control = |c: char| match u32::from(c) {
        0x2421 => '\x7f',
        picture @ 0x2400..=0x241f => char::from_u32(picture - 0x2400).unwrap_or(c),
        _ => c,
    };
    text.chars().map(control).collect()
}
