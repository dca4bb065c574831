//! A summary under other category names.

use std::collections::BTreeMap;

use memgauge_core::CategoryNames;

use super::Summary;
use crate::errata::{ByKey, Ceiling};

impl Summary {
    /// The summary with its slices called by `names`, to be written out. Tables take the summary as it
    /// is, and the names beside it.
    #[must_use]
    pub fn renamed(mut self, names: CategoryNames) -> Self {
        if self.names == names {
            return self;
        }
        self.names = names;
        rename(names, &mut self.questions);
        for variant in &mut self.variants {
            for slices in variant.scores.values_mut() {
                rename(names, slices);
            }
            rename(names, &mut variant.tokens_by_slice);
            if let Some(loss) = &mut variant.loss {
                rename(names, &mut loss.slices);
            }
        }
        if let Some(errata) = &mut self.errata {
            rename(names, &mut errata.overlay.questions);
            rename(names, &mut errata.overlay.corrupt);
            let Ceiling(metrics) = &mut errata.ceiling;
            for slices in metrics.values_mut() {
                rename(names, slices);
            }
            let metrics = errata.variants.iter_mut();
            let by_keys = metrics
                .flat_map(|variant| variant.metrics.values_mut().chain(&mut variant.j_estimated));
            for by_key in by_keys {
                let ByKey {
                    published,
                    corrected,
                    clean,
                    corrupt,
                } = by_key;
                for slices in [published, corrected, clean, corrupt] {
                    rename(names, slices);
                }
            }
        }
        self
    }
}

fn rename<T>(names: CategoryNames, slices: &mut BTreeMap<String, T>) {
    *slices = std::mem::take(slices)
        .into_iter()
        .map(|(slice, value)| (names.slice(&slice).to_owned(), value))
        .collect();
}
