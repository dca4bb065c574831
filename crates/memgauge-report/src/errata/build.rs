//! From records and errata to scores under every key.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, ConversationId, Gold, QuestionId};
use memgauge_dataset::Errata;

use super::corrected::CorrectedRows;
use super::{ANSWER_METRICS, ByKey, ErrataSummary, ErrataVariant, ceiling};
use crate::manifest::Manifest;
use crate::metrics::PreparedGold;
use crate::record::{QuestionRecord, TextMetrics};
use crate::replay::Replay;
use crate::rundir::RunDir;
use crate::statistics::{Bootstrap, Column};
use crate::summary::{DOMAINS, HEADLINES, Mean, MeanOf, Measured, SLICES, SummaryError, layout};

/// Keys of a column, in this order.
const KEYS: usize = 4;

/// One variant while its records are read: metric -> key -> question -> mean over repeats.
struct Arm {
    columns: Vec<[BTreeMap<QuestionId, MeanOf>; KEYS]>,
    untold: BTreeSet<QuestionId>,
}

impl Default for Arm {
    fn default() -> Self {
        Self {
            columns: HEADLINES.iter().map(|_| Default::default()).collect(),
            untold: BTreeSet::new(),
        }
    }
}

/// Scores of a run under the published key, the corrected key and on the questions whose key is right,
/// and what the best honest score is. `judge` names the file of corrected labels; without it the run's
/// own judge is preferred.
///
/// # Errors
/// When the files cannot be read.
pub fn errata_summary(
    dir: &RunDir,
    manifest: &Manifest,
    errata: &Errata,
    judge: Option<&str>,
    bootstrap: Bootstrap,
) -> Result<ErrataSummary, SummaryError> {
    let relabelled = CorrectedRows::read(dir, &errata.digest, judge)?;
    let moved: BTreeSet<ConversationId> = errata
        .errata
        .values()
        .filter(|erratum| erratum.evidence.is_some())
        .map(|erratum| erratum.id.conversation.clone())
        .collect();
    let replay = Replay::load(dir, manifest, &moved)?;
    let mut arms: BTreeMap<String, Arm> = BTreeMap::new();
    let mut asked: BTreeMap<QuestionId, (Category, Gold)> = BTreeMap::new();
    dir.records(|record: QuestionRecord| {
        asked
            .entry(record.question.clone())
            .or_insert_with(|| (record.category, record.gold.clone()));
        let arm = arms.entry(record.variant.clone()).or_default();
        arm.add(&record, errata, &relabelled, &replay);
    })?;

    let questions: BTreeMap<(QuestionId, u32), Category> = asked
        .iter()
        .map(|(question, (category, _))| ((question.clone(), 0), *category))
        .collect();
    let (layout, _) = layout(&questions);
    let empty = Arm::default();
    let of = |name: &str| arms.get(name).unwrap_or(&empty);
    let columns: Vec<Vec<Option<f64>>> = manifest
        .variants
        .iter()
        .flat_map(|variant| &of(&variant.name).columns)
        .flatten()
        .map(|column| {
            let means = asked.keys().map(|id| column.get(id).copied());
            means.map(|mean| mean.and_then(MeanOf::mean)).collect()
        })
        .collect();
    // Nothing is drawn for columns without a value.
    let known: Vec<Column<'_>> = columns
        .iter()
        .filter(|column| column.iter().any(Option::is_some))
        .map(Vec::as_slice)
        .collect();
    let mut estimates = bootstrap.means(&layout, &DOMAINS, &known)?.into_iter();
    let mut slices = columns.iter().map(|column| {
        let known = column.iter().any(Option::is_some);
        let estimates = known.then(|| estimates.next()).flatten();
        let mut estimates = estimates.unwrap_or_default().into_iter();
        SLICES
            .iter()
            .map(|slice| {
                let estimate = estimates.next().flatten();
                ((*slice).to_owned(), estimate.map(Mean::from))
            })
            .collect::<BTreeMap<_, _>>()
    });
    let mut variants = Vec::with_capacity(manifest.variants.len());
    for variant in &manifest.variants {
        let mut metrics = BTreeMap::new();
        for metric in HEADLINES {
            let mut by_key = ByKey {
                published: slices.next().unwrap_or_default(),
                corrected: slices.next().unwrap_or_default(),
                clean: slices.next().unwrap_or_default(),
                corrupt: slices.next().unwrap_or_default(),
            };
            if !ANSWER_METRICS.contains(&metric) {
                by_key.clean.clear();
                by_key.corrupt.clear();
            }
            metrics.insert(metric.to_owned(), by_key);
        }
        variants.push(ErrataVariant {
            name: variant.name.clone(),
            control: variant.control,
            metrics,
            untold: of(&variant.name).untold.len(),
        });
    }
    drop(slices);
    let count = |wanted: &dyn Fn(&QuestionId) -> bool| {
        let of = |domain: &&[usize]| {
            let inside =
                |category: &Category| domain.contains(&(usize::from(category.number()) - 1));
            let questions = asked
                .iter()
                .filter(|(id, (category, _))| inside(category) && wanted(id));
            questions.count()
        };
        let counts = SLICES.iter().zip(&DOMAINS);
        counts
            .map(|(slice, domain)| ((*slice).to_owned(), of(domain)))
            .collect::<BTreeMap<_, _>>()
    };
    let golds = asked
        .iter()
        .map(|(id, (category, gold))| (id, *category, gold));
    Ok(ErrataSummary {
        source: errata.source.clone(),
        licence: errata.licence.clone(),
        digest: errata.digest.clone(),
        dataset: errata.dataset.clone(),
        unfit: errata.unfit(),
        questions: count(&|_| true),
        corrupt: count(&|id| errata.corrupts(id)),
        evidence: asked
            .keys()
            .filter(|id| errata.evidence(id).is_some())
            .count(),
        ceiling: ceiling(errata, golds),
        // Labels of a judge that are about no answer of this run judge nothing.
        judged_by: relabelled.judge.clone(),
        variants,
    })
}

impl Arm {
    fn add(
        &mut self,
        record: &QuestionRecord,
        errata: &Errata,
        relabelled: &CorrectedRows,
        replay: &Replay,
    ) {
        let id = &record.question;
        let corrupt = errata.corrupts(id);
        let replayed = errata
            .evidence(id)
            .map(|evidence| replay.under(record, evidence));
        if let Some(None) = replayed
            && record.retrieval.is_some()
        {
            self.untold.insert(id.clone());
        }
        let published = Measured {
            judge: record.judge,
            scores: record.scores.as_ref(),
            retrieval: record.retrieval.as_ref(),
        };
        let again = corrupt.then(|| corrected_scores(record, errata)).flatten();
        let retrieval = replayed
            .as_ref()
            .map(|replayed| replayed.as_ref()?.retrieval.as_ref());
        let corrected = Measured {
            judge: match corrupt {
                true => relabelled.label(&record.variant, id, record.repeat),
                // Without labels of the corrupt ones a mean of the rest is no J of the whole.
                false => record.judge.filter(|_| relabelled.judge.is_some()),
            },
            scores: if corrupt {
                again.as_ref()
            } else {
                record.scores.as_ref()
            },
            retrieval: retrieval.unwrap_or(record.retrieval.as_ref()),
        };
        for (metric, keys) in HEADLINES.iter().zip(&mut self.columns) {
            let value = published.value(metric);
            // Evidence does not depend on the answer in the key.
            let answer = ANSWER_METRICS.contains(metric);
            let of = |wanted: bool| value.filter(|_| answer && wanted);
            let values = [value, corrected.value(metric), of(!corrupt), of(corrupt)];
            for (column, value) in keys.iter_mut().zip(values) {
                column.entry(id.clone()).or_default().add(value);
            }
        }
    }
}

/// Text metrics of an answer against the corrected answer; `None` where there is either none.
pub(crate) fn corrected_scores(record: &QuestionRecord, errata: &Errata) -> Option<TextMetrics> {
    let gold = errata.get(&record.question)?.answer.as_ref()?;
    let scores = PreparedGold::new(record.category, gold).score(record.answer.as_ref()?);
    Some(TextMetrics {
        f1_locomo: scores.f1_locomo,
        f1_set: Some(scores.f1_set),
        bleu1: Some(scores.bleu1),
        exact_match: Some(f64::from(u8::from(scores.exact_match))),
    })
}
