//! Places in rule files, for people and for programs.

use super::*;
use crate::rules::SourceFile;

fn source(text: &str) -> RuleSource {
    RuleSource {
        files: vec![SourceFile {
            name: "rules.yaml".to_owned(),
            text: text.to_owned(),
        }],
    }
}

fn span(start: usize, end: usize) -> Span {
    Span { file: 0, start, end }
}

#[test]
fn columns_count_characters() {
    let source = source("\u{feff}名: 真实\nb: c\n");
    let location = |start, end| Location::of(&source, span(start, end)).to_string();
    assert_eq!(location(3, 6), "rules.yaml:1:1");
    assert_eq!(location(8, 14), "rules.yaml:1:4");
    assert_eq!(location(15, 16), "rules.yaml:2:1");
}

#[test]
fn finds_the_part_of_a_scalar() {
    // Each time the part is `bad`, and what is found of it in the file stands beside the value.
    for (raw, value, found) in [
        ("a == bad", "a == bad", "bad"),
        ("'a == bad'", "a == bad", "bad"),
        ("\"a == bad\"", "a == bad", "bad"),
        ("\"a =\\x3d bad\"", "a == bad", "\"a =\\x3d bad\""),
        ("'it''s bad'", "it's bad", "'it''s bad'"),
        ("a &&\n    bad\n", "a &&\nbad\n", "bad"),
        ("a &&\r\n    bad\r\n", "a &&\nbad\n", "bad"),
        ("a &&\n\n      bad || c\n", "a &&\n\n  bad || c\n", "bad"),
        ("a &&\n    bad\n", "a && bad\n", "a &&\n    bad"),
        ("真 == bad", "真 == bad", "bad"),
    ] {
        let source = source(raw);
        let text = Spanned {
            value: value.to_owned(),
            span: span(0, raw.len()),
        };
        let start = value.find("bad").unwrap();
        assert_eq!(text.within(start..start + 3, &source).text(&source), found, "{raw:?}");
    }
    let text = Spanned {
        value: "a &&\n".to_owned(),
        span: span(0, 7),
    };
    assert_eq!(
        text.within(5..5, &source("a &&\r\n ")),
        span(4, 4),
        "the end of a block scalar"
    );
}

#[test]
fn programs_get_lines_and_columns() {
    let source = source("a: b\nc: d\n");
    let mut finding = Diagnostic::error(&source, span(5, 6), "unknown key `c`");
    finding
        .advise("did you mean `a`?")
        .other(&source, span(0, 1), "this one");
    assert_eq!(
        serde_json::to_value(&finding).unwrap(),
        serde_json::json!({
            "file": "rules.yaml", "line": 2, "column": 1, "end": { "line": 2, "column": 2 },
            "severity": "error", "message": "unknown key `c`", "advice": "did you mean `a`?",
            "related": [{ "file": "rules.yaml", "line": 1, "column": 1, "end": { "line": 1, "column": 2 }, "message": "this one" }],
        })
    );
    assert_eq!(
        finding.to_string(),
        "rules.yaml:2:1: error: unknown key `c`; did you mean `a`?"
    );
}

#[test]
fn terminals_get_colours_if_they_want_them() {
    let source = source("a: b\n");
    let finding = Diagnostic::warning(&source, span(0, 1), "odd");
    assert!(finding.render(&source, true).contains("\u{1b}["));
    assert!(!finding.render(&source, false).contains('\u{1b}'));
}

#[test]
fn findings_come_in_the_order_of_their_places() {
    let source = source("a: b\nc: d\n");
    let mut findings = Findings::new(&source);
    findings.warning(span(5, 6), "second");
    findings.warning(span(0, 1), "first");
    assert_eq!(
        findings
            .finish()
            .unwrap()
            .iter()
            .map(|finding| finding.message.as_str())
            .collect::<Vec<_>>(),
        ["first", "second"]
    );
    let mut findings = Findings::new(&source);
    findings.error(span(0, 1), "wrong");
    assert!(findings.finish().is_err());
}
