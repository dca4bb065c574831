//! A gate's report in the formats that people and continuous integration read.

mod bencher;
mod benchmark_action;
mod cell;
mod github;
mod human;
mod junit;

pub use bencher::bencher;
pub use benchmark_action::benchmark_action;
pub(super) use cell::in_unit;
pub use github::annotations;
pub use human::{headline, human};
pub use junit::junit;
