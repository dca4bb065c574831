//! The Porter stemmer (Porter, "An algorithm for suffix stripping", Program 14.3, 1980) with NLTK's extensions: the
//! default mode of NLTK's `PorterStemmer`, which is neither the published algorithm nor Snowball's "porter".

/// Irregular forms, looked up before anything else.
const IRREGULAR: [(&str, &str); 16] = [
    ("sky", "sky"),
    ("skies", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

/// Suffixes of step 2 that are replaced if the measure of what is left is positive.
const STEP_2: [(&str, &str); 21] = [
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
];

/// Suffixes of step 3, under the same condition.
const STEP_3: [(&str, &str); 7] = [
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
];

/// Suffixes of step 4, dropped if the measure of what is left is above 1. The order decides between suffixes of
/// suffixes.
const STEP_4: [&str; 19] = [
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou",
    "ism", "ate", "iti", "ous", "ive", "ize",
];

/// The stem of a word, in lower case.
#[must_use]
pub fn porter_stem(word: &str) -> String {
    // As written: NLTK finds "sky" in its list, but not "Sky".
    if let Some((_, stem)) = IRREGULAR.iter().find(|(form, _)| *form == word) {
        return (*stem).to_owned();
    }
    let lower = word.to_lowercase();
    if word.chars().nth(2).is_none() {
        return lower;
    }
    let mut stem = Stem {
        letters: lower.chars().collect(),
    };
    stem.step_1a();
    stem.step_1b();
    stem.step_1c();
    stem.step_2();
    stem.step_3();
    stem.step_4();
    stem.step_5();
    stem.letters.into_iter().collect()
}

/// The word while it is being cut.
struct Stem {
    letters: Vec<char>,
}

impl Stem {
    fn ends(&self, suffix: &str) -> bool {
        ends(&self.letters, suffix)
    }

    /// What stands before a suffix of this many letters.
    fn before(&self, suffix: &str) -> &[char] {
        self.letters
            .get(..self.letters.len().saturating_sub(suffix.len()))
            .unwrap_or_default()
    }

    fn replace(&mut self, suffix: &str, replacement: &str) {
        self.letters
            .truncate(self.letters.len().saturating_sub(suffix.len()));
        self.letters.extend(replacement.chars());
    }

    /// Replaces the first suffix of the list that the word ends in, if the measure before it is positive.
    fn replace_first(&mut self, rules: &[(&str, &str)]) -> bool {
        match rules.iter().find(|(suffix, _)| self.ends(suffix)) {
            Some((suffix, replacement)) => {
                if measure(self.before(suffix)) > 0 {
                    self.replace(suffix, replacement);
                }
                true
            }
            None => false,
        }
    }

    /// Plurals.
    fn step_1a(&mut self) {
        if self.ends("ies") {
            // NLTK: "dies" -> "die", but "flies" -> "fli".
            let replacement = if self.letters.len() == 4 { "ie" } else { "i" };
            self.replace("ies", replacement);
        } else if self.ends("sses") {
            self.replace("sses", "ss");
        } else if self.ends("s") && !self.ends("ss") {
            self.replace("s", "");
        }
    }

    /// Past tense and gerund.
    fn step_1b(&mut self) {
        if self.ends("ied") {
            // NLTK: "died" -> "die", but "spied" -> "spi".
            let replacement = if self.letters.len() == 4 { "ie" } else { "i" };
            self.replace("ied", replacement);
            return;
        }
        if self.ends("eed") {
            if measure(self.before("eed")) > 0 {
                self.replace("eed", "ee");
            }
            return;
        }
        let Some(suffix) = ["ed", "ing"]
            .into_iter()
            .find(|suffix| self.ends(suffix) && has_vowel(self.before(suffix)))
        else {
            return;
        };
        self.replace(suffix, "");
        if self.ends("at") || self.ends("bl") || self.ends("iz") {
            self.letters.push('e');
        } else if ends_double_consonant(&self.letters) {
            if !matches!(self.letters.last(), Some('l' | 's' | 'z')) {
                self.letters.pop();
            }
        } else if measure(&self.letters) == 1 && ends_cvc(&self.letters) {
            self.letters.push('e');
        }
    }

    /// `y` to `i`, NLTK's condition: after a consonant that is not the whole stem.
    fn step_1c(&mut self) {
        let stem = self.before("y");
        if self.ends("y") && stem.len() > 1 && is_consonant(stem, stem.len() - 1) {
            self.replace("y", "i");
        }
    }

    fn step_2(&mut self) {
        // NLTK tries "alli" first and then runs the step again on the result.
        while self.ends("alli") && measure(self.before("alli")) > 0 {
            self.replace("alli", "al");
        }
        if !self.replace_first(&STEP_2) && self.ends("logi") && measure(self.before("ogi")) > 0 {
            self.replace("logi", "log");
        }
    }

    fn step_3(&mut self) {
        self.replace_first(&STEP_3);
    }

    fn step_4(&mut self) {
        let Some(suffix) = STEP_4.into_iter().find(|suffix| self.ends(suffix)) else {
            return;
        };
        let stem = self.before(suffix);
        if measure(stem) > 1 && (suffix != "ion" || matches!(stem.last(), Some('s' | 't'))) {
            self.replace(suffix, "");
        }
    }

    fn step_5(&mut self) {
        if self.ends("e") {
            let stem = self.before("e");
            let size = measure(stem);
            if size > 1 || (size == 1 && !ends_cvc(stem)) {
                self.replace("e", "");
            }
        }
        if self.ends("ll") && measure(self.before("l")) > 1 {
            self.replace("ll", "l");
        }
    }
}

fn ends(letters: &[char], suffix: &str) -> bool {
    // Every suffix is ASCII, so that bytes are letters.
    letters.len() >= suffix.len()
        && letters
            .iter()
            .rev()
            .zip(suffix.bytes().rev())
            .all(|(c, s)| *c == char::from(s))
}

/// Consonants are all letters but a, e, i, o, u, and y after a consonant. Digits and other marks count as consonants.
fn is_consonant(word: &[char], at: usize) -> bool {
    match word.get(at) {
        Some('a' | 'e' | 'i' | 'o' | 'u') => false,
        Some('y') => at == 0 || !is_consonant(word, at - 1),
        _ => true,
    }
}

/// The paper's m: how often a vowel is followed by a consonant.
fn measure(stem: &[char]) -> usize {
    let mut count = 0;
    let mut after_vowel = false;
    let mut consonant = false;
    for (at, letter) in stem.iter().enumerate() {
        consonant = match letter {
            'a' | 'e' | 'i' | 'o' | 'u' => false,
            'y' => at == 0 || !consonant,
            _ => true,
        };
        count += usize::from(after_vowel && consonant);
        after_vowel = !consonant;
    }
    count
}

fn has_vowel(stem: &[char]) -> bool {
    (0..stem.len()).any(|at| !is_consonant(stem, at))
}

fn ends_double_consonant(word: &[char]) -> bool {
    matches!(word, [.., a, b] if a == b) && is_consonant(word, word.len() - 1)
}

/// Consonant, vowel, consonant at the end, the last not w, x or y; in NLTK also a word of a vowel and a consonant.
fn ends_cvc(word: &[char]) -> bool {
    let consonant_from_end = |back: usize| {
        word.len()
            .checked_sub(back)
            .map(|at| is_consonant(word, at))
    };
    let shape = (
        consonant_from_end(3),
        consonant_from_end(2),
        consonant_from_end(1),
    );
    match shape {
        (Some(true), Some(false), Some(true)) => !matches!(word.last(), Some('w' | 'x' | 'y')),
        (None, Some(false), Some(true)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_the_paper_and_of_the_extensions() {
        for (word, stem) in [
            ("caresses", "caress"),
            ("agreed", "agre"),
            ("relational", "relat"),
            ("hopping", "hop"),
            ("filing", "file"),
            ("dies", "die"),
            ("flies", "fli"),
            ("enjoy", "enjoy"),
            ("skies", "sky"),
            ("It", "it"),
            ("", ""),
            ("naïvely", "naïv"),
        ] {
            assert_eq!(porter_stem(word), stem, "{word}");
        }
    }
}
