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

#[tokio::test]
async fn check_writes_a_list_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = file(
        folder.path(),
        "wrong.yaml",
        "rules:\n- name: a\n  when: party.statu == SPEAKING\n",
    );
    let ran = run(&["check", "--format", "json", &wrong]).await;
    let findings: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let finding = &findings[0];
    assert_eq!(
        (finding["line"].as_u64(), finding["column"].as_u64()),
        (Some(3), Some(15))
    );
    assert_eq!(finding["file"], wrong.as_str());
    assert_eq!(finding["level"], "error");
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

#[test]
fn the_manual_shows_nothing_but_its_examples() {
    let manual = include_str!("../../../docs/rules.md");
    let examples: Vec<String> = examples()
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let shown: Vec<&str> = manual
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(shown.len() >= 6, "{shown:?}");
    for part in shown {
        assert!(
            examples.iter().any(|example| example.contains(part)),
            "in no example:\n{part}"
        );
    }
}
