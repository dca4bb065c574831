//! When two texts are the same, and what a repeated fact does to the memory that has it already.

use memgauge_core::{Fact, MemoryOp, MemoryRecord};
use unicode_segmentation::UnicodeSegmentation;

/// The words of `text` in lower case, one space between them: case, spacing and punctuation do
/// not make a statement new.
pub(crate) fn normal(text: &str) -> String {
    let words: Vec<String> = text.unicode_words().map(str::to_lowercase).collect();
    words.join(" ").replace('\u{2019}', "'")
}

/// Whether both are about, or of, the same person (or both of nobody in particular). The same
/// words of two people are two facts.
pub(super) fn same_speaker(record: &MemoryRecord, fact: &Fact) -> bool {
    record.speaker == fact.speaker && record.kind == fact.kind
}

/// A fact that `record` says already becomes one more source of it, so that no turn is lost; where
/// the memory has all its sources, nothing is left to do.
pub(super) fn repeat(record: &MemoryRecord, fact: Fact) -> MemoryOp {
    let has = |turn| record.live_turns().any(|known| known == turn);
    let sources: Vec<_> = fact
        .sources
        .iter()
        .copied()
        .filter(|source| !has(source.turn))
        .collect();
    if sources.is_empty() {
        return noop(record, fact);
    }
    MemoryOp::Update {
        id: record.id,
        text: record.text.clone(),
        sources,
        held_at: fact.held_at,
        replaces: false,
    }
}

/// The fact changes nothing, because `record` says it.
pub(super) fn noop(record: &MemoryRecord, fact: Fact) -> MemoryOp {
    MemoryOp::Noop {
        because: Some(record.id),
        text: fact.text,
        sources: fact.sources,
    }
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn case_space_and_punctuation_do_not_count() {
        assert_eq!(
            normal(" Tom  doesn\u{2019}t ROW!! "),
            normal("tom doesn't row")
        );
        assert_ne!(normal("Tom rows"), normal("Tom rowed"));
        assert_ne!(normal("2 boats"), normal("3 boats"));
    }
}
