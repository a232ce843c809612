//! What a rule set may take of the service's bounds. Absent where rules are compiled: equal text compiles to equal rules on any machine,
//! whatever its settings.

use super::{RuleSet, diagnostic::Diagnostic};

impl RuleSet {
    /// Whether the rules that keep state by key fit beside each other, each with as many keys as one may have: then none takes another's
    /// place.
    ///
    /// # Errors
    ///
    /// The first rule that does not fit.
    pub fn check_keys(&self, keys_per_rule: u32, keys: u32) -> Result<(), Diagnostic> {
        let fitting = keys / keys_per_rule.max(1);
        let mut keyed = self.rules.iter().filter(|rule| rule.is_keyed());
        let Some(rule) = keyed.nth(fitting as usize) else {
            return Ok(());
        };
        let message = format!(
            "{} rules keep state by key, of which {fitting} fit: {keys_per_rule} keys each, {keys} in all",
            self.keyed
        );
        let mut error = Diagnostic::error(&self.source, rule.place.name, message);
        error.advise("raise `limits.keys` or lower `limits.keys_per_rule` in the configuration, or switch rules off");
        Err(error)
    }
}
