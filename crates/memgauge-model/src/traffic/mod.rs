//! What stands between a run and its models: a cache, a recording, or a cassette.
//!
//! Chats are kept by [`ChatModel::key`], vectors by [`Embedder::text_key`] one by one, so that
//! neither the order of requests nor the size of batches changes what is found.

mod budget;
mod calls;
mod cassette;
mod chat;
mod embed;
mod entry;
mod error;
mod flight;
mod recording;
mod report;
mod sent;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use memgauge_core::{ChatModel, Embedder, Purpose, Traffic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use budget::{Book, Budget, Limits, Paid, Reached, Taken};
pub use calls::Calls;
pub use cassette::Cassette;
pub use entry::{Entry, EntryKind, Kept};
pub use error::TrafficError;
pub use recording::Exported;
pub use report::TrafficReport;

use flight::Flights;
use recording::Recording;
use report::Tally;
use sent::Sent;

/// Where replies come from, and what is kept of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TrafficMode {
    /// Every request goes to the model; nothing is kept.
    Live,
    /// Requests that were answered before are served from the cache; the rest are sent and kept.
    #[default]
    Cached,
    /// Every request goes to the model; replies and measured times are kept for a cassette. A
    /// request that was recorded in this run already is served from the recording.
    Record,
    /// The network is never touched: a request that the cassette does not hold is an error.
    Replay,
}

impl TrafficMode {
    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Cached => "cached",
            Self::Record => "record",
            Self::Replay => "replay",
        }
    }

    /// The mode of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Live, Self::Cached, Self::Record, Self::Replay];
        all.into_iter().find(|mode| mode.name() == name)
    }
}

/// Wraps models so that their traffic goes as a run wants it.
pub struct Exchange {
    shared: Arc<Shared>,
}

/// What all models behind an exchange share.
struct Shared {
    source: Source,
    tally: Tally,
    flights: Flights,
    sent: Sent,
    budget: OnceLock<Arc<Budget>>,
}

/// Where replies come from.
enum Source {
    Live,
    Cache(Cache),
    Recording(Recording),
    Cassette(Cassette),
}

/// A cache that is opened when it is needed: an offline run leaves none behind.
struct Cache {
    folder: PathBuf,
    needed: Mutex<bool>,
    calls: Mutex<Option<Arc<Calls>>>,
}

impl Source {
    /// The database behind it.
    fn calls(&self) -> Result<Arc<Calls>, TrafficError> {
        match self {
            Self::Cache(cache) => cache.open(),
            Self::Recording(recording) => recording.calls(),
            Self::Live | Self::Cassette(_) => Err(TrafficError::Closed),
        }
    }

    /// Whether an entry takes the place of a call. A refusal that an earlier process recorded is
    /// asked for again: its reason may have gone.
    fn serves(&self, entry: &Entry) -> bool {
        match self {
            Self::Recording(recording) => {
                !matches!(entry.kept, Kept::Refusal(_)) || recording.was_refused_here(&entry.key)
            }
            _ => entry.is_whole(),
        }
    }

    /// Notes a refusal of this process.
    fn refused_here(&self, key: &str) {
        if let Self::Recording(recording) = self {
            recording.refused_here(key);
        }
    }
}

impl Cache {
    fn open(&self) -> Result<Arc<Calls>, TrafficError> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(calls) = &*calls {
            return Ok(Arc::clone(calls));
        }
        let opened = Calls::open(&self.folder)?;
        Ok(Arc::clone(calls.insert(opened)))
    }
}

impl Default for Exchange {
    fn default() -> Self {
        Self::live()
    }
}

impl Exchange {
    fn new(source: Source) -> Self {
        Self {
            shared: Arc::new(Shared {
                source,
                tally: Tally::default(),
                flights: Flights::default(),
                sent: Sent::default(),
                budget: OnceLock::new(),
            }),
        }
    }

    /// An exchange that keeps nothing and adds nothing.
    pub fn live() -> Self {
        Self::new(Source::Live)
    }

    /// An exchange that serves from, and fills, the cache in `folder`, which is made when a model
    /// behind an API is first called.
    pub fn cached(folder: impl Into<PathBuf>) -> Self {
        Self::new(Source::Cache(Cache {
            folder: folder.into(),
            needed: Mutex::default(),
            calls: Mutex::default(),
        }))
    }

    /// An exchange that records; [`Self::begin`] says where, [`Self::end`] writes the cassette.
    /// `cassette` is where it goes if not into the run directory.
    pub fn record(cassette: Option<PathBuf>) -> Self {
        Self::new(Source::Recording(Recording::new(cassette)))
    }

    /// An exchange that serves from a cassette alone.
    ///
    /// # Errors
    /// When the cassette cannot be read.
    pub fn replay(cassette: &Path) -> Result<Self, TrafficError> {
        Ok(Self::new(Source::Cassette(Cassette::read(cassette)?)))
    }

    /// Holds what is sent from now on inside `budget`; the first budget stays. What is replayed or scripted takes
    /// nothing.
    pub fn limit(&self, budget: Arc<Budget>) {
        let _ = self.shared.budget.set(budget);
    }

    /// Where replies come from.
    pub fn mode(&self) -> TrafficMode {
        match &self.shared.source {
            Source::Live => TrafficMode::Live,
            Source::Cache(_) => TrafficMode::Cached,
            Source::Recording(_) => TrafficMode::Record,
            Source::Cassette(_) => TrafficMode::Replay,
        }
    }

    /// The cassette that is replayed, or that a recording becomes if it is not the run directory's
    /// own.
    pub fn cassette(&self) -> Option<&Path> {
        match &self.shared.source {
            Source::Cassette(cassette) => Some(cassette.path()),
            Source::Recording(recording) => recording.cassette(),
            _ => None,
        }
    }

    /// BLAKE3 of the cassette that is replayed.
    pub fn digest(&self) -> Option<&str> {
        match &self.shared.source {
            Source::Cassette(cassette) => Some(cassette.digest()),
            _ => None,
        }
    }

    /// `model`, its traffic going as the mode says.
    pub fn chat(&self, model: Arc<dyn ChatModel>) -> Arc<dyn ChatModel> {
        self.need(model.traffic());
        Arc::new(chat::Chat {
            inner: model,
            exchange: Arc::clone(&self.shared),
        })
    }

    /// `embedder`, its traffic going as the mode says; one that computes here stays as it is.
    pub fn embedder(&self, embedder: Arc<dyn Embedder>) -> Arc<dyn Embedder> {
        // Blank texts have no key anywhere.
        if embedder.text_key("text", Purpose::Passage).is_none() {
            return embedder;
        }
        self.need(embedder.traffic());
        Arc::new(embed::Embed {
            inner: embedder,
            exchange: Arc::clone(&self.shared),
        })
    }

    fn need(&self, traffic: Traffic) {
        if let Source::Cache(cache) = &self.shared.source
            && traffic != Traffic::Fake
        {
            *cache.needed.lock().unwrap_or_else(PoisonError::into_inner) = true;
        }
    }

    /// Opens the cache if a model that was wrapped needs it, so that a cache which cannot be used
    /// is found before anything is asked.
    ///
    /// # Errors
    /// When the cache cannot be opened.
    pub fn ready(&self) -> Result<(), TrafficError> {
        match &self.shared.source {
            Source::Cache(cache)
                if *cache.needed.lock().unwrap_or_else(PoisonError::into_inner) =>
            {
                cache.open().map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Opens the recording in the folder `calls`. One that an interrupted run left is gone on
    /// with, and so is the cassette of a finished one (`cassette`, or the one given to
    /// [`Self::record`]). Without effect in other modes.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn begin(&self, calls: &Path, cassette: &Path) -> Result<(), TrafficError> {
        match &self.shared.source {
            Source::Recording(recording) => recording.begin(calls, cassette).await,
            _ => Ok(()),
        }
    }

    /// Writes the recording as a cassette, to the file `cassette` unless another was given to
    /// [`Self::record`], and removes its folder. `None` in other modes.
    ///
    /// # Errors
    /// When the cassette cannot be written; the recording stays.
    pub fn end(&self, cassette: &Path) -> Result<Option<Exported>, TrafficError> {
        match &self.shared.source {
            Source::Recording(recording) => recording.end(cassette).map(Some),
            _ => Ok(None),
        }
    }

    /// Keeps a file of what is under way, or goes on with the one that an interrupted run left at `path`.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn trace(&self, path: &Path) -> Result<(), TrafficError> {
        self.shared.sent.open(path)
    }

    /// With [`Self::trace`]: requests that were under way when a process of the run was killed, and were sent again.
    pub fn resent(&self) -> u64 {
        self.shared.sent.resent()
    }

    /// Removes the file of [`Self::trace`]: nothing is under way any more.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn traced(&self) -> Result<(), TrafficError> {
        self.shared.sent.close()
    }

    /// What went through so far.
    pub fn report(&self) -> TrafficReport {
        self.shared.tally.report(self.mode())
    }
}

/// The time, to the second.
fn now() -> String {
    let now = jiff::Timestamp::now();
    now.round(jiff::Unit::Second).unwrap_or(now).to_string()
}
