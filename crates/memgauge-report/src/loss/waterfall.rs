//! Totals of the stages.

use std::collections::BTreeMap;

use memgauge_core::Category;
use memgauge_dataset::Errata;
use serde::{Deserialize, Serialize};

use super::locate::{Located, LossRules};
use super::stage::{LossStage, Needs};
use crate::manifest::Manifest;
use crate::summary::{DOMAINS, SLICES, Summary};

/// Slice -> stage -> records. Every stage is there; a slice without a record is not.
pub type Waterfall = BTreeMap<String, BTreeMap<LossStage, u64>>;

/// Counts stages by slice.
fn count(stages: impl IntoIterator<Item = (Category, LossStage)>) -> Waterfall {
    let mut waterfall = Waterfall::new();
    for (category, stage) in stages {
        let stratum = usize::from(category.number()) - 1;
        for (slice, domain) in SLICES.iter().zip(&DOMAINS) {
            if domain.contains(&stratum) {
                let stages = waterfall
                    .entry((*slice).to_owned())
                    .or_insert_with(|| LossStage::ALL.map(|stage| (stage, 0)).into());
                *stages.entry(stage).or_default() += 1;
            }
        }
    }
    waterfall
}

/// Where the questions of a variant were lost, and by which rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LossSummary {
    /// Metric that told right from wrong in categories 1 to 4.
    pub metric: String,
    /// An answer was right from this value on.
    pub threshold: f64,
    /// Which gold turn decided where there were several.
    pub needs: Needs,
    /// Second judges that were asked.
    pub second: Vec<String>,
    /// Fingerprint of the errata that were applied; null = none.
    pub errata: Option<String>,
    /// Slice -> stage -> records.
    pub slices: Waterfall,
}

impl LossSummary {
    pub(crate) fn new(
        metric: &str,
        rules: &LossRules,
        errata: Option<&str>,
        stages: impl IntoIterator<Item = (Category, LossStage)>,
    ) -> Self {
        Self {
            metric: metric.to_owned(),
            threshold: rules.threshold,
            needs: rules.needs,
            second: rules.second.clone(),
            errata: errata.map(str::to_owned),
            slices: count(stages),
        }
    }
}

impl Summary {
    /// Puts losses that were located anew in the place of its own.
    pub fn set_losses(&mut self, losses: Vec<(String, LossSummary)>) {
        for (name, loss) in losses {
            let mut variants = self.variants.iter_mut();
            if let Some(variant) = variants.find(|variant| variant.name == name) {
                variant.loss = Some(loss);
            }
        }
    }
}

/// The totals of every variant, in the order of the manifest.
pub fn waterfall(
    manifest: &Manifest,
    located: &[Located],
    errata: Option<&Errata>,
    rules: &LossRules,
) -> Vec<(String, LossSummary)> {
    let of = |name: &str| {
        let mine = || located.iter().filter(|located| located.variant == name);
        let metric = mine().find(|located| located.category.is_scored());
        let metric = metric.map_or("f1.locomo", |located| located.by.as_str());
        let digest = errata.map(|errata| errata.digest.as_str());
        let stages = mine().map(|located| (located.category, located.stage));
        LossSummary::new(metric, rules, digest, stages)
    };
    manifest
        .variants
        .iter()
        .map(|variant| (variant.name.clone(), of(&variant.name)))
        .collect()
}
