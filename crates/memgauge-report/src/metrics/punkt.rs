//! Punkt sentence splitting (Kiss and Strunk, "Unsupervised Multilingual Sentence Boundary Detection", 2006) with the
//! English parameters and the decisions of NLTK 3.9.1's `sent_tokenize`.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use super::char_class::{is_ascii_space, is_digit, is_space, is_word};

/// Orthographic context: the bits of NLTK's punkt_tab data.
mod ortho {
    /// Seen inside a sentence with an upper-case first letter.
    pub(super) const MID_UPPER: u8 = 1 << 2;
    /// Seen anywhere with an upper-case first letter.
    pub(super) const UPPER: u8 = (1 << 1) | (1 << 2) | (1 << 3);
    /// Seen at the beginning of a sentence with a lower-case first letter.
    pub(super) const BEGIN_LOWER: u8 = 1 << 4;
    /// Seen anywhere with a lower-case first letter.
    pub(super) const LOWER: u8 = (1 << 4) | (1 << 5) | (1 << 6);
}

/// What training left behind: see sections 3 and 4 of the paper.
#[derive(Debug, Default)]
struct Parameters {
    abbreviations: HashSet<&'static str>,
    starters: HashSet<&'static str>,
    collocations: HashSet<(&'static str, &'static str)>,
    contexts: HashMap<&'static str, u8>,
}

static ENGLISH: LazyLock<Parameters> =
    LazyLock::new(|| Parameters::parse(include_str!("punkt_english.txt")));

impl Parameters {
    fn parse(data: &'static str) -> Self {
        let mut parameters = Self::default();
        for line in data.lines() {
            let mut entries = line.split('\t');
            match entries.next() {
                Some("abbreviations") => parameters.abbreviations.extend(entries),
                Some("starters") => parameters.starters.extend(entries),
                Some("collocation") => {
                    if let (Some(first), Some(second)) = (entries.next(), entries.next()) {
                        parameters.collocations.insert((first, second));
                    }
                }
                Some(key) => {
                    if let Some(flags) = key
                        .strip_prefix("ortho ")
                        .and_then(|flags| flags.parse().ok())
                    {
                        parameters
                            .contexts
                            .extend(entries.map(|word| (word, flags)));
                    }
                }
                None => {}
            }
        }
        parameters
    }

    fn context(&self, word: &str) -> u8 {
        self.contexts.get(word).copied().unwrap_or(0)
    }
}

/// Sentence spans of `text`, in characters. White space between sentences belongs to none.
pub(crate) fn sentence_spans(text: &[char]) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut moved = 0;
    let mut pieces = slices(text).into_iter().peekable();
    while let Some(piece) = pieces.next() {
        let start = piece.start + moved;
        // Closing quotes and brackets that follow the full stop go to the sentence before it.
        let closing = pieces.peek().and_then(|next| {
            let rest = text.get(next.clone()).unwrap_or_default();
            closing_run(rest).map(|run| (next.start, run))
        });
        match closing {
            Some((next_start, run)) => {
                spans.push(start..next_start + run.closers);
                moved = run.end;
            }
            None => {
                moved = 0;
                if start < piece.end {
                    spans.push(start..piece.end);
                }
            }
        }
    }
    spans
}

/// Closing punctuation at the start of a sentence, and the white space behind it.
struct ClosingRun {
    closers: usize,
    end: usize,
}

fn closing_run(text: &[char]) -> Option<ClosingRun> {
    let closers = text
        .iter()
        .take_while(|c| matches!(c, '"' | '\'' | ')' | ']' | '}'))
        .count();
    if closers == 0 {
        return None;
    }
    let rest = text.get(closers..).unwrap_or_default();
    let spaces = rest.iter().take_while(|c| is_space(**c)).count();
    (rest.is_empty() || spaces > 0 || rest.starts_with(&['-', '-'])).then_some(ClosingRun {
        closers,
        end: closers + spaces,
    })
}

/// A full stop, question or exclamation mark that may end a sentence.
struct Candidate {
    /// The word before the mark.
    word: Range<usize>,
    /// Just behind the mark.
    end: usize,
    /// End of what follows and decides: one punctuation character, or white space and the next token.
    context_end: usize,
    /// Start of the next token when white space follows.
    next_token: Option<usize>,
}

fn slices(text: &[char]) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut last_break = 0;
    for candidate in candidates(text) {
        let context = text
            .get(candidate.word.start..candidate.context_end)
            .unwrap_or_default();
        if contains_sentence_break(context) {
            spans.push(last_break..candidate.end);
            last_break = candidate.next_token.unwrap_or(candidate.end);
        }
    }
    let end = text
        .iter()
        .rposition(|c| !is_space(*c))
        .map_or(0, |last| last + 1);
    spans.push(last_break..end);
    spans
}

fn candidates(text: &[char]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    // The word of the mark before this one, whether it was kept or superseded.
    let mut previous = 0..0;
    for (at, mark) in text.iter().enumerate() {
        if !matches!(mark, '.' | '?' | '!') {
            continue;
        }
        let end = at + 1;
        let Some(&follower) = text.get(end) else {
            continue;
        };
        let (context_end, next_token) = if is_non_word(follower) {
            (end + 1, None)
        } else if is_space(follower) {
            let Some(gap) = text.iter().skip(end).position(|c| !is_space(*c)) else {
                continue;
            };
            let token = end + gap;
            let length = text
                .iter()
                .skip(token)
                .take_while(|c| !is_space(**c))
                .count();
            (token + length, Some(token))
        } else {
            continue;
        };
        let before = text.get(previous.end..at).unwrap_or_default();
        let word_start = match before.iter().rposition(|c| is_ascii_space(*c)) {
            // NLTK takes a space at offset 0 for none at all.
            None | Some(0) => previous.start,
            Some(space) => previous.end + space + 1,
        };
        // Marks in one word ("what?!") count once, by the last of them.
        if found.last().is_some_and(|last| last.word.end > word_start) {
            found.pop();
        }
        previous = word_start..at;
        found.push(Candidate {
            word: previous.clone(),
            end,
            context_end,
            next_token,
        });
    }
    found
}

/// Punctuation that cannot stand inside a word.
fn is_non_word(c: char) -> bool {
    matches!(
        c,
        ')' | '"' | ';' | '}' | ']' | '*' | ':' | '@' | '\'' | '(' | '{' | '[' | '?' | '!'
    )
}

/// A token with the annotations of the first pass.
struct Token<'a> {
    text: &'a [char],
    kind: String,
    period_final: bool,
    breaks: bool,
    abbreviation: bool,
    ellipsis: bool,
}

impl<'a> Token<'a> {
    /// First pass: decisions from the word's type alone (section 3 of the paper).
    fn new(text: &'a [char]) -> Self {
        let lower = text.iter().collect::<String>().to_lowercase();
        let period_final = text.last() == Some(&'.');
        let mut token = Token {
            text,
            kind: String::new(),
            period_final,
            breaks: false,
            abbreviation: false,
            ellipsis: false,
        };
        if matches!(text, ['.' | '?' | '!']) {
            token.breaks = true;
        } else if text.len() > 1 && text.iter().all(|c| *c == '.') {
            token.ellipsis = true;
        } else if period_final && !text.ends_with(&['.', '.']) {
            let stem = lower.strip_suffix('.').unwrap_or(&lower);
            let last_part = stem.rsplit('-').next().unwrap_or(stem);
            token.abbreviation =
                ENGLISH.abbreviations.contains(stem) || ENGLISH.abbreviations.contains(last_part);
            token.breaks = !token.abbreviation;
        }
        token.kind = if is_numeric(&lower) {
            "##number##".to_owned()
        } else {
            lower
        };
        token
    }

    fn kind_without_period(&self) -> &str {
        match self.kind.strip_suffix('.') {
            Some(kind) if !kind.is_empty() => kind,
            _ => &self.kind,
        }
    }

    fn kind_without_sentence_period(&self) -> &str {
        if self.breaks {
            self.kind_without_period()
        } else {
            &self.kind
        }
    }

    fn first_upper(&self) -> bool {
        self.text.first().is_some_and(|c| c.is_uppercase())
    }

    fn first_lower(&self) -> bool {
        self.text.first().is_some_and(|c| c.is_lowercase())
    }

    fn is_initial(&self) -> bool {
        matches!(self.text, [letter, '.'] if is_word(*letter) && !is_digit(*letter))
    }

    /// Whether the token starts a sentence, from the letter case that its type was seen in (section 4.1.1).
    /// `None`: cannot be told.
    fn starts_sentence(&self) -> Option<bool> {
        if matches!(self.text, [';' | ':' | ',' | '.' | '!' | '?']) {
            return Some(false);
        }
        let context = ENGLISH.context(self.kind_without_sentence_period());
        if self.first_upper() && context & ortho::LOWER != 0 && context & ortho::MID_UPPER == 0 {
            return Some(true);
        }
        if self.first_lower() && (context & ortho::UPPER != 0 || context & ortho::BEGIN_LOWER == 0)
        {
            return Some(false);
        }
        None
    }
}

/// `-?[.,]?\d[\d,.-]*`: the whole token is a number.
fn is_numeric(lower: &str) -> bool {
    let rest = lower.strip_prefix('-').unwrap_or(lower);
    let mut rest = rest.strip_prefix(['.', ',']).unwrap_or(rest).chars();
    rest.next().is_some_and(is_digit) && rest.all(|c| is_digit(c) || matches!(c, ',' | '.' | '-'))
}

/// Whether a token other than the last one ends a sentence.
fn contains_sentence_break(text: &[char]) -> bool {
    let tokens = tokens(text);
    tokens
        .iter()
        .zip(tokens.iter().skip(1))
        .any(|(token, next)| breaks_before(token, next))
}

/// Second pass: the decision from a token and the one behind it (section 4 of the paper).
fn breaks_before(token: &Token<'_>, next: &Token<'_>) -> bool {
    if !token.period_final {
        return token.breaks;
    }
    let kind = token.kind_without_period();
    let next_kind = next.kind_without_sentence_period();
    let initial = token.is_initial();
    if ENGLISH.collocations.contains(&(kind, next_kind)) {
        return false;
    }
    let starts = next.starts_sentence();
    if (token.abbreviation || token.ellipsis) && !initial {
        if starts == Some(true) {
            return true;
        }
        if next.first_upper() && ENGLISH.starters.contains(next_kind) {
            return true;
        }
    }
    if initial || kind == "##number##" {
        if starts == Some(false) {
            return false;
        }
        if starts.is_none()
            && initial
            && next.first_upper()
            && ENGLISH.context(next_kind) & ortho::LOWER == 0
        {
            return false;
        }
    }
    token.breaks
}

fn tokens(text: &[char]) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    for line in text.split(|c| *c == '\n') {
        let mut at = 0;
        while let Some(&first) = line.get(at) {
            if is_space(first) {
                at += 1;
                continue;
            }
            let length = token_length(line, at);
            found.push(Token::new(line.get(at..at + length).unwrap_or_default()));
            at += length;
        }
    }
    found
}

/// Length of the token that starts at `at`, which is no white space.
fn token_length(line: &[char], at: usize) -> usize {
    if let Some(length) = repeated_punctuation(line, at) {
        return length;
    }
    if line.get(at).is_none_or(|first| !starts_word(*first)) {
        return 1;
    }
    let mut end = at + 1;
    // A comma ends a word only where the word would end anyway.
    let comma_ends = |at: usize| line.get(at) == Some(&',') && ends_word(line, at + 1);
    while !ends_word(line, end) && !comma_ends(end) {
        end += 1;
    }
    end - at
}

fn ends_word(line: &[char], at: usize) -> bool {
    line.get(at).is_none_or(|c| is_space(*c) || is_non_word(*c))
        || repeated_punctuation(line, at).is_some()
}

fn starts_word(c: char) -> bool {
    !matches!(
        c,
        '(' | '"'
            | '`'
            | '{'
            | '['
            | ':'
            | ';'
            | '&'
            | '#'
            | '*'
            | '@'
            | ')'
            | '}'
            | ']'
            | '-'
            | ','
    )
}

/// Length of a dash (`--`), an ellipsis (`..`) or a spaced ellipsis (`. . .`) at `at`.
fn repeated_punctuation(line: &[char], at: usize) -> Option<usize> {
    let rest = line.get(at..)?;
    let run = |mark: char| rest.iter().take_while(|c| **c == mark).count();
    match rest.first()? {
        '-' => Some(run('-')).filter(|length| *length > 1),
        '.' if run('.') > 1 => Some(run('.')),
        '.' => {
            let pairs = rest
                .chunks_exact(2)
                .take_while(|pair| matches!(pair, ['.', space] if is_space(*space)))
                .count();
            let pairs = if rest.get(2 * pairs) == Some(&'.') {
                pairs
            } else {
                pairs.saturating_sub(1)
            };
            (pairs > 1).then_some(2 * pairs + 1)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(text: &str) -> Vec<String> {
        let chars: Vec<char> = text.chars().collect();
        sentence_spans(&chars)
            .into_iter()
            .map(|span| chars[span].iter().collect())
            .collect()
    }

    #[test]
    fn data_is_complete() {
        assert_eq!(ENGLISH.abbreviations.len(), 156);
        assert_eq!(ENGLISH.starters.len(), 39);
        assert_eq!(ENGLISH.collocations.len(), 37);
        assert_eq!(ENGLISH.contexts.len(), 20_366);
    }

    #[test]
    fn abbreviations_and_initials_do_not_split() {
        assert_eq!(
            sentences("Dr. J. Bach met us. We left."),
            ["Dr. J. Bach met us.", "We left."]
        );
        assert_eq!(sentences("what?! yes. no"), ["what?!", "yes.", "no"]);
        assert_eq!(sentences(""), Vec::<String>::new());
        assert_eq!(sentences("  \n "), Vec::<String>::new());
    }

    #[test]
    fn closing_marks_stay_with_their_sentence() {
        assert_eq!(sentences("(One.) Two."), ["(One.)", "Two."]);
    }
}
