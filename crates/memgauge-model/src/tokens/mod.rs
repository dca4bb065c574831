//! Tokenizers of OpenAI's models, which count and cut contexts.

mod memo;

use std::sync::Arc;

use memgauge_core::Tokenizer;
use tiktoken_rs::CoreBPE;

pub use memo::CountMemo;

/// Names of the tokenizers, as [`tokenizer`] takes them.
pub const TOKENIZERS: [&str; 2] = ["cl100k_base", "o200k_base"];

/// The tokenizer of a name (`cl100k_base` or `o200k_base`; `cl100k` and `o200k` do as well), with a
/// memory of what it has counted; `None` for any other name.
pub fn tokenizer(name: &str) -> Option<Arc<dyn Tokenizer>> {
    let encoding = match name {
        "cl100k_base" | "cl100k" => Tiktoken::Cl100k,
        "o200k_base" | "o200k" => Tiktoken::O200k,
        _ => return None,
    };
    Some(Arc::new(CountMemo::new(encoding)))
}

/// A byte-pair encoding of OpenAI's, loaded when first used (about half a second) and then shared.
/// What looks like a special token in a text is counted as the text that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tiktoken {
    /// `cl100k_base`: GPT-4, GPT-3.5, text-embedding-3; what the Mem0 paper counts in.
    Cl100k,
    /// `o200k_base`: GPT-4o, GPT-4o-mini and later.
    O200k,
}

impl Tiktoken {
    fn encoding(self) -> &'static CoreBPE {
        match self {
            Self::Cl100k => tiktoken_rs::cl100k_base_singleton(),
            Self::O200k => tiktoken_rs::o200k_base_singleton(),
        }
    }

    /// Length in bytes of every token of `text`, in order.
    fn lengths(self, text: &str) -> Vec<usize> {
        let encoding = self.encoding();
        let tokens = encoding.encode_ordinary(text);
        encoding
            ._decode_native_and_split(tokens)
            .map(|bytes| bytes.len())
            .collect()
    }

    /// Longest run of tokens of `lengths` from the beginning of `text`, at most `max` of them, that
    /// ends between two characters and counts at most `max` tokens by itself: bytes, tokens.
    fn cut(self, text: &str, lengths: &[usize], max: usize) -> (usize, usize) {
        let mut end = 0;
        let mut boundaries = Vec::new();
        for (tokens, length) in lengths.iter().take(max).zip(1..).map(|(l, n)| (n, l)) {
            end += length;
            if text.is_char_boundary(end) {
                boundaries.push((end, tokens));
            }
        }
        // Cut off from what followed it, white space may be divided in another way.
        let fits = |&(end, _): &(usize, usize)| self.count(&text[..end]) <= max;
        boundaries.into_iter().rev().find(fits).unwrap_or((0, 0))
    }
}

impl Tokenizer for Tiktoken {
    fn id(&self) -> &'static str {
        match self {
            Self::Cl100k => "cl100k_base",
            Self::O200k => "o200k_base",
        }
    }

    fn count(&self, text: &str) -> usize {
        self.encoding().encode_ordinary(text).len()
    }

    fn prefix<'a>(&self, text: &'a str, max: usize) -> &'a str {
        // No token is empty.
        if text.len() <= max {
            return text;
        }
        let lengths = self.lengths(text);
        if lengths.len() <= max {
            return text;
        }
        let (end, _) = self.cut(text, &lengths, max);
        &text[..end]
    }

    fn chunks<'a>(&self, text: &'a str, size: usize) -> Vec<&'a str> {
        let lengths = self.lengths(text);
        let mut chunks = Vec::with_capacity(lengths.len() / size.max(1) + 1);
        let (mut start, mut end, mut tokens) = (0, 0, 0);
        for length in lengths {
            end += length;
            tokens += 1;
            // A chunk whose last token ends inside a character takes the rest of the character.
            if tokens >= size && text.is_char_boundary(end) {
                chunks.push(&text[start..end]);
                (start, tokens) = (end, 0);
            }
        }
        if start < text.len() {
            chunks.push(&text[start..]);
        }
        chunks
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH: [Tiktoken; 2] = [Tiktoken::Cl100k, Tiktoken::O200k];

    #[test]
    fn known_counts() {
        for encoding in BOTH {
            assert_eq!(encoding.count(""), 0);
            assert_eq!(encoding.count("hello world"), 2);
            assert_eq!(
                encoding.count("<|endoftext|>").min(2),
                2,
                "not a special token"
            );
        }
        assert_eq!(Tiktoken::Cl100k.id(), "cl100k_base");
        assert!(tokenizer("cl100k").is_some_and(|found| found.id() == "cl100k_base"));
        assert!(tokenizer("o200k_base").is_some_and(|found| found.id() == "o200k_base"));
        assert!(tokenizer("p50k").is_none());
    }

    #[test]
    fn prefixes_end_between_characters() {
        for encoding in BOTH {
            assert_eq!(encoding.prefix("hello world again", 2), "hello world");
            assert_eq!(encoding.prefix("hello", 0), "");
            assert_eq!(encoding.prefix("hello", 9), "hello");
            // A rare emoji takes several tokens; none of them may be split off.
            let text = "🫠🫠";
            assert!(encoding.count(text) > 2);
            assert_eq!(encoding.prefix(text, 1), "");
            assert_eq!(encoding.prefix(text, encoding.count("🫠")), "🫠");
        }
    }

    #[test]
    fn chunks_have_the_size_that_was_asked_for() {
        let text = "one two three four five six seven";
        assert_eq!(
            Tiktoken::Cl100k.chunks(text, 3),
            ["one two three", " four five six", " seven"]
        );
        assert!(Tiktoken::Cl100k.chunks("", 3).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn cutting_loses_nothing(text in "(\\PC|[a-z ']|\\s){0,60}", size in 1_usize..9) {
            for encoding in BOTH {
                prop_assert_eq!(encoding.chunks(&text, size).concat(), text.as_str());
                let prefix = encoding.prefix(&text, size);
                prop_assert!(text.starts_with(prefix));
                prop_assert!(encoding.count(prefix) <= size);
            }
        }
    }
}
