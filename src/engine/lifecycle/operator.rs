//! What operators do to alerts.

use compact_str::CompactString;

use super::{AlertKey, Alerts, OpenAlert};
use crate::{
    engine::{effect::Acted, quiet, step::Step},
    model::{Acknowledgement, AlertEventKind, AlertId, ResolveReason},
};

impl Alerts {
    /// Somebody takes an alert on, or says anew why. Who says the same again, as a retry does, changes nothing.
    pub fn acknowledge(&mut self, step: &mut Step<'_>, id: AlertId, who: CompactString, why: String) -> Acted {
        let Some(&age) = self.by_id.get(&id) else {
            return Acted::NoSuchAlert;
        };
        let Some(open) = self.open.get_mut(&age) else {
            return Acted::NoSuchAlert;
        };
        let said = open.alert.acknowledgement.as_ref();
        if said.is_some_and(|said| said.who == who && said.why == why) {
            return Acted::Done;
        }
        let at = step.now;
        open.alert.acknowledgement = Some(Acknowledgement { who, why, at });
        step.say(AlertEventKind::Acknowledged, &open.alert);
        self.delivery.acknowledged(step, &mut self.open, age);
        Acted::Done
    }

    /// Somebody ends an alert. That of a state comes back only when the state has been false, that of a silence when it was broken.
    pub fn resolve_by_operator(&mut self, step: &mut Step<'_>, id: AlertId) -> Acted {
        let Some(&age) = self.by_id.get(&id) else {
            return Acted::NoSuchAlert;
        };
        let about = self.open.get(&age).map(OpenAlert::key);
        self.resolve(step, age, ResolveReason::Operator);
        if let Some(AlertKey { rule, key }) = about {
            quiet::ended_by_operator(step, rule, &key);
        }
        Acted::Done
    }
}
