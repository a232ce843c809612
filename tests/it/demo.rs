//! What `bellwether demo` shows: each rule of the catalogue that its hour was written for, and no other.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

/// What the incidents set off, in their order.
const FIRED: [&str; 27] = [
    r#"port-full-single{billing_code="820501"}"#,
    r#"port-full-single{billing_code="820513"}"#,
    r#"port-full-burst{}"#,
    r#"port-full-single{billing_code="820514"}"#,
    r#"recording-open-stuck{billing_code="820515"}"#,
    r#"recording-never-started{billing_code="820515"}"#,
    r#"meeting-full{billing_code="820502"}"#,
    r#"dial-not-allowed{billing_code="820504"}"#,
    r#"meeting-locked-refusal{billing_code="820503"}"#,
    r#"expert-lost{billing_code="820503"}"#,
    r#"expert-never-joined{billing_code="820516"}"#,
    r#"operator-queue-wait{billing_code="820520",party_id="520035"}"#,
    r#"recording-stopped-live{billing_code="820505"}"#,
    r#"ended-without-recording{billing_code="820515"}"#,
    r#"recording-paused-too-long{billing_code="820507"}"#,
    r#"host-dropped-expert{billing_code="820517"}"#,
    r#"expert-lost{billing_code="820517"}"#,
    r#"call-held-too-long{billing_code="820508",party_id="508030"}"#,
    r#"stuck-dialing{billing_code="820510",party_id="510032"}"#,
    r#"muted-all-too-long{billing_code="820523"}"#,
    r#"meeting-hold-too-long{billing_code="820509",party_id="509031"}"#,
    r#"flapping-participant{phone="138****0051"}"#,
    r#"redial-storm{phone="138****0054"}"#,
    r#"stuck-disconnecting{billing_code="820519",party_id="519034"}"#,
    r#"parties-after-end{billing_code="820511"}"#,
    r#"unknown-code{source="anonymous"}"#,
    r#"empty-but-open{billing_code="820512"}"#,
];

/// Those that nobody has ended when the hour is over.
const OPEN: [&str; 2] = [FIRED[25], FIRED[26]];

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
    let resolved: BTreeSet<&str> = alerts(&out, "resolved").into_iter().collect();
    let open: Vec<&str> = FIRED.into_iter().filter(|alert| !resolved.contains(alert)).collect();
    assert_eq!(open, OPEN, "{out}");
    assert!(
        out.contains("alerts         27 fired, 25 of them have resolved"),
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
    // Four fired in the first second; of their mails this is the first by its name.
    assert!(out.contains("Subject: [CRITICAL] port-full-burst: "), "{out}");
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
