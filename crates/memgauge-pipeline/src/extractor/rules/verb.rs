//! English verbs of the third person singular.

use super::lexicon::{ADVERBS, ED_PRESENT, INVARIANT, LY_VERBS, NO_VERB, PAST, TENSELESS, VERBS};

/// What the form after "I" or "you" becomes after a name; `None` where it stays as it is (past,
/// modal, or no verb at all). `word` is in lower case.
pub(super) fn third_person(word: &str) -> Option<String> {
    let special = match word {
        "am" | "are" => "is",
        "aren't" | "ain't" => "isn't",
        "were" => "was",
        "weren't" => "wasn't",
        "have" => "has",
        "haven't" => "hasn't",
        "do" => "does",
        "don't" | "dont" => "doesn't",
        "go" => "goes",
        "wanna" => "wants to",
        "gotta" => "has to",
        _ => "",
    };
    if !special.is_empty() {
        return Some(special.to_owned());
    }
    let unchanged = INVARIANT.has(word)
        || PAST.has(word)
        || TENSELESS.has(word)
        || NO_VERB.has(word)
        || is_regular_past(word)
        || word.ends_with("ing") && !matches!(word, "bring" | "sing" | "swing" | "ring" | "cling")
        || word.contains('\'')
        || !word.chars().all(char::is_alphabetic);
    (!unchanged).then(|| with_s(word))
}

/// Whether `word` is a common verb in its base form.
pub(crate) fn is_base(word: &str) -> bool {
    VERBS.has(word) || matches!(word, "am" | "are" | "have" | "do" | "haven't" | "don't")
}

/// Whether `word` looks like a verb form of any kind.
pub(crate) fn is_verbal(word: &str) -> bool {
    is_base(word)
        || INVARIANT.has(word)
        || PAST.has(word)
        || is_regular_past(word)
        || matches!(
            word,
            "is" | "isn't" | "has" | "does" | "doesn't" | "were" | "it's" | "that's"
        )
        || word
            .strip_suffix('s')
            .is_some_and(|stem| VERBS.has(stem) || VERBS.has(stem.trim_end_matches('e')))
}

/// Whether `word` may stand between a subject and its verb.
pub(crate) fn is_adverb(word: &str) -> bool {
    ADVERBS.has(word) || word.len() > 4 && word.ends_with("ly") && !LY_VERBS.has(word)
}

/// Whether `word` can follow "had": then "I'd" is "I had".
pub(super) fn follows_had(word: &str) -> bool {
    matches!(word, "better" | "been")
        || is_regular_past(word)
        || PAST.has(word) && !TENSELESS.has(word)
}

fn is_regular_past(word: &str) -> bool {
    word.len() > 3 && word.ends_with("ed") && !ED_PRESENT.has(word)
}

fn with_s(word: &str) -> String {
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    if let Some(stem) = word.strip_suffix('y')
        && !ends(&["ay", "ey", "oy", "uy"])
    {
        return format!("{stem}ies");
    }
    if ends(&["s", "x", "z", "ch", "sh"]) {
        return format!("{word}es");
    }
    format!("{word}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn present_forms_take_an_s_and_others_stay() {
        let cases = [
            ("love", "loves"),
            ("carry", "carries"),
            ("play", "plays"),
            ("watch", "watches"),
            ("miss", "misses"),
            ("relax", "relaxes"),
            ("go", "goes"),
            ("have", "has"),
            ("don't", "doesn't"),
            ("need", "needs"),
            ("bring", "brings"),
            ("were", "was"),
        ];
        for (base, third) in cases {
            assert_eq!(third_person(base).as_deref(), Some(third), "{base}");
        }
        for same in [
            "went", "painted", "could", "can't", "quit", "was", "did", "had", "and", "looking",
            "to",
        ] {
            assert_eq!(third_person(same), None, "{same}");
        }
    }

    #[test]
    fn had_takes_participles() {
        assert!(follows_had("better") && follows_had("been") && follows_had("finished"));
        assert!(!follows_had("love") && !follows_had("put") && !follows_had("need"));
    }
}
