//! Whether a run may be held against a baseline.

use std::collections::BTreeSet;

use memgauge_core::Category;

use super::report::Refusal;
use crate::baseline::Baseline;
use crate::compare::reasons;

/// A test that is to be carried out: variant, metric, categories.
pub(super) type Wanted<'a> = (&'a str, &'a str, &'a [Category]);

/// Everything that speaks against it.
pub(super) fn refusals<'a>(
    baseline: &Baseline,
    current: &Baseline,
    tests: impl Iterator<Item = Wanted<'a>>,
    prompts_may_differ: bool,
) -> Vec<Refusal> {
    let mut found = BTreeSet::new();
    for (variant, metric, categories) in tests {
        let arm = |of: &Baseline, label: &str| of.arm(of.variant(variant)?, label);
        let Some(reference) = arm(baseline, &format!("baseline:{variant}")) else {
            continue;
        };
        let Some(mine) = arm(current, &format!("current:{variant}")) else {
            let names: Vec<&str> = current
                .head
                .variants
                .iter()
                .map(|one| one.name.as_str())
                .collect();
            found.insert(Refusal {
                what: "variant".to_owned(),
                message: format!(
                    "variant {variant} of the baseline is not in the current run (it has: {})",
                    names.join(", ")
                ),
            });
            continue;
        };
        for reason in reasons(&mine, &reference, metric, categories) {
            let tagged = serde_json::to_value(&reason).ok();
            let what = tagged.and_then(|value| Some(value.get("what")?.as_str()?.to_owned()));
            found.insert(Refusal {
                what: what.unwrap_or_default(),
                message: reason.to_string(),
            });
        }
    }
    if !prompts_may_differ {
        found.extend(prompts(baseline, current));
    }
    found.into_iter().collect()
}

/// Prompts of systems and answerers that differ; those of judges belong to the judge. Files do not tell which variant has a
/// prompt: new ones are taken for those of variants that the baseline does not have, as long as the others are what they
/// were.
fn prompts(baseline: &Baseline, current: &Baseline) -> Option<Refusal> {
    let (old, new) = (&baseline.head.prompts, &current.head.prompts);
    let before = |name: &str| baseline.head.variants.iter().find(|one| one.name == name);
    let mut variants = current.head.variants.iter();
    let is_wider = variants.any(|variant| before(&variant.name).is_none());
    let mut variants = current.head.variants.iter();
    let is_wider = is_wider
        && variants.all(|one| before(&one.name).is_none_or(|old| old.digest == one.digest));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differ: Vec<&str> = names
        .into_iter()
        .filter(|name| !name.starts_with("judge/") && old.get(*name) != new.get(*name))
        .filter(|name| !is_wider || old.contains_key(*name))
        .map(String::as_str)
        .collect();
    (!differ.is_empty()).then(|| Refusal {
        what: "prompts".to_owned(),
        message: format!(
            "other prompts: {}; where that is what is being tested: prompts = \"may-differ\" in the policy",
            differ.join(", ")
        ),
    })
}
