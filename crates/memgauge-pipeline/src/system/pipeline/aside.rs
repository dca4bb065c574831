//! Queued work that can never be done, kept in the store for whoever wants to know.

use memgauge_core::ComponentError;
use memgauge_store::{Settled, Store};
use serde::{Deserialize, Serialize};

use super::background::{Work, damaged};

/// Name under which the store keeps it.
const NOTE: &str = "put-aside";

#[derive(Serialize, Deserialize)]
struct Aside {
    number: u64,
    error: String,
    work: Work,
}

/// Takes `work` out of the queue and keeps it with the reason.
pub(super) fn put(
    store: &Store,
    number: u64,
    work: Work,
    failure: &ComponentError,
) -> Result<(), ComponentError> {
    let mut aside = read(store)?;
    // A process may have ended between the two steps below.
    aside.retain(|other| other.number != number);
    aside.push(Aside {
        number,
        error: failure.to_string(),
        work,
    });
    let note = serde_json::to_vec(&aside).map_err(damaged)?;
    store.set_note(NOTE, &note)?;
    store.apply_queued(&[], &Settled::Done(number))?;
    Ok(())
}

/// All of it: what was said, and why it could not be done.
pub(in crate::system) fn told(store: &Store) -> Result<Vec<(String, String)>, ComponentError> {
    let all = read(store)?.into_iter();
    Ok(all.map(|aside| (aside.work.text(), aside.error)).collect())
}

fn read(store: &Store) -> Result<Vec<Aside>, ComponentError> {
    match store.note(NOTE)? {
        Some(note) => serde_json::from_slice(&note).map_err(damaged),
        None => Ok(Vec::new()),
    }
}
