//! NLTK 3.9.1's `word_tokenize`: Punkt sentences, each cut by the improved Penn Treebank tokenizer.
//!
//! The tokenizer is a fixed list of rewrites that put spaces around what shall stand alone. They are written as plain
//! scans because several need look-ahead, and because they run for every answer of every system.

use super::char_class::{is_digit, is_space, is_word};
use super::punkt;

/// Tokens of `text`, quotes rewritten as the Penn Treebank does (`"` becomes ``` `` ``` or `''`).
#[must_use]
pub fn word_tokenize(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut line = Line::default();
    let mut tokens = Vec::new();
    for span in punkt::sentence_spans(&chars) {
        line.load(chars.get(span).unwrap_or_default());
        line.rewrite();
        let words = line
            .text
            .split(|c| is_space(*c))
            .filter(|word| !word.is_empty());
        tokens.extend(words.map(|word| word.iter().collect::<String>()));
    }
    tokens
}

/// One sentence under rewriting.
#[derive(Default)]
struct Line {
    text: Vec<char>,
    spare: Vec<char>,
}

/// What a rule makes of the text at one place: how many characters it takes, after it has written their replacement.
type Rule = fn(text: &[char], at: usize, out: &mut Vec<char>) -> usize;

impl Line {
    fn load(&mut self, sentence: &[char]) {
        self.text.clear();
        self.text.extend_from_slice(sentence);
    }

    /// Applies the rule from left to right, without overlaps; 0 means that it does not match there.
    fn apply(&mut self, rule: Rule) {
        self.spare.clear();
        let mut at = 0;
        while let Some(&c) = self.text.get(at) {
            match rule(&self.text, at, &mut self.spare) {
                0 => {
                    self.spare.push(c);
                    at += 1;
                }
                taken => at += taken,
            }
        }
        std::mem::swap(&mut self.text, &mut self.spare);
    }

    /// Applies the rule if one of the characters that it needs is there.
    fn apply_if(&mut self, needs: &[char], rule: Rule) {
        if self.text.iter().any(|c| needs.contains(c)) {
            self.apply(rule);
        }
    }

    fn rewrite(&mut self) {
        // Opening quotes.
        self.apply_if(&['«', '“', '‘', '„', '`'], opening_mark);
        self.apply_if(&['"'], initial_double_quote);
        self.apply_if(&['`'], opening_double);
        self.apply_if(&['"', '\''], opening_double_after_space);
        self.apply_if(&['\''], apostrophe_before_letter);
        // Punctuation.
        self.split_final_period(true);
        self.apply_if(&[':', ','], colon_or_comma);
        self.apply_if(&[':', ','], final_colon_or_comma);
        self.apply_if(&['.'], ellipsis);
        self.apply_if(&[';', '@', '#', '$', '%', '&'], |text, at, out| {
            pad_one(text, at, out, |c| {
                matches!(c, ';' | '@' | '#' | '$' | '%' | '&')
            })
        });
        self.split_final_period(false);
        self.apply_if(&['?', '!'], |text, at, out| {
            pad_one(text, at, out, |c| matches!(c, '?' | '!'))
        });
        self.apply_if(&['\''], closing_apostrophe);
        self.apply_if(&['*'], |text, at, out| pad_one(text, at, out, |c| c == '*'));
        self.apply_if(
            &['[', ']', '(', ')', '{', '}', '<', '>'],
            |text, at, out| {
                pad_one(text, at, out, |c| {
                    matches!(c, '[' | ']' | '(' | ')' | '{' | '}' | '<' | '>')
                })
            },
        );
        self.apply_if(&['-'], |text, at, out| pad_pair(text, at, out, ['-', '-']));
        // Closing quotes and clitics.
        self.text.insert(0, ' ');
        self.text.push(' ');
        self.apply_if(&['»', '”', '’'], |text, at, out| {
            pad_one(text, at, out, |c| matches!(c, '»' | '”' | '’'))
        });
        self.apply_if(&['\''], |text, at, out| {
            pad_pair(text, at, out, ['\'', '\''])
        });
        self.apply_if(&['"'], closing_double);
        self.apply(one_space);
        self.apply_if(&['\''], short_clitic);
        self.apply_if(&['\''], long_clitic);
        // Contractions, in NLTK's order.
        self.apply(|text, at, out| contraction(text, at, out, "can", "not", Edge::Boundary));
        self.apply_if(&['\''], |text, at, out| {
            contraction(text, at, out, "d", "'ye", Edge::Boundary)
        });
        self.apply(|text, at, out| contraction(text, at, out, "gim", "me", Edge::Boundary));
        self.apply(|text, at, out| contraction(text, at, out, "gon", "na", Edge::Boundary));
        self.apply(|text, at, out| contraction(text, at, out, "got", "ta", Edge::Boundary));
        self.apply(|text, at, out| contraction(text, at, out, "lem", "me", Edge::Boundary));
        self.apply_if(&['\''], |text, at, out| {
            contraction(text, at, out, "more", "'n", Edge::Boundary)
        });
        self.apply(|text, at, out| contraction(text, at, out, "wan", "na", Edge::Space));
        self.apply_if(&['\''], |text, at, out| {
            contraction(text, at, out, " 't", "is", Edge::Boundary)
        });
        self.apply_if(&['\''], |text, at, out| {
            contraction(text, at, out, " 't", "was", Edge::Boundary)
        });
    }

    /// Splits the last full stop off, if only closing marks and white space follow it. The first of NLTK's two rules
    /// (`wide`) also knows curly quotes and spaces among those marks, and sets them apart.
    fn split_final_period(&mut self, wide: bool) {
        let Some(period) = self.text.iter().rposition(|c| *c == '.') else {
            return;
        };
        if period == 0 || self.text.get(period - 1) == Some(&'.') {
            return;
        }
        let rest = self.text.get(period + 1..).unwrap_or_default();
        let closes = |c: char| {
            matches!(c, ']' | ')' | '}' | '>' | '"' | '\'')
                || (wide && matches!(c, '»' | '”' | '’' | ' '))
        };
        let closers = rest.iter().take_while(|c| closes(**c)).count();
        if !rest.iter().skip(closers).all(|c| is_space(*c)) {
            return;
        }
        let closers: Vec<char> = rest.iter().take(closers).copied().collect();
        self.text.truncate(period);
        self.text.extend([' ', '.']);
        if wide {
            self.text.push(' ');
        }
        self.text.extend(closers);
        self.text.push(' ');
    }
}

fn pad(out: &mut Vec<char>, mark: &[char]) -> usize {
    out.push(' ');
    out.extend_from_slice(mark);
    out.push(' ');
    mark.len()
}

fn pad_one(text: &[char], at: usize, out: &mut Vec<char>, class: fn(char) -> bool) -> usize {
    match text.get(at) {
        Some(&c) if class(c) => pad(out, &[c]),
        _ => 0,
    }
}

fn pad_pair(text: &[char], at: usize, out: &mut Vec<char>, mark: [char; 2]) -> usize {
    if starts_with(text, at, &mark) {
        pad(out, &mark)
    } else {
        0
    }
}

fn starts_with(text: &[char], at: usize, mark: &[char]) -> bool {
    text.get(at..).is_some_and(|rest| rest.starts_with(mark))
}

fn opening_mark(text: &[char], at: usize, out: &mut Vec<char>) -> usize {
    match text.get(at) {
        Some(&c) if matches!(c, '«' | '“' | '‘' | '„') => pad(out, &[c]),
        Some('`') => {
            let run = text.iter().skip(at).take_while(|c| **c == '`').count();
            pad(out, text.get(at..at + run).unwrap_or_default())
        }
        _ => 0,
    }
}

fn initial_double_quote(text: &[char], at: usize, out: &mut Vec<char>) -> usize {
    if at == 0 && text.first() == Some(&'"') {
        out.extend(['`', '`']);
        1
    } else {
        0
    }
}

fn opening_double(text: &[char], at: usize, out: &mut Vec<char>) -> usize {
    pad_pair(text, at, out, ['`', '`'])
}

fn opening_double_after_space(text: &[char], at: usize, out: &mut Vec<char>) -> usize {
    let Some(&before) = text
        .get(at)
        .filter(|c| matches!(c, ' ' | '(' | '[' | '{' | '<'))
    else {
        return 0;
    };
    let taken = if text.get(at + 1) == Some(&'"') {
        2
    } else if starts_with(text, at + 1, &['\'', '\'']) {
        3
    } else {
        return 0;
    };
    out.extend([before, ' ', '`', '`', ' ']);
    taken
}

/// Splits an apostrophe off a one-letter word that is no clitic.
fn apostrophe_before_letter(text: &[char], at: usize, out: &mut Vec<char>) -> usize {
    if text.get(at) != Some(&'\'') {
        return 0;
    }
    match text.get(at + 1) {
        // The long clitics need no test: two letters never make a one-letter word.
        Some(&letter)
            if is_word(letter)
                && !matches!(
                    letter,
                    'm' | 'M' | 't' | 'T' | 's' | 'S' | 'ſ' | 'd' | 'D' | 'n' | 'N'
                )
                && text.get(at + 2).is_none_or(|c| !is_word(*c)) =>
        {
            out.extend(['\'', ' ', letter]);
            2
        }
        _ => 0,
    }
}

fn colon_or_comma(text: &[char], at: usize, out: &mut Vec<char>) -> usize {
    match (text.get(at), text.get(at + 1)) {
        (Some(&mark), Some(&next)) if matches!(mark, ':' | ',') && !is_digit(next) => {
            out.extend([' ', mark, ' ', next]);
            2
        }
        _ => 0,
    }
}

fn final_colon_or_comma(text: &[char], at: usize, out: &mut Vec<char>) -> usize {
    match (text.get(at), text.get(at + 1..)) {
        // Python's `$` also matches before one last line feed.
        (Some(&mark), Some([] | ['\n'])) if matches!(mark, ':' | ',') => pad(out, &[mark]),
        _ => 0,
    }
}

fn ellipsis(text: &[char], at: usize, out: &mut Vec<char>) -> usize {
    let run = text.iter().skip(at).take_while(|c| **c == '.').count();
    if run > 1 {
        pad(out, text.get(at..at + run).unwrap_or_default())
    } else {
        0
    }
}

fn closing_apostrophe(text: &[char], at: usize, out: &mut Vec<char>) -> usize {
    match text.get(at) {
        Some(&before) if before != '\'' && starts_with(text, at + 1, &['\'', ' ']) => {
            out.extend([before, ' ', '\'', ' ']);
            3
        }
        _ => 0,
    }
}

fn closing_double(text: &[char], at: usize, out: &mut Vec<char>) -> usize {
    if text.get(at) == Some(&'"') {
        pad(out, &['\'', '\'']);
        1
    } else {
        0
    }
}

fn one_space(text: &[char], at: usize, out: &mut Vec<char>) -> usize {
    let run = text.iter().skip(at).take_while(|c| is_space(**c)).count();
    if run > 0 {
        out.push(' ');
    }
    run
}

/// Splits `'s`, `'m`, `'d` and a bare apostrophe off the word before.
fn short_clitic(text: &[char], at: usize, out: &mut Vec<char>) -> usize {
    let Some(&before) = text.get(at).filter(|c| !matches!(c, '\'' | ' ')) else {
        return 0;
    };
    let length = match text.get(at + 1..) {
        Some(['\'', 's' | 'S' | 'm' | 'M' | 'd' | 'D', ' ', ..]) => 2,
        Some(['\'', ' ', ..]) => 1,
        _ => return 0,
    };
    split_clitic(text, at, out, before, length)
}

/// Splits `'ll`, `'re`, `'ve` and `n't` off the word before.
fn long_clitic(text: &[char], at: usize, out: &mut Vec<char>) -> usize {
    let Some(&before) = text.get(at).filter(|c| !matches!(c, '\'' | ' ')) else {
        return 0;
    };
    match text.get(at + 1..) {
        Some(
            ['\'', 'l', 'l', ' ', ..]
            | ['\'', 'L', 'L', ' ', ..]
            | ['\'', 'r', 'e', ' ', ..]
            | ['\'', 'R', 'E', ' ', ..]
            | ['\'', 'v', 'e', ' ', ..]
            | ['\'', 'V', 'E', ' ', ..]
            | ['n', '\'', 't', ' ', ..]
            | ['N', '\'', 'T', ' ', ..],
        ) => split_clitic(text, at, out, before, 3),
        _ => 0,
    }
}

fn split_clitic(
    text: &[char],
    at: usize,
    out: &mut Vec<char>,
    before: char,
    length: usize,
) -> usize {
    out.extend([before, ' ']);
    out.extend_from_slice(text.get(at + 1..at + 1 + length).unwrap_or_default());
    out.push(' ');
    length + 2
}

/// What must follow a contraction.
#[derive(Clone, Copy)]
enum Edge {
    /// The end of the word.
    Boundary,
    /// White space.
    Space,
}

/// Splits a contraction of MacIntyre's list in two, in any letter case.
fn contraction(
    text: &[char],
    at: usize,
    out: &mut Vec<char>,
    first: &str,
    second: &str,
    edge: Edge,
) -> usize {
    // The first look rejects nearly every place.
    if text
        .get(at)
        .zip(first.chars().next())
        .is_none_or(|(c, p)| !same_letter(*c, p))
    {
        return 0;
    }
    let length = first.len() + second.len();
    let Some(piece) = text.get(at..at + length) else {
        return 0;
    };
    if !piece
        .iter()
        .zip(first.chars().chain(second.chars()))
        .all(|(c, p)| same_letter(*c, p))
    {
        return 0;
    }
    let starts = first.starts_with(' ')
        || at
            .checked_sub(1)
            .and_then(|before| text.get(before))
            .is_none_or(|c| !is_word(*c));
    let ends = match (text.get(at + length), edge) {
        (next, Edge::Boundary) => next.is_none_or(|c| !is_word(*c)),
        (next, Edge::Space) => next.is_some_and(|c| is_space(*c)),
    };
    if !(starts && ends) {
        return 0;
    }
    let (head, tail) = piece.split_at(first.len());
    out.push(' ');
    // The pattern's own leading space is no part of the first group.
    out.extend(head.iter().filter(|c| **c != ' '));
    out.push(' ');
    out.extend_from_slice(tail);
    out.push(' ');
    length
}

/// Equality of Python's `re.IGNORECASE` for a lower-case ASCII pattern letter.
fn same_letter(c: char, pattern: char) -> bool {
    c.eq_ignore_ascii_case(&pattern) || matches!((c, pattern), ('İ' | 'ı', 'i') | ('ſ', 's'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_punctuation_and_clitics_are_split() {
        assert_eq!(
            word_tokenize("Good muffins cost $3.88, don't they? \"Yes.\""),
            [
                "Good", "muffins", "cost", "$", "3.88", ",", "do", "n't", "they", "?", "``", "Yes",
                ".", "''"
            ]
        );
    }

    #[test]
    fn contractions_keep_their_case() {
        assert_eq!(
            word_tokenize("I Cannot, 'tis gonna"),
            ["I", "Can", "not", ",", "'t", "is", "gon", "na"]
        );
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(word_tokenize("").is_empty());
        assert!(word_tokenize(" \n\t").is_empty());
    }
}
