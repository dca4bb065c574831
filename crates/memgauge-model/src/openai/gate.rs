//! One gate per provider: what holds calls back.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// What a model block states.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Limits {
    /// Requests under way.
    pub(super) concurrency: Option<u32>,
    /// Requests a minute.
    pub(super) requests: Option<NonZeroU32>,
    /// Tokens a minute.
    pub(super) tokens: Option<NonZeroU32>,
}

/// What all model blocks of one provider share: the pause that it asked for, and the limits. Blocks
/// that state the same number share it; a block that states another number has its own.
#[derive(Default)]
struct Provider {
    paused_until: Mutex<Option<Instant>>,
    slots: Shared<Semaphore>,
    requests: Shared<Allowance>,
    tokens: Shared<Allowance>,
}

type Shared<T> = Mutex<BTreeMap<u32, Arc<T>>>;

/// Providers by label and base address.
type Providers = BTreeMap<(String, String), Weak<Provider>>;

/// The providers in use. Model blocks are built one by one and know nothing of each other; here
/// they meet.
fn providers() -> MutexGuard<'static, Providers> {
    static PROVIDERS: OnceLock<Mutex<Providers>> = OnceLock::new();
    lock(PROVIDERS.get_or_init(Mutex::default))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn shared<T>(of: &Shared<T>, number: u32, make: impl FnOnce() -> T) -> Arc<T> {
    let mut shared = lock(of);
    Arc::clone(shared.entry(number).or_insert_with(|| Arc::new(make())))
}

/// The way of one model block to its provider.
pub(super) struct Gate {
    provider: Arc<Provider>,
    slots: Option<Arc<Semaphore>>,
    requests: Option<Arc<Allowance>>,
    tokens: Option<Arc<Allowance>>,
}

impl Gate {
    pub(super) fn new(label: &str, base_url: &str, limits: Limits) -> Self {
        let mut providers = providers();
        providers.retain(|_, provider| provider.strong_count() > 0);
        let entry = providers
            .entry((label.to_owned(), base_url.to_owned()))
            .or_default();
        let provider = entry.upgrade().unwrap_or_else(|| {
            let provider = Arc::<Provider>::default();
            *entry = Arc::downgrade(&provider);
            provider
        });
        let slots = limits.concurrency.map(|n| {
            shared(&provider.slots, n, || {
                Semaphore::new((n as usize).min(Semaphore::MAX_PERMITS))
            })
        });
        let requests = limits
            .requests
            .map(|n| shared(&provider.requests, n.get(), || Allowance::new(n)));
        let tokens = limits
            .tokens
            .map(|n| shared(&provider.tokens, n.get(), || Allowance::new(n)));
        Self {
            slots,
            requests,
            tokens,
            provider,
        }
    }

    /// Whether tokens have to be counted before a call.
    pub(super) fn counts_tokens(&self) -> bool {
        self.tokens.is_some()
    }

    /// Waits until a request with so many tokens may be sent. What is returned is held while it is
    /// under way.
    pub(super) async fn enter(&self, tokens: u64) -> Option<OwnedSemaphorePermit> {
        let permit = match &self.slots {
            // A semaphore that nobody closes always gives a permit.
            Some(slots) => Arc::clone(slots).acquire_owned().await.ok(),
            None => None,
        };
        if let Some(requests) = &self.requests {
            requests.take(1).await;
        }
        if let Some(allowance) = &self.tokens {
            allowance.take(tokens).await;
        }
        loop {
            let until = *lock(&self.provider.paused_until);
            match until {
                Some(until) if until > Instant::now() => tokio::time::sleep_until(until).await,
                _ => return permit,
            }
        }
    }

    /// Lets nobody in for so long.
    pub(super) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut paused = lock(&self.provider.paused_until);
        if paused.is_none_or(|paused| paused < until) {
            *paused = Some(until);
        }
    }
}

/// A limit per minute that holds for every minute, wherever it begins: a tenth may come at once,
/// the rest is spread evenly.
struct Allowance {
    at_once: NonZeroU32,
    limiter: DefaultDirectRateLimiter,
}

impl Allowance {
    fn new(per_minute: NonZeroU32) -> Self {
        let n = per_minute.get();
        let at_once = NonZeroU32::new(n / 10).unwrap_or(NonZeroU32::MIN);
        // In 60 s the first burst and what flows in after it: together n.
        let flow = NonZeroU32::new(n - at_once.get() + 1).unwrap_or(per_minute);
        Self {
            at_once,
            limiter: RateLimiter::direct(Quota::per_minute(flow).allow_burst(at_once)),
        }
    }

    /// Waits until `n` are there. More than may come at once are waited for in portions.
    async fn take(&self, n: u64) {
        let mut left = n;
        while left > 0 {
            let portion = u32::try_from(left)
                .unwrap_or(u32::MAX)
                .min(self.at_once.get());
            if let Some(portion) = NonZeroU32::new(portion) {
                // No portion is larger than the burst, so that the limiter never refuses.
                let _ = self.limiter.until_n_ready(portion).await;
            }
            left -= u64::from(portion);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(concurrency: u32, requests: u32, tokens: u32) -> Limits {
        Limits {
            concurrency: (concurrency > 0).then_some(concurrency),
            requests: NonZeroU32::new(requests),
            tokens: NonZeroU32::new(tokens),
        }
    }

    async fn entering(gate: &Gate, times: u32, tokens: u64) -> f64 {
        let start = Instant::now();
        for _ in 0..times {
            gate.enter(tokens).await;
        }
        start.elapsed().as_secs_f64()
    }

    #[tokio::test]
    async fn limits_per_minute_hold() {
        // 600 at once, then 5401 a minute: 630 take at least 29 / 90 s.
        let gate = Gate::new("requests", "a", limits(0, 6000, 0));
        let took = entering(&gate, 630, 7).await;
        assert!((0.3..2.0).contains(&took), "{took}");
        // 6000 at once, then 54001 a minute: 3 x 2100 take at least 0.3 s.
        let gate = Gate::new("tokens", "a", limits(0, 0, 60_000));
        assert!(gate.counts_tokens());
        let took = entering(&gate, 3, 2100).await;
        assert!((0.3..2.0).contains(&took), "{took}");
        // More than may come at once are waited for in portions.
        let gate = Gate::new("large", "a", limits(0, 0, 60_000));
        let took = entering(&gate, 1, 6300).await;
        assert!((0.3..2.0).contains(&took), "{took}");
        let once = Gate::new("once", "a", limits(0, 1, 0));
        assert!(entering(&once, 1, 1).await < 0.3);
    }

    #[tokio::test]
    async fn blocks_of_a_provider_share_pause_and_equal_limits() {
        let one = Gate::new("shared", "a", limits(1, 0, 0));
        let same = Gate::new("shared", "a", limits(1, 0, 0));
        let other = Gate::new("shared", "b", limits(1, 0, 0));
        let wide = Gate::new("shared", "a", limits(2, 0, 0));
        let held = one.enter(0).await;
        assert!(held.is_some());
        let short = Duration::from_millis(50);
        let waits = tokio::time::timeout(short, same.enter(0)).await;
        assert!(waits.is_err(), "the slot is taken");
        assert!(tokio::time::timeout(short, other.enter(0)).await.is_ok());
        assert!(tokio::time::timeout(short, wide.enter(0)).await.is_ok());
        one.pause(Duration::from_millis(200));
        one.pause(Duration::from_millis(1));
        assert!(tokio::time::timeout(short, wide.enter(0)).await.is_err());
        assert!(tokio::time::timeout(short, other.enter(0)).await.is_ok());
        drop(held);
        let start = Instant::now();
        assert!(same.enter(0).await.is_some());
        assert!(start.elapsed() > Duration::from_millis(50));
    }
}
