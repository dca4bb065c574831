//! Scaling of vectors to length 1.

/// Scales a vector to L2 norm 1; a vector of zeros stays as it is.
///
/// The sum of squares is kept in double precision and in order, so that the result does not depend
/// on how the compiler vectorises.
pub(crate) fn normalise(vector: &mut [f32]) {
    let square: f64 = vector
        .iter()
        .map(|value| f64::from(*value) * f64::from(*value))
        .sum();
    if square > 0.0 {
        let factor = 1.0 / square.sqrt();
        for value in vector {
            *value = (f64::from(*value) * factor) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn length_becomes_one_and_zero_stays() {
        let mut vector = [3.0, 4.0];
        normalise(&mut vector);
        assert_eq!(vector, [0.6, 0.8]);
        let mut zero = [0.0; 3];
        normalise(&mut zero);
        assert_eq!(zero, [0.0; 3]);
    }
}
