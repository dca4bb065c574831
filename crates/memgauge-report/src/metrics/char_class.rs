//! Character classes as Python's `str` and `re` define them, which differ from Rust's in a few places.

use std::sync::LazyLock;

use regex::Regex;

/// White space of Python's `str.split` and of `\s`: Unicode white space and the four ASCII separators U+001C to U+001F.
pub(crate) fn is_space(c: char) -> bool {
    match c {
        ' ' | '\t'..='\r' | '\u{1c}'..='\u{1f}' => true,
        _ if c.is_ascii() => false,
        _ => c.is_whitespace(),
    }
}

/// White space in Python's `string.whitespace`: ASCII only, without the separators.
pub(crate) fn is_ascii_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

/// A decimal digit (`\d`): Unicode general category Nd.
pub(crate) fn is_digit(c: char) -> bool {
    static DECIMAL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{Nd}$").ok());
    if c.is_ascii() {
        c.is_ascii_digit()
    } else {
        matches(&DECIMAL, c)
    }
}

/// A word character of Python's `re` (`\w`): letters and numbers of every script and the underscore, but no combining
/// marks.
pub(crate) fn is_word(c: char) -> bool {
    static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{N}]$").ok());
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || c == '_'
    } else {
        matches(&WORD, c)
    }
}

/// A word character of UTS #18 (what the third-party Python module `regex` calls `\w`): with combining marks.
pub(crate) fn is_word_or_mark(c: char) -> bool {
    static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\w$").ok());
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || c == '_'
    } else {
        matches(&WORD, c)
    }
}

fn matches(class: &LazyLock<Option<Regex>>, c: char) -> bool {
    let mut buffer = [0; 4];
    let text = c.encode_utf8(&mut buffer);
    // The three patterns are constants that compile; a tail of `false` keeps this total.
    class.as_ref().is_some_and(|class| class.is_match(text))
}

/// Splits on Python's white space, as `str.split()` does.
pub(crate) fn split_space(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|piece| !piece.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_space_and_marks_are_words_only_for_the_regex_module() {
        assert!(
            is_space('\u{1f}') && is_space('\u{a0}') && is_space('\u{85}') && !is_space('\u{200b}')
        );
        assert!(!is_ascii_space('\u{1f}') && is_ascii_space('\u{0b}'));
        assert!(!is_word('\u{301}') && is_word_or_mark('\u{301}'));
        assert!(is_word('é') && is_word('½') && is_word('中') && !is_word('’') && !is_word('-'));
        assert!(is_digit('٣') && !is_digit('½') && !is_digit('²'));
    }

    #[test]
    fn split_drops_empty_pieces() {
        assert_eq!(
            split_space(" a\u{a0}\tb\u{1c} ").collect::<Vec<_>>(),
            ["a", "b"]
        );
    }
}
