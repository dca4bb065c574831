//! Answer to label.
