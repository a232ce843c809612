//! Checking a template at load: its grammar, the names that it reads, and a trial on notifications of both kinds.

use std::{collections::BTreeSet, ops::Range};

use compact_str::CompactString;
use minijinja::{Environment, Error};

use super::{
    try_render,
    values::{self, CONF, MEETING, PARTY, Values},
};
use crate::{
    model::{Conf, ConferenceStatus, Labels, ParticipantStatus, Party, Personal, Severity, Time},
    rules::{
        Key,
        diagnostic::{Findings, Spanned},
        expr::suggest::nearest,
        facts::{AtHand, Facts, MeetingFacts, Previous},
        file::listed,
    },
};

/// minijinja's functions that templates may call.
const FUNCTIONS: [&str; 3] = ["range", "dict", "namespace"];

/// Checks the templates of one rule.
pub(super) struct Checker<'c, 'f> {
    key: &'c Key,
    labels: &'c Labels,
    findings: &'c mut Findings<'f>,
}

impl<'c, 'f> Checker<'c, 'f> {
    /// For a rule with this key and these labels.
    pub fn new(key: &'c Key, labels: &'c Labels, findings: &'c mut Findings<'f>) -> Self {
        Self { key, labels, findings }
    }

    /// Adds a template under that name, and says whether it reads personal data; `None` if there is a mistake in it.
    pub fn add(
        &mut self,
        name: &'static str,
        text: &Spanned<String>,
        templates: &mut Environment<'static>,
    ) -> Option<bool> {
        if let Err(error) = templates.add_template_owned(name, text.value.clone()) {
            self.refuse(text, &error);
            return None;
        }
        let reads = reads(name, templates);
        let unknown: Vec<&String> = reads.iter().filter(|path| !self.knows(path)).collect();
        for path in &unknown {
            self.refuse_name(text, path);
        }
        if !unknown.is_empty() {
            return None;
        }
        if let Err(error) = self.trial(name, templates) {
            self.refuse(text, &error);
            return None;
        }
        Some(reads.iter().any(|path| is_personal(path)))
    }

    /// The summary becomes the subject of mails, which is seen on locked screens and in the logs of mail servers.
    pub fn warn_of_numbers(&mut self, name: &'static str, text: &Spanned<String>, templates: &Environment<'static>) {
        for path in reads(name, templates) {
            if ["phone", "acm_phone", "party.phone", "party.acm_phone"].contains(&path.as_str()) {
                let span = text.within(place_of(&path, &text.value), self.findings.source());
                let warning = self.findings.warning(span, "a phone number in a subject line");
                warning.advise("the summary is the subject of mails; write personal data into `description`");
            }
        }
    }

    /// Whether a template of this rule can read that: a name, or a name and what is under it.
    fn knows(&self, path: &str) -> bool {
        let (root, rest) = path
            .split_once('.')
            .map_or((path, None), |(root, rest)| (root, Some(rest)));
        match rest {
            Some(field) => self.under(root).is_some_and(|fields| fields.contains(&field)),
            None => self.names().contains(&root) || FUNCTIONS.contains(&root),
        }
    }

    /// The names that a template of this rule sees.
    fn names(&self) -> Vec<&str> {
        let fixed = ["rule", "severity", "labels", "party", "conf", "meeting"];
        self.key.fields.iter().map(|field| field.name()).chain(fixed).collect()
    }

    /// The names under one of them; `None` if it has none.
    fn under(&self, root: &str) -> Option<Vec<&str>> {
        match root {
            "party" => Some(PARTY.to_vec()),
            "conf" => Some(CONF.to_vec()),
            "meeting" => Some(MEETING.to_vec()),
            "labels" => Some(self.labels.keys().map(CompactString::as_str).collect()),
            _ => None,
        }
    }

    fn refuse_name(&mut self, text: &Spanned<String>, path: &str) {
        let (message, advice) = match path.split_once('.') {
            Some((root, field)) if self.names().contains(&root) => {
                let known = self.under(root).unwrap_or_default();
                let advice = match nearest(field, known.iter().copied()) {
                    Some(meant) => format!("did you mean `{root}.{meant}`?"),
                    None => format!("under `{root}` there is {}", listed(&known)),
                };
                (format!("`{root}` has no `{field}`"), advice)
            }
            _ => {
                let root = path.split('.').next().unwrap_or(path);
                let known = self.names();
                let advice = match nearest(root, known.iter().copied()) {
                    _ if PARTY.contains(&root) => format!("it is not in the rule's key; did you mean `party.{root}`?"),
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("a text of this rule sees {}", listed(&known)),
                };
                (format!("unknown name `{root}`"), advice)
            }
        };
        let span = text.within(place_of(path, &text.value), self.findings.source());
        self.findings.error(span, message).advise(advice);
    }

    fn refuse(&mut self, text: &Spanned<String>, error: &Error) {
        let whole = 0..text.value.len();
        let range = error.range().filter(|range| range.end <= whole.end).unwrap_or(whole);
        let span = text.within(range, self.findings.source());
        let message = match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        };
        self.findings.error(span, message);
    }

    /// Fills the template in for a notification of each kind, with much and with little in it: what no reading of the names can find
    /// (an unknown filter, a sum of texts) shows itself.
    fn trial(&self, name: &'static str, templates: &Environment<'static>) -> Result<(), Error> {
        let conf = Conf {
            billing_code: "33333".into(),
            status: ConferenceStatus::RECORDED,
            extra: None,
        };
        let party = Party {
            name: Personal::new("N"),
            phone: Personal::new("13900000000"),
            country: "86".into(),
            connect_time: Some(Time::default()),
            ..Party::new("33333", "7YY1", ParticipantStatus::SPEAKING)
        };
        let key: Vec<_> = self
            .key
            .fields
            .iter()
            .map(|field| (field.name().into(), "33333".into()))
            .collect();
        for at_hand in [AtHand::Conf(&conf), AtHand::Party(&party), AtHand::Meeting("33333")] {
            let facts = Facts {
                at_hand,
                previous: Previous::Nothing,
                meeting: &MeetingFacts::default(),
                source: "bridge",
                occurred_at: Time::default(),
                received_at: Time::default(),
            };
            let values = Values {
                facts: &facts,
                rule: "rule",
                severity: Severity::Warning,
                labels: self.labels,
                key: &key,
            };
            try_render(templates, name, values.masked())?;
        }
        Ok(())
    }
}

/// What a template reads that it has not itself set, in a fixed order.
fn reads(name: &str, templates: &Environment<'static>) -> BTreeSet<String> {
    let template = templates.get_template(name);
    template
        .map(|template| template.undeclared_variables(true).into_iter().collect())
        .unwrap_or_default()
}

/// `party` alone may be read in any way, so it counts.
fn is_personal(path: &str) -> bool {
    path == "party" || values::is_personal(path.strip_prefix("party.").unwrap_or(path))
}

/// Where a name stands in a template, or else all of it: minijinja tells names without their places.
fn place_of(path: &str, template: &str) -> Range<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let alone = |start: usize| {
        let (before, after) = (&template[..start], &template[start + path.len()..]);
        !before.ends_with(is_part) && !after.starts_with(is_part)
    };
    let inside = |start: usize| {
        let before = &template[..start];
        before.rfind("{{").max(before.rfind("{%")) > before.rfind("}}").max(before.rfind("%}"))
    };
    let found = template
        .match_indices(path)
        .map(|(start, _)| start)
        .find(|start| alone(*start) && inside(*start));
    found.map_or(0..template.len(), |start| start..start + path.len())
}
