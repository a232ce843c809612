//! What is promised of the way from an alert to people, each promise a test in a rule file under `tests/delivery`.

use std::{fs, path::Path, sync::Arc};

use bellwether::{
    rules::{RuleSource, SourceFile},
    selftest,
};

/// The rules of each file, with the tests in it; a file that a test names lies beside it.
#[test]
fn the_promises_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/delivery");
    let read = |name: &str| fs::read_to_string(folder.join(name));
    let beside = |_: &str, name: &str| {
        let (name, text) = (name.to_owned(), read(name)?);
        Ok(SourceFile { name, text })
    };
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    names.sort_unstable();
    let (mut run, mut failures) = (0, Vec::new());
    for name in names {
        let text = read(&name).unwrap();
        let source = Arc::new(RuleSource {
            files: vec![SourceFile { name, text }],
        });
        let (compiled, scripts) = selftest::prepare(&source, Some(&beside)).unwrap();
        let rules = Arc::new(compiled.set);
        for script in &scripts {
            run += 1;
            if let Err(failure) = selftest::run(&rules, script) {
                failures.push(failure.render(&source, false));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(run > 30, "{run} tests");
}
