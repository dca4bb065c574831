//! Plots of results, as SVG and PNG.
//!
//! [`Results::read`] takes what plots need of runs; [`draw`] makes the drawings of a [`Kind`], for a file of their own or
//! for a page ([`Look`]); [`png`] writes one as a bitmap. The same runs give the same bytes.

mod ablation;
mod category;
mod drawing;
mod error;
mod index_error;
mod kind;
mod latency;
mod number;
mod palette;
mod pareto;
mod results;
mod scene;
mod tokens;
mod trend;
mod waterfall;

pub use drawing::{Drawing, Look, draw, png, why_none};
pub use error::PlotError;
pub use kind::Kind;
pub use palette::{Marker, Rgb, Theme, colour, colour_property, declarations, marker, properties};
pub use results::{Options, Results};
pub use trend::trend;

#[cfg(test)]
mod tests;
