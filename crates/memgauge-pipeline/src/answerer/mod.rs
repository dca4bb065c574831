//! Answerers: context to answer.

pub mod extractive;

use memgauge_core::{Answerer, registry};

pub use extractive::{Extractive, ExtractiveConfig};

registry! {
    /// Answerers: context to answer.
    pub enum AnswererConfig: "answerer" => Box<dyn Answerer> {
        "extractive" => Extractive(extractive::ExtractiveConfig),
    }
}
