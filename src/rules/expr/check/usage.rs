//! How functions are written, and why some of CEL's are left out: what to tell somebody who calls one that is not there.

use super::{Checker, Mistake, Value};
use crate::rules::expr::{suggest::nearest, syntax::Call};

/// Every function, as it is written.
const USAGES: [(&str, &str); 21] = [
    ("has", "has(field)"),
    ("size", "size(text)"),
    ("contains", "text.contains('part')"),
    ("startsWith", "text.startsWith('part')"),
    ("endsWith", "text.endsWith('part')"),
    ("matches", "text.matches('pattern')"),
    ("exists", "[a, b].exists(x, x == c)"),
    ("all", "[a, b].all(x, x == c)"),
    ("exists_one", "[a, b].exists_one(x, x == c)"),
    ("timestamp", "timestamp('2026-01-05T08:00:00Z')"),
    ("duration", "duration('1m30s')"),
    ("getFullYear", "time.getFullYear('Europe/Berlin')"),
    ("getMonth", "time.getMonth('Europe/Berlin')"),
    ("getDate", "time.getDate('Europe/Berlin')"),
    ("getDayOfMonth", "time.getDayOfMonth('Europe/Berlin')"),
    ("getDayOfWeek", "time.getDayOfWeek('Europe/Berlin')"),
    ("getDayOfYear", "time.getDayOfYear('Europe/Berlin')"),
    ("getHours", "time.getHours('Europe/Berlin')"),
    ("getMinutes", "time.getMinutes('Europe/Berlin')"),
    ("getSeconds", "time.getSeconds('Europe/Berlin')"),
    ("getMilliseconds", "time.getMilliseconds('Europe/Berlin')"),
];

const NEW_LISTS: &str = "an expression makes no lists";
const CONVERSIONS: &str = "each field has its one type, and literals are written in it";
const TYPES: &str = "all types are known beforehand";

/// What CEL has besides, and why it is not here.
const LEFT_OUT: [(&str, &str); 10] = [
    ("map", NEW_LISTS),
    ("filter", NEW_LISTS),
    ("int", CONVERSIONS),
    ("uint", CONVERSIONS),
    ("double", CONVERSIONS),
    ("string", CONVERSIONS),
    ("bytes", CONVERSIONS),
    ("bool", CONVERSIONS),
    ("type", TYPES),
    ("dyn", TYPES),
];

impl Checker<'_> {
    pub(super) fn no_such_call(&mut self, call: &Call) -> Option<Value> {
        let name = call.name.as_str();
        let mistake = |message: String| Mistake::new(call.name_span.clone(), message);
        self.report(if let Some(usage) = find(&USAGES, name) {
            mistake(format!("`{name}` is not used like this")).advise(format!("write {usage}"))
        } else if let Some(reason) = find(&LEFT_OUT, name) {
            mistake(format!("CEL's `{name}` is left out: {reason}"))
        } else {
            let mistake = mistake(format!("there is no function `{name}`"));
            match nearest(name, USAGES.iter().map(|(known, _)| *known)) {
                Some(near) => mistake.advise(format!("did you mean {}?", find(&USAGES, near).unwrap_or(near))),
                None => mistake,
            }
        });
        None
    }
}

fn find(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == name).map(|(_, told)| *told)
}
