//! The metrics as Prometheus reads them, past a lint of our own.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// The rules of `promtool check metrics` that can be broken by a name or a help text, over the older text.
fn lint(text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut types: BTreeMap<&str, &str> = BTreeMap::new();
    let mut helped = BTreeSet::new();
    let mut series = BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            if help.trim_end_matches('.').is_empty() || !helped.insert(name) {
                findings.push(format!("{name}: no help, or twice"));
            }
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            if types.insert(name, kind).is_some() {
                findings.push(format!("{name}: there twice"));
            }
            if (kind == "counter") != name.ends_with("_total") {
                findings.push(format!("{name}: a counter, and nothing else, ends in _total"));
            }
            if name.contains(|c: char| !c.is_ascii_lowercase() && c != '_') {
                findings.push(format!("{name}: not snake case"));
            }
            let words: Vec<&str> = name.split('_').collect();
            for bad in [
                "counter",
                "gauge",
                "histogram",
                "ms",
                "millis",
                "milliseconds",
                "sec",
                "minutes",
                "kib",
                "mib",
                "percent",
            ] {
                if words.contains(&bad) {
                    findings.push(format!("{name}: {bad} is a type or no base unit"));
                }
            }
        } else {
            let name = line.split(['{', ' ']).next().unwrap();
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|suffix| {
                    name.strip_suffix(suffix)
                        .filter(|base| types.get(base) == Some(&"histogram"))
                })
                .unwrap_or(name);
            if !types.contains_key(base) || !helped.contains(base) {
                findings.push(format!("{name}: no type or help"));
            }
            if !series.insert(line.rsplit_once(' ').unwrap().0) {
                findings.push(format!("{line}: a series twice"));
            }
        }
    }
    findings
}

fn used() -> Metrics {
    let metrics = Metrics::new();
    metrics.notifications(Kind::Conf, Outcome::Accepted, 3);
    metrics.rejected("REQUIRED_FIELD_MISSING");
    metrics.committed(100, Duration::from_millis(2));
    metrics.decided(Duration::from_micros(50));
    metrics.rules_loaded(["port-full", "no-answer"], 1.5);
    metrics.evicted(Evicted::Id, 2);
    metrics.mails(MailEnd::Sent, 1);
    metrics
}

#[test]
fn promtool_would_have_nothing_to_say() {
    let text = used().encode(Exposition::Text).unwrap();
    assert_eq!(lint(&text), Vec::<String>::new(), "{text}");
}

#[test]
fn the_lint_finds_what_it_is_for() {
    for bad in [
        "# HELP a b.\n# TYPE a counter\na 1\n",
        "# HELP a_total b.\n# TYPE a_total gauge\na_total 1\n",
        "# HELP a_ms b.\n# TYPE a_ms gauge\na_ms 1\n",
        "a 1\n",
        "# HELP a b.\n# TYPE a gauge\na 1\na 2\n",
        "# HELP a .\n# TYPE a gauge\na 1\n",
    ] {
        assert!(!lint(bad).is_empty(), "{bad}");
    }
}

#[test]
fn both_texts_tell_the_same() {
    let metrics = used();
    let open = metrics.encode(Exposition::OpenMetrics).unwrap();
    let text = metrics.encode(Exposition::Text).unwrap();
    assert!(open.ends_with("# EOF\n"));
    let samples = |text: &str| -> BTreeSet<String> {
        text.lines()
            .filter(|l| !l.starts_with('#'))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(samples(&open), samples(&text));
    assert!(
        text.contains("bellwether_notifications_total{kind=\"conf\",outcome=\"accepted\"} 3\n"),
        "{text}"
    );
    assert!(
        text.contains("bellwether_rejections_total{reason=\"REQUIRED_FIELD_MISSING\"} 1\n"),
        "{text}"
    );
    assert!(
        text.contains("bellwether_mails_total{outcome=\"expired\"} 0\n"),
        "{text}"
    );
}

#[test]
fn a_rule_that_is_gone_has_no_series_and_one_that_stays_goes_on() {
    let metrics = Metrics::new();
    metrics.rules_loaded(["stays", "goes"], 1.0);
    metrics.rule("stays").matched.inc_by(5);
    metrics.rule("goes").fired.inc();
    metrics.rules_loaded(["new", "stays"], 2.0);
    metrics.rule("stays").matched.inc();
    let text = metrics.encode(Exposition::Text).unwrap();
    assert!(
        text.contains("bellwether_rule_matches_total{rule=\"stays\"} 6\n"),
        "{text}"
    );
    assert!(
        text.contains("bellwether_rule_matches_total{rule=\"new\"} 0\n"),
        "{text}"
    );
    assert!(!text.contains("goes"), "{text}");
}

#[test]
fn a_failed_reload_shows_and_keeps_the_time_of_the_good_one() {
    let metrics = Metrics::new();
    metrics.rules_loaded([], 7.0);
    metrics.reload_failed();
    let text = metrics.encode(Exposition::Text).unwrap();
    assert!(text.contains("bellwether_rules_last_reload_successful 0\n"), "{text}");
    assert!(
        text.contains("bellwether_rules_last_reload_success_timestamp_seconds 7.0\n"),
        "{text}"
    );
}

#[test]
fn the_process_started_in_the_past_but_not_long_ago() {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    let started = process_start();
    assert!(started <= now + 1.0 && started > now - 86_400.0, "{started} {now}");
}
