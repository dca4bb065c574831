//! A plan for people.

use std::fmt::Write as _;

use memgauge_experiment::estimate::{PowerEstimate, Span, StepEstimate, Total};
use memgauge_report::table::{Style, Table, thousands};

use super::Planned;

/// Shown where nothing is known.
const UNKNOWN: &str = "–";

impl Planned<'_> {
    pub(super) fn text(&self, style: Style) -> anyhow::Result<String> {
        let Self {
            file,
            dataset,
            plan,
            estimate,
            names,
        } = self;
        let count = |of: fn(&memgauge_experiment::PlannedConversation) -> usize| -> usize {
            plan.conversations.iter().map(of).sum()
        };
        let categories: Vec<String> = plan
            .by_category(dataset)
            .into_iter()
            .map(|(category, count)| format!("{count} {}", names.of(category)))
            .collect();
        let head = format!(
            "{} on {} ({})\n{} conversation(s), {} sessions, {} turns; {} questions: {} ({})\n\n",
            file.config.name,
            dataset.name,
            dataset.path.display(),
            plan.conversations.len(),
            count(|planned| planned.sessions),
            count(|planned| planned.turns),
            plan.questions(),
            categories.join(", "),
            names.label(),
        );
        let mut text = style.prose(&head) + &self.variants()?.render(style);
        let shard = plan
            .shard
            .map_or_else(String::new, |shard| format!("part {shard}: "));
        text.push_str(&style.prose(&format!(
            "\n{shard}{} cells (variant x repeat x conversation), {} ingestions ({} sessions), {} records.\n",
            estimate.cells, estimate.ingestions, estimate.sessions, estimate.records
        )));
        if !estimate.steps.is_empty() {
            text.push('\n');
            text.push_str(&steps(&estimate.steps, &estimate.total).render(style));
        }
        text.push_str(&style.prose(&self.remarks()?));
        Ok(text)
    }

    /// What stands after the tables: money, time, power, what was assumed.
    fn remarks(&self) -> anyhow::Result<String> {
        let (plan, estimate) = (self.plan, self.estimate);
        let mut text = String::new();
        if !estimate.steps.is_empty() {
            writeln!(
                text,
                "\nTo send: calls whose reply is not kept, each once. $: price table of {}. time: as many calls at a \
                 time as the run sends.",
                memgauge_model::prices_date()
            )?;
            writeln!(
                text,
                "Kept already: at least {} of {} distinct requests.",
                estimate.total.held,
                number(estimate.total.distinct)
            )?;
        }
        let total = &estimate.total;
        writeln!(
            text,
            "Money: {}. Time: {}, of which own work {}.",
            match (estimate.steps.is_empty(), total.dollars) {
                (true, _) => "none, no model behind an API is called".to_owned(),
                (false, Some(dollars)) => format!("{} US dollars", money(dollars)),
                (false, None) => "unknown, a model has no price".to_owned(),
            },
            time(total.seconds),
            time(total.own_seconds),
        )?;
        if !estimate.paid_controls.is_empty() {
            writeln!(
                text,
                "Controls that pay: {}.",
                estimate.paid_controls.join(", ")
            )?;
        }
        text.push_str(&power(&estimate.power));
        if let Some((seen, of)) = estimate.sampled {
            writeln!(
                text,
                "Counted on {seen} of {of} memories, which speak for the rest."
            )?;
        }
        for (head, lines) in [
            ("Not counted", &estimate.gaps),
            ("Assumed", &estimate.assumptions),
            ("Rates", &estimate.rates),
        ] {
            for line in lines {
                writeln!(text, "{head}: {line}.")?;
            }
        }
        writeln!(text, "digest {}", plan.digest)?;
        Ok(text)
    }

    fn variants(&self) -> anyhow::Result<Table> {
        let (plan, estimate) = (self.plan, self.estimate);
        let mut table = Table::new(&[
            "variant",
            "system",
            "memory",
            "ingested as",
            "answerer",
            "records",
            "chat calls",
        ]);
        let owners = plan.owners();
        for (index, (variant, told)) in plan.variants.iter().zip(&estimate.variants).enumerate() {
            let isolation = serde_json::to_value(variant.isolation)?;
            let owner = owners
                .get(index)
                .and_then(|owner| plan.variants.get(*owner));
            table.rows.push(vec![
                if variant.is_control() {
                    format!("{} *", variant.name)
                } else {
                    variant.name.clone()
                },
                variant.kind().to_owned(),
                match isolation.as_str() {
                    Some("shared") => "shared".to_owned(),
                    other => format!("per {}", other.unwrap_or("?")),
                },
                owner.map_or_else(|| UNKNOWN.to_owned(), |owner| owner.name.clone()),
                variant.answerer.kind().to_owned(),
                plan.questions_of(index).to_string(),
                number(told.chats),
            ]);
        }
        Ok(table)
    }
}

fn steps(steps: &[StepEstimate], total: &Total) -> Table {
    let mut table = Table::new(&[
        "step",
        "model",
        "calls",
        "texts",
        "distinct",
        "kept",
        "to send",
        "tokens in",
        "tokens out",
        "$",
        "time",
    ]);
    let or_unknown =
        |span: Option<Span>, of: fn(Span) -> String| span.map_or_else(|| UNKNOWN.to_owned(), of);
    for step in steps {
        table.rows.push(vec![
            step.step.name().to_owned(),
            step.model.clone(),
            number(step.calls),
            or_unknown(step.texts, number),
            number(step.distinct),
            step.held.to_string(),
            number(step.sent),
            or_unknown(step.input_tokens, number),
            or_unknown(step.output_tokens, number),
            or_unknown(step.dollars, money),
            time(step.seconds),
        ]);
    }
    table.rows.push(vec![
        "all".to_owned(),
        String::new(),
        number(total.calls),
        String::new(),
        number(total.distinct),
        total.held.to_string(),
        number(total.sent),
        or_unknown(total.input_tokens, number),
        or_unknown(total.output_tokens, number),
        or_unknown(total.dollars, money),
        time(total.seconds),
    ]);
    table
}

/// What could be shown.
fn power(power: &PowerEstimate) -> String {
    let (Some(smallest), Some(more), Some(conversations)) = (
        power.smallest,
        power.more_questions,
        power.more_conversations,
    ) else {
        return String::new();
    };
    let points = |span: Span| between(span, |share| format!("{:.1}", 100.0 * share));
    let whole = |span: Span| between(span, |n| format!("{n:.0}"));
    let noise = match power.repeats {
        1 => "",
        _ => " (lower: if repeats average half of the variance away; upper: none of it)",
    };
    let needs = match more.high > 0.0 {
        true => format!(
            "2 points take {} more questions, or {} more conversations like these",
            whole(more),
            whole(conversations)
        ),
        false => "2 points take no more".to_owned(),
    };
    format!(
        "Power: {} questions (categories 1-4) x {} repeat(s) show differences from {} points with {:.0} % probability at \
         {:.0} %{noise}; {needs}. Right-or-wrong answers, sd {} and design effect {} as between systems with published \
         labels.\n",
        power.questions,
        power.repeats,
        points(smallest),
        100.0 * power.power,
        100.0 * power.confidence,
        power.sd,
        power.design_effect,
    )
}

fn between(span: Span, of: impl Fn(f64) -> String) -> String {
    let (low, high) = (of(span.low), of(span.high));
    if low == high {
        low
    } else {
        format!("{low}-{high}")
    }
}

/// Whole numbers: as they are where they are known, otherwise two digits, outwards.
fn number(span: Span) -> String {
    if span.is_exact() {
        return thousands(span.low);
    }
    between(outwards(span), thousands)
}

fn outwards(span: Span) -> Span {
    Span {
        low: digits(span.low, f64::floor),
        high: digits(span.high, f64::ceil),
    }
}

/// Two significant digits.
fn digits(value: f64, round: fn(f64) -> f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let unit = 10.0_f64.powf(value.log10().floor() - 1.0);
    // A quotient that is whole but for its last bit is whole.
    let quotient = value / unit;
    let nearest = quotient.round();
    match (quotient - nearest).abs() < 1e-9 {
        true => nearest * unit,
        false => round(quotient) * unit,
    }
}

fn money(span: Span) -> String {
    let plain = |dollars: f64| match dollars {
        0.0 => "0".to_owned(),
        dollars if dollars < 0.01 => format!("{dollars:.5}"),
        dollars if dollars < 10.0 => format!("{dollars:.2}"),
        dollars => thousands(dollars),
    };
    between(outwards(span), plain)
}

fn time(span: Span) -> String {
    let span = outwards(span);
    let (unit, name) = match span.high {
        high if high < 120.0 => (1.0, "s"),
        high if high < 7_200.0 => (60.0, "min"),
        _ => (3_600.0, "h"),
    };
    let plain = |seconds: f64| {
        let value = seconds / unit;
        if value < 9.95 && value > 0.0 {
            format!("{value:.1}")
        } else {
            format!("{value:.0}")
        }
    };
    format!("{} {name}", between(span, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(low: f64, high: f64) -> Span {
        Span { low, high }
    }

    #[test]
    fn ranges_have_two_digits_and_hold_what_they_round() {
        assert_eq!(number(Span::exactly(1986.0)), "1,986");
        assert_eq!(number(span(1234.0, 56_789.0)), "1,200-57,000");
        assert_eq!(number(span(0.0, 48.0)), "0-48");
        assert_eq!(number(span(120.0, 130.0)), "120-130");
        assert_eq!(money(span(0.123, 4.567)), "0.12-4.60");
        assert_eq!(money(span(0.0, 0.0)), "0");
        assert_eq!(money(span(0.000_123, 0.001_01)), "0.00012-0.00110");
        assert_eq!(money(span(11.0, 1_234.0)), "11-1,300");
        assert_eq!(time(span(0.4, 89.0)), "0.4-89 s");
        assert_eq!(time(span(60.0, 600.0)), "1.0-10 min");
        assert_eq!(time(span(3_600.0, 36_000.0)), "1.0-10 h");
    }
}
