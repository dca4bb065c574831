//! Ranked lists to one.
