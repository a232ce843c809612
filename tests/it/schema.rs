//! The JSON Schema of rule files and the reader of rule files know the same keys, and every rule file in this repository fits the schema.

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use bellwether::{
    rules::{RuleSource, SourceFile, schema::schema},
    selftest,
};
use jsonschema::Validator;
use serde_json::Value;

/// A key that nothing knows, and that resembles nothing.
const STRANGE: &str = "qqqqqqqqqq";

/// Every object of the schema, by its definition, with a file in which the strange key stands in one.
const OBJECTS: [(&str, &str); 21] = [
    ("", "{ rules: [], qqqqqqqqqq: 1 }"),
    ("Rule", "rules: [{ name: a, when: 'true', qqqqqqqqqq: 1 }]"),
    (
        "SeverityIf",
        "rules: [{ name: a, when: 'true', severity_if: { qqqqqqqqqq: 'true' } }]",
    ),
    (
        "Count",
        "rules: [{ name: a, when: 'true', count: { at_least: 2, within: 1m, qqqqqqqqqq: 1 } }]",
    ),
    (
        "Distinct",
        "rules: [{ name: a, when: 'true', count: { at_least: 2, within: 1m, distinct: { of: source, at_least: 2, qqqqqqqqqq: 1 } } }]",
    ),
    (
        "Ratio",
        "rules: [{ name: a, when: 'true', ratio: { of: 'true', at_least: 0.5, within: 1m, min_samples: 9, qqqqqqqqqq: 1 } }]",
    ),
    (
        "Resolve",
        "rules: [{ name: a, when: 'true', resolve: { after: 1m, qqqqqqqqqq: 1 } }]",
    ),
    (
        "Receiver",
        "receivers: [{ name: a, email: { to: [a@example.com] }, qqqqqqqqqq: 1 }]",
    ),
    (
        "Email",
        "receivers: [{ name: a, email: { to: [a@example.com], qqqqqqqqqq: 1 } }]",
    ),
    ("Route", "route: { qqqqqqqqqq: 1 }"),
    ("Branch", "route: { routes: [{ receiver: a, qqqqqqqqqq: 1 }] }"),
    (
        "Escalation",
        "route: { receiver: a, escalate: [{ after: 1m, receiver: a, qqqqqqqqqq: 1 }] }",
    ),
    (
        "Inhibition",
        "inhibit: [{ source: 'true', target: 'true', qqqqqqqqqq: 1 }]",
    ),
    (
        "Schedule",
        "schedules: { a: { time_zone: UTC, weekdays: mon-fri, qqqqqqqqqq: 1 } }",
    ),
    ("TestCase", "tests: [{ name: t, qqqqqqqqqq: 1 }]"),
    (
        "Silence",
        "tests: [{ name: t, given: [{ 0s: { silence: { filter: 'true', for: 1m, qqqqqqqqqq: 1 } } }] }]",
    ),
    (
        "WeeklyTimes",
        "tests: [{ name: t, given: [{ 0s: { silence: { filter: 'true', for: 1m, schedule: { time_zone: UTC, qqqqqqqqqq: 1 } } } }] }]",
    ),
    (
        "ReceiverOfTest",
        "tests: [{ name: t, receivers: { a: { down: [0s, 1s], qqqqqqqqqq: 1 } } }]",
    ),
    ("SpelledOut", "tests: [{ name: t, given: [{ 0s: { qqqqqqqqqq: 1 } }] }]"),
    (
        "Conf",
        "tests: [{ name: t, given: [{ 0s: { conf: { billing_code: a, status: 1, qqqqqqqqqq: 1 } } }] }]",
    ),
    (
        "Party",
        "tests: [{ name: t, given: [{ 0s: { party: { billing_code: a, party_id: b, status: 1, qqqqqqqqqq: 1 } } }] }]",
    ),
];

fn validator() -> Validator {
    jsonschema::draft7::options()
        .should_validate_formats(true)
        .build(&schema())
        .unwrap()
}

fn json(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap()
}

/// What a definition has as keys.
fn keys_of(schema: &Value, definition: &str) -> BTreeSet<String> {
    let object = match definition {
        "" => schema,
        name => &schema["definitions"][name],
    };
    object["properties"].as_object().unwrap().keys().cloned().collect()
}

/// What the reader knows beside the strange key: it lists the keys where one is unknown.
fn keys_read(yaml: &str) -> BTreeSet<String> {
    let files = vec![SourceFile {
        name: "rules.yaml".to_owned(),
        text: yaml.to_owned(),
    }];
    let findings = selftest::prepare(&Arc::new(RuleSource { files }), None).unwrap_err();
    let told = findings.iter().find(|finding| finding.message.contains(STRANGE));
    let advice = told
        .unwrap_or_else(|| panic!("{yaml}: {findings:?}"))
        .advice
        .as_ref()
        .unwrap();
    let (_, known) = advice
        .split_once(" knows ")
        .or_else(|| advice.split_once("there are "))
        .unwrap();
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_schema_and_the_reader_know_the_same_keys() {
    let schema = schema();
    for (definition, yaml) in OBJECTS {
        assert_eq!(keys_of(&schema, definition), keys_read(yaml), "{definition}");
    }
    let definitions = schema["definitions"].as_object().unwrap();
    let with_keys = definitions
        .iter()
        .filter(|(_, definition)| definition.get("properties").is_some());
    let with_keys: BTreeSet<&str> = with_keys.map(|(name, _)| name.as_str()).collect();
    let listed: BTreeSet<&str> = OBJECTS
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(with_keys, listed, "each has a line above");

    // And the reader has no other mappings with keys of their own. `severity_if` is read as a mapping of any keys.
    let read = sources(&root("src/rules"))
        .iter()
        .map(|text| text.matches("= Fields::of(").count() + text.matches("| Fields::of(").count())
        .sum::<usize>();
    assert_eq!(read, OBJECTS.len() - 1, "each has a line above");
}

fn root(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn sources(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push(fs::read_to_string(path).unwrap());
        }
    }
    texts
}

#[test]
fn every_rule_file_fits_the_schema() {
    let validator = validator();
    let mut seen = 0;
    for folder in ["rules", "docs/examples", "tests/delivery"] {
        for entry in fs::read_dir(root(folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let mistakes: Vec<String> = validator
                .iter_errors(&json(&text))
                .map(|error| error.to_string())
                .collect();
            assert!(mistakes.is_empty(), "{}: {mistakes:?}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn what_the_reader_refuses_by_its_shape_the_schema_refuses() {
    let validator = validator();
    for (definition, yaml) in OBJECTS {
        assert!(!validator.is_valid(&json(yaml)), "{definition}");
        // Without the strange key there is nothing wrong but that a step, and `severity_if`, would say nothing.
        let mended = yaml
            .replace(", qqqqqqqqqq: 1", "")
            .replace("qqqqqqqqqq: 'true'", "")
            .replace("qqqqqqqqqq: 1", "");
        assert_eq!(
            validator.is_valid(&json(&mended)),
            definition != "SpelledOut",
            "{mended}"
        );
    }
    for (is_valid, rule) in [
        (true, "{ name: a, when: 'true' }"),
        (false, "{ name: a, when: true }"),
        (false, "{ name: A b, when: 'true' }"),
        (false, "{ when: 'true' }"),
        (false, "{ name: a }"),
        (false, "{ name: a, when: 'true', while: 'true' }"),
        (false, "{ name: a, when: 'true', for: 5s }"),
        (true, "{ name: a, while: 'true', for: 1m30s, keep_firing_for: 0s }"),
        (false, "{ name: a, while: 'true', for: 5 }"),
        (false, "{ name: a, while: 'true', for: -5s }"),
        (false, "{ name: a, while: 'true', for: 5 min }"),
        (true, "{ name: a, when: 'true', count: { at_least: 3, within: 1m } }"),
        (false, "{ name: a, when: 'true', count: { at_least: 0, within: 1m } }"),
        (false, "{ name: a, when: 'true', count: { at_least: '3', within: 1m } }"),
        (
            true,
            "{ name: a, after: 'true', expect: 'true', within: 1m, unless: 'true' }",
        ),
        (true, "{ name: a, sequence: ['true', 'true'], within: 1m }"),
        (false, "{ name: a, sequence: ['true'], within: 1m }"),
        (true, "{ name: a, quiet: 'true', for: 1m }"),
        (false, "{ name: a, when: 'true', severity: worst }"),
        (false, "{ name: a, when: 'true', severity: null }"),
        (false, "{ name: a, when: 'true', key: [party.connect_time] }"),
        (false, "{ name: a, when: 'true', runbook: see the wiki }"),
    ] {
        assert_eq!(
            validator.is_valid(&json(&format!("rules: [{rule}]"))),
            is_valid,
            "{rule}"
        );
    }
    for (is_valid, step) in [
        (true, "0s: conf {billingCode = '1'}"),
        (true, "0s: restart"),
        (true, "1m30s: { restart: 5s }"),
        (
            true,
            "0s: { party: { billing_code: '1', party_id: a, status: SPEAKING, disconnect_reason: 6 } }",
        ),
        (false, "0s: stop"),
        (false, "soon: restart"),
        (false, "0s: { restart: 5s, reload: x }"),
        (false, "{ 0s: restart, 1s: restart }"),
        (false, "0s: { party: { billing_code: '1', status: SPEAKING } }"),
    ] {
        let step = if step.starts_with('{') {
            step.to_owned()
        } else {
            format!("{{ {step} }}")
        };
        let file = format!(
            "tests: [{{ name: t, given: [{}] }}]",
            step.replace("conf {billingCode = '1'}", "\"conf {billingCode = '1'}\"")
        );
        assert_eq!(validator.is_valid(&json(&file)), is_valid, "{step}");
    }
}
