//! A memory of counted lines: contexts are made of the same lines again and again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use memgauge_core::Tokenizer;

use super::Tiktoken;

/// Lines that are remembered; far more than a run has, a bound all the same.
const CAPACITY: usize = 1 << 18;

/// A tokenizer that remembers how many tokens a line has. Its counts are exactly those of the
/// tokenizer inside.
///
/// Why lines can be counted apart: both encodings first split a text by a regular expression, and a
/// token never reaches over such a split. No match continues past a line feed into a character that is
/// neither white space nor (in `o200k_base`) a slash, and none looks behind itself; and a run of white
/// space that ends in a line feed is one match whether or not something follows. So wherever a line
/// feed is followed by such a character, both sides are split as if they stood alone.
#[derive(Debug)]
pub struct CountMemo {
    inner: Tiktoken,
    lines: Mutex<HashMap<Box<str>, u32>>,
}

impl CountMemo {
    /// A memory for `inner`, empty.
    pub fn new(inner: Tiktoken) -> Self {
        Self {
            inner,
            lines: Mutex::default(),
        }
    }

    /// Tokens of one piece, counted when it has not been seen.
    fn count_piece(&self, piece: &str) -> usize {
        // A memory that a panicking thread left is as good as before: entries are added whole.
        let known = self
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(piece)
            .copied();
        if let Some(count) = known {
            return count as usize;
        }
        // Counted without the lock; two threads may count the same piece.
        let count = self.inner.count(piece);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Ok(count), true) = (u32::try_from(count), lines.len() < CAPACITY) {
            lines.insert(piece.into(), count);
        }
        count
    }
}

impl Tokenizer for CountMemo {
    fn id(&self) -> &'static str {
        self.inner.id()
    }

    fn count(&self, text: &str) -> usize {
        pieces(text).map(|piece| self.count_piece(piece)).sum()
    }

    fn prefix<'a>(&self, text: &'a str, max: usize) -> &'a str {
        self.inner.prefix(text, max)
    }

    fn chunks<'a>(&self, text: &'a str, size: usize) -> Vec<&'a str> {
        self.inner.chunks(text, size)
    }
}

/// `text` cut after every line feed that is followed by neither white space nor a slash.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest
            .match_indices('\n')
            .map(|(at, _)| at + 1)
            .find(|&end| {
                rest[end..]
                    .chars()
                    .next()
                    .is_some_and(|next| !next.is_whitespace() && next != '/')
            })
            .unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_equal(text: &str) {
        for encoding in [Tiktoken::Cl100k, Tiktoken::O200k] {
            let memo = CountMemo::new(encoding);
            let expected = encoding.count(text);
            assert_eq!(memo.count(text), expected, "{} {text:?}", encoding.id());
            assert_eq!(memo.count(text), expected, "remembered: {text:?}");
        }
    }

    #[test]
    fn pieces_are_lines() {
        let cut: Vec<&str> = pieces("a\nb\n\n c\n/d\r\n\ne\n").collect();
        assert_eq!(cut, ["a\n", "b\n\n c\n/d\r\n\n", "e\n"]);
    }

    #[test]
    fn counts_are_exact_where_lines_meet() {
        for text in [
            "",
            "\n",
            "a\n",
            "a\n\nb",
            "a \n \n  b\n",
            "what?!\n/path\n//x",
            "don\n't\n've",
            "1\n2\r\n3\r4",
            "...\n...\n\u{2028}x\n\u{85}y\n\u{a0}z\n\u{301}é\n",
            "  \n\t\nx\n  ",
        ] {
            assert_equal(text);
        }
    }

    #[test]
    fn lines_are_remembered() {
        let memo = CountMemo::new(Tiktoken::Cl100k);
        assert_eq!(
            memo.count("x y\nx y\nz"),
            2 * memo.count("x y\n") + memo.count("z")
        );
        assert_eq!(memo.lines.lock().unwrap().len(), 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn counts_are_exact(
            text in "(\\PC|[a-zA-Z0-9]{1,4}|[ \\t!?./'\"|:-]|\n|\n|\r\n|\r|\\s|'s|'LL|[\\u{300}-\\u{303}]){0,60}"
        ) {
            for encoding in [Tiktoken::Cl100k, Tiktoken::O200k] {
                prop_assert_eq!(CountMemo::new(encoding).count(&text), encoding.count(&text));
            }
        }
    }
}
