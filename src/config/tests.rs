//! The operator's file: what it means, what it hides when printed, and every mistake in it with its remedy.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use clap::Parser;
use tempfile::TempDir;

use super::*;

fn parse(text: &str) -> Result<Config, ConfigError> {
    let mut config = Config::parse(Path::new("c.yaml"), text)?;
    config.check()?;
    config.mail.complete()?;
    Ok(config)
}

fn secret_file(folder: &TempDir, mode: u32, text: &str) -> PathBuf {
    let path = folder.path().join("password");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

fn relay(path: &Path) -> String {
    format!(
        "mail:\n  from: a@example.com\n  relays: [{{ host: smtp.example.com, tls: starttls, username: u, password_file: {} }}]\n",
        path.display()
    )
}

#[test]
fn nothing_said_is_loopback_and_mail_in_a_folder() {
    let config = parse("").unwrap();
    assert!(config.listen.ip().is_loopback() && config.admin.ip().is_loopback());
    assert_eq!(config.mail.folder, Some(PathBuf::from("outbox")));
    assert_eq!(config.limits.engine(), crate::engine::input::Settings::default());
}

#[test]
fn everything_said_is_taken() {
    let folder = TempDir::new().unwrap();
    let password = secret_file(&folder, 0o600, "hunter2\n");
    let config = parse(&format!(
        "listen: 127.0.0.1:1
admin: '[::1]:2'
data: ./d
rules: [./rules, more.yaml]
{}
limits: {{ lateness: 5m, ids_per_source: 1_000, message: 2MiB }}
retention: {{ journal: 90d, alerts: 1d }}
log: {{ format: json, level: 'info,bellwether::engine=debug' }}
shutdown_grace: 1m30s
",
        relay(&password)
    ))
    .unwrap();
    assert_eq!(config.rules, ["./rules", "more.yaml"].map(PathBuf::from));
    assert_eq!(config.limits.message, 2 << 20);
    assert_eq!(config.limits.ids_per_source, 1_000);
    assert_eq!(config.limits.engine().lateness, Duration::from_secs(300));
    assert_eq!(config.retention.journal, Duration::from_hours(90 * 24));
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.shutdown_grace, Duration::from_secs(90));
    let relay = &config.mail.relays[0];
    assert_eq!(relay.port.map(u16::from), Some(587));
    let settings = config.mail.settings();
    let login = settings.relays[0].login.as_ref().unwrap();
    assert_eq!(login.secret_file, password);
    let read = crate::email::read_secret(&password).unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&read), "hunter2");
}

#[test]
fn what_is_printed_hides_secrets_and_reads_back() {
    let folder = TempDir::new().unwrap();
    let password = secret_file(&folder, 0o400, "hunter2");
    let config = parse(&relay(&password)).unwrap();
    let yaml = config.to_yaml().unwrap();
    assert!(
        yaml.contains("password: <secret>") || yaml.contains("password: \"<secret>\""),
        "{yaml}"
    );
    assert!(!yaml.contains("hunter2"), "{yaml}");
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(parse(&yaml).unwrap(), config, "{yaml}");
    assert!(yaml.contains("journal: 30d"), "{yaml}");
    assert!(yaml.contains("message: 1MiB"), "{yaml}");
}

#[test]
fn every_mistake_is_named_with_its_place_and_its_remedy() {
    for (text, place, says) in [
        (
            "lisen: 1",
            "c.yaml:1:1",
            "unknown field `lisen`, expected one of listen",
        ),
        ("limits:\n  metings: 5", "c.yaml:2:3", "unknown field `metings`"),
        (
            "mail: { relays: [{ host: h, tsl: none }] }",
            "c.yaml:1:29",
            "unknown field `tsl`",
        ),
        (
            "listen: localhost:7400",
            "c.yaml:1:9",
            "expected an IP address and a port",
        ),
        ("listen: 7400", "c.yaml:1:9", "such as 127.0.0.1:7400"),
        (
            "limits:\n  lateness: 5",
            "c.yaml:2:13",
            "from 0s to 1d, such as 90s, 10m or 30d",
        ),
        ("limits: { lateness: 2d }", "c.yaml:1:21", "from 0s to 1d"),
        ("limits: { meeting_idle: -5m }", "c.yaml:1:25", "from 1m to 30d"),
        ("shutdown_grace: 0s", "c.yaml:1:17", "from 1s to 10m"),
        ("limits: { message: 0 }", "c.yaml:1:20", "from 64KiB to 64MiB, such as"),
        ("limits: { message: 5TB }", "c.yaml:1:20", "expected a size in bytes"),
        (
            "limits: { participants_per_meeting: 0 }",
            "c.yaml:1:37",
            "a whole number from 1 to 100000",
        ),
        (
            "limits: { meetings: many }",
            "c.yaml:1:21",
            "a whole number from 1 to 10000000",
        ),
        (
            "limits: { meetings: 99999999999 }",
            "c.yaml:1:21",
            "a whole number from 1 to 10000000",
        ),
        ("retention: { journal: 1m }", "c.yaml:1:23", "from 1h to 3650d"),
        ("mail: { lanes: 65 }", "c.yaml:1:16", "from 1 to 64"),
        ("mail: { timeouts: { connect: 1h } }", "c.yaml:1:30", "from 1s to 15m"),
        (
            "mail: { hello_name: 'a b' }",
            "c.yaml:1:21",
            "hello_name may hold letters, digits",
        ),
        (
            "mail: { from: nobody }",
            "c.yaml:1:15",
            "is no sender; write an ASCII address",
        ),
        (
            "mail: { from: a@@b }",
            "c.yaml:1:15",
            "is no sender; write an ASCII address",
        ),
        (
            "mail: { relays: [{ host: h, tls: ssl }] }",
            "c.yaml:1:34",
            "expected one of tls, starttls, none",
        ),
        ("mail: { relays: [{ host: h, port: 70000 }] }", "c.yaml:1:35", "invalid"),
        (
            "mail: { relays: [{ host: h, password: hunter2 }] }",
            "c.yaml:1:39",
            "use password_file",
        ),
        (
            "log: { level: 'a=b=c' }",
            "c.yaml:1:15",
            "expected error, warn, info, debug or trace",
        ),
        ("log: { format: xml }", "c.yaml:1:16", "expected one of text, json"),
        ("insecure_listen: maybe", "c.yaml:1:18", "bool"),
        ("data: a\ndata: b", "c.yaml:2:1", "data stands here a second time"),
        ("limits:\n\tqueue: 1", "c.yaml:2:2", "tab"),
        (
            "rules: &a [x]\ndata: *a",
            "c.yaml:1:11",
            "aliases are not allowed; write the value out",
        ),
        ("log: [", "c.yaml:1:", ""),
    ] {
        let said = parse(text).unwrap_err().to_string();
        assert!(said.starts_with(place) && said.contains(says), "{text}\n{said}");
    }
}

#[test]
fn a_mistake_shows_its_line() {
    let said = parse("listen: 127.0.0.1:1\nlimits: { queue: 0 }\n")
        .unwrap_err()
        .to_string();
    assert_eq!(
        said,
        "c.yaml:2:18: expected a whole number from 1 to 10000000\n2 | limits: { queue: 0 }\n  |                  ^"
    );
}

#[test]
fn what_does_not_go_together_is_refused() {
    for (text, says) in [
        (
            "listen: 0.0.0.0:7400",
            "listen: 0.0.0.0:7400 can be reached from other machines, and there is no TLS",
        ),
        ("listen: '[::]:7400'", "insecure_listen: true"),
        ("admin: 192.168.0.1:7401", "admin: 192.168.0.1:7401 can be reached"),
        ("listen: 127.0.0.1:7401", "listen and admin are both on port 7401"),
        ("{ insecure_listen: true, listen: '0.0.0.0:7401' }", "both on port 7401"),
        (
            "mail: { folder: f, from: a@x.org, relays: [{ host: h }] }",
            "exclude each other",
        ),
        ("mail: { relays: [{ host: h }] }", "mail.from is required"),
        (
            "mail: { from: a@x.org, relays: [{ host: h, username: u }] }",
            "mail.relays[0]: username and password_file",
        ),
        (
            "mail: { from: a@x.org, relays: [{ host: g }, { host: h, tls: none, username: u, password_file: p }] }",
            "mail.relays[1]: a password is not sent without TLS",
        ),
        (
            "mail: { from: a@x.org, relays: [{ host: h, auth: xoauth2 }] }",
            "mail.relays[0]: auth needs username and password_file",
        ),
        (
            "mail: { from: a@x.org, relays: [{ host: h, client_cert_file: c }] }",
            "client_cert_file and client_key_file belong together",
        ),
        (
            "mail: { from: a@x.org, relays: [{ host: h, tls: none, client_cert_file: c, client_key_file: k }] }",
            "belong together, and need TLS",
        ),
        (
            "mail: { console_url: 'javascript:x' }",
            "mail.console_url is no address of the web",
        ),
        (
            "mail: { dkim: { selector: 'a;b', key_file: k } }",
            "mail.dkim: domain and selector are names in the DNS",
        ),
        (
            "mail: { cool_down: { first: 5m } }",
            "first is longer than mail.cool_down.longest",
        ),
        (
            "mail: { from: a@x.org, relays: [{ host: h, username: u, password_file: /not/there }] }",
            "cannot read the password file /not/there",
        ),
    ] {
        let said = parse(text).unwrap_err().to_string();
        assert!(said.contains(says), "{text}\n{said}");
    }
    assert!(parse("{ insecure_listen: true, listen: '0.0.0.0:7400' }").is_ok());
    assert!(
        parse("{ listen: '127.0.0.1:0', admin: '127.0.0.1:0' }").is_ok(),
        "any free port"
    );
    assert!(parse("{ listen: '127.0.0.1:9', admin: '127.0.0.2:9' }").is_ok());
}

#[test]
fn a_password_file_is_the_owners_alone_and_holds_a_password() {
    let folder = TempDir::new().unwrap();
    for (mode, text, says) in [
        (0o644, "hunter2", "can be read by others (mode 0644); run chmod 600"),
        (0o620, "hunter2", "(mode 0620)"),
        (0o600, "\n", "is empty"),
        (0o600, "two\nlines", "control character"),
    ] {
        let said = parse(&relay(&secret_file(&folder, mode, text)))
            .unwrap_err()
            .to_string();
        assert!(said.contains(says) && !said.contains("hunter2"), "{said}");
    }
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    flags: Flags,
}

/// The environment is the process's, so it is given as clap would find it: a flag's own value is tested here, that a variable is read in
/// `cli`.
#[test]
fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("bellwether.yaml");
    fs::write(&file, "listen: 127.0.0.1:1111\ndata: from-file\nlog: { level: warn }\n").unwrap();
    let line = Line::parse_from([
        "bellwether",
        "--config",
        file.to_str().unwrap(),
        "--listen=127.0.0.1:2222",
        "--rules=a,b",
        "--insecure-listen",
        "--shutdown-grace=5s",
    ]);
    let config = Config::load(&line.flags).unwrap();
    assert_eq!(config.listen.port(), 2222, "the flag");
    assert_eq!(config.data, PathBuf::from("from-file"), "the file");
    assert_eq!(config.log.level, "warn", "the file");
    assert_eq!(config.admin.port(), 7401, "the default");
    assert_eq!(config.rules, ["a", "b"].map(PathBuf::from));
    assert!(config.insecure_listen);
    assert_eq!(config.shutdown_grace, Duration::from_secs(5));
}

#[test]
fn a_named_file_that_is_not_there_is_an_error() {
    let flags = Flags {
        config: Some(PathBuf::from("/not/there.yaml")),
        ..Flags::default()
    };
    let said = Config::load(&flags).unwrap_err().to_string();
    assert!(said.contains("cannot read the configuration /not/there.yaml"), "{said}");
}

#[test]
fn every_flag_has_its_variable() {
    let command = <Line as clap::CommandFactory>::command();
    for arg in command.get_arguments().filter(|arg| arg.get_id() != "help") {
        let variable = format!("BELLWETHER_{}", arg.get_id().as_str().to_uppercase());
        assert_eq!(arg.get_env().and_then(|env| env.to_str()), Some(variable.as_str()));
    }
}
