//! The best honest scores, given the known mistakes of the key.

use super::Results;

impl Results {
    /// The different ceilings of the metric in a slice among the arms, ascending; none without errata.
    pub(crate) fn ceilings(&self, slice: &str) -> Vec<f64> {
        let systems = self.systems.iter();
        let mut found: Vec<f64> = systems
            .filter_map(|system| system.ceiling.as_ref()?.get(&self.metric.name, slice))
            .collect();
        found.sort_by(f64::total_cmp);
        found.dedup();
        found
    }

    /// Whether a system's score in a slice is one that no honest answerer reaches.
    pub(crate) fn is_above(&self, system: usize, slice: &str, score: f64) -> bool {
        let system = self.systems.get(system);
        let ceiling = system.and_then(|one| one.ceiling.as_ref());
        ceiling.is_some_and(|ceiling| ceiling.is_above(&self.metric.name, slice, score))
    }
}
