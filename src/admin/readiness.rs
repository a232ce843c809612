//! Whether the service can take work, and if not, why: shared by whoever holds it up and by `/readyz`.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Ready while no part holds it up.
#[derive(Debug)]
pub struct Readiness(Mutex<BTreeMap<&'static str, String>>);

impl Readiness {
    /// Held up by the part `start` until that is cleared.
    pub fn starting() -> Self {
        Self(Mutex::new(BTreeMap::from([("start", "not complete".to_owned())])))
    }

    /// The part is not ready for this reason, which is shown to operators and replaces the part's last one.
    pub fn hold(&self, part: &'static str, reason: impl Into<String>) {
        self.parts(|parts| parts.insert(part, reason.into()));
    }

    /// The part is ready.
    pub fn clear(&self, part: &'static str) {
        self.parts(|parts| parts.remove(part));
    }

    /// The parts that are not ready, each with its reason; empty: ready.
    pub fn reasons(&self) -> Vec<(&'static str, String)> {
        self.parts(|parts| parts.iter().map(|(part, reason)| (*part, reason.clone())).collect())
    }

    fn parts<T>(&self, act: impl FnOnce(&mut BTreeMap<&'static str, String>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
