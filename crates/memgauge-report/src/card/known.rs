//! Answers whose worth is known, made from a dataset's key by rules.
//!
//! Right ones say what the gold answer says in another form; wrong ones are of two kinds, specific (another question's
//! answer) and vague (talk around the question). No model is asked, and the same key gives the same answers.

use memgauge_core::Category;

use crate::surrogate::words::{Content, Figures, content, month_name, number_name, tokens};

/// How an answer was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KnownKind {
    /// Right: the gold answer as it stands.
    Verbatim,
    /// Right: in a sentence, `The answer is ... .`
    Sentence,
    /// Right: without articles, first letter of every word lower-cased.
    Plain,
    /// Right: a full date in another format (`7 May 2023` to `May 7th, 2023` and back).
    Date,
    /// Right: numbers up to twenty in words, or number words in digits.
    Number,
    /// Wrong: the gold answer of another question, or the opposite of yes or no.
    Specific,
    /// Wrong: words of the question and nothing of the answer; for a time another part of another year.
    Vague,
}

impl KnownKind {
    /// All of them, right ones first.
    pub const ALL: [Self; 7] = [
        Self::Verbatim,
        Self::Sentence,
        Self::Plain,
        Self::Date,
        Self::Number,
        Self::Specific,
        Self::Vague,
    ];

    /// Name in files and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verbatim => "verbatim",
            Self::Sentence => "sentence",
            Self::Plain => "plain",
            Self::Date => "date",
            Self::Number => "number",
            Self::Specific => "specific",
            Self::Vague => "vague",
        }
    }

    /// Whether its answers are right.
    #[must_use]
    pub const fn is_right(self) -> bool {
        !matches!(self, Self::Specific | Self::Vague)
    }
}

/// A question with its gold answer; answers are made of it.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Category of the question, 1 to 4.
    pub category: Category,
    /// Number of its conversation.
    pub conversation: usize,
    /// What is asked.
    pub question: &'a str,
    /// The published answer.
    pub gold: &'a str,
}

/// For every question the answers of this kind; `None` where the rule does not change the gold answer or finds nothing
/// to say that is surely wrong.
#[must_use]
pub fn known_answers(kind: KnownKind, questions: &[Known<'_>]) -> Vec<Option<String>> {
    let each = |rule: &dyn Fn(&str) -> Option<String>| {
        let golds = questions.iter().map(|one| one.gold);
        golds
            .map(|gold| rule(gold).filter(|answer| answer != gold && !answer.is_empty()))
            .collect()
    };
    match kind {
        KnownKind::Verbatim => questions
            .iter()
            .map(|one| Some(one.gold.to_owned()))
            .collect(),
        KnownKind::Sentence => each(&|gold| {
            Some(format!(
                "The answer is {}.",
                gold.trim().trim_end_matches('.')
            ))
        }),
        KnownKind::Plain => each(&|gold| Some(plain(gold))),
        KnownKind::Date => each(&other_date),
        KnownKind::Number => each(&other_numbers),
        KnownKind::Specific => specific(questions),
        KnownKind::Vague => questions.iter().map(vague).collect(),
    }
}

fn plain(gold: &str) -> String {
    let words = gold.split_whitespace();
    let words = words.filter(|word| !matches!(word.to_lowercase().as_str(), "a" | "an" | "the"));
    words
        .map(str::to_lowercase)
        .collect::<Vec<String>>()
        .join(" ")
}

/// A word with the punctuation behind it taken off.
fn bare(word: &str) -> (&str, &str) {
    let end = word.trim_end_matches([',', '.', ';', ':', '!', '?']).len();
    word.split_at(end)
}

/// Day, month and year that stand together, in the other of the two usual orders.
fn other_date(gold: &str) -> Option<String> {
    let words: Vec<&str> = gold.split_whitespace().collect();
    let at = (0..words.len().saturating_sub(2)).find_map(|at| {
        let window = words.get(at..at + 3)?;
        let [first, second, third] = window else {
            return None;
        };
        let (year, behind) = bare(third);
        let year = (year.len() == 4).then(|| year.parse::<u64>().ok())??;
        let (first, second) = (bare(first).0, bare(second).0);
        let day = |word: &str| {
            let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            digits
                .parse::<u64>()
                .ok()
                .filter(|day| (1..=31).contains(day))
        };
        if let (Some(day), Some(month)) = (day(first), month_name(second)) {
            return Some((at, format!("{month} {day}{}, {year}{behind}", suffix(day))));
        }
        let (month, day) = (month_name(first)?, day(second)?);
        Some((at, format!("{day} {month} {year}{behind}")))
    });
    let (at, date) = at?;
    let mut text: Vec<&str> = words.get(..at)?.to_vec();
    text.push(&date);
    text.extend(words.get(at + 3..).unwrap_or_default());
    Some(text.join(" "))
}

fn suffix(day: u64) -> &'static str {
    match (day % 10, day % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

/// Numbers up to twenty in words and number words in digits, but for days beside a month.
fn other_numbers(gold: &str) -> Option<String> {
    let words: Vec<&str> = gold.split_whitespace().collect();
    let near = |index: usize| {
        let around = [index.checked_sub(1), Some(index + 1)];
        let mut around = around.iter().flatten().filter_map(|at| words.get(*at));
        around.any(|word| month_name(bare(word).0).is_some())
    };
    let changed = words.iter().enumerate().map(|(index, word)| {
        let (number, behind) = bare(word);
        match number_name(number) {
            Some(other) if !near(index) => format!("{other}{behind}"),
            _ => (*word).to_owned(),
        }
    });
    Some(changed.collect::<Vec<String>>().join(" "))
}

/// Whether a gold answer says yes or no.
fn yes_no(gold: &str) -> Option<bool> {
    match tokens(gold).first().map(String::as_str) {
        Some("yes") => Some(true),
        Some("no") => Some(false),
        _ => None,
    }
}

/// The gold answer of the next question of the same category in another conversation (of any other question, where the
/// dataset has one conversation) that shares no content word and no figure with this one's.
fn specific(questions: &[Known<'_>]) -> Vec<Option<String>> {
    let read: Vec<(Content, Figures)> = questions
        .iter()
        .map(|one| {
            let tokens = tokens(one.gold);
            (content(&tokens), Figures::of(&tokens))
        })
        .collect();
    let single = questions
        .iter()
        .all(|one| Some(one.conversation) == questions.first().map(|one| one.conversation));
    let other = |at: usize, one: &Known<'_>| {
        let (words, figures) = read.get(at)?;
        let around = questions
            .iter()
            .zip(&read)
            .cycle()
            .skip(at + 1)
            .take(questions.len().saturating_sub(1));
        let mut fitting = around.filter(|(theirs, (their_words, their_figures))| {
            theirs.category == one.category
                && (single || theirs.conversation != one.conversation)
                && yes_no(theirs.gold).is_none()
                && !their_words.is_empty()
                && their_words.keys().all(|word| !words.contains_key(word))
                && !figures.overlaps(their_figures)
        });
        fitting.next().map(|(theirs, _)| theirs.gold.to_owned())
    };
    questions
        .iter()
        .enumerate()
        .map(|(at, one)| match yes_no(one.gold) {
            Some(true) => Some("No".to_owned()),
            Some(false) => Some("Yes".to_owned()),
            None => other(at, one),
        })
        .collect()
}

/// Talk around a question. A time is put into another part of another year.
fn vague(of: &Known<'_>) -> Option<String> {
    let (question, gold) = (tokens(of.question), tokens(of.gold));
    let figures = Figures::of(&gold);
    if let Some(year) = figures.years.first() {
        let late = figures.months.first().is_none_or(|month| *month <= 6);
        let part = if late { "late in" } else { "early in" };
        return Some(format!("Some time {part} {}", year - 1));
    }
    if yes_no(of.gold).is_some() {
        return Some("It is hard to say".to_owned());
    }
    let said = content(&gold);
    let topic = content(&question);
    let topic: Vec<&str> = question
        .iter()
        .filter(|word| topic.values().any(|topic| topic == *word))
        .filter(|word| !said.values().any(|said| said == *word))
        .map(String::as_str)
        .take(3)
        .collect();
    (!topic.is_empty()).then(|| format!("Something to do with {}", topic.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(
        category: Category,
        conversation: usize,
        question: &'a str,
        gold: &'a str,
    ) -> Known<'a> {
        Known {
            category,
            conversation,
            question,
            gold,
        }
    }

    fn one(kind: KnownKind, gold: &str) -> Option<String> {
        let question = of(Category::SingleHop, 0, "What did Ann buy in town?", gold);
        known_answers(kind, &[question]).pop().unwrap()
    }

    #[test]
    fn right_answers_keep_what_is_said() {
        let is = |kind, gold, answer: Option<&str>| {
            assert_eq!(one(kind, gold).as_deref(), answer, "{kind:?} of {gold}");
        };
        is(KnownKind::Verbatim, "A red car.", Some("A red car."));
        is(
            KnownKind::Sentence,
            "A red car.",
            Some("The answer is A red car."),
        );
        is(KnownKind::Plain, "A red Car", Some("red car"));
        is(KnownKind::Plain, "red car", None);
        is(
            KnownKind::Date,
            "On 7 May 2023, at noon",
            Some("On May 7th, 2023, at noon"),
        );
        is(
            KnownKind::Date,
            "January 22, 2023.",
            Some("22 January 2023."),
        );
        is(KnownKind::Date, "May 2023", None);
        is(KnownKind::Number, "3 cats", Some("three cats"));
        is(KnownKind::Number, "Twelve, maybe", Some("12, maybe"));
        is(KnownKind::Number, "7 May 2023", None);
    }

    #[test]
    fn wrong_answers_share_nothing_with_the_gold_one() {
        let questions = [
            of(Category::SingleHop, 0, "What did Ann buy?", "A red car"),
            of(Category::SingleHop, 0, "What did Bob sell?", "his house"),
            of(Category::SingleHop, 1, "What is parked?", "the car of Ann"),
            of(Category::Temporal, 1, "When?", "7 May 2023"),
            of(Category::SingleHop, 1, "Who sang?", "Mel"),
            of(Category::OpenDomain, 1, "Would Ann go?", "Yes, she would"),
        ];
        let wrong = known_answers(KnownKind::Specific, &questions);
        // Not the house (same conversation), not the other car.
        assert_eq!(wrong[0].as_deref(), Some("Mel"));
        assert_eq!(wrong[2].as_deref(), Some("his house"));
        assert_eq!(wrong[3], None);
        assert_eq!(wrong[5].as_deref(), Some("No"));
        let vague = known_answers(KnownKind::Vague, &questions);
        assert_eq!(vague[0].as_deref(), Some("Something to do with ann buy"));
        assert_eq!(vague[3].as_deref(), Some("Some time late in 2022"));
        assert_eq!(vague[5].as_deref(), Some("It is hard to say"));
    }
}
