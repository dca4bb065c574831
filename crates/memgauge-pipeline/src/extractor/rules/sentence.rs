//! Turns to sentences, and what stands around a statement: openers, vocatives, questions.

use unicode_segmentation::UnicodeSegmentation;

use super::lexicon::{ABBREVIATIONS, ASKERS, COURTESY, FUNCTION, OPENERS, PRAISE};

/// `word` as the lexicons write it.
pub(crate) fn plain(word: &str) -> String {
    word.to_lowercase().replace('\u{2019}', "'")
}

/// The words of `text` as the lexicons write them.
pub(super) fn plain_words(text: &str) -> Vec<String> {
    text.unicode_words().map(plain).collect()
}

/// The sentences of `text` in order, trimmed, without those that hold no word (such as emoji).
/// Bounds are Unicode's (UAX #29), save that no sentence ends with a common abbreviation.
pub(crate) fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut end = 0;
    for piece in text.split_sentence_bounds() {
        end += piece.len();
        let last = piece.split_whitespace().next_back().unwrap_or_default();
        let open = ABBREVIATIONS.has(&last.to_lowercase()) && !piece.ends_with('\n');
        if !open {
            found.extend(text.get(start..end));
            start = end;
        }
    }
    found.extend(text.get(start..end));
    found
        .into_iter()
        .map(str::trim)
        .filter(|sentence| sentence.chars().any(char::is_alphanumeric))
        .collect()
}

/// Whether the sentence ends as a question does.
pub(super) fn is_question(sentence: &str) -> bool {
    sentence
        .trim_end_matches(|c: char| !c.is_alphanumeric() && c != '?' && c != '!' && c != '.')
        .trim_end_matches('!')
        .ends_with('?')
}

/// The statement before the question in "I just came back from Rome, have you been there?".
pub(super) fn statement_before_question(sentence: &str) -> Option<&str> {
    let first = plain_words(sentence).into_iter().next()?;
    if ASKERS.has(&first) {
        return None;
    }
    let breaks = [", ", " - ", "; ", "... ", " \u{2014} ", " \u{2013} "];
    let mut cuts: Vec<(usize, usize)> = breaks
        .iter()
        .flat_map(|mark| {
            sentence
                .match_indices(mark)
                .map(|(at, _)| (at, at + mark.len()))
        })
        .collect();
    cuts.sort_unstable();
    cuts.into_iter().find_map(|(at, after)| {
        let tail = plain_words(sentence.get(after..)?);
        let mut asker = tail.iter().map(String::as_str);
        let mut word = asker.next()?;
        if matches!(word, "so" | "but" | "and" | "by") {
            word = asker.find(|word| !matches!(*word, "the" | "way"))?;
        }
        (ASKERS.has(word) && at > 0).then(|| sentence.get(..at))?
    })
}

/// Whether `word` is, or is short for, one of `names`: "Mel" for Melanie.
fn is_name(word: &str, names: &[&str]) -> bool {
    let word = word.trim();
    let capital = word.chars().next().is_some_and(char::is_uppercase);
    capital
        && word.chars().count() >= 2
        && !FUNCTION.has(&plain(word))
        && names.iter().any(|name| {
            name.eq_ignore_ascii_case(word) || name.to_lowercase().starts_with(&word.to_lowercase())
        })
}

/// The sentence without openers ("Wow, ", "Hey Mel! ") and without the names of those addressed
/// at its two ends.
pub(super) fn strip_address(sentence: &str, names: &[&str]) -> String {
    let mut rest = sentence.trim();
    // Each round takes one word, or a word and a name, that a mark cuts off from the rest.
    while let Some(mark) = rest.find([',', '!', '-', '.', '\u{2026}', '\u{2014}', ';', ':']) {
        let (head, tail) = rest.split_at(mark);
        let after = tail.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '"' && c != '$');
        // A mark inside a word or number ("T-shirt", "3.5") cuts nothing off.
        let parted = tail.len() - after.len() > 1 || head.ends_with(' ');
        let mut words = head.split_whitespace();
        let fits = match (words.next(), words.next(), words.next()) {
            (Some(one), None, None) => OPENERS.has(&plain(one)) || is_name(one, names),
            (Some(one), Some(two), None) => {
                OPENERS.has(&plain(one)) && (is_name(two, names) || OPENERS.has(&plain(two)))
            }
            _ => false,
        };
        // "Thanks, Tom, for coming" goes on after the name.
        if !fits || !parted || after.is_empty() || after.starts_with("for ") {
            break;
        }
        rest = after;
    }
    strip_closing_name(rest, names)
}

/// "I sold it, Tom!" -> "I sold it!".
fn strip_closing_name(sentence: &str, names: &[&str]) -> String {
    let body = sentence.trim_end_matches(|c: char| !c.is_alphanumeric());
    match body.rsplit_once(", ") {
        Some((rest, name)) if is_name(name, names) && !rest.contains(',') => {
            let mark = sentence.get(body.len()..).unwrap_or_default();
            format!("{rest}{mark}")
        }
        _ => sentence.to_owned(),
    }
}

/// The words of `text` that carry content: not function words, courtesies, praise or names.
pub(super) fn content_words(text: &str, names: &[&str]) -> usize {
    tokens(text, names)
        .filter(|word| !FUNCTION.has(word) && !COURTESY.has(word) && !PRAISE.has(word))
        .count()
}

/// Whether `text` is a short phrase of thanks, luck or parting, whatever it is about: "Thanks for
/// the tips!", "Let me know how the race goes."
pub(super) fn is_set_phrase(text: &str) -> bool {
    let words = plain_words(text);
    let starts =
        |phrase: &[&str]| words.iter().zip(phrase).filter(|(a, b)| a == b).count() == phrase.len();
    words.len() <= 8
        && [
            &["thanks"][..],
            &["thank", "you"],
            &["appreciate"],
            &["i", "appreciate", "your"],
            &["i", "really", "appreciate", "your"],
            &["good", "luck"],
            &["best", "of", "luck"],
            &["take", "care"],
            &["let", "me", "know"],
            &["i'll", "let", "you", "know"],
            &["keep", "me"],
            &["keep", "up"],
            &["keep", "it", "up"],
            &["have", "a"],
            &["have", "fun"],
            &["talk", "to", "you"],
            &["see", "you"],
        ]
        .iter()
        .any(|phrase| starts(phrase))
}

/// Whether `text` is courtesy through and through: not even praise, that may answer a question.
pub(super) fn is_courtesy(text: &str, names: &[&str]) -> bool {
    !tokens(text, names).any(|word| {
        matches!(
            word.as_str(),
            "yes" | "yeah" | "yep" | "yup" | "no" | "nope" | "nah"
        ) || (!FUNCTION.has(&word) && !COURTESY.has(&word))
    })
}

fn tokens<'a>(text: &'a str, names: &'a [&str]) -> impl Iterator<Item = String> {
    text.unicode_words()
        .filter(|word| !is_name(word, names))
        .map(plain)
        .filter(|word| word.chars().count() > 1 || word.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_readers_end_them() {
        let cases: [(&str, &[&str]); 6] = [
            ("I row. Do you? Yes!", &["I row.", "Do you?", "Yes!"]),
            (
                "I saw Dr. Moss at 3 p.m. today.",
                &["I saw Dr. Moss at 3 p.m. today."],
            ),
            (
                "It cost $3.50... Then I left",
                &["It cost $3.50...", "Then I left"],
            ),
            ("Line one.\nLine two", &["Line one.", "Line two"]),
            ("Great! \u{1F600}\u{1F600}", &["Great!"]),
            ("\u{1F600}", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(sentences(text), expected, "{text}");
        }
    }

    #[test]
    fn questions_and_what_is_said_before_them() {
        assert!(is_question("Do you row?"));
        assert!(is_question("Really?! \u{1F600}"));
        assert!(is_question("You said \"no?\""));
        assert!(!is_question("I asked why."));
        let before = statement_before_question;
        assert_eq!(
            before("I just sold my boat, do you want the oars?"),
            Some("I just sold my boat")
        );
        assert_eq!(
            before("My sister wrote a book - have you read it?"),
            Some("My sister wrote a book")
        );
        assert_eq!(
            before("I'm off to Rome, so what should I see?"),
            Some("I'm off to Rome")
        );
        assert_eq!(before("What did you do, where did you go?"), None);
        assert_eq!(before("You rowed?"), None);
    }

    #[test]
    fn openers_and_names_of_the_addressed_go() {
        let names = ["Melanie", "Tom"];
        let cases = [
            ("Hey Mel! I sold it", "I sold it"),
            ("Wow, that is a boat", "that is a boat"),
            ("Yeah, Tom, I sold it.", "I sold it."),
            ("Oh no, I lost it.", "I lost it."),
            ("I sold it, Tom!", "I sold it!"),
            ("Well-known boats sink", "Well-known boats sink"),
            ("Thanks!", "Thanks!"),
            ("Tomatoes, I love them", "Tomatoes, I love them"),
            ("Melanie sold it.", "Melanie sold it."),
        ];
        for (sentence, expected) in cases {
            assert_eq!(strip_address(sentence, &names), expected, "{sentence}");
        }
    }

    #[test]
    fn small_talk_has_no_content() {
        let names = ["Melanie", "Tom"];
        for empty in [
            "Hey Mel! Good to see you!",
            "Thanks a lot, Tom!",
            "That sounds amazing!",
            "I'm so proud of you!",
            "Wow, that's really cool!",
            "How have you been?",
            "Take care, talk to you soon!",
        ] {
            assert_eq!(content_words(empty, &names), 0, "{empty}");
        }
        for full in [
            "I row.",
            "Three of them.",
            "My dog is sick",
            "It has 2 oars",
        ] {
            assert!(content_words(full, &names) > 0, "{full}");
        }
        assert!(is_set_phrase("Thanks for the advice!"));
        assert!(is_set_phrase("Let me know how the race goes."));
        assert!(!is_set_phrase("Have you sold the boat?"));
        assert!(!is_set_phrase("I keep two boats."));
        assert!(is_courtesy("Thanks, Tom!", &names));
        assert!(!is_courtesy("It was awesome!", &names));
        assert!(!is_courtesy("Yes!", &names));
    }
}
