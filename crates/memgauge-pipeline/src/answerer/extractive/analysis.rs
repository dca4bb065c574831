//! What can be known of a text before a question is asked.

use std::ops::Range;

use rust_stemmers::{Algorithm, Stemmer};

use super::word_class::{Class, base, class};

/// A word of a text.
#[derive(Debug, Clone)]
pub(super) struct Token {
    /// Bytes of the text.
    pub(super) span: Range<usize>,
    pub(super) class: Class,
    /// Digest of the stem: all that matching needs.
    pub(super) stem: u64,
    pub(super) is_capital: bool,
    /// What stands between it and the word before.
    pub(super) gap: Gap,
    /// Stands between quotation marks.
    pub(super) is_quoted: bool,
}

/// What stands between two words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    /// A space or hyphen.
    None,
    /// A quotation mark or bracket.
    Quote,
    Comma,
    /// Dash, colon, semicolon.
    Dash,
    /// End of a sentence, or the text's edge.
    Stop,
}

/// A sentence: words, and whether it asks.
#[derive(Debug, Clone)]
pub(super) struct Sentence {
    pub(super) tokens: Range<usize>,
    pub(super) is_question: bool,
}

/// A text's words and sentences.
#[derive(Debug, Clone, Default)]
pub(super) struct Analysis {
    pub(super) tokens: Vec<Token>,
    pub(super) sentences: Vec<Sentence>,
    /// Stems of words that say something, sorted, once each.
    pub(super) stems: Vec<u64>,
}

/// Digest of a stem (FNV-1a, 64 bits), so that matching compares numbers.
pub(super) fn digest(stem: &str) -> u64 {
    stem.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

impl Analysis {
    /// Reads `text`.
    pub(super) fn new(text: &str) -> Self {
        let stemmer = Stemmer::create(Algorithm::English);
        let mut tokens: Vec<Token> = Vec::new();
        let mut sentences = Vec::new();
        let mut from = 0;
        let mut end_of_last = 0;
        let mut quoted = false;
        for span in word_spans(text) {
            let between = text.get(end_of_last..span.start).unwrap_or_default();
            let gap = if tokens.is_empty() {
                Gap::Stop
            } else {
                gap(between)
            };
            for mark in between.chars() {
                match mark {
                    '“' => quoted = true,
                    '”' => quoted = false,
                    '"' => quoted = !quoted,
                    _ => {}
                }
            }
            if gap == Gap::Stop {
                quoted = quoted && !between.contains('\n');
                if from < tokens.len() {
                    sentences.push(Sentence {
                        tokens: from..tokens.len(),
                        is_question: between.contains('?'),
                    });
                    from = tokens.len();
                }
            }
            let word = text.get(span.clone()).unwrap_or_default();
            let lower = word.to_lowercase().replace('’', "'");
            let bare = lower.strip_suffix("'s").unwrap_or(&lower);
            tokens.push(Token {
                class: class(&lower),
                stem: digest(&stemmer.stem(base(bare))),
                is_capital: word.chars().next().is_some_and(char::is_uppercase),
                gap,
                is_quoted: quoted,
                span: span.clone(),
            });
            end_of_last = span.end;
        }
        if from < tokens.len() {
            let rest = text.get(end_of_last..).unwrap_or_default();
            sentences.push(Sentence {
                tokens: from..tokens.len(),
                is_question: rest.contains('?'),
            });
        }
        let mut stems: Vec<u64> = tokens
            .iter()
            .filter(|token| !token.class.is_function())
            .map(|token| token.stem)
            .collect();
        stems.sort_unstable();
        stems.dedup();
        Self {
            tokens,
            sentences,
            stems,
        }
    }

    /// Whether a word that says something has this stem.
    pub(super) fn has(&self, stem: u64) -> bool {
        self.stems.binary_search(&stem).is_ok()
    }
}

/// Words: letters, digits and what joins them inside a word.
fn word_spans(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut start = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let inside = character.is_alphanumeric()
            || (start.is_some()
                && next.is_some_and(char::is_alphanumeric)
                && matches!(character, '\'' | '’' | '.' | '&')
                && (!matches!(character, '.') || next.is_some_and(|c| c.is_ascii_digit())))
            || (matches!(character, '$' | '#') && next.is_some_and(|c| c.is_ascii_digit()));
        match (inside, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                spans.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        spans.push(from..text.len());
    }
    spans
}

fn gap(between: &str) -> Gap {
    let mut widest = Gap::None;
    for mark in between.chars() {
        let here = match mark {
            '.' | '!' | '?' | '\n' | '…' => Gap::Stop,
            '–' | '—' | ':' | ';' => Gap::Dash,
            '-' if between.len() > 1 => Gap::Dash,
            ',' => Gap::Comma,
            '"' | '“' | '”' | '(' | ')' | '[' | ']' | '*' => Gap::Quote,
            _ if mark.is_whitespace() || mark.is_ascii() => Gap::None,
            // Emoji end a sentence as often as not.
            _ => Gap::Stop,
        };
        widest = widest.max(here);
    }
    widest
}
