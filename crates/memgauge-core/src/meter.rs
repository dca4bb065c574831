//! Metering: what a stage cost, in calls, tokens and time.
//!
//! A model can be called only through a handle that takes a [`Cx`]; the handle charges the call
//! to the stage that the context names.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A part of the work that is accounted for on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Turns to facts.
    Extract,
    /// Facts to operations.
    Update,
    /// Keeping and indexing memories, sealing included.
    Index,
    /// Question to context.
    Search,
    /// Context to answer.
    Answer,
    /// Answer to label; never charged to the system.
    Judge,
}

/// Cost of one call, or of many added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Charge {
    /// Calls of models.
    pub calls: u64,
    /// Texts or prompts sent.
    pub inputs: u64,
    /// Tokens sent, where the model tells or counts them; `None` = unknown.
    pub input_tokens: Option<u64>,
    /// Tokens received; `None` = unknown or not a generating model.
    pub output_tokens: Option<u64>,
    /// Time spent computing in this process.
    pub own: Duration,
    /// Time spent waiting for a provider.
    pub provider: Duration,
    /// Time spent backing off after failures.
    pub backoff: Duration,
    /// Time spent held by a rate limit.
    pub paused: Duration,
}

impl Charge {
    /// Adds `other`. A sum of tokens is unknown as soon as one call did not tell.
    pub fn add(&mut self, other: &Self) {
        let (nothing, adds_nothing) = (self.calls == 0, other.calls == 0);
        let sum = |mine: Option<u64>, theirs: Option<u64>| match (mine, theirs) {
            (Some(mine), Some(theirs)) => Some(mine + theirs),
            (None, theirs) if nothing => theirs,
            (mine, None) if adds_nothing => mine,
            _ => None,
        };
        self.calls += other.calls;
        self.inputs += other.inputs;
        self.input_tokens = sum(self.input_tokens, other.input_tokens);
        self.output_tokens = sum(self.output_tokens, other.output_tokens);
        self.own += other.own;
        self.provider += other.provider;
        self.backoff += other.backoff;
        self.paused += other.paused;
    }
}

#[derive(Debug, Default)]
struct Ledger {
    stages: BTreeMap<Stage, Charge>,
    counters: BTreeMap<String, u64>,
}

/// Adds up what happens during one unit of work (one session, one question).
#[derive(Debug, Default)]
pub struct Meter(Mutex<Ledger>);

impl Meter {
    /// A meter at zero.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A context that charges to `stage` of this meter.
    pub fn at(self: &Arc<Self>, stage: Stage) -> Cx {
        Cx {
            stage,
            meter: Arc::clone(self),
        }
    }

    /// What each stage has cost so far.
    pub fn charges(&self) -> BTreeMap<Stage, Charge> {
        self.ledger().stages.clone()
    }

    /// How often each component was called so far.
    pub fn counters(&self) -> BTreeMap<String, u64> {
        self.ledger().counters.clone()
    }

    fn ledger(&self) -> std::sync::MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stage at work and the meter that pays.
#[derive(Debug, Clone)]
pub struct Cx {
    stage: Stage,
    meter: Arc<Meter>,
}

impl Cx {
    /// The stage at work.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// The same meter, another stage.
    pub fn with(&self, stage: Stage) -> Self {
        Self {
            stage,
            meter: Arc::clone(&self.meter),
        }
    }

    /// Charges to this context's stage.
    pub fn charge(&self, charge: &Charge) {
        self.meter
            .ledger()
            .stages
            .entry(self.stage)
            .or_default()
            .add(charge);
    }

    /// Counts `n` calls of `component`, such as `retriever:dense`: a component that never ran
    /// shows as missing.
    pub fn count(&self, component: &str, n: u64) {
        let mut ledger = self.meter.ledger();
        match ledger.counters.get_mut(component) {
            Some(count) => *count += n,
            None => {
                ledger.counters.insert(component.to_owned(), n);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_that_does_not_tell_makes_the_sum_unknown() {
        let call = |tokens| Charge {
            calls: 1,
            input_tokens: tokens,
            ..Charge::default()
        };
        let meter = Meter::new();
        let cx = meter.at(Stage::Search);
        cx.charge(&call(Some(3)));
        cx.charge(&call(Some(4)));
        assert_eq!(meter.charges()[&Stage::Search].input_tokens, Some(7));
        cx.charge(&call(None));
        cx.charge(&call(Some(1)));
        let charge = meter.charges()[&Stage::Search];
        assert_eq!((charge.calls, charge.input_tokens), (4, None));
    }

    #[test]
    fn components_are_counted_across_stages() {
        let meter = Meter::new();
        meter.at(Stage::Search).count("retriever:dense", 1);
        meter.at(Stage::Answer).count("retriever:dense", 2);
        assert_eq!(meter.counters()["retriever:dense"], 3);
    }
}
