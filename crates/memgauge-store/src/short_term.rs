//! Short-term memory: the latest messages of every scope, as they were said.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use memgauge_core::{Scope, Turn};
use serde::{Deserialize, Serialize};

use crate::{Store, StoreError};

/// A message and when it was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Time of the session that it belongs to.
    pub at: DateTime,
    /// The message.
    pub turn: Turn,
}

/// What is kept of one scope: a row of the table `recent`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recent {
    pub(crate) scope: Scope,
    /// Number of the last session that was begun.
    pub(crate) sessions: u32,
    /// Oldest first.
    pub(crate) said: Vec<Said>,
}

/// All rows by scope, each with its key in the table.
pub(crate) type ShortTerm = BTreeMap<Scope, (u32, Recent)>;

impl Store {
    /// Begins the next session of exactly `scope` and returns its number, from 1. Numbers are not
    /// used again, also when nothing comes of the session.
    ///
    /// # Errors
    /// What LMDB or the disk says.
    pub fn begin_session(&self, scope: &Scope) -> Result<u32, StoreError> {
        let recent = self.change_recent(scope, |recent| recent.sessions += 1)?;
        Ok(recent.sessions)
    }

    /// Adds messages to the short-term memory of exactly `scope`, which keeps the last `keep` of
    /// all that were added.
    ///
    /// # Errors
    /// What LMDB or the disk says.
    pub fn say(&self, scope: &Scope, said: &[Said], keep: usize) -> Result<(), StoreError> {
        self.change_recent(scope, |recent| {
            recent.said.extend_from_slice(said);
            let extra = recent.said.len().saturating_sub(keep);
            recent.said.drain(..extra);
        })
        .map(drop)
    }

    /// The last `n` messages of exactly `scope`, oldest first.
    pub fn said(&self, scope: &Scope, n: usize) -> Vec<Said> {
        let state = self.read_state();
        let said = state
            .short_term
            .get(scope)
            .map_or(&[][..], |(_, recent)| &recent.said);
        let start = said.len().saturating_sub(n);
        said.get(start..).unwrap_or_default().to_vec()
    }

    /// Empties the short-term memory of every scope that `scope` covers. Sessions go on counting.
    ///
    /// # Errors
    /// What LMDB or the disk says.
    pub fn forget_said(&self, scope: &Scope) -> Result<(), StoreError> {
        let covered: Vec<Scope> = {
            let state = self.read_state();
            let scopes = state.short_term.keys();
            scopes.filter(|own| scope.covers(own)).cloned().collect()
        };
        for scope in covered {
            self.change_recent(&scope, |recent| recent.said.clear())?;
        }
        Ok(())
    }

    fn change_recent(
        &self,
        scope: &Scope,
        change: impl FnOnce(&mut Recent),
    ) -> Result<Recent, StoreError> {
        self.writable()?;
        let mut state = self.write_state();
        let next = state.short_term.len() as u32;
        let (key, mut recent) = state.short_term.get(scope).cloned().unwrap_or_else(|| {
            let recent = Recent {
                scope: scope.clone(),
                sessions: 0,
                said: Vec::new(),
            };
            (next, recent)
        });
        change(&mut recent);
        let mut txn = self.tables.write()?;
        self.tables.put_recent(&mut txn, key, &recent)?;
        self.tables.commit(txn)?;
        state
            .short_term
            .insert(scope.clone(), (key, recent.clone()));
        Ok(recent)
    }
}
