//! A memory for use inside an agent, with Mem0's verbs on the parts that experiments measure.
//!
//! ```no_run
//! # async fn example() -> Result<(), memgauge_experiment::memory::MemoryError> {
//! use std::path::Path;
//!
//! use memgauge_core::Scope;
//! use memgauge_experiment::memory::{AddOptions, Memory};
//!
//! let memory = Memory::offline(Path::new("notes"))?;
//! let ann = Scope::user("ann");
//! let options = AddOptions::to(ann.clone()).with("category", "stack");
//! memory.add("I write our backend in Rust.", options).await?;
//! let found = memory.search("Which language does the backend use?", ann, 3).await?;
//! assert!(found[0].record.text.contains("Rust"));
//! # Ok(())
//! # }
//! ```

mod error;
mod folder;
mod kept;
mod message;

use std::path::Path;
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use memgauge_core::{
    ConversationHead, ConversationId, Filter, MemoryEvent, MemoryId, MemoryReader, MemoryRecord,
    MemorySystem, Meter, Scope, Session, SessionNotes, Stage, Turn, TurnId,
};
use memgauge_pipeline::context::spoken_time;
use memgauge_pipeline::system::{Addition, Pipeline};
use memgauge_store::{Store, StoreOptions};

pub use error::MemoryError;
pub use kept::Kept;
pub use memgauge_pipeline::system::Found;
pub use memgauge_store::Said;
pub use message::{AddOptions, Message, Messages, Role};

use crate::config::MemoryConfig;
use crate::{Assembly, Supplies};
use folder::{Folder, Notes};

/// Tells the time, without a zone.
pub type Clock = Arc<dyn Fn() -> DateTime + Send + Sync>;

/// The clock of the machine, in UTC.
pub fn system_time() -> Clock {
    Arc::new(|| {
        let now = jiff::Timestamp::now().to_zoned(TimeZone::UTC);
        let now = now.datetime();
        now.with().subsec_nanosecond(0).build().unwrap_or(now)
    })
}

/// How a memory is opened.
#[derive(Clone)]
pub struct MemoryOptions {
    /// The config. `None`: the one that the memory was made with or, for a new one,
    /// [`MemoryConfig::default`], which works offline.
    pub config: Option<MemoryConfig>,
    /// Where secrets and the replies of models come from.
    pub supplies: Supplies,
    /// What dates that no caller gives come from.
    pub clock: Clock,
    /// Whether a memory is made where there is none.
    pub create: bool,
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self {
            config: None,
            supplies: Supplies::default(),
            clock: system_time(),
            create: true,
        }
    }
}

/// A memory in a folder. Long-term memory is what the system's extractor and update policy made of
/// messages; short-term memory is the latest messages of every scope as they were said. Everything
/// that a call acknowledged outlasts a crash. One process at a time may have a memory open; inside
/// it, a memory is shared by reference, and messages are added one call at a time.
pub struct Memory {
    pipeline: Pipeline,
    recent: usize,
    clock: Clock,
    /// Update policies look up what is there and then decide: two at a time would not see each other.
    adding: tokio::sync::Mutex<()>,
    /// Done in the background, and not told yet: a call that changes memories waits for the background first.
    untold: std::sync::Mutex<Vec<MemoryEvent>>,
}

impl Memory {
    /// Opens the memory in `dir` with the config file `config`, or makes one. `supplies` says where
    /// secrets come from: this crate does not read the environment.
    ///
    /// # Errors
    /// As for [`Memory::open`], and what is wrong with the file.
    pub fn from_config(config: &Path, dir: &Path, supplies: Supplies) -> Result<Self, MemoryError> {
        let options = MemoryOptions {
            config: Some(MemoryConfig::load(config)?),
            supplies,
            ..MemoryOptions::default()
        };
        Self::open(dir, options)
    }

    /// Opens the memory in `dir` as it was made, or makes one that works offline: rules extract
    /// facts, and vectors come from the embedder `static`.
    ///
    /// # Errors
    /// As for [`Memory::open`].
    pub fn offline(dir: &Path) -> Result<Self, MemoryError> {
        Self::open(dir, MemoryOptions::default())
    }

    /// Opens the memory in `dir`, or makes one.
    ///
    /// # Errors
    /// When the config makes no sense or does not fit what the memory was made with, a model is
    /// missing, something else is in `dir`, or another process has it open.
    pub fn open(dir: &Path, options: MemoryOptions) -> Result<Self, MemoryError> {
        let folder = Folder::find(dir)?;
        if folder.is_none() && !options.create {
            return Err(MemoryError::NotFound(dir.to_owned()));
        }
        let is_new = folder.is_none();
        let (existing, notes) = match folder {
            Some(Folder { store, notes }) => {
                let durable = StoreOptions {
                    durable: true,
                    ..StoreOptions::default()
                };
                let store =
                    Store::open_with(&store, durable).map_err(|error| kept::named(error, dir))?;
                (Some(store), notes)
            }
            None => (None, None),
        };
        let remembered = notes.as_ref().map(|notes| &notes.config);
        let config = options
            .config
            .or_else(|| remembered.cloned())
            .unwrap_or_default();
        let mut supplies = options.supplies;
        if let Some(prompts) = &config.prompts {
            supplies.prompts = Some(prompts.clone());
        }
        let assembly = Assembly::new(&config.models, supplies);
        let pipeline = assembly.library(&config.system, dir, existing)?;
        let given = pipeline.embedder_id();
        match notes {
            Some(Notes {
                embedder: Some(made_with),
                ..
            }) if given != Some(made_with.as_str()) => {
                return Err(MemoryError::Embedder {
                    path: dir.to_owned(),
                    made_with,
                    given: given.unwrap_or("none").to_owned(),
                });
            }
            _ if is_new => folder::write(dir, &Notes::new(&config, given))?,
            _ => {}
        }
        Ok(Self {
            pipeline,
            recent: config.recent,
            clock: options.clock,
            adding: tokio::sync::Mutex::default(),
            untold: std::sync::Mutex::default(),
        })
    }

    /// Remembers messages (a text alone is one of the user) and returns what was done, in order.
    /// Where the config consolidates in the background, the messages are written down when this
    /// returns, and [`Memory::flush`] tells what they came to.
    ///
    /// # Errors
    /// [`MemoryError::NoScope`], [`MemoryError::Empty`], or when a model or the store fails: what
    /// was done up to then stays done.
    pub async fn add(
        &self,
        messages: impl Into<Messages>,
        options: impl Into<AddOptions>,
    ) -> Result<Vec<MemoryEvent>, MemoryError> {
        let Messages(messages) = messages.into();
        let AddOptions {
            scope,
            metadata,
            infer,
            at,
        } = options.into();
        if scope.is_empty() {
            return Err(MemoryError::NoScope);
        }
        if messages.is_empty() {
            return Err(MemoryError::Empty("the list of messages".to_owned()));
        }
        for (index, message) in messages.iter().enumerate() {
            if message.content.trim().is_empty() {
                return Err(MemoryError::Empty(format!("message {}", index + 1)));
            }
        }
        let _adding = self.adding.lock().await;
        let head = head(&scope, &messages);
        let number = self.pipeline.store().begin_session(&scope)?;
        let held_at = at.unwrap_or_else(|| (self.clock)());
        let session = Session {
            index: number,
            held_at,
            held_at_text: spoken_time(held_at),
            turns: (1..)
                .zip(messages)
                .map(|(turn, message)| Turn {
                    id: TurnId::new(number, turn),
                    speaker: message.speaker().to_owned(),
                    text: message.content,
                    image: None,
                })
                .collect(),
            notes: SessionNotes::default(),
        };
        let meter = Meter::new();
        let addition = Addition {
            head: &head,
            session: &session,
            scope: &scope,
            metadata: &metadata,
            infer,
            recent: self.recent,
        };
        let events = self
            .pipeline
            .add(&meter.at(Stage::Extract), &addition)
            .await?;
        tell_losses(&meter);
        Ok(events)
    }

    /// Waits until all that was added has become memories, also what an earlier process left, and
    /// returns what was done in the background since the last call.
    ///
    /// # Errors
    /// When a model or the store fails. What could not be done is tried again by the next call. What can never be
    /// done (a model refuses it, or cannot read it) is put aside and told once; the next call returns what was done
    /// beside it.
    pub async fn flush(&self) -> Result<Vec<MemoryEvent>, MemoryError> {
        self.settle().await?;
        if let Some(failure) = self.pipeline.newly_put_aside() {
            return Err(failure.into());
        }
        Ok(std::mem::take(&mut *self.untold()))
    }

    fn untold(&self) -> std::sync::MutexGuard<'_, Vec<MemoryEvent>> {
        self.untold
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Waits until nothing is left in the background.
    async fn settle(&self) -> Result<(), MemoryError> {
        let meter = Meter::new();
        let done = self.pipeline.flush(&meter.at(Stage::Extract)).await?;
        tell_losses(&meter);
        self.untold()
            .extend(done.into_iter().map(|(_, event)| event));
        Ok(())
    }

    /// What was added in the background and could never become memories, oldest first: what was said, and why. It
    /// stays in the store until [`Memory::reset`]; whoever wants it remembered adds it again.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn put_aside(&self) -> Result<Vec<(String, String)>, MemoryError> {
        Ok(self.pipeline.put_aside()?)
    }

    /// The `limit` memories for `query` that `filter` (or a scope alone) accepts, best first, and after them
    /// the relations that a graph brings up beside them (as many as its own limit allows; their kind is
    /// [`memgauge_core::MemoryKind::Relation`]). A field of the scope that is `None` matches everything.
    ///
    /// # Errors
    /// [`MemoryError::Empty`], or when the embedder or the store fails.
    pub async fn search(
        &self,
        query: &str,
        filter: impl Into<Filter>,
        limit: usize,
    ) -> Result<Vec<Found>, MemoryError> {
        if query.trim().is_empty() {
            return Err(MemoryError::Empty("the query".to_owned()));
        }
        let cx = Meter::new().at(Stage::Search);
        let filter = filter.into();
        Ok(self.pipeline.search(&cx, &filter, query, limit).await?)
    }

    /// The memories that `filter` accepts, oldest first, at most `limit` of them.
    pub fn get_all(&self, filter: &Filter, limit: Option<usize>) -> Vec<MemoryRecord> {
        kept::get_all(self.pipeline.store(), filter, limit)
    }

    /// The memory `id`; `None` where there is none, or none any more.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn get(&self, id: MemoryId) -> Result<Option<MemoryRecord>, MemoryError> {
        Ok(self.pipeline.store().record(id)?)
    }

    /// Gives memory `id` a new text. Scope and metadata stay. Waits for the background first.
    ///
    /// # Errors
    /// [`MemoryError::Unknown`], [`MemoryError::Empty`], or when the embedder, the store or the background fails.
    pub async fn update(&self, id: MemoryId, text: &str) -> Result<MemoryEvent, MemoryError> {
        if text.trim().is_empty() {
            return Err(MemoryError::Empty("the text".to_owned()));
        }
        let _adding = self.adding.lock().await;
        // What waits in the background would come after it, or know only the text before.
        self.settle().await?;
        let store = self.pipeline.store();
        if store.record(id)?.is_none() {
            return Err(kept::unknown(store, id));
        }
        let cx = Meter::new().at(Stage::Update);
        let mut events = self.pipeline.rewrite(&cx, id, text, (self.clock)()).await?;
        events.pop().ok_or_else(|| kept::unknown(store, id))
    }

    /// Deletes memory `id`. Its history stays. Waits for the background first.
    ///
    /// # Errors
    /// [`MemoryError::Unknown`], or when the store or the background fails.
    pub async fn delete(&self, id: MemoryId) -> Result<MemoryEvent, MemoryError> {
        let _adding = self.adding.lock().await;
        self.settle().await?;
        kept::delete(self.pipeline.store(), id, (self.clock)())
    }

    /// Deletes the memories that `filter` accepts, all of them or, on an error, none. Their history
    /// stays. A filter that is a scope alone also empties the short-term memory of all that it
    /// covers. Rolling summaries of what its scope covers are forgotten, and begin anew. Waits for the background
    /// first.
    ///
    /// # Errors
    /// [`MemoryError::NoFilter`] where the filter would accept everything, or when the store or the background
    /// fails.
    pub async fn delete_all(
        &self,
        filter: impl Into<Filter>,
    ) -> Result<Vec<MemoryEvent>, MemoryError> {
        let _adding = self.adding.lock().await;
        // What waits in the background would come after it.
        self.settle().await?;
        let filter = filter.into();
        let events = kept::delete_all(self.pipeline.store(), &filter, (self.clock)())?;
        let parts = named(&filter.scope);
        self.pipeline
            .forget(&|conversation| parts.iter().all(|part| covers(conversation, part)));
        Ok(events)
    }

    /// What happened to memory `id`, oldest first; also after it was deleted.
    ///
    /// # Errors
    /// [`MemoryError::Unknown`] where there never was one, or when the store cannot be read.
    pub fn history(&self, id: MemoryId) -> Result<Vec<MemoryEvent>, MemoryError> {
        kept::history(self.pipeline.store(), id)
    }

    /// Short-term memory: the last `n` messages of exactly `scope`, oldest first, of those that are
    /// kept.
    pub fn recent(&self, scope: &Scope, n: usize) -> Vec<Said> {
        self.pipeline.store().said(scope, n)
    }

    /// Takes out everything: memories, their history and short-term memory. Ids begin anew.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn reset(&self) -> Result<(), MemoryError> {
        let _adding = self.adding.lock().await;
        // The background must not be at work; what it fails to do is taken out as well.
        if let Err(error) = self.settle().await {
            tracing::debug!("before the reset: {error}");
        }
        self.pipeline.clear()?;
        self.untold().clear();
        Ok(())
    }

    /// Closes the memory. What is still in the background stays written down for whoever opens it
    /// next. Dropping a memory does the same, a little later where something is in the background.
    pub async fn close(self) {
        self.pipeline.close().await;
    }

    /// How many memories there are.
    pub fn len(&self) -> usize {
        self.pipeline.store().len()
    }

    /// Whether there is no memory.
    pub fn is_empty(&self) -> bool {
        self.pipeline.store().is_empty()
    }
}

/// Warns of what a model could not make use of: nobody else would tell.
fn tell_losses(meter: &Meter) {
    for (what, windows) in meter.counters() {
        if what.starts_with("malformed:") || what.starts_with("too-long:") {
            tracing::warn!("{what}: {windows} part(s) of the messages could not be used");
        }
    }
}

/// Who talks: names as messages give them, the user first.
fn head(scope: &Scope, messages: &[Message]) -> ConversationHead {
    let name = |role: Role| {
        let said = messages.iter().find(|message| message.role == role);
        said.map_or(role.name(), Message::speaker).to_owned()
    };
    ConversationHead {
        id: ConversationId::new(named(scope).join(" ")),
        speakers: [name(Role::User), name(Role::Assistant)],
    }
}

/// The fields of a scope that say something, as they stand in a conversation's id.
fn named(scope: &Scope) -> Vec<String> {
    let parts = [
        ("user", &scope.user),
        ("agent", &scope.agent),
        ("run", &scope.run),
    ];
    parts
        .iter()
        .filter_map(|(key, value)| value.as_ref().map(|value| format!("{key}={value:?}")))
        .collect()
}

/// Whether the scope that a conversation's id was made of has this field.
fn covers(conversation: &ConversationId, part: &str) -> bool {
    let id = format!(" {} ", conversation.as_str());
    id.contains(&format!(" {part} "))
}
