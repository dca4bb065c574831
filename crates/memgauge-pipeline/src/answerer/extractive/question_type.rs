//! What a question asks for, read from its words alone.

use super::analysis::Analysis;
use super::word_class::Class;

/// How precise a time is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grain {
    /// "When": as precise as it is known.
    Any,
    /// "Which day", "what date".
    Day,
    /// "Which month".
    Month,
    /// "What year".
    Year,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A time.
    When(Grain),
    /// A length of time; "how long ago" asks for one that leads back.
    HowLong {
        is_ago: bool,
    },
    /// A number.
    HowMany,
    Who,
    Where,
    Why,
    /// A manner, feeling or opinion.
    How,
    /// "What game", "which kind of food": a thing whose class is named.
    WhatNoun,
    /// "What is", "what was": a thing.
    WhatIs,
    /// "What did she do": a deed or its object.
    WhatDo,
    /// Yes or no; `is_guess` where the question says would, might or likely.
    YesNo {
        is_guess: bool,
    },
}

/// A question taken apart.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) kind: Kind,
    /// Several things are asked for.
    pub(super) is_list: bool,
    /// The words, lower-cased, in order.
    pub(super) words: Vec<String>,
    /// Stems of the words that say something, sorted, once each.
    pub(super) stems: Vec<u64>,
    /// Bytes and text of the capitalised words.
    pub(super) text: String,
}

impl Asked {
    /// Takes `text` apart.
    pub(super) fn new(text: &str) -> Self {
        let analysis = Analysis::new(text);
        let words: Vec<String> = analysis
            .tokens
            .iter()
            .filter_map(|token| text.get(token.span.clone()))
            .map(|word| word.to_lowercase().replace('’', "'"))
            .collect();
        let (kind, at) = kind(&words, &analysis);
        Self {
            kind,
            is_list: is_list(&words, at, kind),
            stems: analysis.stems,
            words,
            text: text.to_owned(),
        }
    }

    /// Row of the table of weights that fits what is asked for.
    pub(super) fn row(&self) -> usize {
        match self.kind {
            Kind::Who => 0,
            Kind::Where => 1,
            Kind::Why => 2,
            Kind::How | Kind::HowLong { .. } | Kind::HowMany => 3,
            Kind::WhatNoun | Kind::When(_) => 4,
            Kind::WhatIs => 5,
            Kind::WhatDo | Kind::YesNo { .. } => 6,
        }
    }
}

/// The kind, and where its question word stands.
fn kind(words: &[String], analysis: &Analysis) -> (Kind, usize) {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let class = |at: usize| analysis.tokens.get(at).map(|token| token.class);
    if class(0) == Some(Class::Auxiliary) {
        return (yes_no(words), 0);
    }
    let Some(at) = (0..words.len()).find(|at| {
        class(*at) == Some(Class::Interrogative) || word(*at) == "what's" || word(*at) == "who's"
    }) else {
        return (yes_no(words), 0);
    };
    let next = word(at + 1);
    let kind = match word(at) {
        "when" => Kind::When(Grain::Any),
        "where" => Kind::Where,
        "who" | "whom" | "whose" | "who's" => Kind::Who,
        "why" => Kind::Why,
        "how" => match next {
            "long" => Kind::HowLong {
                is_ago: word(at + 2) == "ago",
            },
            "many" | "much" => Kind::HowMany,
            "old" => Kind::HowMany,
            _ => Kind::How,
        },
        _ => match next {
            "year" | "years" => Kind::When(Grain::Year),
            "month" | "months" => Kind::When(Grain::Month),
            "day" | "date" => Kind::When(Grain::Day),
            "week" | "weekend" => Kind::When(Grain::Any),
            "city" | "cities" | "country" | "countries" | "state" | "states" | "place"
            | "places" | "town" | "towns" => Kind::Where,
            "time" if word(at + 2) != "of" => Kind::When(Grain::Any),
            "is" | "are" | "was" | "were" | "'s" => Kind::WhatIs,
            _ if word(at) == "what's" => Kind::WhatIs,
            _ if class(at + 1) == Some(Class::Auxiliary) => Kind::WhatDo,
            _ => Kind::WhatNoun,
        },
    };
    (kind, at)
}

fn yes_no(words: &[String]) -> Kind {
    Kind::YesNo {
        is_guess: words.iter().any(|word| {
            matches!(
                word.as_str(),
                "would" | "might" | "could" | "likely" | "probably"
            )
        }),
    }
}

/// Whether more than one thing is asked for: the noun after the question word, or after "what
/// are", is a plural.
fn is_list(words: &[String], at: usize, kind: Kind) -> bool {
    let plural = |word: &String| {
        word.len() > 3
            && word.ends_with('s')
            && !word.ends_with("ss")
            && !word.ends_with("us")
            && !word.ends_with("'s")
            && !word.ends_with("is")
    };
    let rest = words.get(at + 1..).unwrap_or_default();
    match kind {
        Kind::WhatNoun | Kind::Where => {
            let noun = rest.iter().take_while(|word| {
                !matches!(
                    word.as_str(),
                    "is" | "are"
                        | "was"
                        | "were"
                        | "do"
                        | "does"
                        | "did"
                        | "has"
                        | "have"
                        | "had"
                        | "can"
                        | "could"
                        | "would"
                        | "will"
                        | "might"
                        | "should"
                )
            });
            let noun: Vec<&String> = noun.take(4).collect();
            let has_aux_plural = rest.get(noun.len()).is_some_and(|word| word == "are");
            noun.iter().any(|word| plural(word))
                || has_aux_plural
                || (kind == Kind::Where && rest.first().is_some_and(|word| word == "has"))
        }
        Kind::WhatIs => {
            rest.first()
                .is_some_and(|word| matches!(word.as_str(), "are" | "were"))
                || rest.iter().take(6).any(|word| word == "names")
        }
        Kind::Who => rest
            .first()
            .is_some_and(|word| matches!(word.as_str(), "are" | "were" | "have")),
        Kind::WhatDo => rest
            .first()
            .is_some_and(|word| matches!(word.as_str(), "has" | "have")),
        _ => false,
    }
}
