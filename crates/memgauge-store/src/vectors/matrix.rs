//! All vectors of a store in one block of main memory.

use memgauge_core::{MemoryId, Scored};

use crate::StoreError;
use crate::ids::IdSet;

/// Numbers that are added up side by side: rows are padded to a multiple of it, and the compiler
/// turns the inner loop into vector instructions.
const LANES: usize = 16;

/// Unit vectors, one row per memory id, rows padded with zeros. A vector of zeros stays what it
/// is; its cosine to anything counts as 0.
#[derive(Debug)]
pub struct Matrix {
    dimensions: usize,
    stride: usize,
    rows: Vec<f32>,
    present: IdSet,
    zero: IdSet,
}

impl Matrix {
    pub(crate) fn new(dimensions: usize) -> Self {
        Self {
            dimensions,
            stride: dimensions.next_multiple_of(LANES),
            rows: Vec::new(),
            present: IdSet::default(),
            zero: IdSet::default(),
        }
    }

    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Ids that have a vector.
    pub(crate) fn present(&self) -> &IdSet {
        &self.present
    }

    /// Ids whose vector has a direction.
    pub(crate) fn directed(&self) -> IdSet {
        let mut ids = self.present.clone();
        ids.subtract(&self.zero);
        ids
    }

    /// `vector` at length 1, checked.
    pub(crate) fn normalise(&self, vector: &[f32]) -> Result<Vec<f32>, StoreError> {
        if vector.len() != self.dimensions {
            return Err(StoreError::Dimensions {
                expected: self.dimensions,
                found: vector.len(),
            });
        }
        if !vector.iter().all(|x| x.is_finite()) {
            return Err(StoreError::NotFinite);
        }
        let norm = vector
            .iter()
            .map(|&x| f64::from(x) * f64::from(x))
            .sum::<f64>()
            .sqrt();
        if norm == 0.0 {
            return Ok(vector.to_vec());
        }
        Ok(vector
            .iter()
            .map(|&x| (f64::from(x) / norm) as f32)
            .collect())
    }

    /// Sets the row of `id` to a vector that was normalised before.
    pub(crate) fn set(&mut self, id: MemoryId, unit: &[f32]) {
        let start = id.0 as usize * self.stride;
        if self.rows.len() < start + self.stride {
            self.rows.resize(start + self.stride, 0.0);
        }
        if let Some(row) = self.rows.get_mut(start..start + unit.len()) {
            row.copy_from_slice(unit);
        }
        self.present.insert(id);
        if unit.iter().all(|&x| x == 0.0) {
            self.zero.insert(id);
        } else {
            self.zero.remove(id);
        }
    }

    pub(crate) fn clear(&mut self, id: MemoryId) {
        self.present.remove(id);
        self.zero.remove(id);
    }

    /// The vector of `id`, without padding.
    pub(crate) fn vector(&self, id: MemoryId) -> Option<&[f32]> {
        self.row(id)?.get(..self.dimensions)
    }

    fn row(&self, id: MemoryId) -> Option<&[f32]> {
        let start = id.0 as usize * self.stride;
        self.present
            .contains(id)
            .then(|| self.rows.get(start..start + self.stride))?
    }

    pub(crate) fn cosine(&self, a: MemoryId, b: MemoryId) -> Option<f32> {
        Some(dot(self.row(a)?, self.row(b)?))
    }

    /// Cosine of `query`, normalised before, with every vector of `among`, in the order of ids.
    pub(crate) fn scan(&self, query: &[f32], among: &IdSet) -> Vec<Scored> {
        let mut padded = query.to_vec();
        padded.resize(self.stride, 0.0);
        among
            .iter()
            .filter_map(|id| {
                let score = dot(&padded, self.row(id)?);
                Some(Scored { id, score })
            })
            .collect()
    }
}

/// Sum of products in a fixed order: lane by lane, then the lanes in pairs. The same on every
/// machine, because Rust neither reorders nor fuses floating-point operations.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (a, _) = a.as_chunks::<LANES>();
    let (b, _) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for ((lane, x), y) in lanes.iter_mut().zip(a).zip(b) {
            *lane += x * y;
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        let (low, high) = lanes.split_at_mut(width);
        for (low, high) in low.iter_mut().zip(high) {
            *low += *high;
        }
        width /= 2;
    }
    let [sum, ..] = lanes;
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_equals_a_plain_sum() {
        let a: Vec<f32> = (0..48).map(|i| (i as f32 * 0.37).sin()).collect();
        let b: Vec<f32> = (0..48).map(|i| (i as f32 * 0.91).cos()).collect();
        let plain: f64 = a
            .iter()
            .zip(&b)
            .map(|(x, y)| f64::from(*x) * f64::from(*y))
            .sum();
        assert!((f64::from(dot(&a, &b)) - plain).abs() < 1e-5);
    }

    #[test]
    fn rows_are_set_cleared_and_scanned() {
        let mut matrix = Matrix::new(3);
        let unit = matrix.normalise(&[3.0, 0.0, 4.0]).unwrap();
        assert_eq!(unit, [0.6, 0.0, 0.8]);
        matrix.set(MemoryId(2), &unit);
        matrix.set(MemoryId(0), &[0.0, 1.0, 0.0]);
        matrix.set(MemoryId(1), &[0.0, 0.0, 0.0]);
        assert_eq!(matrix.vector(MemoryId(2)), Some(&[0.6, 0.0, 0.8][..]));
        assert_eq!(matrix.vector(MemoryId(7)), None);
        assert_eq!(matrix.directed().iter().count(), 2);
        let scores = matrix.scan(&[1.0, 0.0, 0.0], &matrix.present().clone());
        let scores: Vec<(u32, f32)> = scores.iter().map(|hit| (hit.id.0, hit.score)).collect();
        assert_eq!(scores, [(0, 0.0), (1, 0.0), (2, 0.6)]);
        matrix.clear(MemoryId(2));
        assert_eq!(matrix.cosine(MemoryId(0), MemoryId(2)), None);
        assert_eq!(matrix.cosine(MemoryId(0), MemoryId(0)), Some(1.0));
        assert!(matches!(
            matrix.normalise(&[1.0]),
            Err(StoreError::Dimensions {
                expected: 3,
                found: 1
            })
        ));
        assert!(matches!(
            matrix.normalise(&[f32::NAN, 0.0, 0.0]),
            Err(StoreError::NotFinite)
        ));
    }
}
