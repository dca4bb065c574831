//! What a gate asks for: a TOML file.

use std::path::{Path, PathBuf};

use memgauge_core::config::unknown;
use memgauge_core::{Category, CategoryNames};
use serde::Serialize;
use toml::{Table, Value};

use crate::baseline::{COST, ERRORS, TOKENS, measured_metrics};
use crate::compare::slices;
use crate::direction::{Direction, direction};

/// The 95th percentile of search latency over questions, current over baseline, own compute only.
pub const LATENCY: &str = "latency.p95";

/// A mistake in a policy: file, key, value, and what would do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", path.display())]
pub struct PolicyError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong, with the key.
    pub message: String,
}

/// What becomes of a check that the questions cannot decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnUnderpowered {
    /// The gate fails.
    Fail,
    /// It is told, and the gate passes.
    Warn,
}

/// What differences are told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Points of 100.
    Points,
    /// Percent of the baseline's value.
    Percent,
}

/// One line of a policy. It stands for a test per variant and slice.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The metric: a column of a baseline, or [`LATENCY`].
    pub metric: String,
    /// Its variants; empty = every variant of the baseline that has the metric.
    pub variants: Vec<String>,
    /// Name and categories of its slices.
    pub slices: Vec<(String, Vec<Category>)>,
    /// Which way is good.
    pub better: Direction,
    /// What differences are told in.
    pub unit: Unit,
    /// Differences inside plus and minus this count as none, in `unit`.
    pub margin: f64,
    /// Differences up to this are no regression even where they are sure, in `unit`; at most `margin`.
    pub tolerance: f64,
    /// The current value may not be lower: points, tokens or dollars.
    pub floor: Option<f64>,
    /// The current value may not be higher: points, tokens or dollars.
    pub ceiling: Option<f64>,
    /// What becomes of it where the questions cannot decide.
    pub underpowered: OnUnderpowered,
}

/// What a gate asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Probability that no test of the policy finds a difference that is none.
    pub confidence: f64,
    /// Whether prompts of the systems may differ from the baseline's.
    pub prompts_may_differ: bool,
    /// The checks in the order of the file.
    pub checks: Vec<Check>,
}

const KEYS: [&str; 4] = ["confidence", "underpowered", "prompts", "check"];
const CHECK_KEYS: [&str; 9] = [
    "metric",
    "variants",
    "category",
    "better",
    "margin",
    "tolerance",
    "floor",
    "ceiling",
    "underpowered",
];

impl Policy {
    /// Reads a policy. `path` is where the text comes from, for messages.
    ///
    /// # Errors
    /// With the first mistake: its key, its value, and what would do.
    pub fn parse(path: &Path, text: &str) -> Result<Self, PolicyError> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| PolicyError {
            path: path.to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        let top = Keys {
            path,
            prefix: String::new(),
            table: &table,
        };
        top.only(&KEYS)?;
        let confidence = top.number("confidence")?.unwrap_or(0.95);
        // The more sure, the more resamples: beyond this they would fill the memory of a machine.
        if !(0.5..=0.99).contains(&confidence) {
            let message = "must be 0.5 to 0.99, such as 0.95";
            return Err(top.wrong("confidence", message));
        }
        let underpowered = top
            .choice(
                "underpowered",
                &[
                    ("fail", OnUnderpowered::Fail),
                    ("warn", OnUnderpowered::Warn),
                ],
            )?
            .unwrap_or(OnUnderpowered::Fail);
        let prompts_may_differ = top
            .choice("prompts", &[("same", false), ("may-differ", true)])?
            .unwrap_or(false);
        let checks = match table.get("check") {
            Some(Value::Array(checks)) if !checks.is_empty() => checks,
            Some(_) => return Err(top.wrong("check", "must be one or more tables [[check]]")),
            None => {
                return Err(top.error("no [[check]]: a policy asks for something, such as\n  [[check]]\n  metric = \"f1.locomo\""));
            }
        };
        let checks = checks
            .iter()
            .enumerate()
            .map(|(at, check)| match check {
                Value::Table(table) => {
                    let keys = Keys {
                        path,
                        prefix: format!("check[{at}]."),
                        table,
                    };
                    keys.check(underpowered)
                }
                _ => Err(top.error(format!("check[{at}]: must be a table"))),
            })
            .collect::<Result<Vec<Check>, PolicyError>>()?;
        Ok(Self {
            confidence,
            prompts_may_differ,
            checks,
        })
    }

    /// Whether any check looks at latency.
    #[must_use]
    pub fn asks_latency(&self) -> bool {
        self.checks.iter().any(|check| check.metric == LATENCY)
    }
}

/// The keys of one table.
struct Keys<'a> {
    path: &'a Path,
    prefix: String,
    table: &'a Table,
}

impl Keys<'_> {
    fn error(&self, message: impl Into<String>) -> PolicyError {
        PolicyError {
            path: self.path.to_owned(),
            message: message.into(),
        }
    }

    fn wrong(&self, key: &str, message: &str) -> PolicyError {
        let value = self
            .table
            .get(key)
            .map_or_else(String::new, Value::to_string);
        self.error(format!("{}{key} = {value}: {message}", self.prefix))
    }

    fn only(&self, known: &[&str]) -> Result<(), PolicyError> {
        match self.table.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => {
                let message = unknown("key", key, known);
                Err(self.error(format!("{}{key}: {message}", self.prefix)))
            }
            None => Ok(()),
        }
    }

    fn number(&self, key: &str) -> Result<Option<f64>, PolicyError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::Integer(number)) => Ok(Some(*number as f64)),
            Some(Value::Float(number)) if number.is_finite() => Ok(Some(*number)),
            Some(_) => Err(self.wrong(key, "must be a number")),
        }
    }

    /// A number of 0 or more.
    fn size(&self, key: &str) -> Result<Option<f64>, PolicyError> {
        match self.number(key)? {
            Some(number) if number < 0.0 => Err(self.wrong(key, "must be 0 or more")),
            number => Ok(number),
        }
    }

    fn choice<T: Copy>(&self, key: &str, known: &[(&str, T)]) -> Result<Option<T>, PolicyError> {
        let Some(value) = self.table.get(key) else {
            return Ok(None);
        };
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let text = value.as_str();
        match text.and_then(|text| known.iter().find(|(name, _)| *name == text)) {
            Some((_, choice)) => Ok(Some(*choice)),
            None => Err(self.wrong(key, &format!("must be one of {}", names.join(", ")))),
        }
    }

    /// A list, or one thing in the place of a list of one.
    fn list(&self, key: &str) -> Vec<&Value> {
        match self.table.get(key) {
            None => Vec::new(),
            Some(Value::Array(values)) => values.iter().collect(),
            Some(value) => vec![value],
        }
    }

    fn metric(&self) -> Result<String, PolicyError> {
        let mut known = measured_metrics();
        known.push(LATENCY.to_owned());
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        match self.table.get("metric").map(Value::as_str) {
            Some(Some(name)) if known.contains(&name) => Ok(name.to_owned()),
            Some(Some(name)) => Err(self.error(format!(
                "{}metric: {}",
                self.prefix,
                unknown("metric", name, &known)
            ))),
            Some(None) => Err(self.wrong("metric", "must be the name of a metric")),
            None => Err(self.error(format!("{}metric: is missing", self.prefix))),
        }
    }

    fn slices(&self) -> Result<Vec<(String, Vec<Category>)>, PolicyError> {
        let names = CategoryNames::Official;
        let pooled = || slices(&[], names).into_iter().take(1);
        let wanted = self.list("category");
        if wanted.is_empty() {
            return Ok(pooled().collect());
        }
        let mut found = Vec::new();
        for value in wanted {
            let category = match value {
                Value::String(text) if text == "1-4" => {
                    found.extend(pooled());
                    continue;
                }
                Value::String(text) => names.category(text),
                Value::Integer(number) => {
                    u64::try_from(*number).ok().and_then(Category::from_number)
                }
                _ => None,
            };
            let Some(category) = category else {
                let known = Category::ALL.map(|category| names.of(category));
                let message = format!(
                    "must be 1-4, a number 1 to 5, or one of {}",
                    known.join(", ")
                );
                return Err(self.wrong("category", &message));
            };
            found.extend(slices(&[category], names));
        }
        Ok(found)
    }

    fn check(&self, underpowered: OnUnderpowered) -> Result<Check, PolicyError> {
        self.only(&CHECK_KEYS)?;
        let metric = self.metric()?;
        let defaults = Defaults::of(&metric);
        let mut variants = Vec::new();
        for value in self.list("variants") {
            match value.as_str() {
                Some(name) => variants.push(name.to_owned()),
                None => return Err(self.wrong("variants", "must be names of variants")),
            }
        }
        let known = [("higher", Direction::Higher), ("lower", Direction::Lower)];
        let check = Check {
            slices: self.slices()?,
            variants,
            better: self.choice("better", &known)?.unwrap_or(defaults.better),
            unit: defaults.unit,
            margin: self.size("margin")?.unwrap_or(defaults.margin),
            tolerance: self.size("tolerance")?.unwrap_or(defaults.tolerance),
            floor: self.number("floor")?,
            ceiling: self.number("ceiling")?,
            underpowered: self
                .choice(
                    "underpowered",
                    &[
                        ("fail", OnUnderpowered::Fail),
                        ("warn", OnUnderpowered::Warn),
                    ],
                )?
                .unwrap_or(underpowered),
            metric,
        };
        if check.tolerance > check.margin {
            let message = format!("must be at most the margin, {}", check.margin);
            return Err(self.wrong("tolerance", &message));
        }
        if check.metric == LATENCY {
            for key in ["floor", "ceiling", "category"] {
                if self.table.contains_key(key) {
                    let message =
                        "latency is a ratio over all questions: it has no limits and no categories";
                    return Err(self.wrong(key, message));
                }
            }
        }
        Ok(check)
    }
}

/// What holds where a check does not say.
struct Defaults {
    better: Direction,
    unit: Unit,
    margin: f64,
    tolerance: f64,
}

impl Defaults {
    fn of(metric: &str) -> Self {
        let (unit, margin, tolerance) = match metric {
            TOKENS | COST => (Unit::Percent, 5.0, 0.0),
            ERRORS => (Unit::Points, 1.0, 0.0),
            // Two processes of one program differ by some percent; see docs/METHODOLOGY.md.
            LATENCY => (Unit::Percent, 15.0, 5.0),
            _ => (Unit::Points, 2.0, 0.0),
        };
        Self {
            better: direction(metric),
            unit,
            margin,
            tolerance,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Policy, String> {
        Policy::parse(Path::new("gate.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_out_has_the_default_of_its_metric() {
        let policy = parse(
            "[[check]]\nmetric = \"f1.locomo\"\n[[check]]\nmetric = \"context-tokens\"\nvariants = \"a\"\n\
             category = [\"1-4\", 2]\nunderpowered = \"warn\"\n[[check]]\nmetric = \"latency.p95\"",
        )
        .unwrap();
        assert!((policy.confidence - 0.95).abs() < 1e-12);
        let [f1, tokens, latency] = &policy.checks[..] else {
            panic!("{policy:?}")
        };
        assert_eq!(
            (f1.better, f1.unit, f1.margin),
            (Direction::Higher, Unit::Points, 2.0)
        );
        assert_eq!(f1.underpowered, OnUnderpowered::Fail);
        assert_eq!(f1.slices.len(), 1);
        assert_eq!(
            (tokens.better, tokens.unit),
            (Direction::Lower, Unit::Percent)
        );
        assert_eq!(tokens.variants, ["a"]);
        let names: Vec<&str> = tokens
            .slices
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["1-4", "temporal"]);
        assert_eq!(tokens.underpowered, OnUnderpowered::Warn);
        assert!(policy.asks_latency() && latency.tolerance > 0.0);
    }

    #[test]
    fn a_mistake_is_told_with_its_key_its_value_and_what_would_do() {
        let check =
            |line: &str| parse(&format!("[[check]]\nmetric = \"f1.set\"\n{line}")).unwrap_err();
        for (told, parts) in [
            (parse("").unwrap_err(), vec!["gate.toml: no [[check]]"]),
            (
                parse("confidance = 1").unwrap_err(),
                vec!["did you mean `confidence`"],
            ),
            (
                parse("confidence = 1.5").unwrap_err(),
                vec!["confidence = 1.5", "0.95"],
            ),
            (
                parse("[[check]]\nmetric = \"f1\"").unwrap_err(),
                vec!["check[0].metric", "`f1`", "f1.set"],
            ),
            (
                parse("[[check]]").unwrap_err(),
                vec!["check[0].metric: is missing"],
            ),
            (
                parse("check = 3").unwrap_err(),
                vec!["check = 3", "[[check]]"],
            ),
            (
                check("margin = -1"),
                vec!["check[0].margin = -1", "0 or more"],
            ),
            (
                check("margin = \"wide\""),
                vec!["check[0].margin = \"wide\"", "number"],
            ),
            (check("better = \"up\""), vec!["higher, lower"]),
            (
                check("underpowered = true"),
                vec!["underpowered = true", "fail, warn"],
            ),
            (
                check("category = \"temporl\""),
                vec!["temporl", "single-hop"],
            ),
            (check("category = 6"), vec!["category = 6", "1 to 5"]),
            (check("tolerance = 3"), vec!["tolerance = 3", "margin, 2"]),
            (check("ceilling = 3"), vec!["did you mean `ceiling`"]),
            (
                parse("[[check]]\nmetric = \"latency.p95\"\nfloor = 1").unwrap_err(),
                vec!["no limits"],
            ),
            (parse("a = [").unwrap_err(), vec!["line 1"]),
        ] {
            for part in parts {
                assert!(told.contains(part), "{part}: {told}");
            }
        }
    }
}
