//! Questions of one conversation: searched one at a time, then answered and scored concurrently.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::StreamExt;
use memgauge_core::{Answer, ComponentError, ErrorKind, Meter, Recall, Stage};
use memgauge_dataset::Item;
use memgauge_report::record::{Phase, TimingRow};

use super::bench::Bench;
use super::ingest::{Ready, charges};
use super::machine::load;
use super::score::Asked;
use crate::error::ExperimentError;

/// A question after its search.
struct Searched {
    place: usize,
    recall: Result<Recall, ComponentError>,
    meter: Arc<Meter>,
    timing: Option<TimingRow>,
}

impl Bench {
    /// Asks the questions `items` of conversation `entry` from the memory of `memory`. False when
    /// it was asked to stop.
    pub(super) async fn ask(
        self: &Arc<Self>,
        variant: usize,
        entry: usize,
        memory: usize,
        items: &[usize],
        ready: &Ready,
    ) -> Result<bool, ExperimentError> {
        let Some(found) = self.search(variant, entry, memory, items, ready).await? else {
            return Ok(false);
        };
        let Some(planned) = self.plan.variants.get(variant) else {
            return Ok(true);
        };
        let answerer = planned
            .answerer
            .build(&self.assembly.parts())
            .map_err(|error| ExperimentError::Stopped(error.to_string()))?;
        let answerer: Arc<dyn memgauge_core::Answerer> = Arc::from(answerer);
        let mut answers = futures::stream::iter(found)
            .map(|searched| {
                let bench = Arc::clone(self);
                let answerer = Arc::clone(&answerer);
                let ready = ready.clone();
                let task = tokio::spawn(async move {
                    if bench.is_halted() {
                        return Ok(());
                    }
                    let Some(item) = bench.item(entry, searched.place) else {
                        return Ok(());
                    };
                    let mut timings: Vec<TimingRow> = searched.timing.into_iter().collect();
                    let mut asked = Asked {
                        variant,
                        entry,
                        memory,
                        place: searched.place,
                        recall: searched.recall,
                        answer: None,
                        ready: &ready,
                        counters: searched.meter.counters(),
                    };
                    if let Ok(recall) = &asked.recall {
                        let meter = Meter::new();
                        let in_flight = bench.answering.fetch_add(1, Ordering::Relaxed) + 1;
                        let start = Instant::now();
                        let answer: Result<Answer, ComponentError> = answerer
                            .answer(&meter.at(Stage::Answer), &item.question, &recall.context)
                            .await;
                        let ms = milliseconds(start.elapsed());
                        bench.answering.fetch_sub(1, Ordering::Relaxed);
                        if let Err(error) = &answer
                            && error.kind == ErrorKind::Storage
                        {
                            return Err(ExperimentError::Stopped(error.to_string()));
                        }
                        // A failed answer has no latency.
                        if answer.is_ok() {
                            timings.push(TimingRow {
                                in_flight,
                                charges: charges(&meter),
                                ..bench.timing(variant, item, Phase::Answer, ms)
                            });
                        }
                        for (component, calls) in meter.counters() {
                            *asked.counters.entry(component).or_default() += calls;
                        }
                        asked.answer = Some(answer);
                    }
                    let (record, context) = bench.record(item, asked)?;
                    bench.keep(&record, &timings, context.as_ref())
                });
                self.joined(task)
            })
            .buffered(self.jobs);
        // All are waited for, so that nothing is still writing when the run has ended.
        let mut outcome = Ok(());
        while let Some(result) = answers.next().await {
            outcome = outcome.and(result);
        }
        outcome?;
        let done = self.done();
        Ok(items.iter().all(|place| {
            self.item(entry, *place)
                .is_none_or(|item| done.has(&planned.name, &item.question.id))
        }))
    }

    /// One query in flight, from the first to the last. `None` when it was asked to stop.
    async fn search(
        &self,
        variant: usize,
        entry: usize,
        memory: usize,
        items: &[usize],
        ready: &Ready,
    ) -> Result<Option<Vec<Searched>>, ExperimentError> {
        let asked_from = self.conversation(memory);
        let load = load();
        let mut found = Vec::with_capacity(items.len());
        for (order, place) in items.iter().enumerate() {
            if self.is_halted() {
                return Ok(None);
            }
            let Some(item) = self.item(entry, *place) else {
                continue;
            };
            let meter = Meter::new();
            if let Some(failure) = &ready.failure {
                let error = ComponentError::new(
                    failure.component.clone(),
                    failure.kind,
                    format!("ingestion failed: {}", failure.message),
                );
                found.push(Searched {
                    place: *place,
                    recall: Err(error),
                    meter,
                    timing: None,
                });
                continue;
            }
            let start = Instant::now();
            let recall = ready
                .system
                .recall(&meter.at(Stage::Search), &asked_from, &item.question)
                .await;
            let ms = milliseconds(start.elapsed());
            if let Err(error) = &recall
                && error.kind == ErrorKind::Storage
            {
                return Err(ExperimentError::Stopped(error.to_string()));
            }
            // A failed search has no latency.
            let timing = recall.is_ok().then(|| TimingRow {
                warm_up: order < self.file.config.measure.warm_up,
                load,
                charges: charges(&meter),
                ..self.timing(variant, item, Phase::Search, ms)
            });
            found.push(Searched {
                place: *place,
                recall,
                meter,
                timing,
            });
        }
        Ok(Some(found))
    }

    fn item(&self, entry: usize, place: usize) -> Option<&Item> {
        self.dataset.conversations.get(entry)?.items.get(place)
    }

    fn timing(&self, variant: usize, item: &Item, phase: Phase, ms: f64) -> TimingRow {
        TimingRow {
            variant: self
                .plan
                .variants
                .get(variant)
                .map(|variant| variant.name.clone())
                .unwrap_or_default(),
            phase,
            conversation: item.question.id.conversation.clone(),
            session: None,
            question: Some(item.question.id.clone()),
            repeat: 0,
            ms: Some(ms),
            warm_up: false,
            in_flight: 1,
            load: None,
            charges: std::collections::BTreeMap::new(),
        }
    }
}

/// Milliseconds to the tenth of a microsecond.
pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e7).round() / 1e4
}
