//! From records and errata to scores under every key.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, CategoryNames, Gold, QuestionId};
use memgauge_dataset::Errata;

use super::estimated::{Estimated, Estimates, estimates};
use super::{
    ANSWER_METRICS, ByKey, CorrectedKey, EVIDENCE_METRICS, ErrataSummary, ErrataVariant,
    EstimatedBy, Estimator, Overlay, ceiling,
};
use crate::compare::slices;
use crate::manifest::Manifest;
use crate::metrics::PreparedGold;
use crate::record::{QuestionRecord, TextMetrics};
use crate::rundir::RunDir;
use crate::statistics::{Bootstrap, Column};
use crate::summary::{DOMAINS, Mean, MeanOf, Measured, SLICES, SummaryError, layout};

/// Keys of a column, in this order: published, corrected, clean, corrupt.
const KEYS: usize = 4;

/// What is asked of [`errata_summary`].
#[derive(Debug, Clone, Copy, Default)]
pub struct ErrataOptions<'a> {
    /// Name of the file of corrected labels; `None` = the run's own judge is preferred.
    pub judge: Option<&'a str>,
    /// How intervals are made.
    pub bootstrap: Bootstrap,
    /// The surrogate judge; `None` = no J~.
    pub estimator: Option<Estimator<'a>>,
    /// Compute the text metrics under the published key again instead of taking the stored ones.
    pub rescore: bool,
}

/// A metric while records are read: key -> question -> mean over repeats.
type Columns = [BTreeMap<QuestionId, MeanOf>; KEYS];

/// One variant while its records are read: the columns of every answer metric, of every evidence metric, and of J~.
struct Arm {
    columns: Vec<Columns>,
    estimated: Columns,
    untold: BTreeSet<QuestionId>,
}

impl Default for Arm {
    fn default() -> Self {
        let metrics = ANSWER_METRICS.iter().chain(&EVIDENCE_METRICS);
        Self {
            columns: metrics.map(|_| Columns::default()).collect(),
            estimated: Columns::default(),
            untold: BTreeSet::new(),
        }
    }
}

/// Scores of a run under the published key, the corrected key and on the questions whose key is right,
/// and what the best honest score is.
///
/// # Errors
/// When the files cannot be read.
pub fn errata_summary(
    dir: &RunDir,
    manifest: &Manifest,
    errata: &Errata,
    options: &ErrataOptions<'_>,
) -> Result<ErrataSummary, SummaryError> {
    let key = CorrectedKey::load(dir, manifest, errata, options.judge)?;
    let estimated = match options.estimator {
        Some(estimator) => estimates(dir, errata, estimator)?,
        None => Estimates::new(),
    };
    let mut arms: BTreeMap<String, Arm> = BTreeMap::new();
    let mut asked: BTreeMap<QuestionId, (Category, Gold)> = BTreeMap::new();
    let mut golds: BTreeMap<QuestionId, PreparedGold> = BTreeMap::new();
    dir.records(|mut record: QuestionRecord| {
        asked
            .entry(record.question.clone())
            .or_insert_with(|| (record.category, record.gold.clone()));
        if options.rescore {
            let gold = golds
                .entry(record.question.clone())
                .or_insert_with(|| PreparedGold::new(record.category, record.gold.text()));
            let answer = record.answer.as_ref();
            record.scores =
                answer.map(|answer| TextMetrics::of(record.category, gold.score(answer)));
        }
        let arm = arms.entry(record.variant.clone()).or_default();
        arm.add(&record, errata.corrupts(&record.question), &key);
        let answer = (record.question.clone(), record.repeat);
        if let Some(estimated) = estimated
            .get(&record.variant)
            .and_then(|of| of.get(&answer))
        {
            arm.estimate(
                &record.question,
                errata.corrupts(&record.question),
                estimated,
            );
        }
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
        .map(|variant| of(&variant.name))
        .flat_map(|arm| arm.columns.iter().chain(std::iter::once(&arm.estimated)))
        .flatten()
        .map(|column| {
            let means = asked.keys().map(|id| column.get(id).copied());
            means.map(|mean| mean.and_then(MeanOf::mean)).collect()
        })
        .collect();
    // In the order of the keys: all questions twice, the clean ones, the others.
    let all = vec![true; asked.len()];
    let corrupt: Vec<bool> = asked.keys().map(|id| errata.corrupts(id)).collect();
    let clean = corrupt.iter().map(|corrupt| !corrupt).collect();
    let own = [all.clone(), all, clean, corrupt];
    // Nothing is drawn for columns without a value.
    let (known, own): (Vec<Column<'_>>, Vec<Vec<bool>>) = columns
        .iter()
        .zip(own.iter().cycle())
        .filter(|(column, _)| column.iter().any(Option::is_some))
        .map(|(column, own)| (column.as_slice(), own.clone()))
        .unzip();
    let mut estimates = options
        .bootstrap
        .own_means(&layout, &own, &DOMAINS, &known)?
        .into_iter();
    let mut by_slice = columns.iter().map(|column| {
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
    let mut by_key = || ByKey {
        published: by_slice.next().unwrap_or_default(),
        corrected: by_slice.next().unwrap_or_default(),
        clean: by_slice.next().unwrap_or_default(),
        corrupt: by_slice.next().unwrap_or_default(),
    };
    let mut variants = Vec::with_capacity(manifest.variants.len());
    for variant in &manifest.variants {
        let mut metrics = BTreeMap::new();
        for metric in ANSWER_METRICS {
            metrics.insert(metric.to_owned(), by_key());
        }
        for metric in EVIDENCE_METRICS {
            let found = ByKey {
                clean: BTreeMap::new(),
                corrupt: BTreeMap::new(),
                ..by_key()
            };
            metrics.insert(metric.to_owned(), found);
        }
        let j_estimated = by_key();
        variants.push(ErrataVariant {
            name: variant.name.clone(),
            control: variant.control,
            metrics,
            j_estimated: options.estimator.map(|_| j_estimated),
            untold: of(&variant.name).untold.len(),
        });
    }
    let categories = asked.iter().map(|(id, (category, _))| (id, *category));
    let golds = asked
        .iter()
        .map(|(id, (category, gold))| (id, *category, gold));
    Ok(ErrataSummary {
        overlay: Overlay::new(errata, &slices(&[], CategoryNames::Official), categories),
        ceiling: ceiling(errata, golds),
        // Labels of a judge that are about no answer of this run judge nothing.
        judged_by: key.judge().cloned(),
        estimated_by: options
            .estimator
            .map(|estimator| EstimatedBy::new(estimator.model)),
        variants,
    })
}

impl Arm {
    fn add(&mut self, record: &QuestionRecord, is_corrupt: bool, key: &CorrectedKey<'_>) {
        let id = &record.question;
        let published = Measured {
            judge: record.judge,
            scores: record.scores.as_ref(),
            retrieval: record.retrieval.as_ref(),
        };
        let corrected = key.of(record, record.judge, record.scores);
        if corrected.is_untold {
            self.untold.insert(id.clone());
        }
        let metrics = ANSWER_METRICS.iter().chain(&EVIDENCE_METRICS);
        for (metric, columns) in metrics.zip(&mut self.columns) {
            let value = published.value(metric);
            // Evidence does not depend on the answer in the key.
            let is_answer = ANSWER_METRICS.contains(metric);
            put(
                columns,
                id,
                value,
                corrected.measured().value(metric),
                is_answer.then_some(is_corrupt),
            );
        }
    }

    fn estimate(&mut self, id: &QuestionId, is_corrupt: bool, estimated: &Estimated) {
        let Estimated {
            published,
            corrected,
        } = *estimated;
        put(
            &mut self.estimated,
            id,
            published,
            corrected,
            Some(is_corrupt),
        );
    }
}

/// Adds an answer's values under both keys; without `is_corrupt` it counts neither as clean nor as corrupt.
fn put(
    columns: &mut Columns,
    id: &QuestionId,
    published: Option<f64>,
    corrected: Option<f64>,
    is_corrupt: Option<bool>,
) {
    let of = |wanted: bool| published.filter(|_| is_corrupt == Some(wanted));
    let values = [published, corrected, of(false), of(true)];
    for (column, value) in columns.iter_mut().zip(values) {
        column.entry(id.clone()).or_default().add(value);
    }
}
