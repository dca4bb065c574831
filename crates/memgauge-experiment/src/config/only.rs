//! `--only 'variant=mem0* category=temporal'`: a part of an experiment.

use memgauge_core::Category;
use memgauge_core::config::unknown;

use super::ConfigFile;

/// What is kept: terms of different keys must all hold, of terms of one key any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Only {
    /// Patterns of variants' names; `*` stands for anything, `?` for one character.
    pub variants: Vec<String>,
    /// Categories by number.
    pub categories: Vec<u8>,
    /// Ids of conversations.
    pub conversations: Vec<String>,
}

impl Only {
    /// Reads terms that are separated by spaces.
    ///
    /// # Errors
    /// With every term that is none.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut only = Self::default();
        let mut problems = Vec::new();
        for term in text.split_whitespace() {
            let Some((key, value)) = term.split_once('=') else {
                problems.push(format!(
                    "`{term}` is no term: write `variant=PATTERN`, `category=NAME` or `conversation=ID`"
                ));
                continue;
            };
            match key {
                "variant" => only.variants.push(value.to_owned()),
                "conversation" => only.conversations.push(value.to_owned()),
                "category" => match category(value) {
                    Ok(category) => only.categories.push(category),
                    Err(message) => problems.push(message),
                },
                _ => {
                    let known = ["variant", "category", "conversation"];
                    problems.push(unknown("key", key, &known));
                }
            }
        }
        if text.trim().is_empty() {
            problems.push("give at least one term, such as `variant=mem0*`".to_owned());
        }
        if problems.is_empty() {
            Ok(only)
        } else {
            Err(problems)
        }
    }
}

impl ConfigFile {
    /// Keeps a part of the experiment. Returns which terms keep nothing; unless `cells_are_known`, patterns of
    /// variants are taken on trust.
    pub(super) fn narrow(&mut self, only: &Only, cells_are_known: bool) -> Vec<String> {
        let mut problems = Vec::new();
        let mut nothing = |key: &str, given: &str, known: &[String]| {
            let known = known.join(", ");
            problems.push(format!("{key}={given} keeps nothing (there is: {known})"));
        };
        let config = &mut self.config;
        if !only.variants.is_empty() && cells_are_known {
            let all = std::mem::take(&mut config.variant);
            let mut origins = std::mem::take(&mut self.places.origins).into_iter();
            let known: Vec<String> = all.iter().map(|variant| variant.name.clone()).collect();
            for pattern in &only.variants {
                if !known.iter().any(|name| fits(pattern, name)) {
                    nothing("variant", pattern, &known);
                }
            }
            let is_kept = |name: &str| only.variants.iter().any(|pattern| fits(pattern, name));
            for (index, variant) in all.into_iter().enumerate() {
                let origin = origins.next();
                if is_kept(&variant.name) {
                    config.variant.push(variant);
                    let origin = origin.unwrap_or_else(|| format!("variant[{index}]"));
                    self.places.origins.push(origin);
                }
            }
            if let Some(swapped) = &mut config.controls.swapped {
                swapped.retain(|name| is_kept(name));
            }
        }
        let dataset = &mut config.dataset;
        if !only.categories.is_empty() {
            let asked = std::mem::take(&mut dataset.categories);
            for category in &only.categories {
                if asked.is_empty() || asked.contains(category) {
                    dataset.categories.push(*category);
                } else {
                    let known: Vec<String> = asked.iter().map(u8::to_string).collect();
                    nothing("category", &category.to_string(), &known);
                }
            }
        }
        if !only.conversations.is_empty() {
            let asked = std::mem::take(&mut dataset.conversations);
            for conversation in &only.conversations {
                if asked.is_empty() || asked.contains(conversation) {
                    dataset.conversations.push(conversation.clone());
                } else {
                    nothing("conversation", conversation, &asked);
                }
            }
        }
        problems
    }
}

/// A category by its official name or number.
fn category(value: &str) -> Result<u8, String> {
    let names: Vec<&str> = Category::ALL
        .iter()
        .map(|category| category.name())
        .collect();
    let found = Category::ALL
        .iter()
        .find(|category| category.name() == value || category.number().to_string() == value);
    found
        .map(|category| category.number())
        .ok_or_else(|| unknown("category", value, &names))
}

/// Whether `name` fits `pattern`.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    // Which ends of the name the pattern so far may have reached.
    let mut reached = vec![false; name.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for symbol in pattern {
        let mut next = vec![false; name.len() + 1];
        let mut any = false;
        for (at, was) in reached.iter().enumerate() {
            any |= was;
            match symbol {
                '*' => {
                    if let Some(cell) = next.get_mut(at) {
                        *cell = any;
                    }
                }
                _ => {
                    let is_same = name.get(at).is_some_and(|c| symbol == '?' || *c == symbol);
                    if *was
                        && is_same
                        && let Some(cell) = next.get_mut(at + 1)
                    {
                        *cell = true;
                    }
                }
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert!(fits("mem0*", "mem0g"));
        assert!(fits("mem0*", "mem0"));
        assert!(fits("*k=5*", "turns,k=5,fusion=rrf"));
        assert!(fits("mem0?", "mem0g"));
        assert!(!fits("mem0?", "mem0"));
        assert!(!fits("mem0", "mem0g"));
        assert!(!fits("", "a"));
        assert!(fits("*", ""));
    }

    #[test]
    fn terms() {
        let only = Only::parse("variant=a* variant=b category=temporal category=1").unwrap();
        assert_eq!(only.variants, ["a*", "b"]);
        assert_eq!(only.categories, [2, 1]);
        for (wrong, says) in [
            ("turns", "no term"),
            ("variants=a", "did you mean `variant`"),
            ("category=temporl", "did you mean `temporal`"),
        ] {
            let errors = Only::parse(wrong).unwrap_err();
            assert!(errors[0].contains(says), "{errors:?}");
        }
        assert_eq!(Only::parse("turns category=9 x=y").unwrap_err().len(), 3);
        assert_eq!(Only::parse(" ").unwrap_err().len(), 1);
    }
}
