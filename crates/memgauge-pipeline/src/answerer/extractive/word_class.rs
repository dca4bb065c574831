//! Closed word classes of English.

/// What kind of word it is, as far as a closed list or its ending tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Class {
    /// Article, demonstrative, quantifier.
    Determiner,
    /// "my", "her".
    Possessive,
    /// Any other pronoun, contracted verbs included ("I'm").
    Pronoun,
    Preposition,
    Conjunction,
    /// Forms of be, have, do and the modals.
    Auxiliary,
    /// The infinitive's "to", or the preposition.
    To,
    /// "so", "really", "just" and other words that only colour.
    Adverb,
    /// Greetings, thanks and exclamations.
    Interjection,
    /// Question words.
    Interrogative,
    Number,
    /// Units of time and words that place an event in time.
    Time,
    /// Ends in -ing.
    Gerund,
    /// Ends in -ed, or a common irregular past.
    Past,
    /// Any other word.
    Content,
}

/// The class of a lower-cased word.
pub(super) fn class(word: &str) -> Class {
    match word {
        "a" | "an" | "the" | "this" | "that" | "these" | "those" | "some" | "any" | "every"
        | "each" | "all" | "both" | "no" | "such" | "another" | "other" | "many" | "much"
        | "few" | "several" | "more" | "most" | "lots" | "lot" | "bunch" => Class::Determiner,
        "my" | "your" | "his" | "her" | "its" | "our" | "their" => Class::Possessive,
        "i" | "me" | "you" | "he" | "him" | "she" | "it" | "we" | "us" | "they" | "them"
        | "myself" | "yourself" | "himself" | "herself" | "itself" | "ourselves" | "themselves"
        | "mine" | "yours" | "hers" | "ours" | "theirs" | "someone" | "somebody" | "something"
        | "anyone" | "anything" | "everyone" | "everything" | "nothing" | "nobody" | "i'm"
        | "i've" | "i'd" | "i'll" | "you're" | "you've" | "you'd" | "you'll" | "he's" | "he'd"
        | "she's" | "she'd" | "it's" | "it'd" | "it'll" | "we're" | "we've" | "we'd" | "we'll"
        | "they're" | "they've" | "they'd" | "they'll" | "that's" | "there's" | "there"
        | "here's" | "here" | "one" | "ones" | "what's" | "who's" | "let's" => Class::Pronoun,
        "of" | "in" | "on" | "at" | "by" | "for" | "with" | "about" | "against" | "between"
        | "into" | "through" | "during" | "before" | "after" | "above" | "below" | "from"
        | "up" | "down" | "out" | "off" | "over" | "under" | "near" | "around" | "like" | "as"
        | "since" | "until" | "without" | "within" | "along" | "across" | "behind" | "beyond"
        | "towards" | "toward" | "upon" | "onto" | "besides" | "despite" | "except" => {
            Class::Preposition
        }
        "and" | "or" | "but" | "because" | "cause" | "if" | "while" | "although" | "though"
        | "than" | "whether" | "unless" | "plus" | "yet" | "nor" => Class::Conjunction,
        "am" | "is" | "are" | "was" | "were" | "be" | "been" | "being" | "have" | "has" | "had"
        | "having" | "do" | "does" | "did" | "doing" | "can" | "could" | "will" | "would"
        | "shall" | "should" | "may" | "might" | "must" | "can't" | "cannot" | "couldn't"
        | "won't" | "wouldn't" | "don't" | "doesn't" | "didn't" | "isn't" | "aren't" | "wasn't"
        | "weren't" | "haven't" | "hasn't" | "hadn't" | "shouldn't" | "gonna" | "got" | "get"
        | "gets" | "getting" => Class::Auxiliary,
        "to" => Class::To,
        "so" | "very" | "really" | "just" | "too" | "also" | "even" | "still" | "only"
        | "always" | "never" | "ever" | "often" | "sometimes" | "usually" | "already" | "now"
        | "then" | "again" | "not" | "definitely" | "actually" | "totally" | "pretty" | "quite"
        | "super" | "kinda" | "finally" | "recently" | "maybe" | "well" | "back" | "together"
        | "away" | "else" | "especially" | "lately" | "once" | "soon" => Class::Adverb,
        "hey" | "hi" | "hello" | "wow" | "thanks" | "thank" | "yeah" | "yep" | "yup" | "yes"
        | "oh" | "ok" | "okay" | "haha" | "please" | "congrats" | "congratulations" | "bye"
        | "sure" | "nope" | "cool" | "awesome" | "absolutely" | "exactly" | "great" => {
            Class::Interjection
        }
        "what" | "which" | "who" | "whom" | "whose" | "when" | "where" | "why" | "how" => {
            Class::Interrogative
        }
        "two" | "three" | "four" | "five" | "six" | "seven" | "eight" | "nine" | "ten"
        | "eleven" | "twelve" | "dozen" | "hundred" | "thousand" | "million" => Class::Number,
        "went" | "made" | "took" | "saw" | "gave" | "found" | "felt" | "thought" | "told"
        | "bought" | "brought" | "met" | "kept" | "left" | "lost" | "won" | "ran" | "wrote"
        | "began" | "knew" | "came" | "became" | "said" | "spent" | "heard" | "held" | "ate"
        | "drove" | "built" | "grew" | "taught" | "chose" | "sold" | "sent" | "spoke" | "stood"
        | "understood" | "led" | "fell" | "threw" | "rode" | "sang" | "swam" | "drew" | "flew"
        | "broke" | "caught" | "paid" | "slept" | "sat" | "woke" | "wore" | "hid" => Class::Past,
        "today" | "tonight" | "yesterday" | "tomorrow" | "week" | "weeks" | "weekend" | "month"
        | "months" | "year" | "years" | "day" | "days" | "hour" | "hours" | "ago" | "last"
        | "next" | "monday" | "tuesday" | "wednesday" | "thursday" | "friday" | "saturday"
        | "sunday" | "morning" | "afternoon" | "evening" | "night" => Class::Time,
        _ if word.starts_with(|c: char| c.is_ascii_digit()) => Class::Number,
        _ if word.len() > 4 && word.ends_with("ing") => Class::Gerund,
        _ if word.len() > 3 && word.ends_with("ed") => Class::Past,
        _ => Class::Content,
    }
}

/// The base of a common irregular form, which no stemmer finds; other words as they are.
pub(super) fn base(word: &str) -> &str {
    match word {
        "went" | "gone" => "go",
        "made" => "make",
        "took" | "taken" => "take",
        "saw" | "seen" => "see",
        "gave" | "given" => "give",
        "found" => "find",
        "felt" => "feel",
        "thought" => "think",
        "told" => "tell",
        "bought" => "buy",
        "brought" => "bring",
        "met" => "meet",
        "kept" => "keep",
        "left" => "leave",
        "lost" => "lose",
        "won" => "win",
        "ran" => "run",
        "wrote" | "written" => "write",
        "began" | "begun" => "begin",
        "knew" | "known" => "know",
        "came" => "come",
        "became" => "become",
        "said" => "say",
        "spent" => "spend",
        "heard" => "hear",
        "held" => "hold",
        "ate" | "eaten" => "eat",
        "drove" | "driven" => "drive",
        "built" => "build",
        "grew" | "grown" => "grow",
        "taught" => "teach",
        "chose" | "chosen" => "choose",
        "sold" => "sell",
        "sent" => "send",
        "spoke" | "spoken" => "speak",
        "stood" => "stand",
        "understood" => "understand",
        "led" => "lead",
        "fell" | "fallen" => "fall",
        "threw" | "thrown" => "throw",
        "rode" | "ridden" => "ride",
        "sang" | "sung" => "sing",
        "swam" | "swum" => "swim",
        "drew" | "drawn" => "draw",
        "flew" | "flown" => "fly",
        "broke" | "broken" => "break",
        "caught" => "catch",
        "paid" => "pay",
        "slept" => "sleep",
        "sat" => "sit",
        "woke" | "woken" => "wake",
        "wore" | "worn" => "wear",
        "hid" | "hidden" => "hide",
        "learnt" => "learn",
        "shown" => "show",
        "done" => "do",
        "forgot" | "forgotten" => "forget",
        "fought" => "fight",
        "dealt" => "deal",
        "sought" => "seek",
        "stole" | "stolen" => "steal",
        "swore" | "sworn" => "swear",
        "tore" | "torn" => "tear",
        "sank" | "sunk" => "sink",
        "rose" | "risen" => "rise",
        "lent" => "lend",
        "bent" => "bend",
        "shot" => "shoot",
        "struck" => "strike",
        "stuck" => "stick",
        "children" => "child",
        "men" => "man",
        "women" => "woman",
        "people" => "person",
        _ => word,
    }
}

impl Class {
    /// Whether it says nothing by itself.
    pub(super) fn is_function(self) -> bool {
        !matches!(
            self,
            Self::Number | Self::Time | Self::Gerund | Self::Past | Self::Content
        )
    }
}
