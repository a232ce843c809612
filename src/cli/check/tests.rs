//! `check` and `test` as an operator runs them, on files with and without mistakes; and the examples of the manual.

use std::{fs, path::Path};

use crate::cli::{Exit, testing::run};

const RULES: &str = "
rules:
- name: muted
  while: meeting.muted_all
  for: 30s
";

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// What `check` or `test` ends with, and the last line that it writes.
async fn ends(args: &[&str]) -> (Exit, String) {
    let ran = run(args).await;
    let last = ran.out.lines().last().unwrap_or_default().to_owned();
    (ran.ended.unwrap(), last)
}

#[tokio::test]
async fn check_tells_all_findings_and_fails_for_errors() {
    let folder = tempfile::tempdir().unwrap();
    let good = file(folder.path(), "good.yaml", RULES);
    let doubtful = file(
        folder.path(),
        "doubtful.yaml",
        &format!("{RULES}define: {{ unused: 'true' }}\n"),
    );
    let wrong = file(
        folder.path(),
        "wrong.yaml",
        "rules:\n- name: a\n  when: party.state == 1\n- name: a\n  when: conf\n",
    );
    let unreadable = file(
        folder.path(),
        "test.yaml",
        &format!("{RULES}tests:\n- name: t\n  given:\n  - 0s: conf {{billingCode = '1', status = 'x'}}\n"),
    );
    for (args, exit, last) in [
        (&["check"][..], Exit::Done, "errors: 0, warnings: 0"),
        (&["check", &good], Exit::Done, "errors: 0, warnings: 0"),
        (&["check", &doubtful], Exit::Done, "errors: 0, warnings: 1"),
        (
            &["check", "--deny-warnings", &doubtful],
            Exit::No,
            "errors: 0, warnings: 1",
        ),
        (&["check", &wrong], Exit::No, "errors: 3, warnings: 0"),
        (&["check", &unreadable], Exit::No, "errors: 1, warnings: 0"),
        (&["test", &wrong], Exit::No, "errors: 3, warnings: 0"),
        (&["test", &unreadable], Exit::No, "errors: 1, warnings: 0"),
    ] {
        assert_eq!(ends(args).await, (exit, last.to_owned()), "{args:?}");
    }
    let ran = run(&["check", &wrong]).await;
    assert!(
        ran.out.contains("wrong.yaml:3:15") && ran.out.contains("^^^^^"),
        "{}",
        ran.out
    );
}

/// What editors and CI build upon: keys may be added, none may change.
#[tokio::test]
async fn check_writes_a_list_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = file(
        folder.path(),
        "wrong.yaml",
        "rules:\n- name: a\n  when: party.statu == SPEAKING\n- name: a\n  when: 'true'\n",
    );
    let ran = run(&["check", "--format", "json", &wrong]).await;
    let findings: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let expected = serde_json::json!([
        {
            "file": wrong, "line": 3, "column": 15, "end": { "line": 3, "column": 20 },
            "severity": "error", "message": "`party` has no `statu`", "advice": "did you mean party.status?", "related": [],
        },
        {
            "file": wrong, "line": 4, "column": 9, "end": { "line": 4, "column": 10 },
            "severity": "error", "message": "two rules named `a`", "advice": "give one of them another name",
            "related": [{ "file": wrong, "line": 2, "column": 9, "end": { "line": 2, "column": 10 }, "message": "first here" }],
        },
    ]);
    assert_eq!(findings, expected);
    assert_eq!(run(&["check", "--format", "json"]).await.out, "[]\n");
}

#[tokio::test]
async fn test_counts_what_passed_and_shows_what_failed() {
    let folder = tempfile::tempdir().unwrap();
    let case = |name: &str, at: &str| {
        format!(
            "- name: {name}\n  given:\n  - 0s: conf {{billingCode = '1', status = '41'}}\n  expect:\n  - {at}: fired \
             muted{{billing_code=\"1\"}}\n"
        )
    };
    let text = format!("{RULES}tests:\n{}{}", case("in time", "30s"), case("too late", "31s"));
    let path = file(folder.path(), "rules.yaml", &text);
    for (args, exit, last) in [
        (
            &["test", "--run", "^port-full-single"][..],
            Exit::Done,
            "4 passed, 0 failed",
        ),
        (&["test", &path], Exit::No, "1 passed, 1 failed"),
        (&["test", "--run", "^in", &path], Exit::Done, "1 passed, 0 failed"),
        (&["test", "--run", "nothing", &path], Exit::No, "0 passed, 0 failed"),
    ] {
        assert_eq!(ends(args).await, (exit, last.to_owned()), "{args:?}");
    }
    let failed = run(&["test", &path]).await.out;
    assert!(
        failed.contains("test `too late` failed") && failed.contains("rules.yaml:16:5"),
        "{failed}"
    );
}

#[tokio::test]
async fn test_tells_what_is_not_reached_and_fails_below_a_share() {
    let folder = tempfile::tempdir().unwrap();
    let case = "tests:\n- name: t\n  given:\n  - 0s: conf {billingCode = '1', status = '41'}\n  expect:\n  - 30s: fired \
                muted{billing_code=\"1\"}\n";
    let half = file(folder.path(), "half.yaml", &format!("{RULES}{case}"));
    let back = "  - 1m: conf {billingCode = '1', status = '40'}\n  expect:";
    let resolved = "  - 1m: resolved muted{billing_code=\"1\"}\n";
    let case = format!("{}{resolved}", case.replace("  expect:", back));
    let whole = file(folder.path(), "whole.yaml", &format!("{RULES}{case}"));
    for (args, exit) in [
        (&["test", "--coverage", &half][..], Exit::Done),
        (&["test", "--coverage", "--min", "50", &half], Exit::Done),
        (&["test", "--coverage", "--min", "51", &half], Exit::No),
        (&["test", "--coverage", "--min", "100", &whole], Exit::Done),
        (
            &["test", "--coverage", "--min", "100", "--run", "nothing", &whole],
            Exit::No,
        ),
    ] {
        assert_eq!(ends(args).await.0, exit, "{args:?}");
    }
    let shown = run(&["test", "--coverage", &half]).await.out;
    assert!(
        shown.contains("half.yaml:4:10") && shown.contains("this is never false in a test"),
        "{shown}"
    );
    assert!(
        shown.contains("1 of 1 rules (100 %), 1 of 2 outcomes of their branches (50 %)"),
        "{shown}"
    );
    assert!(
        !run(&["test", "--coverage", &whole]).await.out.contains("warning"),
        "all is reached"
    );
}

#[tokio::test]
async fn test_writes_what_ci_systems_read() {
    let folder = tempfile::tempdir().unwrap();
    let case = |name: &str, at: &str| {
        format!(
            "- name: {name}\n  given:\n  - 0s: conf {{billingCode = '<1>', status = '41'}}\n  expect:\n  - {at}: fired \
             muted{{billing_code=\"<1>\"}}\n"
        )
    };
    let text = format!(
        "{RULES}tests:\n{}{}",
        case("in time", "30s"),
        case("too late & wrong", "31s")
    );
    let rules = file(folder.path(), "rules.yaml", &text);
    let junit = folder.path().join("junit.xml").display().to_string();
    assert_eq!(ends(&["test", "--junit", &junit, &rules]).await.0, Exit::No);

    let written = fs::read_to_string(&junit).unwrap();
    let report = quick_junit::Report::deserialize_from_str(&written).unwrap();
    assert_eq!((report.tests, report.failures), (2, 1));
    let suite = &report.test_suites[0];
    assert_eq!(suite.name.as_str(), rules);
    let names: Vec<&str> = suite.test_cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names, ["in time", "too late & wrong"]);
    assert!(
        written.contains("+ 30s  fired muted{billing_code=&quot;&lt;1&gt;&quot;}"),
        "{written}"
    );
    // Rules that cannot be used are told there, too, instead of what was so before.
    let text = text.replace("muted_all", "muted").replace("for: 30s", "for: 30");
    let wrong = file(folder.path(), "rules.yaml", &text);
    assert_eq!(ends(&["test", "--junit", &junit, &wrong]).await.0, Exit::No);
    let report = quick_junit::Report::deserialize_from_str(&fs::read_to_string(&junit).unwrap()).unwrap();
    assert_eq!((report.tests, report.errors, report.failures), (2, 2, 0));
    let rules = file(folder.path(), "rules.yaml", RULES);
    let nowhere = run(&["test", "--junit", "/not/there.xml", &rules]).await;
    assert_eq!(nowhere.ended.unwrap_err().exit(), Exit::Io);
}

#[tokio::test]
async fn test_reads_rules_anew_from_a_file_beside() {
    let folder = tempfile::tempdir().unwrap();
    let text = |name: &str| {
        format!(
            "{RULES}tests:\n- name: t\n  given:\n  - 0s: conf {{billingCode = '1', status = '41'}}\n  - 10s: {{ reload: {name} }}\n  \
             expect: []\n  until: 1m\n"
        )
    };
    file(folder.path(), "later.rules", &RULES.replace("30s", "2m"));
    let later = file(folder.path(), "rules.yaml", &text("later.rules"));
    assert_eq!(
        ends(&["test", &later]).await,
        (Exit::Done, "1 passed, 0 failed".to_owned())
    );
    for name in ["nothing.rules", "../later.rules", "/etc/hostname"] {
        let wrong = file(folder.path(), "wrong.yaml", &text(name));
        assert_eq!(ends(&["test", &wrong]).await.0, Exit::No, "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_has_an_exit_code_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().display().to_string();
    for (path, exit) in [("/not/there", Exit::NoInput), (&empty, Exit::Data)] {
        assert_eq!(run(&["check", path]).await.ended.unwrap_err().exit(), exit, "{path}");
    }
}

/// The files beside the manual for rule authors.
fn examples() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples");
    let files = fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().path().display().to_string()).collect()
}

#[tokio::test]
async fn the_examples_of_the_manual_are_sound() {
    for example in examples() {
        let checked = run(&["check", "--deny-warnings", &example]).await;
        assert_eq!(checked.ended.unwrap(), Exit::Done, "{}", checked.out);
        let tested = run(&["test", &example]).await;
        assert_eq!(tested.ended.unwrap(), Exit::Done, "{}", tested.out);
    }
}

/// The pages that show parts of rule files.
const PAGES: [&str; 7] = [
    include_str!("../../../docs/rules.md"),
    include_str!("../../../docs/conditions.md"),
    include_str!("../../../docs/expressions.md"),
    include_str!("../../../docs/time.md"),
    include_str!("../../../docs/rule-tests.md"),
    include_str!("../../../docs/cookbook.md"),
    include_str!("../../../docs/delivery.md"),
];

#[test]
fn the_manual_shows_nothing_but_its_examples() {
    let examples: Vec<String> = examples()
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let shown = PAGES.iter().flat_map(|page| page.split("```yaml\n").skip(1));
    let shown: Vec<&str> = shown.map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(shown.len() >= 30, "{shown:?}");
    for part in shown {
        assert!(
            examples.iter().any(|example| example.contains(part)),
            "in no example:\n{part}"
        );
    }
}

#[tokio::test]
async fn check_shows_when_mails_leave() {
    let folder = tempfile::tempdir().unwrap();
    let routed = file(
        folder.path(),
        "routed.yaml",
        "rules:
- { name: muted, while: meeting.muted_all }
receivers:
- { name: ops, email: { to: [a@example.com] } }
- { name: duty, email: { to: [b@example.com] } }
schedules: { shift: { time_zone: UTC } }
route:
  receiver: ops
  escalate: [{ after: 15m, receiver: duty }]
  routes:
  - { match: severity == CRITICAL, receiver: duty, group_by: each, group_wait: 0s, repeat_interval: never, escalate: [], during: shift }
",
    );
    let ran = run(&["check", "--schedule", &routed]).await;
    let told: String = ran.out.replace(folder.path().to_str().unwrap(), "");
    insta::assert_snapshot!(told, @r"
    /routed.yaml:8:3: the rest to ops
      one mail for each rule and billing_code
      first mails, while it goes on and nobody takes it on: ops after 5s, duty after 15m5s, ops after 4h5s
      a change 5s after it, 5m after the last mail at the earliest
    /routed.yaml:11:7: severity == CRITICAL to duty
      one mail for each alert, during shift
      first mails, while it goes on and nobody takes it on: duty after 0s
      a change 0s after it, 5m after the last mail at the earliest

    errors: 0, warnings: 0
    ");
}
