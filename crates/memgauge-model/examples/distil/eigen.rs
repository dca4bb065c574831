//! Eigen-decomposition of a symmetric matrix by cyclic Jacobi rotations: slow, simple, accurate to
//! the last bits, and always in the same order.

/// Eigenvalues, largest first, and the eigenvector of each (as a row).
pub struct Eigen {
    /// Eigenvalues, largest first.
    pub values: Vec<f64>,
    /// Unit eigenvectors in the order of the values.
    pub vectors: Vec<Vec<f64>>,
}

/// Sweeps after which a matrix that has not converged is given up; ten are plenty.
const SWEEPS: usize = 60;

/// Decomposes a symmetric matrix given by its rows; `None` if it does not converge (not symmetric,
/// or not finite).
pub fn decompose(mut matrix: Vec<Vec<f64>>) -> Option<Eigen> {
    let size = matrix.len();
    // Rows are the eigenvectors-to-be, so that a rotation works on contiguous memory.
    let mut vectors: Vec<Vec<f64>> = (0..size)
        .map(|row| {
            (0..size)
                .map(|column| f64::from(u8::from(row == column)))
                .collect()
        })
        .collect();
    let whole: f64 = matrix.iter().flatten().map(|value| value * value).sum();
    for _ in 0..SWEEPS {
        let mut outside = 0.0;
        for (row, values) in matrix.iter().enumerate() {
            outside += values[row + 1..]
                .iter()
                .map(|value| value * value)
                .sum::<f64>();
        }
        if outside <= 1e-30 * whole {
            return Some(sorted(&matrix, vectors));
        }
        for p in 0..size {
            for q in p + 1..size {
                rotate(&mut matrix, &mut vectors, p, q);
            }
        }
    }
    None
}

/// One rotation in the plane of `p` and `q`, such that their common entry becomes 0 (Golub and Van
/// Loan, Matrix Computations, section 8.5).
fn rotate(matrix: &mut [Vec<f64>], vectors: &mut [Vec<f64>], p: usize, q: usize) {
    let entry = matrix[p][q];
    if entry == 0.0 {
        return;
    }
    let tau = (matrix[q][q] - matrix[p][p]) / (2.0 * entry);
    let tangent = tau.signum() / (tau.abs() + (1.0 + tau * tau).sqrt());
    let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
    let sine = tangent * cosine;
    for row in matrix.iter_mut() {
        let (a, b) = (row[p], row[q]);
        row[p] = cosine * a - sine * b;
        row[q] = sine * a + cosine * b;
    }
    turn_rows(matrix, p, q, cosine, sine);
    matrix[p][q] = 0.0;
    matrix[q][p] = 0.0;
    turn_rows(vectors, p, q, cosine, sine);
}

fn turn_rows(rows: &mut [Vec<f64>], p: usize, q: usize, cosine: f64, sine: f64) {
    let (left, right) = rows.split_at_mut(q);
    for (a, b) in left[p].iter_mut().zip(right[0].iter_mut()) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
}

fn sorted(matrix: &[Vec<f64>], vectors: Vec<Vec<f64>>) -> Eigen {
    let mut pairs: Vec<(f64, Vec<f64>)> = vectors
        .into_iter()
        .enumerate()
        .map(|(at, vector)| (matrix[at][at], vector))
        .collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (values, vectors) = pairs.into_iter().unzip();
    Eigen { values, vectors }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_by_two() {
        let eigen = decompose(vec![vec![2.0, 1.0], vec![1.0, 2.0]]).unwrap();
        assert!((eigen.values[0] - 3.0).abs() < 1e-14);
        assert!((eigen.values[1] - 1.0).abs() < 1e-14);
        assert!((eigen.vectors[0][0] - eigen.vectors[0][1]).abs() < 1e-14);
    }

    #[test]
    fn vectors_rebuild_the_matrix() {
        let size = 24;
        let matrix: Vec<Vec<f64>> = (0..size)
            .map(|row| {
                (0..size)
                    .map(|column| {
                        let (low, high) = (row.min(column), row.max(column));
                        ((low * 31 + high * 17) % 23) as f64 / 7.0 - 1.0
                    })
                    .collect()
            })
            .collect();
        let eigen = decompose(matrix.clone()).unwrap();
        assert!(eigen.values.windows(2).all(|pair| pair[0] >= pair[1]));
        for (row, values) in matrix.iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                let rebuilt: f64 = eigen
                    .values
                    .iter()
                    .zip(&eigen.vectors)
                    .map(|(eigenvalue, vector)| eigenvalue * vector[row] * vector[column])
                    .sum();
                assert!((rebuilt - value).abs() < 1e-10);
            }
        }
    }

    #[test]
    fn no_answer_for_what_is_not_a_number() {
        assert!(decompose(vec![vec![f64::NAN, 1.0], vec![1.0, 0.0]]).is_none());
    }
}
