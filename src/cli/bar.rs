//! The bar of long work, on standard error. Whether a person watches, and what is said where nobody does, is for the verbs.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far it is, with a message: a bar where it is known how much there is to do, else a spinner.
pub(super) fn bar(all: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(all, ProgressDrawTarget::stderr());
    let template = match all {
        Some(_) => "{bar:30} {percent:>3} % ({eta} left) {msg}",
        None => "{spinner} {msg}",
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
