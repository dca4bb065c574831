//! The `memgauge` command line.
fn main() {}
