//! Answers to questions that offer their answers: yes or no, this or that.

use super::analysis::{Analysis, digest};
use super::question_type::Asked;
use super::rank::Ranked;

/// Least support for a yes to a question that asks for a guess.
const GUESS_FLOOR: f64 = 0.3;

/// Yes, no, or the offered option that the context speaks of more.
pub(super) fn decide(
    asked: &Asked,
    ranked: &Ranked<'_>,
    is_guess: bool,
) -> Option<(String, usize)> {
    let top = ranked.units.first()?;
    if let Some(option) = choice(asked, ranked) {
        return Some((option, top.entry));
    }
    let is_denied = top
        .analysis
        .sentences
        .iter()
        .filter(|sentence| {
            sentence.tokens.clone().any(|at| {
                top.analysis
                    .tokens
                    .get(at)
                    .is_some_and(|token| ranked.weight(token.stem) > 0.0)
            })
        })
        .any(|sentence| {
            sentence.tokens.clone().any(|at| {
                top.analysis
                    .tokens
                    .get(at)
                    .and_then(|token| top.text.get(token.span.clone()))
                    .is_some_and(|word| {
                        let word = word.to_lowercase().replace('’', "'");
                        word.ends_with("n't") || matches!(word.as_str(), "not" | "never" | "no")
                    })
            })
        });
    let text = match (
        is_guess,
        is_denied || (is_guess && top.support < GUESS_FLOOR),
    ) {
        (true, true) => "Likely no",
        (false, true) => "No",
        (_, false) => "Yes",
    };
    Some((text.to_owned(), top.entry))
}

/// "a park or a theatre": the option whose words the best units hold more of.
fn choice(asked: &Asked, ranked: &Ranked<'_>) -> Option<String> {
    let at = asked.words.iter().position(|word| word == "or")?;
    let after = asked.words.get(at + 1..).filter(|rest| !rest.is_empty())?;
    let length = after.len().min(4);
    let before = asked.words.get(at.saturating_sub(length)..at)?;
    let held = |option: &[String]| -> f64 {
        let stems = Analysis::new(&option.join(" ")).stems;
        let held: f64 = ranked
            .units
            .iter()
            .take(5)
            .map(|unit| {
                stems
                    .iter()
                    .filter(|stem| unit.analysis.has(**stem))
                    .count() as f64
            })
            .sum();
        held / stems.len().max(1) as f64
    };
    let after = after.get(..length)?;
    let chosen = if held(after) > held(before) {
        after
    } else {
        before
    };
    Some(strip_article(chosen))
}

fn strip_article(words: &[String]) -> String {
    let article = [digest("a"), digest("an"), digest("the")];
    words
        .iter()
        .skip_while(|word| article.contains(&digest(word)))
        .cloned()
        .collect::<Vec<_>>()
        .join(" ")
}
