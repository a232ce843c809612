//! Expressions against a second opinion: what our evaluator makes of a generated expression and notification must be what the `cel` crate
//! makes of them, undecided where that one errs. What docs/expressions.md says to differ is spelled for that reader as we mean it.
//!
//! The suite runs a short form. `BELLWETHER_DIFFERENTIAL_CASES=100000 cargo test --test it differential` runs a long one.

mod grow;
mod oracle;
mod scenes;
mod term;
mod words;

use std::{cell::RefCell, collections::BTreeMap, env};

use bellwether::rules::expr::{Defines, Expr, MAX_RULE, Schema};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};

use self::{oracle::Oracle, term::Term};

/// How many expressions over notifications; of those over alerts there are a quarter.
const CASES: u32 = 1_000;

/// How many notifications each expression is shown.
const SCENES: usize = 3;

fn cases() -> u32 {
    env::var("BELLWETHER_DIFFERENTIAL_CASES").map_or(CASES, |cases| cases.parse().unwrap())
}

#[test]
fn expressions_over_notifications_mean_what_cel_says() {
    let seen = compare(
        cases(),
        Schema::Notification,
        grow::conditions(&words::of_notifications()),
        scenes::scene(),
        |expr, scene| expr.decide(&scene.facts()),
        Oracle::of_scene,
    );
    for result in [Some(true), Some(false), None] {
        assert!(
            seen[&result] * 10 > cases() as usize * SCENES,
            "too few are {result:?}: {seen:?}"
        );
    }
}

#[test]
fn expressions_over_alerts_mean_what_cel_says() {
    let seen = compare(
        cases() / 4,
        Schema::Alert,
        grow::conditions(&words::of_alerts()),
        scenes::alert(),
        |expr, alert| Some(expr.matches_alert(&alert.facts())),
        Oracle::of_alert,
    );
    for result in [Some(true), Some(false)] {
        assert!(
            seen[&result] * 10 > cases() as usize,
            "too few are {result:?}: {seen:?}"
        );
    }
}

/// Compares so many expressions, each over some scenes, and tells how often which result was found.
fn compare<S: std::fmt::Debug>(
    cases: u32,
    schema: Schema,
    conditions: impl Strategy<Value = Term>,
    scene: impl Strategy<Value = S>,
    ours: impl Fn(&Expr, &S) -> Option<bool>,
    theirs: impl Fn(&S) -> Oracle,
) -> BTreeMap<Option<bool>, usize> {
    let seen = RefCell::new(BTreeMap::new());
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let strategy = (conditions, prop::collection::vec(scene, SCENES));
    let result = runner.run(&strategy, |(term, scenes)| {
        let expr = match Expr::compile(&term.ours, schema, &Defines::default(), MAX_RULE) {
            Ok(expr) => expr,
            Err(mistakes) if mistakes.iter().any(|mistake| is_cap(&mistake.message)) => {
                return Err(TestCaseError::reject("too large"));
            }
            Err(mistakes) => return Err(TestCaseError::fail(format!("{mistakes:#?}"))),
        };
        let program = oracle::compile(&term.theirs).map_err(TestCaseError::fail)?;
        for scene in &scenes {
            let (ours, theirs) = (ours(&expr, scene), theirs(scene).decide(&program));
            prop_assert_eq!(ours, theirs.clone().ok(), "ours and theirs, which says {:?}", theirs);
            *seen.borrow_mut().entry(ours).or_default() += 1;
        }
        Ok(())
    });
    result.unwrap_or_else(|difference| panic!("{difference}"));
    seen.into_inner()
}

fn is_cap(message: &str) -> bool {
    ["parts", "patterns in one expression", "levels"]
        .iter()
        .any(|cap| message.ends_with(cap))
}
