//! Mistakes in a filter, which are told without what was written.

use tonic::Status;
use tonic_types::StatusExt as _;

use super::compile;

/// What is told of a filter, and at which column.
fn told(filter: &str) -> (String, String) {
    let status = Status::from(compile(filter).unwrap_err());
    let info = status.get_error_details().error_info().unwrap().clone();
    (status.message().to_owned(), info.metadata["column"].clone())
}

#[test]
fn a_mistake_is_told_without_what_was_written() {
    for (filter, message, column) in [
        ("rule == Wang", "there is no `…` here", "9"),
        ("'Wang'", "`…` is text, not a condition", "1"),
        ("severity >= 'Wang'", "`…` is a severity, `…` is text", "1"),
        ("key.phone == 4711", "`…` is text, `…` is a number", "14"),
        ("rule == 4711Wang", "`…` is neither a number nor a name", "9"),
        (
            "rule == 'Wang' Wang",
            "here should be the end of the expression, not `…`",
            "16",
        ),
        (
            "(rule == 'Wang'",
            "here should be `)`, not the end of the expression",
            "16",
        ),
        ("rule == 'Wang", "this text has no end", "9"),
        ("rule == '`Wang' Wang", "this is no filter", "17"),
        ("started_at > timestamp('Wang')", "`…` is no time", "24"),
        (
            "rule.matches('Wang(')",
            "the pattern is wrong at its character 5: unclosed group",
            "14",
        ),
        ("labels.Wang.Wang == 'x'", "`…` has no parts to name", "1"),
    ] {
        let (text, place) = told(filter);
        assert!(text.contains(message), "{filter}: {text}");
        assert_eq!(place, column, "{filter}: {text}");
        assert!(!text.contains("Wang") && !text.contains("4711"), "{filter}: {text}");
    }
}
