//! Equal requests at the same time: the second waits for the first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// Forget what nobody holds once so many keys are known.
const SWEEP: usize = 1024;

/// The requests under way.
#[derive(Default)]
pub(super) struct Flights(Mutex<BTreeMap<String, Weak<Turn<()>>>>);

impl Flights {
    /// Waits until nobody else is at any of `keys`, and holds them until the guards are dropped.
    /// The keys must be sorted and distinct: taken in one order, nobody waits in a circle.
    pub(super) async fn claim(&self, keys: &[&str]) -> Vec<OwnedMutexGuard<()>> {
        let turns: Vec<Arc<Turn<()>>> = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() > SWEEP {
                known.retain(|_, turn| turn.strong_count() > 0);
            }
            keys.iter()
                .map(|key| match known.get(*key).and_then(Weak::upgrade) {
                    Some(turn) => turn,
                    None => {
                        let turn = Arc::new(Turn::new(()));
                        known.insert((*key).to_owned(), Arc::downgrade(&turn));
                        turn
                    }
                })
                .collect()
        };
        let mut guards = Vec::with_capacity(turns.len());
        for turn in turns {
            guards.push(turn.lock_owned().await);
        }
        guards
    }
}
