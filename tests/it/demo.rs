//! What `bellwether demo` shows: each rule of the catalogue that its hour was written for, and no other.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

/// What the incidents set off, in their order; the last is still open when the hour is over.
const FIRED: [&str; 13] = [
    r#"port-full-single{billing_code="820501"}"#,
    r#"port-full-single{billing_code="820513"}"#,
    r#"meeting-full{billing_code="820502"}"#,
    r#"dial-not-allowed{billing_code="820504"}"#,
    r#"expert-locked-out{billing_code="820503"}"#,
    r#"meeting-locked-refusal{billing_code="820503"}"#,
    r#"recording-stopped-live{billing_code="820505"}"#,
    r#"recording-paused-too-long{billing_code="820507"}"#,
    r#"call-held-too-long{billing_code="820508",party_id="508030"}"#,
    r#"stuck-dialing{billing_code="820510",party_id="510032"}"#,
    r#"meeting-hold-too-long{billing_code="820509",party_id="509031"}"#,
    r#"parties-after-end{billing_code="820511"}"#,
    r#"empty-but-open{billing_code="820512"}"#,
];

/// The demo, among temporary files of its own.
fn demo(temporary: &TempDir, takes: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    command
        .args(["demo", "--in", takes])
        .env_clear()
        .env("TMPDIR", temporary.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Waits for its end; what it printed.
fn end(demo: Child) -> String {
    let ran = demo.wait_with_output().unwrap();
    let (out, err) = (
        String::from_utf8(ran.stdout).unwrap(),
        String::from_utf8(ran.stderr).unwrap(),
    );
    assert_eq!(ran.status.code(), Some(0), "{out}{err}");
    assert!(!err.contains("WARN") && !err.contains("ERROR"), "{err}");
    out
}

/// The alerts of the lines that say so.
fn alerts<'a>(out: &'a str, event: &str) -> Vec<&'a str> {
    let words = out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    words
        .filter(|words| words.len() > 3 && words[2] == event)
        .map(|words| words[3])
        .collect()
}

fn folder(temporary: &TempDir) -> PathBuf {
    let mut folders = fs::read_dir(temporary.path()).unwrap();
    let folder = folders.next().unwrap().unwrap().path();
    assert!(folders.next().is_none());
    folder
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn the_hour_fires_what_it_was_written_for_and_nothing_else() {
    let temporary = tempfile::tempdir().unwrap();
    let out = end(demo(&temporary, "1ms").spawn().unwrap());

    assert_eq!(alerts(&out, "fired"), FIRED, "{out}");
    let resolved = alerts(&out, "resolved");
    assert_eq!(resolved.len(), FIRED.len() - 1, "{out}");
    assert!(!resolved.contains(&FIRED[12]), "nobody closes that meeting: {out}");
    assert!(
        out.contains("alerts         13 fired, 12 of them have resolved"),
        "{out}"
    );

    let folder = folder(&temporary);
    assert_eq!(names(&folder), ["mail".to_owned()].into(), "only the mails are kept");
    let mail = folder.join("mail");
    let mails = names(&mail);
    assert!(out.contains(&format!("{} in {}", mails.len(), mail.display())), "{out}");
    for alert in FIRED {
        let rule = alert.split('{').next().unwrap();
        assert!(mails.iter().any(|name| name.contains(rule)), "{rule}: {mails:?}");
    }
    // Two fired in that second; which of their mails comes first by its name is open.
    assert!(out.contains("Subject: [CRITICAL] port-full-single 8205"), "{out}");
}

#[test]
fn interrupted_it_ends_in_order_and_keeps_what_it_was_told_to() {
    let temporary = tempfile::tempdir().unwrap();
    let mut demo = demo(&temporary, "10m").arg("--keep").spawn().unwrap();
    let mut out = BufReader::new(demo.stdout.take().unwrap());
    let mut line = String::new();
    // Its first words come when the service runs.
    out.read_line(&mut line).unwrap();
    let killed = Command::new("kill")
        .args(["-INT", &demo.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());

    let rest: Vec<String> = out.lines().map(Result::unwrap).collect();
    end(demo);
    assert!(
        rest.iter().any(|line| line.starts_with("Broken off at minute 0")),
        "{rest:#?}"
    );
    let kept = names(&folder(&temporary));
    assert!(
        kept.is_superset(&["data".to_owned(), "rules".to_owned()].into()),
        "{kept:?}"
    );
    assert!(names(&folder(&temporary).join("data")).contains("journal"));
}
