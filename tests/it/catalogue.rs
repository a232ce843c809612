//! The page of the built-in rules, docs/catalogue.md, is made of the rule files: their comments say why, their texts say what. Here it is
//! made anew and compared; `UPDATE_DOCS=1 cargo test` writes it.

use std::{collections::BTreeSet, env, fmt::Write as _, fs, path::Path, sync::Arc};

use bellwether::rules::{self, catalogue, compile::compile};

const PAGE: &str = "docs/catalogue.md";

const HEAD: &str = "\
# The built-in rules

Made of the files in [rules](../rules) by a test; change those. They are in force where `bellwether serve` is given no rules of its own. To
change one, copy the folder, edit it and name it: `bellwether serve --rules rules`. All numbers are meant to be changed, and `enabled: false`
leaves a rule out. [Writing rules](rules.md) says what the words mean; the tests beside each rule show what it does and what it does not.
";

/// A rule as it is written.
struct Rule<'a> {
    name: &'a str,
    /// The comment above it.
    why: String,
    /// Its lines.
    lines: Vec<&'a str>,
}

impl<'a> Rule<'a> {
    /// All rules of a file, in its order.
    fn all(file: &'a str) -> Vec<Self> {
        let rules = section(file, "rules");
        let blocks = rules.split("\n\n").map(|block| block.trim_end().lines().collect());
        blocks.map(Self::of).collect()
    }

    fn of(block: Vec<&'a str>) -> Self {
        let head = block.iter().position(|line| line.starts_with("  - name: "));
        let head = head.unwrap_or_else(|| panic!("no rule: {block:#?}"));
        let why = block[..head].iter().map(|line| line.trim_start_matches([' ', '#']));
        Self {
            name: block[head].trim_start_matches("  - name: "),
            why: why.collect::<Vec<_>>().join("\n"),
            lines: block[head + 1..].to_vec(),
        }
    }

    /// What stands behind a key on its line.
    fn value(&self, key: &str) -> Option<&'a str> {
        let value = |line: &&'a str| line.strip_prefix("    ")?.strip_prefix(key)?.strip_prefix(": ");
        self.lines.iter().find_map(value)
    }

    /// Its severity, with what raises it.
    fn severity(&self) -> String {
        let severity = self.value("severity").unwrap_or("warning").to_owned();
        match self.value("severity_if") {
            Some(cases) => format!("{severity}, `{}`", cases.trim_matches(['{', '}', ' '])),
            None => severity,
        }
    }

    /// Its summary, with a name in place of each part that is filled in.
    fn summary(&self) -> String {
        let mut text = self.value("summary").unwrap().trim_matches('"').to_owned();
        while let Some((before, rest)) = text.split_once("{{ ") {
            let (name, after) = rest.split_once(" }}").unwrap();
            text = format!(
                "{before}*{}*{after}",
                name.rsplit('.').next().unwrap().replace('_', " ")
            );
        }
        text
    }

    /// What it asks for: all but what it says of itself.
    fn condition(&self) -> String {
        let mut condition = String::new();
        let mut is_told = false;
        for line in &self.lines {
            let line = line.strip_prefix("    ").unwrap();
            if let Some((key, _)) = line.split_once(':')
                && !line.starts_with(' ')
            {
                is_told = !["severity", "severity_if", "labels", "summary", "description"].contains(&key);
            }
            if is_told {
                writeln!(condition, "{line}").unwrap();
            }
        }
        condition
    }
}

/// The lines under a top-level key, without what surrounds them.
fn section<'a>(file: &'a str, key: &str) -> &'a str {
    let head = format!("\n{key}:\n");
    let Some((_, rest)) = file.split_once(&head) else {
        return "";
    };
    let next = |(at, _): &(usize, &str)| rest[at + 1..].starts_with(|c: char| c.is_ascii_lowercase());
    let end = rest.match_indices('\n').find(next).map_or(rest.len(), |(at, _)| at);
    rest[..end].trim_end()
}

/// The comment at the head of a file: its title, and the rest.
fn head(file: &str) -> (&str, String) {
    let lines = file.lines().map_while(|line| line.strip_prefix('#'));
    let text: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    let (title, first) = text[0].split_once(": ").unwrap();
    let mut rest = first[..1].to_uppercase() + &first[1..];
    for line in &text[1..] {
        write!(rest, "\n{line}").unwrap();
    }
    (title, rest)
}

fn table(files: &[(&str, Vec<Rule<'_>>)]) -> String {
    let mut table = "| | rule | severity | says |\n| --- | --- | --- | --- |\n".to_owned();
    for (file, rules) in files {
        let (title, _) = head(file);
        for (i, rule) in rules.iter().enumerate() {
            let group = if i == 0 { format!("**{title}**") } else { String::new() };
            let severity = rule.value("severity").unwrap_or("warning");
            let Rule { name, .. } = rule;
            writeln!(
                table,
                "| {group} | [`{name}`](#{name}) | {severity} | {} |",
                rule.summary()
            )
            .unwrap();
        }
    }
    table
}

fn group(file: &str, rules: &[Rule<'_>]) -> String {
    let (title, text) = head(file);
    let mut group = format!("## {title}\n\n{text}\n");
    for key in ["define", "schedules"] {
        let lines = section(file, key);
        if !lines.is_empty() {
            write!(group, "\n```yaml\n{key}:\n{lines}\n```\n").unwrap();
        }
    }
    for rule in rules {
        let team = rule.value("labels").unwrap().trim_matches(['{', '}', ' ']);
        write!(
            group,
            "\n### {}\n\n> {}\n\n{}\n\nSeverity: {}. Labels: {team}.\n\n```yaml\n{}```\n",
            rule.name,
            rule.summary(),
            rule.why,
            rule.severity(),
            rule.condition()
        )
        .unwrap();
    }
    group
}

/// Who is concerned, by the labels of the rules.
fn teams(rules: &[rules::Rule]) -> String {
    let teams: BTreeSet<String> = rules
        .iter()
        .filter_map(|rule| Some(format!("`{}`", rule.labels.get("team")?)))
        .collect();
    let mut teams = Vec::from_iter(teams);
    let last = teams.pop().unwrap();
    format!(
        "Labels tell routes who is concerned: `team` is one of {} and {last}.",
        teams.join(", ")
    )
}

#[test]
fn the_page_of_the_catalogue_is_that_of_its_files() {
    let source = Arc::new(catalogue::source());
    let mut files: Vec<_> = source
        .files
        .iter()
        .map(|file| (file.text.as_str(), Rule::all(&file.text)))
        .collect();
    files.sort_by_key(|(file, _)| head(file).0);

    let written: BTreeSet<&str> = files
        .iter()
        .flat_map(|(_, rules)| rules)
        .map(|rule| rule.name)
        .collect();
    let compiled = compile(&source).unwrap().set;
    assert_eq!(written, compiled.rules.iter().map(|rule| rule.name.as_str()).collect());
    for rule in files.iter().flat_map(|(_, rules)| rules) {
        assert!(rule.why.ends_with('.'), "{} does not say why it matters", rule.name);
    }

    let groups: Vec<String> = files.iter().map(|(file, rules)| group(file, rules)).collect();
    let page = format!(
        "{HEAD}\n{}\n\n{}\n{}",
        teams(&compiled.rules),
        table(&files),
        groups.join("\n")
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == page,
        "{PAGE} is not what the rule files say, which is:\n\n{page}"
    );
}
