//! Turns to facts.
