//! Consolidation behind the back of whoever adds windows.
//!
//! An added window is written into the store's queue before `add` returns. One worker takes what was
//! queued first, consolidates it, and takes it out of the queue in the transaction that changes the
//! memories: a process that is killed leaves every window either in the queue or in memory. The queue
//! in the store is the truth; signals only wake the worker.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use memgauge_core::{
    ComponentError, ConversationHead, ConversationId, Cx, ErrorKind, Fact, MemoryEvent, Meter,
    Scope, Searchable, Session, Stage, Turn, Window,
};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::aside;
use super::consolidate::{Consolidator, Portion};

/// A window that was added and is not consolidated yet: all that is needed to do it, even by another
/// process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Work {
    head: ConversationHead,
    session: Session,
    /// Which of the session's turns are new.
    turns: Range<usize>,
    before: Vec<Turn>,
    perspective: Option<String>,
    scope: Scope,
    metadata: Option<BTreeMap<String, String>>,
    epoch: u32,
    /// Whether the session can be found as a whole once this is done.
    pub(super) ends_session: bool,
    /// Facts that were extracted and not decided about, where a process ended in between.
    facts: Option<Vec<Fact>>,
}

impl Work {
    /// The work that `portion` is, whose turns begin at `from` in the session.
    pub(super) fn new(portion: &Portion<'_>, from: usize, epoch: u32) -> Self {
        let window = &portion.window;
        Self {
            head: window.head.clone(),
            session: window.session.clone(),
            turns: from..from + window.turns.len(),
            before: window.before.to_vec(),
            perspective: window.perspective.map(str::to_owned),
            scope: portion.scope.clone(),
            metadata: portion.metadata.cloned(),
            epoch,
            ends_session: false,
            facts: None,
        }
    }

    fn portion(&self) -> Portion<'_> {
        Portion {
            window: Window {
                head: &self.head,
                session: &self.session,
                turns: self
                    .session
                    .turns
                    .get(self.turns.clone())
                    .unwrap_or_default(),
                before: &self.before,
                perspective: self.perspective.as_deref(),
            },
            scope: &self.scope,
            metadata: self.metadata.as_ref(),
        }
    }

    /// What was said.
    pub(super) fn text(&self) -> String {
        let turns = self.session.turns.get(self.turns.clone());
        let texts = turns
            .unwrap_or_default()
            .iter()
            .map(|turn| turn.text.as_str());
        texts.collect::<Vec<_>>().join("\n")
    }

    fn to_bytes(&self) -> Result<Vec<u8>, ComponentError> {
        serde_json::to_vec(self).map_err(damaged)
    }
}

pub(super) fn damaged(error: impl ToString) -> ComponentError {
    ComponentError::new("store", ErrorKind::Storage, error)
}

/// Queued work in hand.
pub(in crate::system) struct Ticket<'a> {
    /// Its number in the queue.
    pub(in crate::system) number: u64,
    work: &'a Work,
}

impl Ticket<'_> {
    /// Facts that were extracted before.
    pub(super) fn facts(&self) -> Option<&[Fact]> {
        self.work.facts.as_deref()
    }

    /// The work that is left when only `facts` are undecided.
    pub(in crate::system) fn left(&self, facts: &[Fact]) -> Result<Vec<u8>, ComponentError> {
        let left = Work {
            facts: Some(facts.to_vec()),
            ..self.work.clone()
        };
        left.to_bytes()
    }
}

/// What one added session comes to.
pub(super) struct Booking {
    conversation: ConversationId,
    session: u32,
    start: Instant,
    meter: Arc<Meter>,
    /// Time until all of it could be found.
    after: Mutex<Option<Duration>>,
}

/// Work that is known to have been added by this process.
struct Waiting {
    booking: Arc<Booking>,
    /// Its place in the queue; given back when the work is done.
    _room: OwnedSemaphorePermit,
}

#[derive(Default)]
struct State {
    /// By number in the queue.
    waiting: BTreeMap<u64, Waiting>,
    /// Every session since the last flush, in order.
    bookings: Vec<Arc<Booking>>,
    events: Vec<(ConversationId, MemoryEvent)>,
    failure: Option<ComponentError>,
    /// Why work was put aside, until somebody is told: the first reason.
    put_aside: Option<ComponentError>,
}

/// What the worker and those who add work share.
struct Shared {
    consolidator: Arc<Consolidator>,
    /// Whether work that can never be done is put aside, so that what was added after it is done. In a replay it
    /// ends the ingestion instead: half a memory is none.
    puts_aside: bool,
    state: Mutex<State>,
}

enum Signal {
    Added,
    Flush(oneshot::Sender<()>),
}

struct Worker {
    signals: mpsc::UnboundedSender<Signal>,
    task: JoinHandle<()>,
}

/// A queue with a worker.
pub(super) struct Background {
    shared: Arc<Shared>,
    room: Arc<Semaphore>,
    /// Started when there is something to do, on the runtime that adds it.
    worker: Mutex<Option<Worker>>,
}

impl Background {
    /// A queue in which `queue` windows may wait.
    pub(super) fn new(consolidator: Arc<Consolidator>, queue: usize, puts_aside: bool) -> Self {
        Self {
            shared: Arc::new(Shared {
                consolidator,
                puts_aside,
                state: Mutex::default(),
            }),
            room: Arc::new(Semaphore::new(queue.min(Semaphore::MAX_PERMITS))),
            worker: Mutex::default(),
        }
    }

    /// Opens the books of a session that is about to be added.
    pub(super) fn book(
        &self,
        conversation: &ConversationId,
        session: u32,
        start: Instant,
    ) -> Arc<Booking> {
        let booking = Arc::new(Booking {
            conversation: conversation.clone(),
            session,
            start,
            meter: Meter::new(),
            after: Mutex::default(),
        });
        self.shared.state().bookings.push(Arc::clone(&booking));
        booking
    }

    /// Writes `work` down; waits while the queue is full.
    ///
    /// # Errors
    /// When the store refuses, or when earlier work failed: [`Self::flush`] clears that.
    pub(super) async fn add(
        &self,
        booking: &Arc<Booking>,
        work: &Work,
    ) -> Result<(), ComponentError> {
        let bytes = work.to_bytes()?;
        self.shared.check()?;
        let room = Arc::clone(&self.room).acquire_owned().await;
        let room = room.map_err(|_| stopped())?;
        {
            // Held until the work is known to be waiting, so that the worker does not see it sooner.
            let mut state = self.shared.state();
            if let Some(failure) = &state.failure {
                return Err(again(failure));
            }
            let number = self.shared.consolidator.store.enqueue(&bytes)?;
            let waiting = Waiting {
                booking: Arc::clone(booking),
                _room: room,
            };
            state.waiting.insert(number, waiting);
        }
        self.signal(Signal::Added)
    }

    /// Waits until the queue is empty, and books on `cx` what that took. Returns every operation since
    /// the last call. After a failure, work that failed stays in the queue and is tried again by the
    /// next call of this or [`Self::add`].
    ///
    /// # Errors
    /// The failure of earlier work.
    pub(super) async fn flush(
        &self,
        cx: &Cx,
    ) -> Result<Vec<(ConversationId, MemoryEvent)>, ComponentError> {
        let (done, waits) = oneshot::channel();
        self.signal(Signal::Flush(done))?;
        waits.await.map_err(|_| stopped())?;
        let (bookings, events, failure) = {
            let mut state = self.shared.state();
            let events = match state.failure {
                // What was done stands in the store's history and is told by the flush that succeeds.
                Some(_) => Vec::new(),
                None => std::mem::take(&mut state.events),
            };
            let bookings = std::mem::take(&mut state.bookings);
            (bookings, events, state.failure.take())
        };
        for booking in bookings {
            cx.absorb(&booking.meter);
            let after = *booking.after.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(after) = after {
                cx.searchable(Searchable {
                    conversation: booking.conversation.clone(),
                    session: booking.session,
                    after: (!booking.meter.is_replayed()).then_some(after),
                });
            }
        }
        match failure {
            Some(failure) => Err(failure),
            None => Ok(events),
        }
    }

    /// Why work was put aside since the last call: the first reason.
    pub(super) fn put_aside(&self) -> Option<ComponentError> {
        self.shared.state().put_aside.take()
    }

    /// Forgets what was done and what failed: the store was emptied. The worker must have nothing to do.
    pub(super) fn forget(&self) {
        *self.shared.state() = State::default();
    }

    /// Stops the worker; what is queued stays in the store.
    pub(super) async fn close(mut self) {
        let worker = self.worker_of_mut().take();
        if let Some(worker) = worker {
            worker.task.abort();
            // An aborted task ends with an error, which is what was asked for.
            let _ = worker.task.await;
        }
    }

    fn worker_of_mut(&mut self) -> &mut Option<Worker> {
        self.worker
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn signal(&self, signal: Signal) -> Result<(), ComponentError> {
        let mut worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        let worker = worker.get_or_insert_with(|| {
            let (signals, received) = mpsc::unbounded_channel();
            let shared = Arc::clone(&self.shared);
            Worker {
                signals,
                task: tokio::spawn(async move { shared.work(received).await }),
            }
        });
        worker.signals.send(signal).map_err(|_| stopped())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(worker) = self.worker_of_mut().take() {
            worker.task.abort();
        }
    }
}

/// Whether trying again cannot help.
fn is_hopeless(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Permanent | ErrorKind::ContextTooLong | ErrorKind::Malformed
    )
}

fn stopped() -> ComponentError {
    ComponentError::new(
        "consolidation",
        ErrorKind::Permanent,
        "the work in the background has ended",
    )
}

fn again(failure: &ComponentError) -> ComponentError {
    ComponentError::new(
        failure.component.clone(),
        failure.kind,
        failure.message.clone(),
    )
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses where earlier work failed.
    fn check(&self) -> Result<(), ComponentError> {
        match &self.state().failure {
            Some(failure) => Err(again(failure)),
            None => Ok(()),
        }
    }

    async fn work(&self, mut signals: mpsc::UnboundedReceiver<Signal>) {
        while let Some(signal) = signals.recv().await {
            if let Err(failure) = self.empty_the_queue().await {
                let mut state = self.state();
                // Whoever waits for room is told; what is queued stays in the store.
                state.waiting.clear();
                state.failure = Some(failure);
            }
            if let Signal::Flush(done) = signal {
                // Nobody waits any more where the caller gave up.
                let _ = done.send(());
            }
        }
    }

    async fn empty_the_queue(&self) -> Result<(), ComponentError> {
        self.check()?;
        loop {
            let (number, bytes, waiting) = {
                let mut state = self.state();
                let Some((number, bytes)) = self.consolidator.store.first_queued()? else {
                    return Ok(());
                };
                (number, bytes, state.waiting.remove(&number))
            };
            let work: Work = serde_json::from_slice(&bytes).map_err(damaged)?;
            let booking = match &waiting {
                Some(waiting) => Arc::clone(&waiting.booking),
                None => self.found(&work),
            };
            let ticket = Ticket {
                number,
                work: &work,
            };
            let cx = booking.meter.at(Stage::Extract).at_epoch(work.epoch);
            let mut events = Vec::new();
            let done = self
                .consolidator
                .consolidate(&cx, &work.portion(), Some(&ticket), &mut events)
                .await;
            let events = events.into_iter().map(|e| (work.head.id.clone(), e));
            self.state().events.extend(events);
            if let Err(failure) = done {
                if !self.puts_aside || !is_hopeless(failure.kind) {
                    return Err(failure);
                }
                aside::put(&self.consolidator.store, number, work, &failure)?;
                self.state().put_aside.get_or_insert(failure);
                continue;
            }
            if work.ends_session && waiting.is_some() {
                let after = Some(booking.start.elapsed());
                *booking.after.lock().unwrap_or_else(PoisonError::into_inner) = after;
            }
        }
    }

    /// Books for work that an earlier process, or an earlier attempt, left: when it was added is not
    /// known.
    fn found(&self, work: &Work) -> Arc<Booking> {
        let booking = Arc::new(Booking {
            conversation: work.head.id.clone(),
            session: work.session.index,
            start: Instant::now(),
            meter: Meter::new(),
            after: Mutex::default(),
        });
        self.state().bookings.push(Arc::clone(&booking));
        booking
    }
}
