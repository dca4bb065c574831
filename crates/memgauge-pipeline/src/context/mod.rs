//! Ranked memories to the text that an answerer sees.
