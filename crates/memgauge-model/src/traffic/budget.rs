//! Limits of what a run may take from its models, and the book of what it took.
//!
//! A request that is sent reserves the most that it can take. So the sum of what was taken and of what is under
//! way never passes a limit, as far as a request's most is known beforehand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use memgauge_core::meter::CallKind;
use memgauge_core::{ErrorKind, ModelError, Usage};
use tokio::sync::Notify;

/// What a run may take; `None` = no limit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Limits {
    /// US dollars, earlier parts of the run included.
    pub dollars: Option<f64>,
    /// Tokens sent and received, earlier parts of the run included.
    pub tokens: Option<u64>,
    /// Time since the budget was made.
    pub time: Option<Duration>,
}

/// What was taken from models behind an API.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Taken {
    /// US dollars by the price table; replies of models without a price count nothing.
    pub dollars: f64,
    /// Tokens sent and received.
    pub tokens: u64,
}

impl Taken {
    /// Adds the tokens and the price of a reply; what is unknown counts nothing.
    pub fn add(&mut self, usage: &Usage) {
        self.dollars += usage.dollars.unwrap_or(0.0);
        self.tokens += tokens(usage);
    }

    fn give_back(&mut self, other: Self) {
        // Sums of fractions do not always come back to 0.
        self.dollars = (self.dollars - other.dollars).max(0.0);
        self.tokens = self.tokens.saturating_sub(other.tokens);
    }
}

fn tokens(usage: &Usage) -> u64 {
    usage.input.unwrap_or(0) + usage.output.unwrap_or(0)
}

/// A reply that was not replayed: a line of the book.
#[derive(Debug, Clone, Copy)]
pub struct Paid<'a> {
    /// What shaped the reply: provider label, model and settings in one line.
    pub model: &'a str,
    /// What for.
    pub kind: CallKind,
    /// Content address of the request.
    pub request: &'a str,
    /// Texts or prompts sent.
    pub inputs: u64,
    /// Tokens and price.
    pub usage: Usage,
}

/// Writes down what was taken, before the reply is handed out; an error says why it cannot.
pub type Book = Box<dyn Fn(&Paid<'_>) -> Result<(), String> + Send + Sync>;

/// The limit that a run may not pass, and how near it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reached {
    /// The next request may cost more than is left.
    Dollars {
        /// The limit.
        limit: f64,
        /// What was taken.
        taken: f64,
        /// The most that the next request costs.
        next: f64,
    },
    /// The next request may take more tokens than are left.
    Tokens {
        /// The limit.
        limit: u64,
        /// What was taken.
        taken: u64,
        /// The most that the next request takes.
        next: u64,
    },
    /// The next piece of work may take longer than is left.
    Time {
        /// The limit.
        limit: Duration,
        /// What has passed.
        taken: Duration,
        /// The longest piece of its kind so far.
        next: Duration,
    },
}

impl std::fmt::Display for Reached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let s = |time: &Duration| time.as_secs_f64();
        match self {
            Self::Dollars { limit, taken, next } => write!(
                f,
                "{taken:.4} of {limit} dollars are spent, and the next call may cost {next:.4}"
            ),
            Self::Tokens { limit, taken, next } => write!(
                f,
                "{taken} of {limit} tokens are used, and the next call may take {next}"
            ),
            Self::Time { limit, taken, next } => write!(
                f,
                "{:.1} of {:.1} s have passed, and the next piece of work may take {:.1}",
                s(taken),
                s(limit),
                s(next)
            ),
        }
    }
}

/// Holds a run inside its limits.
pub struct Budget {
    limits: Limits,
    started: Instant,
    state: Mutex<State>,
    /// Told whenever a reservation ends.
    changed: Notify,
    book: Option<Book>,
}

#[derive(Default)]
struct State {
    taken: Taken,
    reserved: Taken,
    under_way: usize,
    longest_call: Duration,
    longest_unit: Duration,
    reached: Option<Reached>,
}

impl Budget {
    /// A budget of which earlier parts of the run took `before`.
    pub fn new(limits: Limits, before: Taken, book: Option<Book>) -> Arc<Self> {
        Arc::new(Self {
            limits,
            started: Instant::now(),
            state: Mutex::new(State {
                taken: before,
                ..State::default()
            }),
            changed: Notify::new(),
            book,
        })
    }

    /// What was taken so far, earlier parts of the run included.
    pub fn taken(&self) -> Taken {
        self.state().taken
    }

    /// The limit that stopped the run, if one did.
    pub fn reached(&self) -> Option<Reached> {
        self.state().reached
    }

    /// Notes how long a piece of the run's own work took (a session, a search, an answer).
    pub fn worked(&self, took: Duration) {
        let mut state = self.state();
        state.longest_unit = state.longest_unit.max(took);
    }

    /// Whether one more piece of work may pass the limit of time.
    pub fn is_out_of_time(&self) -> bool {
        let mut state = self.state();
        let longest = state.longest_unit;
        self.time_is_up(&mut state, longest).is_some()
    }

    fn time_is_up(&self, state: &mut State, next: Duration) -> Option<Reached> {
        let limit = self.limits.time?;
        let taken = self.started.elapsed();
        if taken + next <= limit {
            return None;
        }
        Some(
            *state
                .reached
                .get_or_insert(Reached::Time { limit, taken, next }),
        )
    }

    /// Reserves what a request takes at most, which `most` tells; waits while only what others have reserved
    /// stands in the way.
    ///
    /// # Errors
    /// When the request may pass a limit, or its most is not known.
    pub(super) async fn reserve(
        self: &Arc<Self>,
        most: impl FnOnce() -> Usage,
    ) -> Result<Reservation, ModelError> {
        let quota = |reached: Reached| ModelError::new(ErrorKind::Quota, reached);
        let most = match (self.limits.dollars, self.limits.tokens) {
            (None, None) => Taken::default(),
            limits => {
                let usage = most();
                let unknown = |what: &str| {
                    ModelError::new(
                        ErrorKind::Quota,
                        format!("{what} of a call is not known beforehand, and there is a limit"),
                    )
                };
                if limits.0.is_some() && usage.dollars.is_none() {
                    return Err(unknown("the price"));
                }
                if limits.1.is_some() && (usage.input.is_none() || usage.output.is_none()) {
                    return Err(unknown("the number of tokens"));
                }
                let mut most = Taken::default();
                most.add(&usage);
                most
            }
        };
        let waits = Instant::now();
        loop {
            // Asked for before the state is looked at, so that no change is missed.
            let changed = self.changed.notified();
            {
                let mut state = self.state();
                if let Some(reached) = state.reached {
                    return Err(quota(reached));
                }
                let longest = state.longest_call;
                if let Some(reached) = self.time_is_up(&mut state, longest) {
                    return Err(quota(reached));
                }
                match self.passed(state.taken, state.reserved, most) {
                    None => {
                        state.reserved.dollars += most.dollars;
                        state.reserved.tokens += most.tokens;
                        state.under_way += 1;
                        return Ok(Reservation {
                            budget: Arc::clone(self),
                            most: Some(most),
                            waited: waits.elapsed(),
                            sent: Instant::now(),
                        });
                    }
                    Some(_) if state.under_way > 0 => {
                        // Others reserved more than they will take; but what cannot fit into what is left cannot
                        // fit later either.
                        if let Some(reached) = self.passed(state.taken, Taken::default(), most) {
                            state.reached = Some(reached);
                            self.changed.notify_waiters();
                            return Err(quota(reached));
                        }
                    }
                    Some(reached) => {
                        state.reached = Some(reached);
                        self.changed.notify_waiters();
                        return Err(quota(reached));
                    }
                }
            }
            changed.await;
        }
    }

    /// The limit that would be passed.
    fn passed(&self, taken: Taken, reserved: Taken, next: Taken) -> Option<Reached> {
        if let Some(limit) = self.limits.dollars
            && taken.dollars + reserved.dollars + next.dollars > limit
        {
            return Some(Reached::Dollars {
                limit,
                taken: taken.dollars,
                next: next.dollars,
            });
        }
        let limit = self.limits.tokens?;
        (taken.tokens + reserved.tokens + next.tokens > limit).then_some(Reached::Tokens {
            limit,
            taken: taken.tokens,
            next: next.tokens,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a request under way may take. Dropped without a settlement (nobody waits for the reply any more), all of
/// it counts as taken.
pub(super) struct Reservation {
    budget: Arc<Budget>,
    most: Option<Taken>,
    /// How long it was waited for.
    pub(super) waited: Duration,
    sent: Instant,
}

impl Reservation {
    /// Puts what the replies took in the place of what was reserved, and writes it down.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub(super) fn settle<'a>(
        mut self,
        replies: impl Iterator<Item = Paid<'a>>,
    ) -> Result<(), ModelError> {
        let mut taken = Taken::default();
        let mut result = Ok(());
        for paid in replies {
            taken.add(&paid.usage);
            if let Some(book) = &self.budget.book {
                result = result.and(book(&paid));
            }
        }
        self.end(taken, Some(self.sent.elapsed()));
        result.map_err(|message| ModelError::new(ErrorKind::Storage, message))
    }

    fn end(&mut self, taken: Taken, took: Option<Duration>) {
        let Some(most) = self.most.take() else {
            return;
        };
        {
            let mut state = self.budget.state();
            state.reserved.give_back(most);
            state.under_way = state.under_way.saturating_sub(1);
            state.taken.dollars += taken.dollars;
            state.taken.tokens += taken.tokens;
            state.longest_call = state.longest_call.max(took.unwrap_or_default());
        }
        self.budget.changed.notify_waiters();
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(most) = self.most {
            self.end(most, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(tokens: u64, dollars: f64) -> Usage {
        Usage {
            input: Some(tokens),
            output: Some(0),
            dollars: Some(dollars),
            ..Usage::default()
        }
    }

    fn paid(usage: Usage) -> std::iter::Once<Paid<'static>> {
        std::iter::once(Paid {
            model: "m",
            kind: CallKind::Chat,
            request: "r",
            inputs: 1,
            usage,
        })
    }

    fn dollars(limit: f64, before: f64) -> Arc<Budget> {
        let limits = Limits {
            dollars: Some(limit),
            ..Limits::default()
        };
        let before = Taken {
            dollars: before,
            tokens: 0,
        };
        Budget::new(limits, before, None)
    }

    #[tokio::test]
    async fn what_is_under_way_is_reserved_and_what_was_not_needed_comes_back() {
        let budget = dollars(1.0, 0.0);
        let first = budget.reserve(|| usage(0, 0.6)).await.unwrap();
        let waiting = {
            let budget = Arc::clone(&budget);
            tokio::spawn(async move { budget.reserve(|| usage(0, 0.6)).await.is_ok() })
        };
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(
            !waiting.is_finished(),
            "it may fit once the first is settled"
        );
        first.settle(paid(usage(0, 0.3))).unwrap();
        assert!(waiting.await.unwrap());
        // Dropped without a settlement: all that it may have cost counts.
        assert!((budget.taken().dollars - 0.9).abs() < 1e-9);
        let error = budget.reserve(|| usage(0, 0.2)).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Quota);
        assert_eq!(
            error.message,
            "0.9000 of 1 dollars are spent, and the next call may cost 0.2000"
        );
        // Once a limit is reached nothing more is sent, however cheap.
        assert!(budget.reserve(|| usage(0, 0.0)).await.is_err());
    }

    #[tokio::test]
    async fn the_waiting_are_told_when_a_limit_is_reached() {
        let budget = dollars(1.0, 0.0);
        let first = budget.reserve(|| usage(0, 0.6)).await.unwrap();
        let waiting = {
            let budget = Arc::clone(&budget);
            tokio::spawn(async move { budget.reserve(|| usage(0, 0.6)).await.is_err() })
        };
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(budget.reserve(|| usage(0, 2.0)).await.is_err());
        assert!(waiting.await.unwrap());
        drop(first);
    }

    #[tokio::test]
    async fn earlier_parts_count_and_so_do_tokens() {
        let budget = dollars(1.0, 0.8);
        assert!(budget.reserve(|| usage(0, 0.3)).await.is_err());
        let limits = Limits {
            tokens: Some(100),
            ..Limits::default()
        };
        let budget = Budget::new(limits, Taken::default(), None);
        let call = budget.reserve(|| usage(90, 0.0)).await.unwrap();
        call.settle(paid(usage(60, 0.0))).unwrap();
        let Some(Reached::Tokens {
            taken: 60,
            next: 41,
            ..
        }) = budget
            .reserve(|| usage(41, 0.0))
            .await
            .err()
            .and(budget.reached())
        else {
            panic!("41 tokens do not fit: {:?}", budget.reached());
        };
    }

    #[tokio::test]
    async fn an_unknown_price_is_no_price() {
        let budget = dollars(1.0, 0.0);
        let error = budget.reserve(Usage::default).await.err().unwrap();
        assert!(error.message.contains("not known beforehand"), "{error}");
        // Without limits nobody asks for it.
        let free = Budget::new(Limits::default(), Taken::default(), None);
        assert!(free.reserve(|| panic!("asked")).await.is_ok());
    }

    #[tokio::test]
    async fn no_work_is_begun_that_would_end_after_the_time() {
        let limits = Limits {
            time: Some(Duration::from_secs(60)),
            ..Limits::default()
        };
        let budget = Budget::new(limits, Taken::default(), None);
        assert!(!budget.is_out_of_time());
        budget.worked(Duration::from_secs(59));
        assert!(!budget.is_out_of_time());
        // Calls are shorter than the work that makes them.
        assert!(budget.reserve(Usage::default).await.is_ok());
        budget.worked(Duration::from_secs(61));
        assert!(budget.is_out_of_time());
        assert!(budget.reserve(Usage::default).await.is_err());
    }

    #[tokio::test]
    async fn a_book_that_cannot_be_written_fails_the_call() {
        let book: Book = Box::new(|_| Err("disk full".to_owned()));
        let budget = Budget::new(Limits::default(), Taken::default(), Some(book));
        let call = budget.reserve(Usage::default).await.unwrap();
        let error = call.settle(paid(usage(1, 0.0))).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Storage);
        assert_eq!(budget.taken().tokens, 1);
    }
}
