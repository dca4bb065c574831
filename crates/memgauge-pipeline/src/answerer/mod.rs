//! Context to answer.
