//! The table that everything here prints: a claim, both sides, their quotient, and what it is meant to be.

use super::rounds::Compared;

/// What a figure is meant to be.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    AtLeast(f64),
    AtMost(f64),
    /// It stands there to be seen.
    None,
}

impl Goal {
    fn shown(self, figure: f64) -> String {
        let (goal, met) = match self {
            Self::AtLeast(goal) => (format!(">= {goal}"), figure >= goal),
            Self::AtMost(goal) => (format!("<= {goal}"), figure <= goal),
            Self::None => return String::new(),
        };
        format!("{goal}{}", if met { "" } else { "  missed" })
    }
}

/// Prints the names of the columns.
pub fn heading() {
    line("claim", "ours", "yardstick", "quotient", "goal");
    println!("{}", "-".repeat(116));
}

/// Prints two sides.
pub fn compared(claim: &str, unit: &str, compared: Compared, goal: Goal) {
    let Compared {
        ours,
        yardstick,
        quotient,
    } = compared;
    let (ours, yardstick) = (amount(ours, unit), amount(yardstick, unit));
    line(
        claim,
        &ours,
        &yardstick,
        &format!("{quotient:.2}"),
        &goal.shown(quotient),
    );
}

/// Prints a figure that is its own measure.
pub fn alone(claim: &str, unit: &str, figure: f64, goal: Goal) {
    line(claim, &amount(figure, unit), "", "", &goal.shown(figure));
}

fn line(claim: &str, ours: &str, yardstick: &str, quotient: &str, goal: &str) {
    println!("{claim:<58} | {ours:>15} | {yardstick:>15} | {quotient:>8} | {goal}");
}

fn amount(figure: f64, unit: &str) -> String {
    match figure {
        1_000_000.0.. => format!("{:.2} M{unit}", figure / 1_000_000.0),
        1_000.0.. => format!("{:.1} k{unit}", figure / 1_000.0),
        100.0.. => format!("{figure:.0} {unit}"),
        _ => format!("{figure:.2} {unit}"),
    }
}
