//! Replies that are there already: what a plan need not pay for, and how long such replies took.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use memgauge_core::{ChatReply, Embedder};
use memgauge_model::{Calls, Cassette, Entry, EntryKind, Kept, TrafficError, TrafficMode};

/// Replies looked at for how long they took.
const SAMPLE: usize = 2_000;
/// With fewer, nothing is said about how long replies take.
const FEWEST: usize = 5;

/// Where a run would find replies.
pub enum Shelf {
    /// Nowhere: every request goes to its model.
    Nothing,
    /// In a cache; what it does not hold is sent once.
    Cache(Option<Arc<Calls>>),
    /// In a recording that is made; every request is sent once.
    Recording,
    /// In a cassette, and nowhere else.
    Cassette(Cassette),
}

impl Shelf {
    /// The cache in `folder`. It is looked into and never made.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn cache(folder: &Path) -> Result<Self, TrafficError> {
        if !folder.join("data.mdb").is_file() {
            return Ok(Self::Cache(None));
        }
        Calls::open(folder).map(|calls| Self::Cache(Some(calls)))
    }

    /// The traffic of a run that finds its replies here.
    pub fn mode(&self) -> TrafficMode {
        match self {
            Self::Nothing => TrafficMode::Live,
            Self::Cache(_) => TrafficMode::Cached,
            Self::Recording => TrafficMode::Record,
            Self::Cassette(_) => TrafficMode::Replay,
        }
    }

    /// Whether a request that was sent is not sent again.
    pub(super) fn keeps(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    fn entry(&self, kind: EntryKind, key: &str) -> Result<Option<Entry>, TrafficError> {
        let entry = match self {
            Self::Nothing | Self::Recording | Self::Cache(None) => None,
            Self::Cache(Some(calls)) => calls.get(kind, key)?,
            Self::Cassette(cassette) => cassette.get(kind, key).cloned(),
        };
        Ok(entry.filter(|entry| match self {
            // Whatever was recorded is replayed.
            Self::Cassette(_) => true,
            _ => entry.is_whole(),
        }))
    }

    /// The reply to a request. A refusal that was recorded is a reply without words.
    pub(super) fn reply(&self, key: &str) -> Result<Option<ChatReply>, TrafficError> {
        let entry = self.entry(EntryKind::Chat, key)?;
        Ok(entry.map(|entry| {
            let (text, finish) = match entry.kept {
                Kept::Reply { text, finish } => (text, finish),
                Kept::Vector(_) | Kept::Refusal(_) => (String::new(), memgauge_core::Finish::Other),
            };
            ChatReply {
                text,
                finish,
                usage: entry.usage,
                model: entry.served_by,
            }
        }))
    }

    /// The vector of a text.
    pub(super) fn vector(
        &self,
        key: &str,
        embedder: &dyn Embedder,
    ) -> Result<Option<Vec<f32>>, TrafficError> {
        let entry = self.entry(EntryKind::Embedding, key)?;
        Ok(entry.map(|entry| match entry.kept {
            Kept::Vector(vector) => vector,
            Kept::Reply { .. } | Kept::Refusal(_) => vec![0.0; embedder.dimensions()],
        }))
    }

    /// How long the middle half of the replies of `model` took (of an embedder: per text), and how many were looked
    /// at; `None` with too few.
    pub(super) fn latency(
        &self,
        kind: EntryKind,
        model: &str,
    ) -> Result<Option<(Duration, Duration, usize)>, TrafficError> {
        let took = |entries: &mut dyn Iterator<Item = &Entry>| -> Vec<Duration> {
            entries
                .filter(|entry| entry.model == model && entry.is_whole())
                .map(|entry| entry.took)
                .collect()
        };
        let mut times = match self {
            Self::Nothing | Self::Recording | Self::Cache(None) => Vec::new(),
            Self::Cache(Some(calls)) => took(&mut calls.sample(kind, SAMPLE)?.iter()),
            Self::Cassette(cassette) => {
                let of_kind = cassette.entries().filter(|entry| entry.kind == kind);
                took(&mut of_kind.take(SAMPLE))
            }
        };
        times.sort_unstable();
        let n = times.len();
        if n < FEWEST {
            return Ok(None);
        }
        let at = |quarter: usize| times.get(quarter * (n - 1) / 4).copied();
        Ok(at(1).zip(at(3)).map(|(low, high)| (low, high, n)))
    }
}
