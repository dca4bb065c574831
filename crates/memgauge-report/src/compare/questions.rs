//! Questions won and lost as a CSV table.

use polars::prelude::{Column, DataFrame, NamedFrom, PolarsError, Series};
use polars_io::SerWriter;
use polars_io::prelude::CsvWriter;

use super::{Change, Comparison, Pair};

/// One row per pair and question of the first slice on which the two differ: `arm`, `reference`, `question`,
/// `category`, `arm_value`, `reference_value`, `outcome` (`won` or `lost`), `forced` (compared though not comparable).
///
/// # Errors
/// When the table cannot be made.
pub fn questions_csv(comparison: &Comparison) -> Result<String, PolarsError> {
    let rows: Vec<(&Pair, &Change, &str)> = comparison
        .pairs
        .iter()
        .flat_map(|pair| {
            let won = pair.won.iter().map(move |change| (pair, change, "won"));
            won.chain(pair.lost.iter().map(move |change| (pair, change, "lost")))
        })
        .collect();
    let text = |name: &str, of: fn(&(&Pair, &Change, &str)) -> String| -> Column {
        Series::new(name.into(), rows.iter().map(of).collect::<Vec<_>>()).into()
    };
    let number = |name: &str, of: fn(&Change) -> f64| -> Column {
        let values = rows.iter().map(|(_, change, _)| of(change));
        Series::new(name.into(), values.collect::<Vec<_>>()).into()
    };
    let categories = rows.iter().map(|(_, change, _)| u32::from(change.category));
    let mut table = DataFrame::new(
        rows.len(),
        vec![
            text("arm", |(pair, ..)| pair.arm.clone()),
            text("reference", |(pair, ..)| pair.reference.clone()),
            text("question", |(_, change, _)| change.question.clone()),
            Series::new("category".into(), categories.collect::<Vec<_>>()).into(),
            number("arm_value", |change| change.arm),
            number("reference_value", |change| change.reference),
            text("outcome", |(_, _, outcome)| (*outcome).to_owned()),
            Series::new("forced".into(), vec![comparison.forced; rows.len()]).into(),
        ],
    )?;
    let mut bytes = Vec::new();
    CsvWriter::new(&mut bytes).finish(&mut table)?;
    String::from_utf8(bytes).map_err(|error| PolarsError::ComputeError(error.to_string().into()))
}
