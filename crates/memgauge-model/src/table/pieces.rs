//! Word pieces of uncased BERT, from the vocabulary that is part of this crate.
//!
//! The same ids as the published `tokenizer.json`, several times faster: words of plain ASCII,
//! which is nearly all English text, are normalised here; anything else goes through the reference
//! normaliser.

use std::collections::HashMap;
use std::sync::LazyLock;

use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{
    NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer,
};

/// One word piece a line; the line number is the id.
static VOCABULARY: &str = include_str!("../../data/vocab.txt");

/// Id of a word that no sequence of word pieces covers.
pub(crate) const UNKNOWN: u32 = 100;

/// Marks a word piece that continues a word.
const CONTINUED: &str = "##";

/// Words of more characters than this are unknown.
const LONGEST_WORD: usize = 100;

/// Pieces that stand for themselves wherever they are written in a text.
const SPECIAL: [(&str, u32); 5] = [
    ("[PAD]", 0),
    ("[UNK]", UNKNOWN),
    ("[CLS]", 101),
    ("[SEP]", 102),
    ("[MASK]", 103),
];

static PIECES: LazyLock<WordPieces> = LazyLock::new(WordPieces::new);

/// The tokenizer of uncased BERT, without the added `[CLS]` and `[SEP]`.
pub(crate) struct WordPieces {
    first: HashMap<&'static str, u32>,
    later: HashMap<&'static str, u32>,
}

impl WordPieces {
    /// The one instance, made when first asked for.
    pub(crate) fn shared() -> &'static Self {
        &PIECES
    }

    fn new() -> Self {
        let mut first = HashMap::with_capacity(32_768);
        let mut later = HashMap::with_capacity(8_192);
        for (piece, id) in VOCABULARY.lines().zip(0..) {
            match piece.strip_prefix(CONTINUED) {
                // `##` alone is not a continuation of anything.
                Some(rest) if !rest.is_empty() => later.insert(rest, id),
                _ => first.insert(piece, id),
            };
        }
        Self { first, later }
    }

    /// Ids of the word pieces of `text`, in order.
    pub(crate) fn ids(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::with_capacity(text.len() / 3);
        let mut buffer = String::new();
        let mut rest = text;
        while let Some((before, id, after)) = split_special(rest) {
            self.plain(before, &mut buffer, &mut ids);
            ids.push(id);
            rest = after;
        }
        self.plain(rest, &mut buffer, &mut ids);
        ids
    }

    /// Ids of a text in which nothing stands for itself.
    ///
    /// Normalisation looks at one character at a time and its combining marks, so that words can be
    /// treated apart from each other.
    fn plain(&self, text: &str, buffer: &mut String, ids: &mut Vec<u32>) {
        for chunk in text.split([' ', '\t', '\n', '\r']) {
            if chunk.is_ascii() {
                self.ascii(chunk, buffer, ids);
            } else {
                self.other(chunk, ids);
            }
        }
    }

    /// Control characters dropped, lower case, punctuation apart.
    fn ascii(&self, chunk: &str, buffer: &mut String, ids: &mut Vec<u32>) {
        buffer.clear();
        for character in chunk.chars() {
            if character.is_ascii_control() {
                continue;
            }
            if character.is_ascii_punctuation() {
                self.word(buffer, ids);
                buffer.clear();
                buffer.push(character);
                self.word(buffer, ids);
                buffer.clear();
            } else {
                buffer.push(character.to_ascii_lowercase());
            }
        }
        self.word(buffer, ids);
    }

    /// The reference way, for any characters.
    fn other(&self, chunk: &str, ids: &mut Vec<u32>) {
        let mut normalized = NormalizedString::from(chunk);
        let mut split = if BertNormalizer::default().normalize(&mut normalized).is_ok() {
            PreTokenizedString::from(normalized)
        } else {
            PreTokenizedString::from(chunk)
        };
        if BertPreTokenizer.pre_tokenize(&mut split).is_ok() {
            for (word, ..) in split.get_splits(OffsetReferential::Normalized, OffsetType::Byte) {
                self.word(word, ids);
            }
        }
    }

    /// Longest matching piece first; a word that cannot be covered is one unknown.
    fn word(&self, word: &str, ids: &mut Vec<u32>) {
        if word.is_empty() {
            return;
        }
        if word.len() > LONGEST_WORD && word.chars().count() > LONGEST_WORD {
            ids.push(UNKNOWN);
            return;
        }
        let already = ids.len();
        let mut rest = word;
        let mut pieces = &self.first;
        while !rest.is_empty() {
            let found = rest
                .char_indices()
                .rev()
                .map(|(at, character)| at + character.len_utf8())
                .find_map(|end| pieces.get(&rest[..end]).map(|id| (*id, end)));
            let Some((id, end)) = found else {
                ids.truncate(already);
                ids.push(UNKNOWN);
                return;
            };
            ids.push(id);
            rest = &rest[end..];
            pieces = &self.later;
        }
    }
}

/// Splits at the first special piece: what is before it, its id, what is after.
fn split_special(text: &str) -> Option<(&str, u32, &str)> {
    text.match_indices('[').find_map(|(at, _)| {
        SPECIAL.iter().find_map(|(piece, id)| {
            let after = text[at..].strip_prefix(piece)?;
            Some((&text[..at], *id, after))
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokenizers::Tokenizer;

    use super::*;

    /// The same tokenizer put together from the reference parts.
    fn reference() -> Tokenizer {
        let vocabulary: serde_json::Map<String, serde_json::Value> = VOCABULARY
            .lines()
            .zip(0..)
            .map(|(piece, id)| (piece.to_owned(), serde_json::json!(id)))
            .collect();
        let special: Vec<_> = SPECIAL
            .iter()
            .map(|(piece, id)| {
                serde_json::json!({
                    "id": id, "content": piece, "special": true, "normalized": false,
                    "single_word": false, "lstrip": false, "rstrip": false,
                })
            })
            .collect();
        let description = serde_json::json!({
            "version": "1.0",
            "added_tokens": special,
            "normalizer": {
                "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                "strip_accents": null, "lowercase": true,
            },
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "model": {
                "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": LONGEST_WORD, "vocab": vocabulary,
            },
        });
        description.to_string().parse().unwrap()
    }

    static REFERENCE: LazyLock<Tokenizer> = LazyLock::new(reference);

    fn assert_same(text: &str) {
        let expected = REFERENCE.encode(text, false).unwrap();
        assert_eq!(
            WordPieces::shared().ids(text),
            expected.get_ids(),
            "{text:?}"
        );
    }

    #[test]
    fn vocabulary_is_complete() {
        let pieces = WordPieces::shared();
        assert_eq!(pieces.first.len() + pieces.later.len(), 30_522);
        for (piece, id) in SPECIAL {
            assert_eq!(pieces.first[piece], id);
        }
    }

    #[test]
    fn known_ids() {
        let ids = WordPieces::shared().ids("Caroline: Hey Mel! Good to see you!");
        assert_eq!(
            ids,
            [7981, 1024, 4931, 11463, 999, 2204, 2000, 2156, 2017, 999]
        );
    }

    #[test]
    fn same_as_the_reference_on_odd_texts() {
        let long = "a".repeat(101);
        for text in [
            "",
            " \t\r\n ",
            "isn't unaffable 😊 café Naïve ＡＢＣ",
            "日本語 and 한국어, ﬁne … “quoted” — dash",
            "a\u{301}b \u{301} \u{0}\u{b}x\u{c}y\u{7f}z \u{200d} \u{fffd} \u{a0}x\u{2028}y",
            "[CLS] a [SEP][MASK] [cls] [UNK [PAD]] [[UNK]",
            "## ##ing # #",
            "ΣΑΣ İstanbul ß ǅ",
            long.as_str(),
            &"é".repeat(100),
            &"x😊".repeat(60),
        ] {
            assert_same(text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn same_as_the_reference(text in "(\\PC|[a-zA-Z ,.'\\[\\]]|[\\s\\u{300}-\\u{310}]|\\[SEP\\]|the|ing ){0,40}") {
            assert_same(&text);
        }
    }
}
