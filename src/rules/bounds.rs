//! What a rule set may take of the service's bounds. Absent where rules are compiled: equal text compiles to equal rules on any machine,
//! whatever its settings.

use super::{RuleSet, diagnostic::Diagnostic};

impl RuleSet {
    /// The first rule that keeps state by key and does not fit beside those before it, each with as many keys as one may have. If there
    /// is none, no rule ever takes another's place.
    pub fn misfit(&self, keys_per_rule: u32, keys: u32) -> Option<Diagnostic> {
        let fitting = keys / keys_per_rule.max(1);
        let mut keyed = self.rules.iter().filter(|rule| rule.is_keyed());
        let rule = keyed.nth(fitting as usize)?;
        let message = format!(
            "{} rules keep state by key, of which {fitting} fit: {keys_per_rule} keys each, {keys} in all",
            self.keyed
        );
        let mut error = Diagnostic::error(&self.source, rule.place.name, message);
        error.advise("raise `limits.keys` or lower `limits.keys_per_rule` in the configuration, or switch rules off");
        Some(error)
    }
}
