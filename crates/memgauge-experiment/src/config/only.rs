//! `--only 'variant=mem0* category=temporal'`: a part of an experiment.

use std::str::FromStr;

use memgauge_core::Category;
use memgauge_core::config::unknown;

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

impl FromStr for Only {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut only = Self::default();
        for term in text.split_whitespace() {
            let (key, value) = term.split_once('=').ok_or_else(|| {
                format!("`{term}` is no term: write `variant=PATTERN`, `category=NAME` or `conversation=ID`")
            })?;
            match key {
                "variant" => only.variants.push(value.to_owned()),
                "conversation" => only.conversations.push(value.to_owned()),
                "category" => only.categories.push(category(value)?),
                _ => {
                    return Err(unknown(
                        "key",
                        key,
                        &["variant", "category", "conversation"],
                    ));
                }
            }
        }
        Ok(only)
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
pub(super) fn fits(pattern: &str, name: &str) -> bool {
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
        let only: Only = "variant=a* variant=b category=temporal category=1"
            .parse()
            .unwrap();
        assert_eq!(only.variants, ["a*", "b"]);
        assert_eq!(only.categories, [2, 1]);
        for (wrong, says) in [
            ("turns", "no term"),
            ("variants=a", "did you mean `variant`"),
            ("category=temporl", "did you mean `temporal`"),
        ] {
            let error = wrong.parse::<Only>().unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
