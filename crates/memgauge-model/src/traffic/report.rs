//! What went through an exchange.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use memgauge_core::{
    CallOutcome, ChatReply, ChatRequest, Completion, EmbedCall, ErrorKind, Finish, ReplyForm,
    Traffic,
};
use serde::Serialize;

use super::TrafficMode;

/// What went through an exchange so far.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrafficReport {
    /// Where replies came from.
    pub mode: TrafficMode,
    /// Requests that differ from each other; of embeddings, texts that do.
    pub distinct: u64,
    /// Calls of chat models by where the reply came from.
    pub chats: BTreeMap<Traffic, u64>,
    /// Requests for embeddings by where the vectors came from.
    pub embeddings: BTreeMap<Traffic, u64>,
    /// Texts in these.
    pub texts: BTreeMap<Traffic, u64>,
    /// Replies of chat models that are whole and, where JSON was asked for, JSON.
    pub usable: u64,
    /// Replies that are no JSON although JSON was asked for. (Whether JSON says what it should, only
    /// its reader knows.)
    pub malformed: u64,
    /// Replies that the limit of tokens cut short.
    pub truncated: u64,
    /// Replies that say nothing.
    pub empty: u64,
    /// Calls that failed after all attempts.
    pub failed: u64,
    /// Requests that the cassette does not hold.
    pub missed: u64,
    /// Requests that failed for a passing reason while they were recorded, and have no reply: a
    /// replay will miss them.
    pub unrecorded: u64,
}

impl TrafficReport {
    /// Share of the replies of chat models that could be used; `None` without a reply.
    pub fn usable_share(&self) -> Option<f64> {
        let all = self.usable + self.malformed + self.truncated + self.empty;
        (all > 0).then(|| self.usable as f64 / all as f64)
    }
}

/// Counts as calls end.
#[derive(Default)]
pub(super) struct Tally(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    report: TrafficReport,
    keys: BTreeSet<String>,
    unrecorded: BTreeSet<String>,
}

impl Tally {
    pub(super) fn report(&self, mode: TrafficMode) -> TrafficReport {
        let counts = self.counts();
        TrafficReport {
            mode,
            distinct: counts.keys.len() as u64,
            unrecorded: counts.unrecorded.len() as u64,
            ..counts.report.clone()
        }
    }

    pub(super) fn chat(
        &self,
        key: &str,
        request: &ChatRequest,
        completion: &Completion<ChatReply>,
    ) {
        let mut counts = self.counts();
        counts.keys.insert(key.to_owned());
        let report = &mut counts.report;
        match &completion.result {
            Err(error) if error.kind == ErrorKind::NotRecorded => {
                report.missed += 1;
                return;
            }
            Err(_) => report.failed += 1,
            Ok(reply) if reply.text.trim().is_empty() => report.empty += 1,
            // A filter's words are not what was asked for.
            Ok(reply) if reply.finish == Finish::Filter => report.malformed += 1,
            Ok(reply) if reply.finish == Finish::Length => report.truncated += 1,
            Ok(reply) if request.form != ReplyForm::Text && !holds_json(&reply.text) => {
                report.malformed += 1;
            }
            Ok(_) => report.usable += 1,
        }
        *report.chats.entry(completion.spent.traffic).or_default() += 1;
    }

    pub(super) fn texts<'a>(&self, keys: impl Iterator<Item = &'a str>, calls: &[EmbedCall]) {
        let mut counts = self.counts();
        counts.keys.extend(keys.map(str::to_owned));
        for call in calls {
            let report = &mut counts.report;
            if call.outcome == CallOutcome::Failed(ErrorKind::NotRecorded) {
                report.missed += 1;
                continue;
            }
            report.failed += u64::from(matches!(call.outcome, CallOutcome::Failed(_)));
            *report.embeddings.entry(call.spent.traffic).or_default() += 1;
            *report.texts.entry(call.spent.traffic).or_default() += call.inputs;
        }
    }

    /// Notes whether a recording has something to replay for these requests.
    pub(super) fn recorded<'a>(&self, keys: impl Iterator<Item = &'a str>, kept: bool) {
        let mut counts = self.counts();
        for key in keys {
            if kept {
                counts.unrecorded.remove(key);
            } else {
                counts.unrecorded.insert(key.to_owned());
            }
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether there is a JSON object in a reply, as its readers look for one.
fn holds_json(text: &str) -> bool {
    let (Some(start), Some(end)) = (text.find('{'), text.rfind('}')) else {
        return false;
    };
    text.get(start..=end)
        .is_some_and(|object| serde_json::from_str::<serde::de::IgnoredAny>(object).is_ok())
}
