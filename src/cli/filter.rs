//! Filters on the command line: compiled before a server is asked, so that mistakes are told as `check` tells them. A server does not repeat
//! what was written, which may be about a person; here it is the operator's own.

use std::fmt;

use crate::rules::{
    RuleSource, SourceFile,
    diagnostic::{Diagnostic, Span},
    expr::{Defines, Expr, MAX_FILTER, Mistake, Schema},
};

/// A filter does not compile.
#[derive(Debug, thiserror::Error)]
pub struct BadFilter {
    source_text: RuleSource,
    mistakes: Vec<Diagnostic>,
}

/// Each mistake, underlined.
impl fmt::Display for BadFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, mistake) in self.mistakes.iter().enumerate() {
            let gap = if place == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{}", mistake.render(&self.source_text, false))?;
        }
        Ok(())
    }
}

/// Whether that is a filter; an empty one takes everything.
pub(super) fn check(text: &str) -> Result<(), BadFilter> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let Err(mistakes) = Expr::compile(text, Schema::Alert, &Defines::default(), MAX_FILTER) else {
        return Ok(());
    };
    let source_text = RuleSource {
        files: vec![SourceFile {
            name: "filter".to_owned(),
            text: text.to_owned(),
        }],
    };
    let diagnostic = |mistake: Mistake| {
        let span = Span {
            file: 0,
            start: mistake.span.start,
            end: mistake.span.end,
        };
        Diagnostic {
            advice: mistake.advice,
            ..Diagnostic::error(&source_text, span, mistake.message)
        }
    };
    Err(BadFilter {
        mistakes: mistakes.into_iter().map(diagnostic).collect(),
        source_text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_filter_is_told_with_its_place_and_what_may_have_been_meant() {
        for filter in ["", " ", "severity >= WARNING && labels.team == 'bridge'"] {
            assert!(check(filter).is_ok(), "{filter}");
        }
        let told = check("severty == CRITICAL").unwrap_err().to_string();
        assert!(told.contains("`severty`") && told.contains("^^^^^^^"), "{told}");
        assert!(told.contains("severity"), "{told}");
        assert!(check(&"a".repeat(MAX_FILTER + 1)).is_err());
    }
}
