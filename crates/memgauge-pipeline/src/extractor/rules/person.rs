//! From the first and second person to names: "I love my dog" said by Mira is "Mira loves Mira's
//! dog".
//!
//! "We" becomes "Mira and others", as nobody can tell from the sentence who they are, and "they"
//! from its second mention on. "You" becomes the listener's name where the sentence is about the
//! listener and not about people in general. What stands between quotation marks is left alone.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use super::lexicon::CAUSATIVES;
use super::sentence::plain;
use super::verb::{follows_had, is_adverb, is_base, is_verbal, third_person};

/// Rewrites one sentence that `speaker` said; `listener` is whom "you" names, or `None` to leave
/// the second person as it is.
pub(super) fn third_person_sentence(
    sentence: &str,
    speaker: &str,
    listener: Option<&str>,
) -> String {
    let mut rewriter = Rewriter::new(sentence, speaker, listener);
    rewriter.run();
    rewriter.out.concat()
}

struct Rewriter<'a> {
    speaker: &'a str,
    listener: Option<&'a str>,
    /// The text piece by piece, as it comes out.
    out: Vec<Cow<'a, str>>,
    /// The words: index of the piece, and the word as lexicons write it.
    words: Vec<(usize, String)>,
    /// Whether the word stands between quotation marks.
    quoted: Vec<bool>,
    /// Whether "we" was named already.
    group: bool,
    /// Whether "you" was named already: else "yourself" belongs to an order.
    addressed: bool,
}

impl<'a> Rewriter<'a> {
    fn new(sentence: &'a str, speaker: &'a str, listener: Option<&'a str>) -> Self {
        let out: Vec<Cow<'a, str>> = sentence.split_word_bounds().map(Cow::Borrowed).collect();
        let mut words = Vec::new();
        let mut quoted = Vec::new();
        let mut inside = false;
        for (at, piece) in out.iter().enumerate() {
            match piece.as_ref() {
                "\"" => inside = !inside,
                "\u{201C}" => inside = true,
                "\u{201D}" => inside = false,
                word if word.chars().any(char::is_alphanumeric) => {
                    words.push((at, plain(word)));
                    quoted.push(inside);
                }
                _ => {}
            }
        }
        let listener = listener.filter(|_| !is_general(&words));
        Self {
            speaker,
            listener,
            out,
            words,
            quoted,
            group: false,
            addressed: false,
        }
    }

    fn run(&mut self) {
        for at in 0..self.words.len() {
            if self.quoted.get(at).copied().unwrap_or_default() {
                continue;
            }
            let word = self.word(at).to_owned();
            self.first_person(at, &word);
            if let Some(listener) = self.listener {
                self.second_person(at, &word, listener);
            }
        }
    }

    fn first_person(&mut self, at: usize, word: &str) {
        let name = self.speaker;
        match word {
            "i" => {
                self.put(at, name.to_owned());
                self.agree(at, true);
            }
            "i'm" | "im" => self.put(at, format!("{name} is")),
            "i've" | "ive" => self.put(at, format!("{name} has")),
            "i'll" => self.put(at, format!("{name} will")),
            "i'd" => {
                let aux = self.had_or_would(at);
                self.put(at, format!("{name} {aux}"));
            }
            "me" => self.put(at, name.to_owned()),
            "my" | "mine" => self.put(at, format!("{name}'s")),
            "myself" => self.put(at, "themself".to_owned()),
            "we" => self.put_group(at, ""),
            "we're" => self.put_group(at, " are"),
            "we've" => self.put_group(at, " have"),
            "we'll" => self.put_group(at, " will"),
            "we'd" => {
                let aux = self.had_or_would(at);
                self.put_group(at, &format!(" {aux}"));
            }
            "us" if self.group => self.put(at, "them".to_owned()),
            "us" => self.put_group(at, ""),
            "our" if self.group => self.put(at, "their".to_owned()),
            "ours" if self.group => self.put(at, "theirs".to_owned()),
            "our" | "ours" => self.put(at, format!("{name}'s")),
            "ourselves" => self.put(at, "themselves".to_owned()),
            _ => {}
        }
    }

    fn second_person(&mut self, at: usize, word: &str, name: &str) {
        if matches!(word, "you" | "u" | "you're" | "you've" | "you'll" | "you'd") {
            self.addressed = true;
        }
        match word {
            "you" | "u" => {
                self.put(at, name.to_owned());
                let caused = at
                    .checked_sub(1)
                    .is_some_and(|before| CAUSATIVES.has(self.word(before)));
                if !self.agree_inverted(at) && !caused {
                    self.agree(at, false);
                }
            }
            "you're" => self.put(at, format!("{name} is")),
            "you've" => self.put(at, format!("{name} has")),
            "you'll" => self.put(at, format!("{name} will")),
            "you'd" => {
                let aux = self.had_or_would(at);
                self.put(at, format!("{name} {aux}"));
            }
            "your" | "yours" => self.put(at, format!("{name}'s")),
            "yourself" if self.addressed => self.put(at, "themself".to_owned()),
            _ => {}
        }
    }

    /// Makes the verb of the subject at `at` agree with a name. `surely` = the word is never an
    /// object, so that an unknown word behind it is its verb.
    fn agree(&mut self, at: usize, surely: bool) {
        if self.agree_inverted(at) || self.is_compound(at) {
            return;
        }
        let mut verb = at + 1;
        while verb < self.words.len() && is_adverb(self.word(verb)) && self.joined(verb) {
            verb += 1;
        }
        if !self.joined(verb) {
            return;
        }
        let word = self.word(verb);
        if (surely || is_base(word) || matches!(word, "were" | "weren't"))
            && let Some(form) = third_person(word)
        {
            self.put(verb, form);
        }
    }

    /// "Do I know", "what have I done", "so am I": here the auxiliary before the subject agrees.
    fn agree_inverted(&mut self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else {
            return false;
        };
        if !self.joined(at) {
            return false;
        }
        let aux = self.word(before).to_owned();
        let opens = before == 0
            || !self.joined(before)
            || matches!(
                self.word(before - 1),
                "what"
                    | "where"
                    | "when"
                    | "why"
                    | "how"
                    | "who"
                    | "which"
                    | "so"
                    | "neither"
                    | "nor"
                    | "only"
                    | "and"
                    | "but"
                    | "never"
                    | "rarely"
                    | "long"
                    | "often"
                    | "else"
                    | "much"
                    | "many"
            );
        if !opens {
            return false;
        }
        let form = match aux.as_str() {
            "am" | "are" => "is",
            "do" => "does",
            "don't" => "doesn't",
            "have" => "has",
            "haven't" => "hasn't",
            "aren't" => "isn't",
            "were" => "was",
            "weren't" => "wasn't",
            "can" | "could" | "can't" | "couldn't" | "did" | "didn't" | "was" | "will"
            | "would" | "won't" | "wouldn't" | "should" | "shouldn't" | "had" | "may" | "might" => {
                return true;
            }
            _ => return false,
        };
        let form = if self.is_capital(before) {
            capitalised(form)
        } else {
            form.to_owned()
        };
        self.put(before, form);
        true
    }

    /// "My wife and I", "Mel and I": a plural subject. "It was late and I left" is none: a verb
    /// stands before the "and".
    fn is_compound(&self, at: usize) -> bool {
        let Some(and) = at.checked_sub(1).filter(|and| self.word(*and) == "and") else {
            return false;
        };
        let mut count = 0;
        for before in (0..and).rev() {
            let word = self.word(before);
            if is_verbal(word) || matches!(word, "i" | "you" | "they" | "it" | "we" | "there") {
                return false;
            }
            count += 1;
            if !self.joined(before) || count > 5 {
                break;
            }
        }
        (1..=5).contains(&count)
    }

    fn had_or_would(&self, at: usize) -> &'static str {
        let next = (at + 1..self.words.len()).find(|next| !is_adverb(self.word(*next)));
        match next {
            Some(next) if follows_had(self.word(next)) => "had",
            _ => "would",
        }
    }

    fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |(_, word)| word)
    }

    /// Whether only space lies between the word and the one before it.
    fn joined(&self, at: usize) -> bool {
        let (Some((here, _)), Some((before, _))) = (
            self.words.get(at),
            at.checked_sub(1).and_then(|b| self.words.get(b)),
        ) else {
            return false;
        };
        self.out
            .get(before + 1..*here)
            .is_some_and(|between| between.iter().all(|piece| piece.trim().is_empty()))
    }

    fn is_capital(&self, at: usize) -> bool {
        self.words
            .get(at)
            .and_then(|(piece, _)| self.out.get(*piece))
            .is_some_and(|piece| piece.chars().next().is_some_and(char::is_uppercase))
    }

    fn put(&mut self, at: usize, text: String) {
        if let Some((piece, _)) = self.words.get(at)
            && let Some(slot) = self.out.get_mut(*piece)
        {
            *slot = Cow::Owned(text);
        }
    }

    fn put_group(&mut self, at: usize, suffix: &str) {
        let who = if self.group && at > 0 {
            "they".to_owned()
        } else {
            format!("{} and others", self.speaker)
        };
        self.group = true;
        self.put(at, format!("{who}{suffix}"));
    }
}

pub(super) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// Whether the sentence's "you" means anybody ("when you are tired", "it makes you think") or is a
/// phrase ("you know", "you guys").
fn is_general(words: &[(usize, String)]) -> bool {
    words.windows(2).any(|pair| {
        let [(_, first), (_, second)] = pair else {
            return false;
        };
        match (first.as_str(), second.as_str()) {
            (
                "if" | "when" | "whenever" | "once" | "until" | "before" | "while" | "unless"
                | "makes" | "make" | "gives" | "give" | "helps" | "takes" | "lets" | "keeps"
                | "gets" | "brings" | "teaches" | "where" | "wherever",
                "you" | "you're" | "your" | "you've",
            ) => true,
            ("you", next) => {
                matches!(
                    next,
                    "know" | "see" | "guys" | "all" | "can" | "get" | "never" | "gotta"
                )
            }
            _ => false,
        }
    }) || words.iter().any(|(_, word)| word == "y'all")
}

#[cfg(test)]
#[path = "person_tests.rs"]
mod tests;
