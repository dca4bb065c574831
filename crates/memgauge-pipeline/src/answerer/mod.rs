//! Answerers: context to answer.

pub mod extractive;
pub mod llm;
pub mod system;

use memgauge_core::{Answerer, registry};

pub use extractive::{Extractive, ExtractiveConfig};
pub use llm::{LlmAnswerer, LlmAnswererConfig};
pub use system::{SystemAnswerer, SystemAnswererConfig};

registry! {
    /// Answerers: context to answer.
    pub enum AnswererConfig: "answerer" => Box<dyn Answerer> {
        "extractive" => Extractive(extractive::ExtractiveConfig),
        "llm" => Llm(llm::LlmAnswererConfig),
        "system" => System(system::SystemAnswererConfig),
    }
}
