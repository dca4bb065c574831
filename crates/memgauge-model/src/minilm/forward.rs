//! The forward pass of all-MiniLM-L6-v2 over packed token sequences: no padding, so that a short
//! text costs what it is long.

use gemm::Parallelism;

use super::weights::{Dense, HEAD, HEADS, HIDDEN, INNER, Layer, Norm, VOCABULARY, Weights};

/// Added to the variance in every layer normalisation (the model's configuration).
const NORM_EPSILON: f32 = 1e-12;

/// A matrix in row order inside a slice: `stride` values from one row to the next.
#[derive(Clone, Copy)]
struct View<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    stride: usize,
}

impl<'a> View<'a> {
    fn new(data: &'a [f32], rows: usize, columns: usize, stride: usize) -> Self {
        assert!(rows > 0 && columns <= stride && (rows - 1) * stride + columns <= data.len());
        Self {
            data,
            rows,
            columns,
            stride,
        }
    }
}

/// `out = (accumulate ? out : 0) + a b^T` if `transposed`, else with `a b`.
#[expect(
    unsafe_code,
    reason = "gemm's interface is raw pointers; the bounds are asserted here"
)]
fn multiply(
    out: &mut [f32],
    out_stride: usize,
    a: View<'_>,
    b: View<'_>,
    transposed: bool,
    accumulate: bool,
) {
    let (inner, columns) = if transposed {
        (b.columns, b.rows)
    } else {
        (b.rows, b.columns)
    };
    assert_eq!(a.columns, inner);
    assert!(columns <= out_stride && (a.rows - 1) * out_stride + columns <= out.len());
    let (b_column, b_row) = if transposed {
        (b.stride.cast_signed(), 1)
    } else {
        (1, b.stride.cast_signed())
    };
    // SAFETY: `View::new` and the assertions above keep every row and column index inside the
    // slices, and `out` is borrowed mutably, so that it cannot overlap `a` or `b`.
    unsafe {
        gemm::gemm(
            a.rows,
            columns,
            inner,
            out.as_mut_ptr(),
            1,
            out_stride.cast_signed(),
            accumulate,
            a.data.as_ptr(),
            1,
            a.stride.cast_signed(),
            b.data.as_ptr(),
            b_column,
            b_row,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// Applies a dense layer to packed rows.
fn dense(input: &[f32], inputs: usize, layer: &Dense, out: &mut Vec<f32>) {
    let rows = input.len() / inputs;
    let outputs = layer.bias.len();
    out.clear();
    for _ in 0..rows {
        out.extend_from_slice(&layer.bias);
    }
    multiply(
        out,
        outputs,
        View::new(input, rows, inputs, inputs),
        View::new(&layer.weight, outputs, inputs, inputs),
        true,
        true,
    );
}

/// Layer normalisation of every row in place, after adding `residual`.
fn add_and_norm(rows: &mut [f32], residual: Option<&[f32]>, norm: &Norm) {
    if let Some(residual) = residual {
        for (value, more) in rows.iter_mut().zip(residual) {
            *value += more;
        }
    }
    for row in rows.chunks_exact_mut(HIDDEN) {
        let mean = row.iter().sum::<f32>() / HIDDEN as f32;
        let variance = row
            .iter()
            .map(|value| (value - mean) * (value - mean))
            .sum::<f32>()
            / HIDDEN as f32;
        let factor = 1.0 / (variance + NORM_EPSILON).sqrt();
        for ((value, scale), shift) in row.iter_mut().zip(&norm.scale).zip(&norm.shift) {
            *value = (*value - mean) * factor * scale + shift;
        }
    }
}

/// The error function, at most 4e-7 off in single precision: a rational least-maximum fit of
/// `erf(z) / z` in `z^2` on [0, 3.92], beyond which erf is 1 to single precision.
/// Branch-free, so that the compiler can use vector instructions; half of the time of a plain
/// implementation would go into calls of an exact one.
#[expect(
    clippy::approx_constant,
    reason = "a fitted term may come near a known constant"
)]
fn erf(z: f32) -> f32 {
    const LIMIT: f32 = 3.92;
    const ABOVE: [f32; 6] = [
        1.128_379,
        0.192_763_98,
        0.053_060_483,
        0.003_868_327_5,
        0.000_287_479_95,
        2.034_742_2e-6,
    ];
    const BELOW: [f32; 6] = [
        1.0,
        0.504_164_3,
        0.115_084_596,
        0.015_172_295,
        0.001_188_116_3,
        0.000_038_070_746,
    ];
    let z = z.clamp(-LIMIT, LIMIT);
    let square = z * z;
    let polynomial = |terms: &[f32; 6]| {
        terms
            .iter()
            .rev()
            .fold(0.0, |sum, term| sum * square + term)
    };
    z * polynomial(&ABOVE) / polynomial(&BELOW)
}

/// GELU in its exact form (the model's `gelu`, not the tanh approximation).
fn gelu(values: &mut [f32]) {
    for value in values {
        *value = 0.5 * *value * (1.0 + erf(*value * std::f32::consts::FRAC_1_SQRT_2));
    }
}

/// Softmax of one row in place.
fn softmax(row: &mut [f32]) {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for value in row.iter_mut() {
        *value = (*value - largest).exp();
        sum += *value;
    }
    let factor = 1.0 / sum;
    for value in row {
        *value *= factor;
    }
}

/// Self-attention of every sequence within itself; `qkv` has the three parts side by side.
fn attention(qkv: &[f32], lengths: &[usize], out: &mut [f32]) {
    const WIDE: usize = 3 * HIDDEN;
    let longest = lengths.iter().copied().max().unwrap_or(0);
    let mut scores = vec![0.0; longest * longest];
    let scale = 1.0 / (HEAD as f32).sqrt();
    let mut start = 0;
    for &length in lengths {
        let scores = &mut scores[..length * length];
        for head in 0..HEADS {
            let at = start * WIDE + head * HEAD;
            let part = |index: usize| View::new(&qkv[at + index * HIDDEN..], length, HEAD, WIDE);
            multiply(scores, length, part(0), part(1), true, false);
            for row in scores.chunks_exact_mut(length) {
                row.iter_mut().for_each(|value| *value *= scale);
                softmax(row);
            }
            multiply(
                &mut out[start * HIDDEN + head * HEAD..],
                HIDDEN,
                View::new(scores, length, length, length),
                part(2),
                false,
                false,
            );
        }
        start += length;
    }
}

/// Buffers that live through all layers of one batch.
#[derive(Default)]
struct Buffers {
    qkv: Vec<f32>,
    context: Vec<f32>,
    projected: Vec<f32>,
    inner: Vec<f32>,
}

fn layer(layer: &Layer, hidden: &mut Vec<f32>, lengths: &[usize], buffers: &mut Buffers) {
    dense(hidden, HIDDEN, &layer.qkv, &mut buffers.qkv);
    buffers.context.resize(hidden.len(), 0.0);
    attention(&buffers.qkv, lengths, &mut buffers.context);
    dense(
        &buffers.context,
        HIDDEN,
        &layer.attended,
        &mut buffers.projected,
    );
    add_and_norm(&mut buffers.projected, Some(hidden), &layer.attended_norm);
    dense(&buffers.projected, HIDDEN, &layer.inner, &mut buffers.inner);
    gelu(&mut buffers.inner);
    dense(&buffers.inner, INNER, &layer.output, hidden);
    add_and_norm(hidden, Some(&buffers.projected), &layer.output_norm);
}

/// Embeds a batch of token sequences: mean over the positions, L2 norm 1.
///
/// Every sequence must have from 2 to 512 tokens of the vocabulary; the tokenizer sees to it.
pub(super) fn embed(weights: &Weights, sequences: &[&[u32]]) -> Vec<Vec<f32>> {
    let lengths: Vec<usize> = sequences.iter().map(|tokens| tokens.len()).collect();
    let mut hidden = Vec::with_capacity(lengths.iter().sum::<usize>() * HIDDEN);
    for tokens in sequences {
        let positions = weights.positions.chunks_exact(HIDDEN);
        for (&token, position) in tokens.iter().zip(positions) {
            let at = (token as usize).min(VOCABULARY - 1) * HIDDEN;
            let word = &weights.words[at..at + HIDDEN];
            hidden.extend(
                word.iter()
                    .zip(position)
                    .map(|(word, position)| word + position),
            );
        }
    }
    add_and_norm(&mut hidden, None, &weights.norm);
    let mut buffers = Buffers::default();
    for each in &weights.layers {
        layer(each, &mut hidden, &lengths, &mut buffers);
    }
    let mut start = 0;
    lengths
        .iter()
        .map(|length| {
            let rows = &hidden[start * HIDDEN..(start + length) * HIDDEN];
            start += length;
            pool(rows)
        })
        .collect()
}

/// Mean over the rows, scaled to L2 norm 1.
fn pool(rows: &[f32]) -> Vec<f32> {
    let mut sum = vec![0.0_f32; HIDDEN];
    for row in rows.chunks_exact(HIDDEN) {
        for (total, value) in sum.iter_mut().zip(row) {
            *total += value;
        }
    }
    crate::norm::normalise(&mut sum);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erf_at_known_points() {
        // Abramowitz and Stegun, table 7.1.
        let known = [
            (0.0, 0.0),
            (0.1, 0.112_462_916),
            (0.5, 0.520_499_9),
            (1.0, 0.842_700_8),
            (1.5, 0.966_105_15),
            (2.0, 0.995_322_3),
            (3.0, 0.999_977_9),
            (9.0, 1.0),
        ];
        for (z, expected) in known {
            assert!((erf(z) - expected).abs() < 5e-7, "erf({z}) = {}", erf(z));
            assert!((erf(-z) + expected).abs() < 5e-7);
        }
    }

    #[test]
    fn products_both_ways() {
        // [1 2; 3 4; 5 6] by [1 0; 2 1], plain and transposed, into a wider matrix.
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let b = [1.0, 0.0, 2.0, 1.0];
        let mut out = vec![9.0; 9];
        multiply(
            &mut out,
            3,
            View::new(&a, 3, 2, 2),
            View::new(&b, 2, 2, 2),
            false,
            false,
        );
        assert_eq!(out, [5.0, 2.0, 9.0, 11.0, 4.0, 9.0, 17.0, 6.0, 9.0]);
        multiply(
            &mut out,
            3,
            View::new(&a, 3, 2, 2),
            View::new(&b, 2, 2, 2),
            true,
            true,
        );
        assert_eq!(out, [6.0, 6.0, 9.0, 14.0, 14.0, 9.0, 22.0, 22.0, 9.0]);
    }

    /// A text's vector must not depend on what else is in the batch. (A single row is summed in
    /// another order, but no text has fewer than its two special word pieces.)
    #[test]
    fn rows_do_not_depend_on_the_number_of_rows() {
        let noise = |count: usize| -> Vec<f32> {
            (0..count)
                .map(|at| ((at * 7919 + at * at % 104_729) % 2003) as f32 / 1001.0 - 1.0)
                .collect()
        };
        for (inputs, outputs) in [(HIDDEN, 3 * HIDDEN), (HIDDEN, INNER), (INNER, HIDDEN)] {
            let layer = Dense {
                weight: noise(outputs * inputs),
                bias: noise(outputs),
            };
            let input = noise(300 * inputs);
            let mut all = Vec::new();
            dense(&input, inputs, &layer, &mut all);
            for rows in [2, 3, 5, 8, 13, 16, 17, 31, 48, 64, 65, 127, 200] {
                let mut some = Vec::new();
                dense(&input[..rows * inputs], inputs, &layer, &mut some);
                let equal = some
                    .iter()
                    .zip(&all)
                    .all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(equal, "{rows} rows, {inputs} inputs");
            }
        }
    }

    #[test]
    fn softmax_sums_to_one() {
        let mut row = [1000.0, 1000.0, 0.0];
        softmax(&mut row);
        assert_eq!(row, [0.5, 0.5, 0.0]);
    }
}
