//! Finished drawings.

use std::path::Path;

use crate::error::PlotError;
use crate::kind::Kind;
use crate::results::Results;
use crate::scene::{Scene, svg, write_png};
use crate::{ablation, category, index_error, latency, pareto, tokens, trend, waterfall};

/// Where a drawing is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// In a file of its own: fixed colours on white, a title, a size.
    File,
    /// Inside a page: no background, no title and no size of its own (`viewBox` alone); every colour is a `var(--mg-..)`
    /// ([`properties`](crate::properties)), so that the page's theme rules. Nothing has an id.
    Page,
}

/// A finished drawing.
#[derive(Debug, Clone)]
pub struct Drawing {
    /// What kind of plot it is.
    pub kind: Kind,
    /// Stem of its file, such as `pareto-tokens`.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it shows, in words.
    pub alt: String,
    /// The SVG document. All text from data is escaped.
    pub svg: String,
    /// What else a reader should know.
    pub notes: Vec<String>,
    scene: Scene,
}

/// A drawing before it has a look.
pub(crate) struct Sketch {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) alt: String,
    pub(crate) notes: Vec<String>,
    pub(crate) scene: Scene,
}

/// What a kind of plot comes to.
pub(crate) enum Sketches {
    Drawn(Vec<Sketch>),
    /// The runs hold no such data, and why.
    Nothing(String),
}

fn sketches(kind: Kind, results: &Results) -> Result<Sketches, PlotError> {
    if results.systems.is_empty() {
        return Ok(Sketches::Nothing("no arm was named".to_owned()));
    }
    match kind {
        Kind::Pareto => pareto::sketches(results),
        Kind::Latency => Ok(latency::sketches(results)),
        Kind::Category => category::sketches(results),
        Kind::Waterfall => waterfall::sketches(results),
        Kind::Ablation => ablation::sketches(results),
        Kind::Tokens => Ok(tokens::sketches(results)),
        Kind::IndexError => Ok(index_error::sketches(results)),
        Kind::Trend => Ok(trend::sketches(results)),
    }
}

/// The drawings of a kind; none where the runs hold no such data ([`why_none`]).
///
/// # Errors
/// When the numbers make no sense, or a backend fails.
pub fn draw(kind: Kind, results: &Results, look: Look) -> Result<Vec<Drawing>, PlotError> {
    match sketches(kind, results)? {
        Sketches::Nothing(_) => Ok(Vec::new()),
        Sketches::Drawn(sketches) => sketches
            .into_iter()
            .map(|sketch| Drawing::new(kind, sketch, look))
            .collect(),
    }
}

/// Why [`draw`] gives no drawing of this kind; `None` where it gives one, or fails.
#[must_use]
pub fn why_none(kind: Kind, results: &Results) -> Option<String> {
    match sketches(kind, results) {
        Ok(Sketches::Nothing(why)) => Some(why),
        _ => None,
    }
}

impl Drawing {
    pub(crate) fn new(kind: Kind, sketch: Sketch, look: Look) -> Result<Self, PlotError> {
        let Sketch {
            name,
            title,
            alt,
            notes,
            scene,
        } = sketch;
        Ok(Self {
            kind,
            svg: svg(&scene, kind.name(), &title, &alt, look)?,
            name,
            title,
            alt,
            notes,
            scene,
        })
    }
}

/// Writes a drawing as a PNG file, with its title on white, at twice the pixels of the SVG.
///
/// # Errors
/// When the file cannot be written.
pub fn png(drawing: &Drawing, path: &Path) -> Result<(), PlotError> {
    write_png(&drawing.scene, &drawing.title, path)
}
