//! What makes two rules, or two versions of one, mean the same.

use std::time::Duration;

use blake3::Hasher;

use crate::rules::{Condition, Key, Resolve, expr::Expr, schedule::Schedule};

/// A digest of all that decides when a rule's alerts begin and end: equal for equal meaning, whatever the texts, labels and severity.
pub(super) fn digest(condition: &Condition, key: &Key, resolve: &Resolve, during: Option<&Schedule>) -> u128 {
    let mut hasher = Hasher::new_derive_key("bellwether 2026 meaning of a rule");
    match condition {
        Condition::Each { when } => {
            hasher.update(b"each");
            when.digest(&mut hasher);
        }
        Condition::Held {
            condition,
            for_,
            keep_firing_for,
        } => {
            hasher.update(b"held");
            condition.digest(&mut hasher);
            duration(*for_, &mut hasher);
            duration(*keep_firing_for, &mut hasher);
        }
        Condition::Count(count) => {
            hasher.update(b"count");
            count.when.digest(&mut hasher);
            number(count.at_least, &mut hasher);
            duration(count.within, &mut hasher);
            optional(count.distinct.as_ref(), &mut hasher, |varied, hasher| {
                hasher.update(format!("{:?},", varied.of).as_bytes());
                number(varied.at_least, hasher);
            });
        }
        Condition::Ratio(ratio) => {
            hasher.update(b"ratio");
            ratio.when.digest(&mut hasher);
            ratio.of.digest(&mut hasher);
            number(ratio.at_least.millionths(), &mut hasher);
            duration(ratio.within, &mut hasher);
            number(ratio.min_samples, &mut hasher);
        }
        Condition::Quiet(quiet) => {
            hasher.update(b"quiet");
            quiet.what.digest(&mut hasher);
            duration(quiet.for_, &mut hasher);
        }
        Condition::Sequence(sequence) => {
            hasher.update(b"sequence");
            number(u32::try_from(sequence.steps.len()).unwrap_or(u32::MAX), &mut hasher);
            sequence.steps.iter().for_each(|step| step.digest(&mut hasher));
            duration(sequence.within, &mut hasher);
            optional(sequence.unless.as_ref(), &mut hasher, Expr::digest);
        }
        Condition::Expected(expected) => {
            hasher.update(b"expected");
            expected.after.digest(&mut hasher);
            expected.expect.digest(&mut hasher);
            duration(expected.within, &mut hasher);
            optional(expected.unless.as_ref(), &mut hasher, Expr::digest);
        }
    }
    hasher.update(b"key");
    for field in &key.fields {
        // Two fields share a name in an alert's key, but not here.
        hasher.update(format!("{field:?},").as_bytes());
    }
    hasher.update(b"resolve");
    optional(resolve.when.as_ref(), &mut hasher, Expr::digest);
    optional(resolve.after, &mut hasher, duration);
    hasher.update(b"during");
    optional(during, &mut hasher, Schedule::digest);
    let mut digest = [0; 16];
    hasher.finalize_xof().fill(&mut digest);
    u128::from_be_bytes(digest)
}

fn optional<T>(value: Option<T>, hasher: &mut Hasher, digest: impl FnOnce(T, &mut Hasher)) {
    hasher.update(&[u8::from(value.is_some())]);
    if let Some(value) = value {
        digest(value, hasher);
    }
}

fn duration(duration: Duration, hasher: &mut Hasher) {
    hasher.update(&duration.as_nanos().to_be_bytes());
}

fn number(number: u32, hasher: &mut Hasher) {
    hasher.update(&number.to_be_bytes());
}
