//! The manual and the examples say what the program does: no key, flag, metric or verb is missing from them, and what they show works.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use bellwether::{
    cli::Cli,
    config::{Config, Flags},
    metrics::{Exposition, Metrics},
    rules::{RuleSource, SourceFile},
    selftest,
};
use clap::{Args as _, CommandFactory as _};
use tempfile::TempDir;

fn page(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The first two cells of each table row whose first one is code.
fn rows(page: &str) -> Vec<(&str, &str)> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .filter_map(|(first, rest)| Some((first, rest.split_once(" |")?.0)))
        .collect()
}

fn load(text: &str) -> Result<Config, String> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("bellwether.yaml");
    fs::write(&file, text).unwrap();
    let flags = Flags {
        config: Some(file),
        ..Flags::default()
    };
    Config::load(&flags).map_err(|error| error.to_string())
}

/// The keys that the reader knows at a place in the file: it lists them where one is unknown.
fn keys_at(before: &str, after: &str) -> Vec<String> {
    let told = load(&format!("{before}no_such_key: 1{after}")).unwrap_err();
    let (_, keys) = told.split_once("expected one of ").expect(&told);
    let keys = keys.lines().next().unwrap();
    keys.split(", ").map(|key| key.trim_matches('`').to_owned()).collect()
}

#[test]
fn every_key_is_in_the_manual() {
    let sections = [
        ("", "", ""),
        ("mail.", "mail: { ", " }"),
        ("mail.timeouts.", "mail: { timeouts: { ", " } }"),
        ("mail.cool_down.", "mail: { cool_down: { ", " } }"),
        ("mail.dkim.", "mail: { dkim: { ", " } }"),
        ("mail.relays[].", "mail: { relays: [ { ", " } ] }"),
        ("limits.", "limits: { ", " }"),
        ("retention.", "retention: { ", " }"),
        ("log.", "log: { ", " }"),
    ];
    let mut known = BTreeSet::new();
    for (prefix, before, after) in sections {
        for key in keys_at(before, after) {
            let key = format!("{prefix}{key}");
            if !sections.iter().any(|(section, ..)| *section == format!("{key}.")) {
                known.insert(key);
            }
        }
    }
    let manual = page("docs/configuration.md");
    let told: BTreeSet<String> = rows(&manual)
        .into_iter()
        .map(|(key, _)| key.to_owned())
        .filter(|key| !key.starts_with("--"))
        .collect();
    assert_eq!(told, known);
}

#[test]
fn every_default_is_the_one_in_the_manual() {
    let manual = page("docs/configuration.md");
    let rows = rows(&manual);
    let yaml = load("").unwrap().to_yaml().unwrap();
    let mut path: Vec<&str> = Vec::new();
    for line in yaml.lines() {
        let indent = line.len() - line.trim_start().len();
        path.truncate(indent / 2);
        let (key, value) = line.trim().split_once(':').unwrap();
        path.push(key);
        if !value.is_empty() {
            let key = path.join(".");
            let told = rows.iter().find(|(told, _)| *told == key);
            assert_eq!(told, Some(&(key.as_str(), format!("`{}`", value.trim()).as_str())));
        }
    }
}

#[test]
fn every_flag_of_the_server_is_in_the_manual() {
    let manual = page("docs/configuration.md");
    let command = Flags::augment_args(clap::Command::new("serve"));
    for flag in command.get_arguments() {
        let (name, variable) = (flag.get_long().unwrap(), flag.get_env().unwrap().to_str().unwrap());
        let row = format!("| `--{name}` | `{variable}` |");
        assert!(manual.contains(&row), "{row}");
    }
}

#[test]
fn every_metric_is_in_the_manual() {
    let manual = page("docs/metrics.md");
    let metrics = Metrics::new();
    // Some have no series before something has happened.
    metrics.rejected("ID_REUSED");
    metrics.rules_loaded(["port-full"], 1.0);
    metrics.mailer.relay_known("smtp.example.com:587");
    metrics.mailer.relay_failed("smtp.example.com:587", "EHLO");
    metrics.mailer.timed_out("DATA");
    let exposition = metrics.encode(Exposition::Text).unwrap();
    let metrics: BTreeSet<(&str, &str)> = exposition
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .collect();
    assert_eq!(rows(&manual).into_iter().collect::<BTreeSet<_>>(), metrics);
}

#[test]
fn the_example_configuration_is_taken() {
    let folder = TempDir::new().unwrap();
    let password = folder.path().join("smtp-password");
    fs::write(&password, "secret\n").unwrap();
    fs::set_permissions(&password, fs::Permissions::from_mode(0o400)).unwrap();
    let example = page("examples/bellwether.yaml");
    assert!(example.contains("/etc/bellwether/smtp-password"));
    let config = load(&example.replace("/etc/bellwether/smtp-password", password.to_str().unwrap())).unwrap();
    assert_eq!(config.mail.relays.len(), 1);
}

#[test]
fn the_readmes_rules_are_good() {
    let readme = page("README.md");
    let (_, rest) = readme.split_once("```yaml\n").unwrap();
    let text = rest.split_once("```").unwrap().0.to_owned();
    let name = "README.md".to_owned();
    let files = vec![SourceFile { name, text }];
    let source = Arc::new(RuleSource { files });
    let (compiled, scripts) = selftest::prepare(&source, None).unwrap();
    assert!(compiled.warnings.is_empty(), "{:?}", compiled.warnings);
    let rules = Arc::new(compiled.set);
    assert!(!scripts.is_empty());
    for script in scripts {
        if let Err(failure) = selftest::run(&rules, &script) {
            panic!("{}", failure.render(&source, false));
        }
    }
}

/// All texts below a folder, with their paths.
fn texts(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, found);
        } else if let Ok(text) = fs::read_to_string(&path) {
            found.push((path, text));
        }
    }
}

/// What the pages show, and what the program says, is what it has: each `bellwether VERB` in them.
#[test]
fn every_verb_that_is_shown_is_there() {
    let command = Cli::command();
    let verbs: BTreeSet<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"]
        .map(|name| (name.into(), page(name)))
        .to_vec();
    for folder in ["docs", "examples", "proto", "rules", "src"] {
        texts(&root.join(folder), &mut pages);
    }
    for (path, page) in pages {
        let shown = |before| page.split(before).skip(1);
        for shown in shown("`bellwether ").chain(shown("\nbellwether ")) {
            let verb = shown.split(|c: char| !c.is_ascii_lowercase()).next().unwrap();
            assert!(
                verb.is_empty() || verb == "help" || verbs.contains(verb),
                "{}: {verb}",
                path.display()
            );
        }
    }
}
