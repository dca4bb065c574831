//! Holm's adjustment for many comparisons.

/// P-values adjusted by Holm's step-down method (1979) over the family, in the order given. Each is at least its raw
/// value and at most 1.
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = p_values.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let mut largest = 0.0f64;
    let mut adjusted: Vec<(usize, f64)> = Vec::with_capacity(order.len());
    for (step, (at, p)) in order.into_iter().enumerate() {
        largest = largest.max(p * (p_values.len() - step) as f64).min(1.0);
        adjusted.push((at, largest));
    }
    adjusted.sort_by_key(|(at, _)| *at);
    adjusted.into_iter().map(|(_, p)| p).collect()
}
