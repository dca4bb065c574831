//! Context builders: ranked memories to the text that an answerer sees.

mod budget;
mod format;

use memgauge_core::{ContextBuilder, registry};

pub use budget::{Budget, BudgetConfig, Order};
pub(crate) use format::body;
pub use format::{TimeFormat, entry, spoken_day, spoken_time};

registry! {
    /// Context builders: ranked memories to the text that an answerer sees.
    pub enum ContextConfig: "context" => Box<dyn ContextBuilder> {
        "budget" => Budget(BudgetConfig),
    }
}

#[cfg(test)]
mod tests;
