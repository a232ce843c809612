//! Texts made to do harm: each is refused, or read, on a stack of 2 MiB, and none makes the compiler fail.

use std::{sync::Arc, thread};

use proptest::prelude::*;

use super::{Defines, Expr, MAX_FILTER, MAX_RULE, Mistake, Schema};
use crate::rules::{RuleSource, SourceFile, compile::compile};

/// The stack that an async worker has.
const STACK: usize = 2 << 20;

fn compile_all(texts: Vec<(String, usize)>) -> Vec<Result<Expr, Vec<Mistake>>> {
    let compile = move || {
        let compile =
            |(text, max): &(String, usize)| Expr::compile(text, Schema::Notification, &Defines::default(), *max);
        texts.iter().map(compile).collect()
    };
    thread::Builder::new()
        .stack_size(STACK)
        .spawn(compile)
        .unwrap()
        .join()
        .unwrap()
}

fn message(result: &Result<Expr, Vec<Mistake>>) -> &str {
    match result {
        Ok(_) => "ok",
        Err(mistakes) => &mistakes[0].message,
    }
}

const TOO_DEEP: &str = "the expression nests deeper than 64 levels";
const TOO_LARGE: &str = "the expression has more than 512 parts";

/// With no limit of length in the way, the others must do.
#[test]
fn depth_and_size_are_capped_while_reading() {
    let cases = [
        (format!("a{}", ".b".repeat(4_500)), TOO_DEEP),
        (format!("a{}", ".b()".repeat(4_500)), TOO_DEEP),
        (format!("a{}", "[0]".repeat(4_500)), TOO_DEEP),
        (format!("1{}", " == 1".repeat(5_000)), TOO_DEEP),
        (format!("1{}", " in 1".repeat(5_000)), TOO_DEEP),
        (format!("1{}", " + 1".repeat(5_000)), TOO_DEEP),
        (format!("true{}", " && true".repeat(5_000)), TOO_LARGE),
        (format!("true{}", " || true".repeat(5_000)), TOO_LARGE),
        (format!("true{}", " ? true : true".repeat(5_000)), TOO_DEEP),
        (
            format!("true{}", " ? true".repeat(5_000)),
            "here should be `:`, not `?`",
        ),
        ("(".repeat(10_000), TOO_DEEP),
        ("!".repeat(10_000), TOO_DEEP),
        ("-".repeat(10_000), TOO_DEEP),
        ("[".repeat(10_000), TOO_DEEP),
        ("f(".repeat(10_000), TOO_DEEP),
        ("a.f(".repeat(10_000), TOO_DEEP),
        ("a[".repeat(10_000), TOO_DEEP),
        ("!(-[f(".repeat(3_000), TOO_DEEP),
        (format!("[{}]", "1,".repeat(5_000)), TOO_LARGE),
        (format!("party.name == '{}'", "x".repeat(100_000)), "ok"),
    ];
    let (texts, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let results = compile_all(texts.iter().map(|text| (text.clone(), usize::MAX)).collect());
    for ((text, expected), result) in texts.iter().zip(expected).zip(&results) {
        assert_eq!(message(result), expected, "{}", &text[..20]);
    }
}

#[test]
fn a_long_text_is_not_read_at_all() {
    let text = format!("a{}", ".b".repeat(4_500));
    for max in [MAX_FILTER, MAX_RULE] {
        let results = compile_all(vec![(text.clone(), max)]);
        assert_eq!(
            message(&results[0]),
            format!("the expression is 9001 bytes long; {max} are allowed")
        );
    }
}

/// Wherever a rule file has an expression, such a text is a mistake there.
#[test]
fn a_rule_file_with_a_long_text_is_refused() {
    let texts = [
        format!("a{}", ".b".repeat(4_500)),
        format!("1{}", " == 1".repeat(5_000)),
        format!("a{}", ".b".repeat(2_000)),
        format!("1{}", "==1".repeat(1_300)),
        "(".repeat(4_000),
        "!".repeat(4_000),
        "source.matches('(a{1000}){1000}')".to_owned(),
    ];
    let expected = [
        "the expression is 9001 bytes long; 4096 are allowed",
        "the expression is 25001 bytes long; 4096 are allowed",
        TOO_DEEP,
        TOO_DEEP,
        TOO_DEEP,
        TOO_DEEP,
        "the pattern takes more than 1 MiB once compiled",
    ];
    let places = [
        ("rules: [{ name: a, when: \"", "\" }]"),
        ("rules: [{ name: a, while: \"", "\" }]"),
        ("rules: [{ name: a, when: 'true', resolve: { when: \"", "\" } }]"),
        ("define: { a: \"", "\" }"),
        (
            "receivers: [{ name: a, email: { to: [a@example.com] } }]\nroute: { receiver: a, routes: [{ receiver: a, match: \"",
            "\" }] }",
        ),
    ];
    for (before, after) in places {
        for (text, expected) in texts.iter().zip(expected) {
            let file = SourceFile {
                name: "rules.yaml".to_owned(),
                text: [before, text, after].concat(),
            };
            let findings = compile(&Arc::new(RuleSource { files: vec![file] })).unwrap_err();
            let told: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
            assert!(
                told.iter().any(|message| message.contains(expected)),
                "{before}: {told:?}"
            );
        }
    }
}

/// What is just not too deep is compiled, evaluated, written out and dropped.
#[test]
fn what_is_within_the_caps_fits_the_stack() {
    let nest = |open: &str, inner: &str, close: &str, times: usize| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    let texts = [
        nest("(", "meeting.live", ")", 63),
        nest("!", "meeting.live", "", 62),
        format!("meeting.present == {}", nest("-", "meeting.present", "", 60)),
        nest("!(", "meeting.live", ")", 31),
        nest("(meeting.live ? meeting.ended : ", "meeting.live", ")", 31),
        nest("meeting.live ? meeting.ended : ", "meeting.live", "", 60),
        nest("(meeting.live && (meeting.ended || ", "meeting.live", "))", 30),
        format!("meeting.present == 1{}", " + 1".repeat(60)),
        format!("{} == 1", nest("(meeting.live ? 1 : ", "2", ")", 31)),
        (0..30).fold("meeting.live".into(), |inner, i| format!("[{i}].exists(x{i}, {inner})")),
        format!("meeting.live{}", " && meeting.ended".repeat(160)),
    ];
    let results = compile_all(texts.iter().map(|text| (text.clone(), MAX_RULE)).collect());
    for (text, result) in texts.iter().zip(results) {
        assert_eq!(message(&result), "ok", "{text}");
    }
}

#[test]
fn defines_and_macros_count_with_what_they_put_in() {
    // Each doubles the one before.
    let doubling = |i: usize| {
        (
            format!("d{i}"),
            if i == 0 {
                "meeting.live".into()
            } else {
                format!("d{0} || d{0}", i - 1)
            },
        )
    };
    let (defines, mistakes) = Defines::new((0..64).map(doubling));
    let (name, first) = &mistakes[0];
    assert_eq!(
        (name.as_str(), first.message.as_str()),
        ("d8", format!("in `d7`: {TOO_LARGE}").as_str())
    );
    assert_eq!(
        message(&Expr::compile("d6", Schema::Notification, &defines, MAX_RULE)),
        "ok"
    );

    let ten = "['0','1','2','3','4','5','6','7','8','9']";
    let nested = format!("{ten}.exists(a, {ten}.exists(b, {ten}.exists(c, a + b == c)))");
    assert_eq!(
        message(&compile_all(vec![(nested, MAX_RULE)])[0]).split(':').next(),
        Some("`+` does not go between `a`, text, and `b`, text")
    );
    let nested = format!("{ten}.exists(a, {ten}.exists(b, a == source || b == source))");
    assert_eq!(message(&compile_all(vec![(nested, MAX_RULE)])[0]), TOO_LARGE);
}

#[test]
fn a_chain_of_defines_is_as_deep_as_what_it_stands_for() {
    let link = |i: usize| {
        (
            format!("d{i}"),
            if i == 0 {
                "meeting.live".into()
            } else {
                format!("!d{}", i - 1)
            },
        )
    };
    let (_, mistakes) = thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || Defines::new((0..2_000).map(link)))
        .unwrap()
        .join()
        .unwrap();
    assert!(
        mistakes.iter().all(|(_, mistake)| mistake.message.contains(TOO_DEEP)),
        "{mistakes:?}"
    );
    assert!(!mistakes.is_empty());
}

#[test]
fn patterns_are_few() {
    let patterns = |n: usize| {
        let all: Vec<String> = (0..n).map(|i| format!("source.matches('{i}')")).collect();
        all.join(" || ")
    };
    assert_eq!(message(&compile_all(vec![(patterns(8), MAX_RULE)])[0]), "ok");
    assert_eq!(
        message(&compile_all(vec![(patterns(9), MAX_RULE)])[0]),
        "more than 8 patterns in one expression"
    );
    let one = "['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].exists(x, x.matches('a'))";
    assert_eq!(message(&compile_all(vec![(one.into(), MAX_RULE)])[0]), "ok");
}

/// Words of the language in any order, good for expressions that are nearly right.
fn soup() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "party",
        "conf",
        "previous",
        "meeting",
        ".",
        "status",
        "name",
        "role",
        "live",
        "present",
        "labels",
        "severity",
        "PORT_FULL",
        "SPEAKING",
        "WARNING",
        "&&",
        "||",
        "!",
        "==",
        "!=",
        "<",
        ">=",
        "in",
        "+",
        "-",
        "*",
        "/",
        "%",
        "?",
        ":",
        "(",
        ")",
        "[",
        "]",
        ",",
        "has",
        "size",
        "exists",
        "all",
        "matches",
        "timestamp",
        "duration",
        "getHours",
        "x",
        "'a'",
        "'(a'",
        "'5m'",
        "r'\\d'",
        "'\\",
        "\"\"\"",
        "0",
        "1",
        "-9223372036854775808",
        "9223372036854775808",
        "0x",
        "1.5",
        "null",
        "true",
        "d",
        " ",
        "真",
        "\u{0}",
        "//",
        "\n",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_compiler_fail(text in prop_oneof![soup(), any::<String>()], define in soup()) {
        let (defines, told) = Defines::new([("d", define.as_str())]);
        for (_, mistake) in told {
            prop_assert!(define.get(mistake.span).is_some());
        }
        for schema in [Schema::Notification, Schema::State, Schema::Alert] {
            match Expr::compile(&text, schema, &defines, MAX_RULE) {
                Ok(expr) => drop((expr.reads(), expr.could_ever_hold())),
                Err(mistakes) => {
                    prop_assert!(!mistakes.is_empty());
                    for mistake in mistakes {
                        prop_assert!(text.get(mistake.span.clone()).is_some(), "{:?}", mistake);
                    }
                }
            }
        }
    }
}
