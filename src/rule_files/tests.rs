//! Folders of rule files: read whole, or not at all.

use std::{os::unix::fs::symlink, sync::Arc};

use super::*;
use crate::rules::compile::compile;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn load_one(path: &Path) -> Result<RuleSource, LoadError> {
    load(&[path.to_owned()])
}

fn texts(source: &RuleSource) -> Vec<&str> {
    source.files.iter().map(|file| file.text.as_str()).collect()
}

#[test]
fn reads_rule_files_in_the_order_of_their_names() {
    let folder = folder(&[
        ("b.yml", "2"),
        ("a.yaml", "1"),
        (".hidden.yaml", "x"),
        ("notes.txt", "x"),
        ("c.yaml~", "x"),
    ]);
    let source = load_one(folder.path()).unwrap();
    assert_eq!(texts(&source), ["1", "2"]);
    assert_eq!(source.files[0].name, folder.path().join("a.yaml").display().to_string());
    let named = load(&[folder.path().join("b.yml"), folder.path().to_owned()]).unwrap();
    assert_eq!(named, source, "a file that is named twice is read once");
}

#[test]
fn follows_the_links_of_a_mounted_config_map() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (version, text) in [("..v1", "old"), ("..v2", "new")] {
        fs::create_dir(path(version)).unwrap();
        fs::write(path(version).join("rules.yaml"), text).unwrap();
    }
    symlink("..v1", path("..data")).unwrap();
    symlink("..data/rules.yaml", path("rules.yaml")).unwrap();
    let old = load_one(folder.path()).unwrap();
    assert_eq!(texts(&old), ["old"]);
    symlink("..v2", path("..next")).unwrap();
    fs::rename(path("..next"), path("..data")).unwrap();
    let new = load_one(folder.path()).unwrap();
    assert_eq!(texts(&new), ["new"]);
    assert_ne!(fingerprint(&old), fingerprint(&new));
}

#[test]
fn fails_whole() {
    let outside = folder(&[("secret.yaml", "x")]);
    let rules = folder(&[("a.yaml", "1")]);
    let link = rules.path().join("b.yaml");
    symlink(outside.path().join("secret.yaml"), &link).unwrap();
    assert!(matches!(load_one(rules.path()), Err(LoadError::LeadsOut { path, .. }) if path == link));
    fs::remove_file(&link).unwrap();
    symlink("gone.yaml", &link).unwrap();
    assert!(matches!(load_one(rules.path()), Err(LoadError::Io { path, .. }) if path == link));
    fs::remove_file(&link).unwrap();
    fs::create_dir(&link).unwrap();
    assert!(matches!(load_one(rules.path()), Err(LoadError::NotAFile { path }) if path == link));
    let gone = rules.path().join("none");
    let told = load_one(&gone).unwrap_err().to_string();
    let why = fs::metadata(&gone).unwrap_err();
    assert_eq!(told, format!("cannot read {}: {why}", gone.display()));
}

#[test]
fn an_empty_folder_must_be_meant() {
    let folder = folder(&[("notes.txt", "x")]);
    let told = load_one(folder.path()).unwrap_err().to_string();
    let (_, advised) = told.split_once("write a file with `").expect(&told);
    fs::write(folder.path().join("none.yaml"), advised.trim_end_matches('`')).unwrap();
    let source = Arc::new(load_one(folder.path()).unwrap());
    assert!(compile(&source).unwrap().set.rules.is_empty());
}

#[test]
fn refuses_what_is_too_much() {
    let long = "x".repeat(usize::try_from(MAX_FILE).unwrap());
    let rules = folder(&[("a.yaml", &long)]);
    assert!(load_one(rules.path()).is_ok());
    fs::write(rules.path().join("a.yaml"), format!("{long}x")).unwrap();
    assert!(matches!(load_one(rules.path()), Err(LoadError::FileTooLong { .. })));

    let names: Vec<String> = (0..9).map(|i| format!("{i}.yaml")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), long.as_str())).collect();
    assert!(matches!(load_one(folder(&many).path()), Err(LoadError::TooLong)));

    let names: Vec<String> = (0..=MAX_FILES).map(|i| format!("{i}.yaml")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    assert!(matches!(load_one(folder(&many).path()), Err(LoadError::TooManyFiles)));
}

#[test]
fn names_the_encoding_that_it_cannot_read() {
    let rules = folder(&[]);
    for (bytes, named) in [
        (&b"\xff\xfer\0"[..], "UTF-16"),
        (b"\xfe\xff\0r", "UTF-16"),
        (b"name: \xff", "not UTF-8"),
    ] {
        fs::write(rules.path().join("a.yaml"), bytes).unwrap();
        let error = load_one(rules.path()).unwrap_err();
        assert!(
            matches!(error, LoadError::Encoding { encoding, .. } if encoding == named),
            "{error}"
        );
    }
}

#[test]
fn the_fingerprint_tells_names_and_texts() {
    let source = |name: &str, text: &str| RuleSource {
        files: vec![SourceFile {
            name: name.to_owned(),
            text: text.to_owned(),
        }],
    };
    let one = fingerprint(&source("a", "bc"));
    assert_eq!(one, fingerprint(&source("a", "bc")));
    assert_ne!(one, fingerprint(&source("ab", "c")));
    assert_ne!(one, fingerprint(&source("a", "bd")));
}
