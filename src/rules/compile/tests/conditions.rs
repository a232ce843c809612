//! Mistakes in the conditions of rules.

use super::{good, of_rule, rendered};

#[test]
fn conditions() {
    let mut told = String::new();
    for lines in [
        "  when: party.status == MUTED\n  while: meeting.live\n",
        "  severity: info\n",
        "  serverity: info\n  for: 5s\n",
        "  when: party.status == MUTED\n  for: 5s\n",
        "  while: meeting.live\n  count: { at_least: 2, within: 1m }\n",
        "  when: true\n",
        "  when:\n",
        "  while: meeting.live\n  resolve: { after: 5m }\n",
    ] {
        told += &of_rule(lines);
    }
    told!("conditions", told);
}

/// What can never fire, or never stops firing, though each part of it makes sense by itself; and beside it what can.
#[test]
fn conditions_in_vain() {
    let mut told = String::new();
    for lines in [
        "when: party.status == SPEAKING\n  ratio: { of: party.status == DISCONNECTED, at_least: 0.3, within: 10m, min_samples: 9 }",
        "when: party.role == EXPERT\n  ratio: { of: party.status == DISCONNECTED, at_least: 0.3, within: 10m, min_samples: 9 }",
        "after: party.status == DIALING\n  expect: party.status in [DIALING, SPEAKING]\n  within: 1m",
        "after: party.status == DIALING\n  expect: party.status in [DIALING, SPEAKING] && party.role == EXPERT\n  within: 1m",
        "after: party.status == DIALING\n  expect: party.status == SPEAKING\n  within: 1m\n  unless: party.status != SPEAKING",
        "after: party.status == DIALING\n  expect: conf.status != RECORDED\n  within: 1m",
        "quiet: 'true'\n  for: 24h",
        "quiet: 'true'\n  for: 24h\n  key: [source]",
        "when: party.status == DISCONNECTED\n  resolve: { when: party.status == DISCONNECTED }",
        "when: conf.status == RECORDED && party.status == SPEAKING",
        "sequence: [party.status == SPEAKING, conf.status == RECORDED && party.role == EXPERT]\n  within: 1m",
    ] {
        told += &of_rule(&format!("  {lines}\n"));
    }
    told!("in_vain", told);
}

/// What people write who know other tools.
#[test]
fn short_forms_that_are_none() {
    let mut told = String::new();
    for lines in [
        "count: 5",
        "resolve: 5m",
        "key: party.phone",
        "during: '09:00-18:00'",
        "ratio: 0.3",
    ] {
        told += &of_rule(&format!("  when: party.status == MUTED\n  {lines}\n"));
    }
    for lines in ["quiet: 'true'", "while: meeting.live\n  within: 5m"] {
        told += &of_rule(&format!("  {lines}\n"));
    }
    told!("short_forms", told);
}

#[test]
fn a_mistake_in_one_part_of_a_rule_hides_none_in_another() {
    let mut told = String::new();
    for condition in [
        "when: party.status == MUTE",
        "while: meeting.alive",
        "severity: info",
        "when: party.status == MUTED",
    ] {
        told += &of_rule(&format!(
            "  {condition}
  key: [party.billing_code, party.id]
  severity_if: {{ critical: party.role == CLYENT }}
  resolve: {{ when: conf.status == MUTE_ALL }}
  during: nights
  summary: '{{{{ nane }}}} in {{{{ billing_code }}'
  description: '{{{{ party.nane }}}} in {{{{ party_id }}}}'
"
        ));
    }
    told!("all_parts_of_a_rule", told);
}

#[test]
fn counts() {
    let mut told = String::new();
    for lines in [
        "  count: { at_least: 2, within: 1m }\n",
        "  when: party.status == MUTED\n  count: 2\n",
        "  when: party.status == MUTED\n  count: { atleast: 2 }\n",
        "  when: party.status == MUTED\n  count: { at_least: 0, within: 0s }\n",
        "  when: party.status == MUTED\n  count: { at_least: '2', within: 60 }\n",
        "  when: party.status == MUTED\n  count: { at_least: 10001, within: 31d }\n",
        "  when: party.status == MUTED\n  count: { at_least: 2, within: 1m, distinct: { of: conf.status, at_least: 3 } }\n",
        "  when: party.status == MUTED\n  count: { at_least: 2, within: 1m, distinct: { of: phone, atleast: 2 } }\n",
        "  when: party.status == MUTED\n  count: { at_least: 2, within: 1m, distinct: { of: party.billing_code, at_least: 2 } }\n",
        "  when: party.status == MUTED && conf.status == RECORDED\n  count: { at_least: 2, within: 1m }\n",
        "  when: party.status == MUTED\n  count: { at_least: 2, within: 1m }\n  key: [conf.status]\n",
    ] {
        told += &of_rule(lines);
    }
    told!("counts", told);
}

#[test]
fn ratios() {
    let mut told = String::new();
    for lines in [
        "  when: party.status == MUTED\n  ratio: 0.3\n",
        "  when: party.status == MUTED\n  ratio: { at_least: 0 }\n",
        "  when: party.status == MUTED\n  ratio: { of: 'true', at_least: 1.5, within: 0s, min_samples: 0 }\n",
        "  when: party.status == MUTED\n  ratio: { of: 'true', at_least: 30%, within: 5m, min_samples: 5000 }\n",
        "  when: party.status == MUTED\n  ratio: { of: 'true', at_least: 0.0000001, within: 5m, min_samples: 1.5 }\n",
        "  when: party.status == MUTED\n  ratio: { of: party.statsu == MUTED, at_least: '0.5', within: 5m, min_sample: 5 }\n",
        "  when: conf.status == RECORDED\n  ratio: { of: 'true', at_least: 0.5, within: 5m, min_samples: 5 }\n  key: [party.phone]\n",
    ] {
        told += &of_rule(lines);
    }
    told!("ratios", told);
}

#[test]
fn silences() {
    let mut told = String::new();
    for lines in [
        "  quiet: 'true'\n",
        "  quiet: 'true'\n  for: 0s\n  keep_firing_for: 5m\n",
        "  quiet: true\n  for: 5m\n",
        "  quiet: party.status == MUTED\n  for: 5m\n  resolve: { after: 5m }\n",
        "  quiet: party.status == MUTED\n  for: 5m\n  key: [conf.status]\n",
        "  quiet: party.status == MUTED\n  while: meeting.live\n  for: 5m\n",
    ] {
        told += &of_rule(lines);
    }
    told!("silences", told);
}

#[test]
fn expectations() {
    let mut told = String::new();
    for lines in [
        "  after: party.status == MUTED\n",
        "  expect: party.status == MUTED\n  within: 5m\n",
        "  after: party.status == MUTED\n  expect: party.nmae == ''\n  within: 0s\n  unless: conf\n  for: 5m\n",
        "  after: party.status == MUTED\n  expect: conf.status == RECORDED\n  within: 5m\n  key: [party.phone]\n",
        "  after: 'true'\n  expect: conf.status == RECORDED\n  unless: party.status == MUTED\n  within: 5m\n  key: [conf.status]\n",
        "  after: party.status == MUTED\n  expect: party.status == MUTED\n  within: 5m\n",
        "  after: party.status == MUTED\n  expect: 'false'\n  within: 5m\n",
    ] {
        told += &of_rule(lines);
    }
    told!("expectations", told);
}

#[test]
fn sequences() {
    let mut told = String::new();
    for lines in [
        "  sequence: []\n  within: 5m\n",
        "  sequence: [party.status == MUTED]\n  within: 5m\n",
        "  sequence: party.status == MUTED\n  within: 0s\n  expect: 'true'\n",
        "  sequence: [party.statu == MUTED, party.status == MUTE]\n",
        "  sequence: [party.status == MUTED, conf.status == MUTED_ALL]\n  within: 5m\n",
        "  sequence: [party.status == MUTED, conf.status == MUTED_ALL]\n  within: 5m\n  key: [party.phone]\n",
        "  sequence: [party.status == MUTED, party.status == SPEAKING]\n  within: 5m\n  unless: conf.status == MEETING_END\n  key: [party.phone]\n",
        "  sequence: [party.status == MUTED, party.status == SPEAKING]\n  within: 5m\n  unless: party.status == SPEAKING\n",
    ] {
        told += &of_rule(lines);
    }
    let step = "party.status == MUTED";
    told += &of_rule(&format!("  sequence: [{}]\n  within: 5m\n", [step; 17].join(", ")));
    told!("sequences", told);
}

#[test]
fn rules_that_keep_state_by_key_have_to_fit_beside_each_other() {
    let text = "
rules:
- { name: each, when: party.status == MUTED }
- { name: count, when: party.status == MUTED, count: { at_least: 2, within: 1m } }
- { name: off, when: party.status == MUTED, count: { at_least: 3, within: 1m }, enabled: false }
- { name: silent, quiet: 'true', for: 5m }
";
    let set = good(text).set;
    assert_eq!(set.keyed, 2);
    for (keys_per_rule, keys, fits) in [(10, 20, true), (10, 19, false), (1, 2, true), (20, 10, false)] {
        assert_eq!(
            set.misfit(keys_per_rule, keys).is_none(),
            fits,
            "{keys_per_rule} {keys}"
        );
    }
    told!("bounds", rendered(&[set.misfit(10, 19).unwrap()], &set.source));
}
