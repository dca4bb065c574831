//! Metering: what a stage cost, in calls, tokens and time.
//!
//! A model can be called only through a handle that takes a [`Cx`]; the handle charges the call
//! to the stage that the context names.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::Usage;
use crate::{ConversationId, ErrorKind};

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

/// Where a reply came from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Traffic {
    /// The model answered now.
    #[default]
    Live,
    /// It answered an equal request in an earlier run.
    Cache,
    /// It answered when a cassette was recorded.
    Cassette,
    /// There is no model: a script answers.
    Fake,
}

/// What a call took, all its attempts together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Where the reply came from.
    pub traffic: Traffic,
    /// How often the provider was asked.
    pub attempts: u32,
    /// Time spent computing in this process.
    pub own: Duration,
    /// Time spent waiting for the provider.
    pub provider: Duration,
    /// Time spent backing off after failures.
    pub backoff: Duration,
    /// Time spent held by a limit or by a provider's pause.
    pub paused: Duration,
    /// Provider time measured when the reply was recorded, where it is replayed.
    pub replayed: Option<Duration>,
}

/// What a call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "error", rename_all = "kebab-case")]
pub enum CallOutcome {
    /// The reply was used.
    Usable,
    /// The reply was cut short by the limit of tokens, and used as it is.
    Truncated,
    /// The reply could not be read.
    Malformed,
    /// There is no reply.
    Failed(ErrorKind),
}

impl CallOutcome {
    /// Whether the model replied, with something usable or not.
    pub fn is_reply(self) -> bool {
        !matches!(self, Self::Failed(_))
    }

    /// Whether the reply was used.
    pub fn is_used(self) -> bool {
        matches!(self, Self::Usable | Self::Truncated)
    }
}

/// What a model was called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallKind {
    /// A conversation to its next message.
    Chat,
    /// Texts to vectors.
    Embed,
}

/// One call of a model: a row of `calls.jsonl`.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Stage that pays.
    pub stage: Stage,
    /// What for.
    pub kind: CallKind,
    /// Name of the model in the config.
    pub model: String,
    /// Model that answered, as the provider names it; `None` = not told.
    pub served_by: Option<String>,
    /// Content address of the request.
    pub request: String,
    /// Texts or prompts sent.
    pub inputs: u64,
    /// Tokens.
    pub usage: Usage,
    /// What it came to.
    pub outcome: CallOutcome,
    /// What it took.
    pub spent: Spent,
    /// Whether nobody waited for it.
    pub background: bool,
}

/// Cost of one call, or of many added up.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Charge {
    /// Calls of models.
    pub calls: u64,
    /// Of these, replies served from a cache, a cassette or a script.
    pub replayed_calls: u64,
    /// Of these, calls whose tokens were counted here.
    pub counted_calls: u64,
    /// Attempts of all calls.
    pub attempts: u64,
    /// Replies that could not be read.
    pub malformed: u64,
    /// What the calls cost in US dollars; `None` = unknown.
    pub dollars: Option<f64>,
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
        let dollars = match (self.dollars, other.dollars) {
            (Some(mine), Some(theirs)) => Some(mine + theirs),
            (None, theirs) if nothing => theirs,
            (mine, None) if adds_nothing => mine,
            _ => None,
        };
        self.dollars = dollars;
        self.calls += other.calls;
        self.replayed_calls += other.replayed_calls;
        self.counted_calls += other.counted_calls;
        self.attempts += other.attempts;
        self.malformed += other.malformed;
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
    calls: Vec<Call>,
    searchable: Vec<Searchable>,
}

/// How long it took until what was said could be found.
#[derive(Debug, Clone, PartialEq)]
pub struct Searchable {
    /// Its conversation.
    pub conversation: ConversationId,
    /// Its session.
    pub session: u32,
    /// From the moment it was handed over to the moment it could be found; `None` where a part of
    /// the work was replayed.
    pub after: Option<Duration>,
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
            epoch: 0,
            meter: Arc::clone(self),
        }
    }

    /// Every call of a model so far, in the order of their ends.
    pub fn calls(&self) -> Vec<Call> {
        self.ledger().calls.clone()
    }

    /// What became searchable so far.
    pub fn searchable(&self) -> Vec<Searchable> {
        self.ledger().searchable.clone()
    }

    /// Whether a reply came from a cache, a cassette or a script: then the time that the work took
    /// says nothing about the system.
    pub fn is_replayed(&self) -> bool {
        let ledger = self.ledger();
        ledger
            .stages
            .values()
            .any(|charge| charge.replayed_calls > 0)
    }

    /// Provider time that replayed replies took when they were recorded, those that nobody waited
    /// for left out; `None` where one of them was not measured.
    pub fn replayed(&self) -> Option<Duration> {
        let ledger = self.ledger();
        let waited = ledger.calls.iter().filter(|call| !call.background);
        waited
            .filter(|call| call.spent.traffic != Traffic::Live)
            .map(|call| call.spent.replayed)
            .sum()
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
    epoch: u32,
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
            epoch: self.epoch,
            meter: Arc::clone(&self.meter),
        }
    }

    /// The repeat of the stage, from 0: part of the content address of every request.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The same meter and stage, another repeat.
    pub fn at_epoch(&self, epoch: u32) -> Self {
        Self {
            epoch,
            ..self.clone()
        }
    }

    /// Charges one call of a model and keeps its row.
    pub fn called(&self, call: Call) {
        let charge = Charge {
            calls: 1,
            replayed_calls: u64::from(call.spent.traffic != Traffic::Live),
            counted_calls: u64::from(call.usage.counted),
            attempts: call.spent.attempts.into(),
            malformed: u64::from(call.outcome == CallOutcome::Malformed),
            dollars: call.usage.dollars,
            inputs: call.inputs,
            input_tokens: call.usage.input,
            output_tokens: call.usage.output,
            own: call.spent.own,
            provider: call.spent.provider,
            backoff: call.spent.backoff,
            paused: call.spent.paused,
        };
        let mut ledger = self.meter.ledger();
        ledger.stages.entry(call.stage).or_default().add(&charge);
        ledger.calls.push(call);
    }

    /// Takes over what work in the background came to under a meter of its own: charges, calls and
    /// counters are booked where the work is used and not where it happened to end.
    pub fn absorb(&self, background: &Meter) {
        for (stage, charge) in background.charges() {
            self.with(stage).charge(&charge);
        }
        let calls = background.calls().into_iter().map(|call| Call {
            background: true,
            ..call
        });
        self.meter.ledger().calls.extend(calls);
        for (component, n) in background.counters() {
            self.count(&component, n);
        }
    }

    /// See [`Meter::is_replayed`].
    pub fn is_replayed(&self) -> bool {
        self.meter.is_replayed()
    }

    /// Notes that what was said in a session can be found now.
    pub fn searchable(&self, searchable: Searchable) {
        self.meter.ledger().searchable.push(searchable);
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
    fn work_in_the_background_is_booked_where_it_is_used() {
        let background = Meter::new();
        let work = background.at(Stage::Update);
        work.count("update:llm", 2);
        work.charge(&Charge {
            calls: 1,
            inputs: 3,
            ..Charge::default()
        });
        work.called(Call {
            kind: CallKind::Chat,
            stage: Stage::Extract,
            model: "m".to_owned(),
            served_by: None,
            request: "r".to_owned(),
            inputs: 1,
            usage: Usage::default(),
            outcome: CallOutcome::Usable,
            spent: Spent::default(),
            background: false,
        });
        let meter = Meter::new();
        meter.at(Stage::Index).absorb(&background);
        assert_eq!(meter.charges(), background.charges());
        assert_eq!(meter.charges()[&Stage::Update].inputs, 3);
        assert!(meter.calls().iter().all(|call| call.background));
        assert_eq!(
            (meter.calls().len(), meter.counters()["update:llm"]),
            (1, 2)
        );
    }

    #[test]
    fn components_are_counted_across_stages() {
        let meter = Meter::new();
        meter.at(Stage::Search).count("retriever:dense", 1);
        meter.at(Stage::Answer).count("retriever:dense", 2);
        assert_eq!(meter.counters()["retriever:dense"], 3);
    }
}
