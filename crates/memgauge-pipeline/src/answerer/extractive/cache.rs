//! Remembers analyses: the same turns come back for question after question.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::analysis::Analysis;

/// Texts beyond this are forgotten all at once; what is remembered never changes an answer.
const LIMIT: usize = 20_000;

/// Analyses by text.
#[derive(Debug, Default)]
pub(super) struct Cache(RwLock<HashMap<Box<str>, Arc<Analysis>>>);

impl Cache {
    /// The analyses of `texts`, in their order.
    pub(super) fn analyses<'a>(
        &self,
        texts: impl Iterator<Item = &'a str> + Clone,
    ) -> Vec<Arc<Analysis>> {
        let known: Vec<Option<Arc<Analysis>>> = {
            let cache = self.0.read().unwrap_or_else(PoisonError::into_inner);
            texts.clone().map(|text| cache.get(text).cloned()).collect()
        };
        known
            .into_iter()
            .zip(texts)
            .map(|(known, text)| known.unwrap_or_else(|| self.add(text)))
            .collect()
    }

    fn add(&self, text: &str) -> Arc<Analysis> {
        let analysis = Arc::new(Analysis::new(text));
        let mut cache = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= LIMIT {
            cache.clear();
        }
        cache.insert(text.into(), Arc::clone(&analysis));
        analysis
    }
}
