//! Grows expressions that are right by type from words, one layer over another; what fails shrinks towards the lower layer.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    term::{Binds, Term},
    words::{Codes, Words, words},
};

type Terms = BoxedStrategy<Term>;

/// How many layers lie over the words.
const LAYERS: usize = 4;

const ORDERS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

/// What one layer offers, by type.
struct Layer {
    conditions: Terms,
    texts: Terms,
    numbers: Terms,
    times: Terms,
    /// Durations of hours, which leave a time between the years 1678 and 2262.
    spans: Terms,
    /// Durations of any length.
    lengths: Terms,
    codes: Vec<CodeTerms>,
}

struct CodeTerms {
    /// Of a kind that is settled.
    settled: Terms,
    /// Of whatever kind this is compared with.
    any: Terms,
    constants: Terms,
    ordered: bool,
}

/// Conditions over these words.
pub fn conditions(words: &Words) -> Terms {
    let ground = Layer::of(words);
    (1..=LAYERS)
        .fold(ground, |below, layer| below.grow(words, layer))
        .conditions
}

fn one_of(terms: impl IntoIterator<Item = Term>) -> Terms {
    select(terms.into_iter().collect::<Vec<_>>()).boxed()
}

fn operator(names: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    select(names)
}

fn text_literals() -> Terms {
    one_of(words([
        "''",
        "'33333'",
        "\"86\"",
        "'a'",
        "r'a\\d'",
        "'真实名称'",
        "'\\u771f\\U00005b9e'",
        "'\\x61\\102\\n\\''",
        "'''b\"a'''",
        "'bridge-a'",
    ]))
}

fn number_literals() -> Terms {
    one_of(words([
        "0",
        "1",
        "2",
        "-1",
        "7",
        "0x10",
        "-0x3",
        "9223372036854775807",
        "-9223372036854775808",
        "3000000000",
    ]))
}

/// Those with an offset are shown in UTC, in which CEL has their parts; the `cel` crate has them in the offset.
fn time_literals() -> Terms {
    let with_offsets = [
        ("2026-03-29T03:00:00.5+02:00", "2026-03-29T01:00:00.5Z"),
        ("2000-12-31T12:00:00-09:30", "2000-12-31T21:30:00Z"),
    ];
    let in_utc = [
        "2026-01-05T08:00:00Z",
        "2024-02-29T23:59:59.999999999Z",
        "1970-01-01T00:00:00Z",
        "1969-12-31T23:59:59.000000001Z",
    ];
    let pairs = in_utc.map(|time| (time, time)).into_iter().chain(with_offsets);
    one_of(pairs.map(|(ours, theirs)| Term::spelled(format!("timestamp('{ours}')"), format!("timestamp('{theirs}')"))))
}

fn span_literals() -> Terms {
    one_of(words([
        "duration('0s')",
        "duration('1h')",
        "duration('-90m')",
        "duration('1m30.5s')",
        "duration('1ns')",
        "duration('48h')",
        "duration('-250ms')",
    ]))
}

fn long_literals() -> Terms {
    one_of(words([
        "duration('2562047h')",
        "duration('-2562047h')",
        "duration('100000h')",
    ]))
}

impl Layer {
    /// The words themselves.
    fn of(words: &Words) -> Self {
        let absent = words.optional.clone();
        let null_tests = absent.into_iter().flat_map(|field| {
            let null = Term::word("null");
            [
                Term::infix(&field, "==", Binds::Relation, &null),
                Term::infix(&null, "!=", Binds::Relation, &field),
            ]
        });
        let constants = [Term::word("true"), Term::word("false")];
        let conditions = constants
            .into_iter()
            .chain(words.bools.clone())
            .chain(null_tests)
            .chain(words.asked.clone());
        Self {
            conditions: one_of(conditions),
            texts: prop_oneof![one_of(words.texts.clone()), text_literals()].boxed(),
            numbers: prop_oneof![number_literals(), one_of(words.numbers.clone())].boxed(),
            times: prop_oneof![one_of(words.times.clone()), time_literals()].boxed(),
            spans: span_literals(),
            lengths: prop_oneof![span_literals(), long_literals()].boxed(),
            codes: words.codes.iter().map(CodeTerms::of).collect(),
        }
    }

    /// The layer above.
    fn grow(&self, words: &Words, layer: usize) -> Self {
        Self {
            conditions: self.grow_conditions(words, layer),
            texts: prop_oneof![3 => self.texts.clone(), 1 => self.choice(&self.texts)].boxed(),
            numbers: self.grow_numbers(),
            times: self.grow_times(),
            spans: prop_oneof![
                3 => self.spans.clone(),
                1 => sum(&["+", "-"], &self.spans, &self.spans),
                1 => self.choice(&self.spans),
            ]
            .boxed(),
            lengths: prop_oneof![
                self.lengths.clone(),
                sum(&["+", "-"], &self.lengths, &self.lengths),
                sum(&["-"], &self.times, &self.times),
                self.choice(&self.lengths),
            ]
            .boxed(),
            codes: self.codes.iter().map(|codes| codes.grow(self)).collect(),
        }
    }

    fn choice(&self, of: &Terms) -> Terms {
        (self.conditions.clone(), of.clone(), of.clone())
            .prop_map(|(condition, then, otherwise)| Term::choice(&condition, &then, &otherwise))
            .boxed()
    }

    fn grow_numbers(&self) -> Terms {
        let sizes = (self.texts.clone(), any::<bool>()).prop_map(|(text, as_method)| match as_method {
            true => Term::method(&text, "size", &[]),
            false => Term::call("size", &[&text]),
        });
        let list_sizes =
            vec(text_literals(), 0..3).prop_map(|elements| Term::call("size", &[&super::term::list(&elements)]));
        let products = (operator(&["*", "/", "%"]), self.numbers.clone(), self.numbers.clone())
            .prop_map(|(operator, left, right)| Term::infix(&left, operator, Binds::Product, &right));
        let parts = ["getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfYear"]
            .into_iter()
            .chain([
                "getDayOfWeek",
                "getHours",
                "getMinutes",
                "getSeconds",
                "getMilliseconds",
            ]);
        let zones = words([
            "'UTC'",
            "'Asia/Shanghai'",
            "'America/New_York'",
            "'+05:30'",
            "'-09:00'",
            "'Europe/Berlin'",
        ]);
        let dates = (
            select(parts.collect::<Vec<_>>()),
            self.times.clone(),
            proptest::option::of(select(zones)),
        )
            .prop_map(|(part, time, zone)| Term::method(&time, part, zone.as_ref().as_slice()));
        let units = (
            operator(&["getHours", "getMinutes", "getSeconds"]),
            self.lengths.clone(),
        )
            .prop_map(|(unit, length)| Term::method(&length, unit, &[]));
        prop_oneof![
            4 => self.numbers.clone(),
            2 => sum(&["+", "-"], &self.numbers, &self.numbers),
            2 => products,
            1 => self.numbers.clone().prop_map(|of| Term::minus(&of)),
            2 => sizes,
            1 => list_sizes,
            2 => dates,
            1 => units,
            1 => self.choice(&self.numbers),
        ]
        .boxed()
    }

    fn grow_times(&self) -> Terms {
        prop_oneof![
            4 => self.times.clone(),
            1 => sum(&["+", "-"], &self.times, &self.spans),
            1 => sum(&["+"], &self.spans, &self.times),
            1 => self.choice(&self.times),
        ]
        .boxed()
    }

    fn grow_conditions(&self, words: &Words, layer: usize) -> Terms {
        let below = &self.conditions;
        let logic = (
            select(vec![("&&", Binds::And), ("||", Binds::Or)]),
            vec(below.clone(), 2..4),
        )
            .prop_map(|((operator, binds), parts)| {
                let joined = parts
                    .iter()
                    .cloned()
                    .reduce(|left, right| Term::infix(&left, operator, binds, &right));
                joined.unwrap_or_else(|| Term::word("true"))
            });
        let find = (
            operator(&["contains", "startsWith", "endsWith"]),
            self.texts.clone(),
            self.texts.clone(),
        )
            .prop_map(|(name, text, part)| Term::method(&text, name, &[&part]));
        let patterns = words_of_patterns();
        let matches =
            (self.texts.clone(), patterns, any::<bool>()).prop_map(|(text, pattern, as_method)| match as_method {
                true => Term::method(&text, "matches", &[&pattern]),
                false => Term::call("matches", &[&text, &pattern]),
            });
        let codes = self.codes.iter().map(|codes| codes.conditions(below, layer));
        prop_oneof![
            6 => below.clone(),
            4 => logic,
            2 => below.clone().prop_map(|of| Term::not(&of)),
            1 => self.choice(below),
            1 => relation(&["==", "!="], below, below),
            2 => relation(&ORDERS, &self.texts, &self.texts),
            3 => relation(&ORDERS, &self.numbers, &self.numbers),
            2 => relation(&ORDERS, &self.times, &self.times),
            1 => relation(&ORDERS, &self.lengths, &self.lengths),
            1 => membership(&self.texts, &self.texts, &text_literals()),
            1 => membership(&self.numbers, &self.numbers, &number_literals()),
            1 => membership(&self.times, &self.times, &time_literals()),
            1 => find,
            1 => matches,
            1 => quantified(layer, relation(&ORDERS, &hole(), &self.texts), below, &self.texts, &text_literals()),
            1 => quantified(layer, relation(&ORDERS, &self.numbers, &hole()), below, &self.numbers, &number_literals()),
            1 => nested(layer, &self.texts),
            4 * u32::try_from(words.codes.len()).unwrap_or(1) => proptest::strategy::Union::new(codes),
        ]
        .boxed()
    }
}

impl CodeTerms {
    fn of(codes: &Codes) -> Self {
        let numbers: &[&str] = if codes.numbers {
            &["0", "4", "6", "101", "-1"]
        } else {
            &[]
        };
        let constants = codes.constants.clone();
        let settled = codes.settled.iter().chain(&constants).cloned();
        let constants = constants
            .iter()
            .cloned()
            .chain(numbers.iter().map(|number| Term::word(number)));
        let constants: Vec<Term> = constants.collect();
        Self {
            settled: one_of(settled.clone()),
            any: one_of(settled.chain(codes.loose.clone()).chain(constants.clone())),
            constants: one_of(constants),
            ordered: codes.ordered,
        }
    }

    fn grow(&self, layer: &Layer) -> Self {
        // A number alone stands for a code only where it is compared, so one branch is settled.
        let choice = (
            layer.conditions.clone(),
            self.any.clone(),
            self.settled.clone(),
            any::<bool>(),
        )
            .prop_map(|(condition, any, settled, turned)| match turned {
                true => Term::choice(&condition, &settled, &any),
                false => Term::choice(&condition, &any, &settled),
            });
        Self {
            settled: prop_oneof![3 => self.settled.clone(), 1 => choice.clone()].boxed(),
            any: prop_oneof![3 => self.any.clone(), 1 => choice].boxed(),
            constants: self.constants.clone(),
            ordered: self.ordered,
        }
    }

    fn conditions(&self, below: &Terms, layer: usize) -> Terms {
        let operators: &[&str] = if self.ordered { &ORDERS } else { &ORDERS[..2] };
        prop_oneof![
            relation(operators, &self.settled, &self.any),
            relation(operators, &self.any, &self.settled),
            membership(&self.settled, &self.any, &self.constants),
            quantified(
                layer,
                relation(operators, &hole(), &self.settled),
                below,
                &self.any,
                &self.constants
            ),
        ]
        .boxed()
    }
}

fn hole() -> Terms {
    Just(Term::hole()).boxed()
}

fn words_of_patterns() -> Terms {
    one_of(words(["''", "'^3+$'", "r'\\d\\d'", "'(a|真)'", "'[^0-9]$'", "'.{3,}'"]))
}

fn sum(operators: &'static [&'static str], left: &Terms, right: &Terms) -> Terms {
    infix(operators, Binds::Sum, left, right)
}

fn relation(operators: &'static [&'static str], left: &Terms, right: &Terms) -> Terms {
    infix(operators, Binds::Relation, left, right)
}

fn infix(operators: &'static [&'static str], binds: Binds, left: &Terms, right: &Terms) -> Terms {
    (operator(operators), left.clone(), right.clone())
        .prop_map(move |(operator, left, right)| Term::infix(&left, operator, binds, &right))
        .boxed()
}

/// Some elements, and whether they are constants.
fn elements(of: &Terms, constants: &Terms) -> impl Strategy<Value = (Vec<Term>, bool)> + use<> {
    prop_oneof![
        vec(constants.clone(), 0..4).prop_map(|elements| (elements, true)),
        vec(of.clone(), 1..3).prop_map(|elements| (elements, false)),
    ]
}

fn membership(of: &Terms, among: &Terms, constants: &Terms) -> Terms {
    (of.clone(), elements(among, constants))
        .prop_map(|(of, (elements, constant))| Term::is_in(&of, &elements, constant))
        .boxed()
}

/// A macro over elements, what it asks of each beside a condition that is the same for all.
fn quantified(layer: usize, asks: Terms, below: &Terms, of: &Terms, constants: &Terms) -> Terms {
    let body = prop_oneof![
        2 => asks.clone(),
        1 => (asks.clone(), below.clone()).prop_map(|(asks, below)| Term::infix(&asks, "||", Binds::Or, &below)),
        1 => (asks, below.clone()).prop_map(|(asks, below)| Term::infix(&below, "&&", Binds::And, &asks)),
    ];
    (
        operator(&["exists", "all", "exists_one"]),
        elements(of, constants),
        body,
    )
        .prop_map(move |(name, (elements, constant), body)| {
            Term::quantified(name, &format!("x{layer}"), &elements, &body, constant)
        })
        .boxed()
}

/// A macro in a macro, whose list holds the outer variable.
fn nested(layer: usize, texts: &Terms) -> Terms {
    let inner = (
        operator(&["exists", "all"]),
        texts.clone(),
        relation(&ORDERS, &hole(), texts),
    )
        .prop_map(move |(name, text, body)| {
            Term::quantified(name, &format!("y{layer}"), &[Term::hole(), text], &body, false)
        });
    (operator(&["exists", "all"]), vec(text_literals(), 1..3), inner)
        .prop_map(move |(name, elements, inner)| Term::quantified(name, &format!("x{layer}"), &elements, &inner, true))
        .boxed()
}
