//! `define`s: names that stand for other expressions. They are put in by reference, so one is checked again where it is used; a mistake
//! in its own text is told there, once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use compact_str::CompactString;

use super::{
    MAX_RULE, Mistake, Schema,
    check::Checker,
    lex::{is_name_part, is_name_start},
    parse::{self, MAX_DEPTH},
    syntax::Node,
    vocabulary,
};

/// The `define`s of a rule set; every expression that is compiled with them keeps them.
#[derive(Debug, Clone, Default)]
pub struct Defines(Arc<BTreeMap<CompactString, Define>>);

#[derive(Debug, Clone)]
pub(super) struct Define {
    pub text: String,
    /// `None`: there is a mistake in it, which has been told.
    pub body: Option<Node>,
}

impl Defines {
    /// Reads names with their texts, and gives what is wrong with them, each with the name of the `define` whose text it is in.
    pub fn new<N, T>(defines: impl IntoIterator<Item = (N, T)>) -> (Self, Vec<(CompactString, Mistake)>)
    where
        N: Into<CompactString>,
        T: Into<String>,
    {
        let mut read = BTreeMap::new();
        let mut mistakes = Vec::new();
        for (name, text) in defines {
            let (name, text) = (name.into(), text.into());
            let body = name_mistake(&name, &text).map_or_else(|| parse::parse(&text, MAX_RULE), Err);
            let body = body.map_err(|mistake| mistakes.push((name.clone(), mistake))).ok();
            read.insert(name, Define { text, body });
        }
        let mut all = Self(Arc::new(read));
        let mut order = Order {
            defines: &all,
            path: vec![],
            seen: BTreeSet::new(),
            done: vec![],
            mistakes: vec![],
        };
        for name in all.0.keys() {
            order.visit(name);
        }
        let (order, wrong) = (order.done, order.mistakes);
        for (name, mistake) in wrong {
            all.spoil(&name);
            mistakes.push((name, mistake));
        }
        for name in order {
            let found = all.check(&name);
            if !found.is_empty() || all.body(&name).is_some_and(|body| all.names_spoilt(body)) {
                all.spoil(&name);
            }
            mistakes.extend(found.into_iter().map(|mistake| (name.clone(), mistake)));
        }
        (all, mistakes)
    }

    /// The names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &CompactString> {
        self.0.keys()
    }

    pub(super) fn get(&self, name: &str) -> Option<(&CompactString, &Define)> {
        self.0.get_key_value(name)
    }

    pub(super) fn body(&self, name: &str) -> Option<&Node> {
        self.0.get(name)?.body.as_ref()
    }

    fn spoil(&mut self, name: &str) {
        if let Some(define) = Arc::make_mut(&mut self.0).get_mut(name) {
            define.body = None;
        }
    }

    /// Whether it names a `define` that has a mistake, which has been told and makes no second one.
    fn names_spoilt(&self, node: &Node) -> bool {
        let spoilt = |name: &CompactString| self.get(name).is_some_and(|(_, define)| define.body.is_none());
        node.as_name().is_some_and(spoilt) || node.kind.children().any(|child| self.names_spoilt(child))
    }

    /// What is wrong with it wherever it is used: one that suits notifications or alerts will do.
    fn check(&self, name: &str) -> Vec<Mistake> {
        let Some(Define { text, body: Some(body) }) = self.0.get(name) else {
            return vec![];
        };
        if self.names_spoilt(body) {
            return vec![];
        }
        let check = |schema| {
            let mut checker = Checker::new(schema, self, text);
            checker.any_value(body);
            checker.finish().1
        };
        let mistakes = check(Schema::Notification);
        if mistakes.is_empty() || check(Schema::Alert).is_empty() {
            vec![]
        } else {
            mistakes
        }
    }
}

fn name_mistake(name: &str, text: &str) -> Option<Mistake> {
    let message = if !name.starts_with(is_name_start) || !name.chars().all(is_name_part) {
        format!("`{}` is no name for a define", name.escape_debug())
    } else if parse::is_reserved(name) || vocabulary::is_taken(name) {
        format!("`{name}` has a meaning already")
    } else {
        return None;
    };
    Some(Mistake::new(0..text.len(), message).advise("name it with letters, digits and _, unlike any field or code"))
}

/// Puts each `define` behind those that it names, and finds those that name themselves.
struct Order<'d> {
    defines: &'d Defines,
    /// From the one visited first to the one at hand.
    path: Vec<&'d CompactString>,
    seen: BTreeSet<&'d CompactString>,
    done: Vec<CompactString>,
    mistakes: Vec<(CompactString, Mistake)>,
}

impl<'d> Order<'d> {
    fn visit(&mut self, name: &'d CompactString) {
        if !self.seen.insert(name) {
            return;
        }
        self.path.push(name);
        if let Some(body) = self.defines.body(name) {
            self.visit_names(name, body);
        }
        self.path.pop();
        self.done.push(name.clone());
    }

    /// Visits every `define` that the node names.
    fn visit_names(&mut self, within: &'d CompactString, node: &'d Node) {
        if let Some((name, _)) = node.as_name().and_then(|name| self.defines.get(name)) {
            if let Some(at) = self.path.iter().position(|on_path| *on_path == name) {
                let cycle: Vec<&str> = self.path[at..]
                    .iter()
                    .chain([&name])
                    .map(|name| name.as_str())
                    .collect();
                let mistake = Mistake::new(
                    node.span.clone(),
                    format!("this define stands for itself: {}", cycle.join(" -> ")),
                );
                self.mistakes.push((within.clone(), mistake));
            } else if self.path.len() == MAX_DEPTH {
                self.mistakes.push((within.clone(), parse::too_deep(node.span.clone())));
            } else {
                self.visit(name);
            }
        }
        for child in node.kind.children() {
            self.visit_names(within, child);
        }
    }
}
