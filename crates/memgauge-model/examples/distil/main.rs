//! Distils the table of the `static` embedder from all-MiniLM-L6-v2:
//!
//! ```text
//! cargo run --release -p memgauge-model --example distil -- MINILM_FOLDER [--check] [TABLE]
//! ```
//!
//! Every entry of the vocabulary is embedded by itself; the rows are centred, turned to the axes of
//! largest variance, of which 256 are kept, each divided by the square root of its singular value,
//! and rounded to int8. The same machine always gives the same bytes, whatever the number of threads.
//! `--check` compares with the table that is there: other machines may round an entry in ten
//! thousand the other way.
#![expect(clippy::print_stdout, reason = "a command-line tool")]

mod eigen;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use memgauge_model::MiniLm;
use rayon::prelude::*;

/// Entries of the vocabulary.
const ROWS: usize = 30_522;
/// Entries before this one are reserved, special, or both; they do not shape the axes.
const FIRST_WORD: usize = 999;
/// Axes that are kept.
const DIMENSIONS: usize = 256;
/// Ids of `[CLS]` and `[SEP]`.
const FRAME: [u32; 2] = [101, 102];

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            println!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut check = false;
    let mut paths = Vec::new();
    for argument in std::env::args_os().skip(1) {
        if argument == "--check" {
            check = true;
        } else {
            paths.push(PathBuf::from(argument));
        }
    }
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/static-256.bin");
    let (folder, table) = match paths.as_slice() {
        [folder] => (folder, &committed),
        [folder, table] => (folder, table),
        _ => return Err("usage: distil MINILM_FOLDER [--check] [TABLE]".into()),
    };

    let model = MiniLm::open(folder)?;
    println!("embedding {ROWS} word pieces");
    let made = distil(&embed(&model))?;
    if check {
        let there =
            std::fs::read(table).map_err(|error| format!("{}: {error}", table.display()))?;
        let difference = Difference::between(&there, &made)?;
        println!(
            "{} of {} entries differ by 1, {} by more; largest relative difference of a scale {:e}",
            difference.by_one, difference.entries, difference.by_more, difference.scale
        );
        if !difference.is_tolerable() {
            println!("{} is not what this tool makes", table.display());
            return Ok(ExitCode::FAILURE);
        }
    } else {
        std::fs::write(table, &made).map_err(|error| format!("{}: {error}", table.display()))?;
        println!("wrote {} bytes to {}", made.len(), table.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// The sentence embedding of every entry of the vocabulary.
fn embed(model: &MiniLm) -> Vec<Vec<f64>> {
    let [cls, sep] = FRAME;
    let sequences: Vec<Vec<u32>> = (0..ROWS as u32).map(|id| vec![cls, id, sep]).collect();
    let rows = model.embed_ids(&sequences);
    rows.into_iter()
        .map(|row| row.into_iter().map(f64::from).collect())
        .collect()
}

/// The bytes of the table: the scale of each row, then the rows.
fn distil(rows: &[Vec<f64>]) -> Result<Vec<u8>, Box<dyn Error>> {
    let width = rows.first().map_or(0, Vec::len);
    let mut mean = vec![0.0; width];
    for row in rows {
        for (total, value) in mean.iter_mut().zip(row) {
            *total += value;
        }
    }
    mean.iter_mut()
        .for_each(|total| *total /= rows.len() as f64);
    let centred: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| {
            row.iter()
                .zip(&mean)
                .map(|(value, mean)| value - mean)
                .collect()
        })
        .collect();

    let words = centred
        .get(FIRST_WORD..)
        .ok_or("the vocabulary is too short")?;
    let eigen = eigen::decompose(gram(words, width)).ok_or("the decomposition failed")?;
    // The eigenvalues are the squares of the singular values of the rows.
    let largest = eigen.values.first().copied().unwrap_or_default();
    let axes: Vec<Vec<f64>> = eigen
        .vectors
        .into_iter()
        .zip(&eigen.values)
        .take(DIMENSIONS)
        .map(|(axis, value)| {
            let factor = (largest / value).powf(0.25) * sign(&axis);
            axis.into_iter().map(|entry| entry * factor).collect()
        })
        .collect();

    let quantised: Vec<(f32, Vec<i8>)> = centred
        .par_iter()
        .map(|row| {
            let turned: Vec<f64> = axes
                .iter()
                .map(|axis| axis.iter().zip(row).map(|(axis, value)| axis * value).sum())
                .collect();
            quantise(&turned)
        })
        .collect();
    let mut bytes = Vec::with_capacity(ROWS * (4 + DIMENSIONS));
    for (scale, _) in &quantised {
        bytes.extend(scale.to_le_bytes());
    }
    for (_, row) in &quantised {
        bytes.extend(row.iter().map(|value| value.cast_unsigned()));
    }
    Ok(bytes)
}

/// Sum over the rows of each row's products with itself; every entry is summed in row order.
fn gram(rows: &[Vec<f64>], width: usize) -> Vec<Vec<f64>> {
    let upper: Vec<Vec<f64>> = (0..width)
        .into_par_iter()
        .map(|first| {
            let mut sums = vec![0.0; width];
            for row in rows {
                let factor = row[first];
                for (sum, value) in sums[first..].iter_mut().zip(&row[first..]) {
                    *sum += factor * value;
                }
            }
            sums
        })
        .collect();
    (0..width)
        .map(|row| {
            (0..width)
                .map(|column| upper[row.min(column)][row.max(column)])
                .collect()
        })
        .collect()
}

/// The sign of the entry of largest size (the first of equals): an axis has no direction of its own.
fn sign(axis: &[f64]) -> f64 {
    let mut largest = 0.0_f64;
    for &entry in axis {
        if entry.abs() > largest.abs() {
            largest = entry;
        }
    }
    if largest < 0.0 { -1.0 } else { 1.0 }
}

/// Rounds a row to int8 under one scale, such that its largest entry becomes 127.
fn quantise(row: &[f64]) -> (f32, Vec<i8>) {
    let largest = row
        .iter()
        .fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let scale = largest / 127.0;
    if scale == 0.0 {
        return (0.0, vec![0; row.len()]);
    }
    let entries = row
        .iter()
        .map(|value| (value / scale).round() as i8)
        .collect();
    (scale as f32, entries)
}

/// How two tables differ.
struct Difference {
    entries: usize,
    by_one: usize,
    by_more: usize,
    scale: f32,
}

impl Difference {
    fn between(there: &[u8], made: &[u8]) -> Result<Self, String> {
        if there.len() != made.len() {
            return Err(format!(
                "expected a table of {} bytes, found {}",
                made.len(),
                there.len()
            ));
        }
        let split = 4 * ROWS;
        let mut difference = Self {
            entries: made.len() - split,
            by_one: 0,
            by_more: 0,
            scale: 0.0,
        };
        for (a, b) in there[split..].iter().zip(&made[split..]) {
            match i16::from(a.cast_signed()).abs_diff(i16::from(b.cast_signed())) {
                0 => {}
                1 => difference.by_one += 1,
                _ => difference.by_more += 1,
            }
        }
        let scales = there[..split]
            .as_chunks::<4>()
            .0
            .iter()
            .zip(made[..split].as_chunks::<4>().0);
        for (a, b) in scales {
            let (a, b) = (f32::from_le_bytes(*a), f32::from_le_bytes(*b));
            let relative = (a - b).abs() / b.abs().max(f32::MIN_POSITIVE);
            // A scale that is not a number must not pass.
            difference.scale = if relative.is_nan() {
                f32::INFINITY
            } else {
                difference.scale.max(relative)
            };
        }
        Ok(difference)
    }

    /// At most 1 entry in 10,000 off by 1 and none by more; scales equal to 1 part in 10,000.
    fn is_tolerable(&self) -> bool {
        self.by_more == 0 && self.by_one * 10_000 <= self.entries && self.scale <= 1e-4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_entry_decides_the_sign() {
        assert_eq!(sign(&[0.1, -0.5, 0.4]), -1.0);
        assert_eq!(sign(&[0.5, -0.5]), 1.0);
    }

    #[test]
    fn largest_entry_becomes_127() {
        let (scale, row) = quantise(&[-2.54, 1.0, 0.0]);
        assert_eq!(row, [-127, 50, 0]);
        assert!((scale - 0.02).abs() < 1e-9);
        assert_eq!(quantise(&[0.0, 0.0]), (0.0, vec![0, 0]));
    }

    #[test]
    fn differences_are_counted() {
        let made = vec![0_u8; ROWS * (4 + DIMENSIONS)];
        let mut there = made.clone();
        let allowed = ROWS * DIMENSIONS / 10_000;
        for at in 0..allowed {
            there[4 * ROWS + at * 31] = 255;
        }
        let difference = Difference::between(&there, &made).unwrap();
        assert_eq!((difference.by_one, difference.by_more), (allowed, 0));
        assert!(difference.is_tolerable());
        there[4 * ROWS + 1] = 1;
        assert!(!Difference::between(&there, &made).unwrap().is_tolerable());
        there = made.clone();
        there[4 * ROWS] = 2;
        assert!(!Difference::between(&there, &made).unwrap().is_tolerable());
        assert!(Difference::between(&there[1..], &made).is_err());
    }
}
