//! The binary as a shell sees it: exit codes, which stream says what, and that the environment is read.

use std::{
    fs, io,
    process::{Command, Output, Stdio},
};

fn bellwether(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    command.args(args).env_clear().stdin(Stdio::null());
    command
}

fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn a_flag_wins_over_the_environment_that_over_the_file_and_the_file_over_the_default() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("bellwether.yaml"),
        "listen: 127.0.0.1:1\nadmin: 127.0.0.1:1001\ndata: file\n",
    )
    .unwrap();
    let other = folder.path().join("other.yaml");
    fs::write(&other, "data: other\n").unwrap();
    let config = |args: &[&str], variables: &[(&str, &str)]| {
        let args = [&["config"], args].concat();
        let (code, out, err) = run(bellwether(&args)
            .current_dir(folder.path())
            .envs(variables.iter().copied()));
        assert_eq!((code, err.as_str()), (Some(0), ""));
        out
    };

    let file = config(&[], &[]);
    assert!(
        file.contains("listen: 127.0.0.1:1\n") && file.contains("data: file\n"),
        "{file}"
    );
    assert!(file.contains("shutdown_grace: 20s\n"), "the default: {file}");

    let environment = config(
        &[],
        &[("BELLWETHER_LISTEN", "127.0.0.1:2"), ("BELLWETHER_RULES", "a,b")],
    );
    assert!(environment.contains("listen: 127.0.0.1:2\n"), "{environment}");
    assert!(environment.contains("admin: 127.0.0.1:1001\n"), "{environment}");
    assert!(
        environment.contains("- a\n") && environment.contains("- b\n"),
        "{environment}"
    );

    let flag = config(&["--listen=127.0.0.1:3"], &[("BELLWETHER_LISTEN", "127.0.0.1:2")]);
    assert!(flag.contains("listen: 127.0.0.1:3\n"), "{flag}");

    let named = config(&[], &[("BELLWETHER_CONFIG", other.to_str().unwrap())]);
    assert!(named.contains("data: other\n"), "{named}");
    let insecure = config(&["--listen=0.0.0.0:3"], &[("BELLWETHER_INSECURE_LISTEN", "true")]);
    assert!(insecure.contains("insecure_listen: true\n"), "{insecure}");
}

#[test]
fn each_end_has_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.yaml");
    fs::write(&bad, "limits:\n  queue: 0\n").unwrap();
    for (args, code, says) in [
        (&["version"][..], 0, ""),
        (&["frobnicate"], 2, "unrecognized subcommand"),
        (
            &["config", "--listen", "0.0.0.0:1"],
            78,
            "error: listen: 0.0.0.0:1 can be reached",
        ),
        (
            &["config", "--config", bad.to_str().unwrap()],
            78,
            "bad.yaml:2:10: expected a whole number from 1",
        ),
        (
            &["config", "--config", "/not/there"],
            78,
            "error: cannot read the configuration /not/there",
        ),
        (
            &["health", "--server", "127.0.0.1:1"],
            69,
            "error: cannot reach a server at http://127.0.0.1:1",
        ),
        (
            &["alerts", "--server", "127.0.0.1:1"],
            69,
            "is `bellwether serve` running there?",
        ),
        (&["send", "/not/there"], 66, "error: cannot read /not/there"),
    ] {
        let (ended, out, err) = run(bellwether(args).current_dir(folder.path()));
        assert_eq!(ended, Some(code), "{args:?}\n{out}{err}");
        assert!(err.contains(says), "{args:?}\n{err}");
    }
}

#[test]
fn a_usage_names_nothing_that_the_environment_gives() {
    for (args, usage) in [
        (&["ack"][..], "Usage: bellwether ack [OPTIONS] <ALERT>...\n"),
        (&["explain"], "Usage: bellwether explain [OPTIONS] [ID]\n"),
        (
            &["alerts", "a", "-f", "true"],
            "Usage: bellwether alerts [OPTIONS] [ID]\n",
        ),
        (
            &["receivers", "test"],
            "Usage: bellwether receivers test [OPTIONS] <NAME>\n",
        ),
        (&["nonsense"], "Usage: bellwether <COMMAND>\n"),
    ] {
        let given = [
            ("BELLWETHER_SERVER", "localhost:1"),
            ("BELLWETHER_OUTPUT", "json"),
            ("USER", "wang"),
        ];
        let (code, _, err) = run(bellwether(args).envs(given));
        assert_eq!(code, Some(2), "{args:?}");
        assert!(err.contains(usage), "{args:?}\n{err}");
    }
}

#[test]
fn the_manual_and_the_completions_name_every_verb() {
    let (_, page, _) = run(&mut bellwether(&["man"]));
    for shell in ["bash", "zsh", "fish"] {
        let (code, script, _) = run(&mut bellwether(&["completions", shell]));
        assert_eq!(code, Some(0));
        for verb in ["send", "watch", "alerts", "meetings", "rules", "config", "health"] {
            assert!(script.contains(verb), "{shell} {verb}");
            assert!(page.contains(&format!("bellwether\\-{verb}")), "{verb}\n{page}");
        }
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let child = bellwether(&["completions", "bash"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    assert_eq!(
        (status.code(), String::from_utf8(stderr).unwrap().as_str()),
        (Some(0), "")
    );
}
