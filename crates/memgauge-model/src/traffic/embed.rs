//! An embedder behind an exchange. Vectors are kept per text, so that batches do not matter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use memgauge_core::meter::CallKind;
use memgauge_core::{
    CallOutcome, ComponentError, EmbedCall, Embedded, Embedder, ErrorKind, ModelError, Purpose,
    Spent, Traffic, Usage,
};

use super::budget::Paid;
use super::cassette::Cassette;
use super::chat::{is_refusal, not_recorded};
use super::entry::{Entry, EntryKind, Kept};
use super::error::TrafficError;
use super::{Shared, Source, now};

/// An embedder whose traffic goes as its exchange says.
pub(super) struct Embed {
    pub(super) inner: Arc<dyn Embedder>,
    pub(super) exchange: Arc<Shared>,
}

#[async_trait]
impl Embedder for Embed {
    fn id(&self) -> &str {
        self.inner.id()
    }

    fn dimensions(&self) -> usize {
        self.inner.dimensions()
    }

    fn batch(&self) -> usize {
        self.inner.batch()
    }

    fn text_key(&self, text: &str, purpose: Purpose) -> Option<String> {
        self.inner.text_key(text, purpose)
    }

    fn at_most(&self, texts: &[&str], purpose: Purpose) -> Usage {
        self.inner.at_most(texts, purpose)
    }

    fn price(&self, usage: &Usage) -> Option<f64> {
        self.inner.price(usage)
    }

    fn traffic(&self) -> Traffic {
        self.inner.traffic()
    }

    fn fit(&self, corpus: &[&str]) -> Option<Arc<dyn Embedder>> {
        let inner = self.inner.fit(corpus)?;
        let exchange = Arc::clone(&self.exchange);
        Some(Arc::new(Self { inner, exchange }))
    }

    async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ComponentError> {
        self.embed_for(texts, Purpose::Passage).await.result
    }

    async fn embed_for(&self, texts: &[&str], purpose: Purpose) -> Embedded {
        let is_direct = match &self.exchange.source {
            Source::Live => true,
            // A script costs nothing and may change.
            Source::Cache(_) => self.inner.traffic() == Traffic::Fake,
            Source::Recording(_) | Source::Cassette(_) => false,
        };
        // A text without a key (a blank one) is never sent: its vector is made here.
        let keys: Vec<Option<String>> = texts
            .iter()
            .map(|text| self.inner.text_key(text, purpose))
            .collect();
        let sent = |place: &usize| keys.get(*place).is_some_and(Option::is_some);
        let (far, near): (Vec<usize>, Vec<usize>) = (0..texts.len()).partition(sent);
        let at = |places: &[usize]| -> Vec<&str> {
            let texts = places.iter().filter_map(|place| texts.get(*place));
            texts.copied().collect()
        };
        let far_texts = at(&far);
        let asked = Asked {
            keys: keys.iter().flatten().cloned().collect(),
            texts: &far_texts,
        };
        let mut embedded = if far.is_empty() {
            self.inner.embed_for(texts, purpose).await
        } else if is_direct {
            let embedded = self.send(&asked.keys, texts, purpose).await;
            self.ended(&asked.keys, embedded)
        } else if let Source::Cassette(cassette) = &self.exchange.source {
            self.replay(cassette, &asked)
        } else {
            match self.kept(&asked, purpose).await {
                Ok(embedded) => embedded,
                Err(error) => failed(ErrorKind::Storage, error.to_string(), Vec::new()),
            }
        };
        let keys = asked.keys.iter().map(String::as_str);
        self.exchange.tally.texts(keys, &embedded.calls);
        if far.is_empty() || is_direct || near.is_empty() || embedded.result.is_err() {
            return embedded;
        }
        let blank = self.inner.embed_for(&at(&near), purpose).await;
        embedded.result = match (embedded.result, blank.result) {
            (Ok(far_vectors), Ok(near_vectors)) => {
                let far = far.into_iter().zip(far_vectors);
                let all: BTreeMap<usize, Vec<f32>> =
                    far.chain(near.into_iter().zip(near_vectors)).collect();
                Ok(all.into_values().collect())
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
        };
        embedded
    }
}

/// Texts with their keys.
struct Asked<'a> {
    keys: Vec<String>,
    texts: &'a [&'a str],
}

impl Asked<'_> {
    /// One vector per text, or what is missing.
    fn vectors(&self, found: &BTreeMap<&str, Entry>) -> Result<Vec<Vec<f32>>, String> {
        let vector = |key: &String| match found.get(key.as_str()).map(|entry| &entry.kept) {
            Some(Kept::Vector(vector)) => Ok(vector.clone()),
            _ => Err(format!("no vector for text {key}")),
        };
        self.keys.iter().map(vector).collect()
    }
}

impl Embed {
    /// Live, as far as the budget goes; `keys` are those of the texts that are sent, which is written down first.
    async fn send(&self, keys: &[String], texts: &[&str], purpose: Purpose) -> Embedded {
        let (inner, exchange) = (&self.inner, &self.exchange);
        if inner.traffic() != Traffic::Live {
            return inner.embed_for(texts, purpose).await;
        }
        let reservation = match exchange.budget.get() {
            Some(budget) => match budget.reserve(|| inner.at_most(texts, purpose)).await {
                Ok(reservation) => Some(reservation),
                Err(error) => return failed(error.kind, error.message, Vec::new()),
            },
            None => None,
        };
        if let Err(error) = exchange.sent.sends(keys.iter().map(String::as_str)) {
            return failed(ErrorKind::Storage, error.to_string(), Vec::new());
        }
        let mut embedded = inner.embed_for(texts, purpose).await;
        let Some(reservation) = reservation else {
            return embedded;
        };
        if let Some(call) = embedded.calls.first_mut() {
            call.spent.paused += reservation.waited;
        }
        let replied = embedded.calls.iter().filter(|call| call.outcome.is_reply());
        let paid = replied.map(|call| Paid {
            model: inner.id(),
            kind: CallKind::Embed,
            request: &call.request,
            inputs: call.inputs,
            usage: call.usage,
        });
        if let Err(error) = reservation.settle(paid) {
            let error = ComponentError::new("embedder", error.kind, error.message);
            embedded.result = Err(error);
        }
        embedded
    }

    /// The vectors are here, and kept if they are to be kept.
    fn ended(&self, keys: &[String], mut embedded: Embedded) -> Embedded {
        if self.inner.traffic() == Traffic::Live
            && let Err(error) = self.exchange.sent.ended(keys.iter().map(String::as_str))
        {
            embedded.result = Err(error.into());
        }
        embedded
    }

    /// From the cassette alone.
    fn replay(&self, cassette: &Cassette, asked: &Asked<'_>) -> Embedded {
        let start = Instant::now();
        let mut found = BTreeMap::new();
        // The first text without a vector decides, as it did when the texts were sent in order.
        for (key, text) in asked.keys.iter().zip(asked.texts) {
            let entry = cassette.get(EntryKind::Embedding, key);
            let (kind, message) = match entry.map(|entry| &entry.kept) {
                Some(Kept::Refusal(error)) => (error.kind, error.message.clone()),
                Some(_) => {
                    found.extend(entry.map(|entry| (key.as_str(), entry.clone())));
                    continue;
                }
                None => (
                    ErrorKind::NotRecorded,
                    not_recorded(self.inner.id(), key, text, cassette.path()),
                ),
            };
            let outcome = CallOutcome::Failed(kind);
            let entries: Vec<&Entry> = entry.into_iter().collect();
            let call = served(
                &asked.keys,
                &entries,
                Traffic::Cassette,
                outcome,
                start.elapsed(),
            );
            return failed(kind, message, vec![call]);
        }
        let entries: Vec<&Entry> = found.values().collect();
        let call = served(
            &asked.keys,
            &entries,
            Traffic::Cassette,
            CallOutcome::Usable,
            start.elapsed(),
        );
        Embedded {
            result: asked
                .vectors(&found)
                .map_err(|message| ComponentError::new("embedder", ErrorKind::Storage, message)),
            own: Duration::ZERO,
            calls: vec![call],
        }
    }

    /// From what is kept; the rest live and then kept.
    async fn kept(&self, asked: &Asked<'_>, purpose: Purpose) -> Result<Embedded, TrafficError> {
        let exchange = &self.exchange;
        let calls = exchange.source.calls()?;
        let start = Instant::now();
        let mut found: BTreeMap<&str, Entry> = BTreeMap::new();
        let mut open: BTreeSet<&str> = asked.keys.iter().map(String::as_str).collect();
        let mut look = |open: &mut BTreeSet<&str>| -> Result<(), TrafficError> {
            for key in asked.keys.iter().map(String::as_str) {
                if open.contains(key)
                    && let Some(entry) = calls.get(EntryKind::Embedding, key)?
                    && entry.is_whole()
                {
                    found.insert(key, entry);
                    open.remove(key);
                }
            }
            Ok(())
        };
        look(&mut open)?;
        let mut own = start.elapsed();
        let wanted: Vec<&str> = open.iter().copied().collect();
        let turns = exchange.flights.claim(&wanted).await;
        let again = Instant::now();
        look(&mut open)?;
        own += again.elapsed();
        let mut rows = Vec::new();
        if !found.is_empty() {
            let keys: Vec<String> = found.keys().map(|key| (*key).to_owned()).collect();
            let entries: Vec<&Entry> = found.values().collect();
            rows.push(served(
                &keys,
                &entries,
                Traffic::Cache,
                CallOutcome::Usable,
                own,
            ));
        }
        let is_recording = matches!(exchange.source, Source::Recording(_));
        if open.is_empty() {
            return Ok(self.whole(asked, &found, Duration::ZERO, rows));
        }
        // Each text once, in the order in which they came.
        let mut missing: Vec<(&str, &str)> = Vec::new();
        for (key, text) in asked.keys.iter().zip(asked.texts) {
            if open.remove(key.as_str()) {
                missing.push((key, text));
            }
        }
        let mut own = Duration::ZERO;
        let mut failure = None;
        // One request at a time: what was paid for is kept before the next can fail.
        for texts in missing.chunks(self.inner.batch().max(1)) {
            let words: Vec<&str> = texts.iter().map(|(_, text)| *text).collect();
            let keys: Vec<String> = texts.iter().map(|(key, _)| (*key).to_owned()).collect();
            let embedded = self.send(&keys, &words, purpose).await;
            own += embedded.own;
            let kept = match &embedded.result {
                Ok(vectors) if vectors.len() == texts.len() => {
                    vectors.iter().cloned().map(Kept::Vector).collect()
                }
                Ok(vectors) => {
                    let message = format!("{} vectors for {} texts", vectors.len(), texts.len());
                    failure = Some(ComponentError::new(
                        "embedder",
                        ErrorKind::Permanent,
                        message,
                    ));
                    Vec::new()
                }
                Err(error) if is_recording && is_refusal(error.kind) => {
                    let refusal = ModelError::new(error.kind, &error.message);
                    vec![Kept::Refusal(refusal); texts.len()]
                }
                Err(_) => Vec::new(),
            };
            let entries = self.entries(texts, kept, &embedded.calls);
            let stored = calls.put(&entries).await;
            if is_recording {
                let kept = stored.is_ok() && !entries.is_empty();
                exchange
                    .tally
                    .recorded(keys.iter().map(String::as_str), kept);
            }
            let embedded = self.ended(&keys, embedded);
            rows.extend(embedded.calls);
            let failed = stored.err().map(ComponentError::from);
            failure = failed.or(failure).or(embedded.result.err());
            if failure.is_some() {
                break;
            }
            for ((key, _), entry) in texts.iter().zip(entries) {
                found.insert(key, entry);
            }
        }
        drop(turns);
        Ok(match failure {
            Some(error) => Embedded {
                result: Err(error),
                own,
                calls: rows,
            },
            None => self.whole(asked, &found, own, rows),
        })
    }

    fn whole(
        &self,
        asked: &Asked<'_>,
        found: &BTreeMap<&str, Entry>,
        own: Duration,
        calls: Vec<EmbedCall>,
    ) -> Embedded {
        let wrong = |message| ComponentError::new("embedder", ErrorKind::Permanent, message);
        Embedded {
            result: asked.vectors(found).map_err(wrong),
            own,
            calls,
        }
    }

    /// Entries of texts that were sent together: tokens, time and price are divided by the texts'
    /// lengths, so that the shares add up to what the calls took.
    fn entries(&self, texts: &[(&str, &str)], kept: Vec<Kept>, calls: &[EmbedCall]) -> Vec<Entry> {
        let weights: Vec<u64> = texts
            .iter()
            .map(|(_, text)| text.len().max(1) as u64)
            .collect();
        let all: u64 = weights.iter().sum();
        let micros: u128 = calls
            .iter()
            .map(|call| call.spent.provider.as_micros())
            .sum();
        let times = shares(u64::try_from(micros).unwrap_or(u64::MAX), &weights);
        let tokens = |of: fn(&Usage) -> Option<u64>| {
            let sum: Option<u64> = calls.iter().map(|call| of(&call.usage)).sum();
            let sum = sum.filter(|_| !calls.is_empty());
            sum.map(|sum| shares(sum, &weights))
        };
        let input = tokens(|usage| usage.input);
        let output = tokens(|usage| usage.output);
        let cached = tokens(|usage| usage.cached);
        let dollars: Option<f64> = calls.iter().map(|call| call.usage.dollars).sum();
        let dollars = dollars.filter(|_| !calls.is_empty());
        let counted = calls.iter().any(|call| call.usage.counted);
        let served_by = calls.iter().find_map(|call| call.served_by.clone());
        let recorded = now();
        let mut entries = Vec::with_capacity(texts.len());
        for (index, ((key, text), kept)) in texts.iter().zip(kept).enumerate() {
            let share = |shares: &Option<Vec<u64>>| shares.as_ref()?.get(index).copied();
            let weight = weights.get(index).copied().unwrap_or_default();
            entries.push(Entry {
                kind: EntryKind::Embedding,
                key: (*key).to_owned(),
                model: self.inner.id().to_owned(),
                kept,
                usage: Usage {
                    input: share(&input),
                    output: share(&output),
                    cached: share(&cached),
                    reasoning: None,
                    counted,
                    dollars: dollars.map(|sum| sum * weight as f64 / all as f64),
                },
                served_by: served_by.clone(),
                took: Duration::from_micros(times.get(index).copied().unwrap_or_default()),
                request: Some(serde_json::Value::String((*text).to_owned())),
                recorded: Some(recorded.clone()),
            });
        }
        entries
    }
}

/// `total` divided by weight, in whole numbers that add up to it.
fn shares(total: u64, weights: &[u64]) -> Vec<u64> {
    let all: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    let mut before = 0_u128;
    let mut given = 0_u128;
    weights
        .iter()
        .map(|weight| {
            before += u128::from(*weight);
            let up_to = u128::from(total) * before / all.max(1);
            let share = up_to - given;
            given = up_to;
            u64::try_from(share).unwrap_or(u64::MAX)
        })
        .collect()
}

/// The row of texts that were not sent anywhere.
fn served(
    keys: &[String],
    entries: &[&Entry],
    traffic: Traffic,
    outcome: CallOutcome,
    own: Duration,
) -> EmbedCall {
    let sum = |of: fn(&Usage) -> Option<u64>| -> Option<u64> {
        let sum: Option<u64> = entries.iter().map(|entry| of(&entry.usage)).sum();
        sum.filter(|_| !entries.is_empty())
    };
    let dollars: Option<f64> = entries.iter().map(|entry| entry.usage.dollars).sum();
    let request = match keys {
        [one] => one.clone(),
        many => blake3::hash(many.join("\n").as_bytes())
            .to_hex()
            .to_string(),
    };
    EmbedCall {
        request,
        inputs: keys.len() as u64,
        served_by: entries.iter().find_map(|entry| entry.served_by.clone()),
        usage: Usage {
            input: sum(|usage| usage.input),
            output: sum(|usage| usage.output),
            cached: sum(|usage| usage.cached),
            reasoning: None,
            counted: entries.iter().any(|entry| entry.usage.counted),
            dollars: dollars.filter(|_| !entries.is_empty()),
        },
        outcome,
        spent: Spent {
            traffic,
            own,
            replayed: Some(entries.iter().map(|entry| entry.took).sum()),
            ..Spent::default()
        },
    }
}

fn failed(kind: ErrorKind, message: String, calls: Vec<EmbedCall>) -> Embedded {
    Embedded {
        result: Err(ComponentError::new("embedder", kind, message)),
        own: Duration::ZERO,
        calls,
    }
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn shares_add_up() {
        assert_eq!(shares(10, &[1, 1, 1]), [3, 3, 4]);
        assert_eq!(shares(7, &[5]), [7]);
        assert_eq!(shares(0, &[2, 3]), [0, 0]);
        for total in [1, 99, 1_000_003] {
            let split = shares(total, &[3, 1, 4, 1, 5, 9]);
            assert_eq!(split.iter().sum::<u64>(), total);
        }
    }
}
