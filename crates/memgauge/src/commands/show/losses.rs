//! Where questions were lost: listed, and between two arms.

use std::str::FromStr;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use memgauge_core::config::unknown;
use memgauge_report::loss::{
    Located, LossRules, LossStage, Needs, difference, locate, loss_metrics,
};
use memgauge_report::statistics::Bootstrap;
use memgauge_report::table::{self, Style};
use memgauge_report::{Manifest, RunDir};

use super::{ShowArgs, known};
use crate::{exit, output};

/// Where questions were lost, and what counts as right.
#[derive(Debug, Args)]
pub(super) struct LossOptions {
    /// List the questions that this stage lost (or that were answered `right`).
    #[arg(long, value_name = "STAGE", value_parser = one_of::<LossStage>(&LossStage::ALL.map(LossStage::name)))]
    pub(super) lost: Option<LossStage>,
    /// Compare where two variants lose the questions that both were asked, stage by stage.
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with_all = ["lost", "variant"])]
    pub(super) lost_between: Option<Vec<String>>,
    /// Metric that tells right from wrong (default: J where there are labels, else f1.locomo).
    #[arg(long, value_name = "METRIC")]
    right_by: Option<String>,
    /// From which value on an answer is right, from 0 to 1.
    #[arg(long, value_name = "VALUE", default_value_t = LossRules::THRESHOLD)]
    right_from: f64,
    /// Which gold turns an answer needs: every one (the one lost first decides), or any (the one that got
    /// furthest).
    #[arg(long, value_name = "HOW MANY", default_value = "every", value_parser = one_of::<Needs>(&Needs::ALL.map(Needs::name)))]
    needs: Needs,
    /// NAME of `judgements-NAME.jsonl`: a second judge that can call a wrong answer right; `all` for every
    /// one.
    #[arg(long, value_name = "NAME")]
    second_judge: Vec<String>,
}

fn one_of<T>(known: &[&'static str]) -> impl TypedValueParser<Value = T> + use<T>
where
    T: FromStr<Err = String> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(known.to_vec()).try_map(|name| name.parse::<T>())
}

impl LossOptions {
    /// The rules that were asked for.
    pub(super) fn rules(&self, dir: &RunDir) -> anyhow::Result<LossRules> {
        let metrics = loss_metrics();
        if let Some(metric) = &self.right_by
            && !metrics.contains(&metric.as_str())
        {
            return Err(exit::user(format!(
                "--right-by: {}",
                unknown("metric", metric, &metrics)
            )));
        }
        if !(0.0..=1.0).contains(&self.right_from) {
            return Err(exit::user(format!(
                "--right-from: expected a value from 0 to 1, found {}",
                self.right_from
            )));
        }
        let judges = dir.named("judgements-", ".jsonl")?;
        let mut second = Vec::new();
        for name in &self.second_judge {
            if name == "all" {
                second.extend(judges.iter().cloned());
            } else if judges.contains(name) {
                second.push(name.clone());
            } else {
                let known: Vec<&str> = judges.iter().map(String::as_str).collect();
                return Err(exit::user(format!(
                    "{}: {}",
                    dir.path().display(),
                    match known.is_empty() {
                        true => format!(
                            "no judgements of `{name}`: memgauge judge {} makes some",
                            dir.path().display()
                        ),
                        false => unknown("judge", name, &known),
                    }
                )));
            }
        }
        second.sort();
        second.dedup();
        Ok(LossRules {
            metric: self.right_by.clone(),
            threshold: self.right_from,
            needs: self.needs,
            second,
        })
    }
}

fn all(dir: &RunDir, manifest: &Manifest, args: &ShowArgs) -> anyhow::Result<Vec<Located>> {
    let errata = args.view.errata(manifest)?;
    let rules = args.losses.rules(dir)?;
    Ok(locate(dir, manifest, errata.as_ref(), &rules)?)
}

/// The questions that `stage` lost.
pub(super) fn list(
    dir: &RunDir,
    manifest: &Manifest,
    stage: LossStage,
    args: &ShowArgs,
) -> anyhow::Result<u8> {
    let located = all(dir, manifest, args)?;
    let wanted: Vec<&Located> = located
        .iter()
        .filter(|located| located.stage == stage)
        .filter(|located| {
            let only = args.variant.as_ref();
            only.is_none_or(|only| located.variant == *only)
        })
        .collect();
    let text = |style: Style| {
        table::located(&wanted, args.view.names()).render(style)
            + &style.prose(&format!("\n{} question(s), {stage}\n", wanted.len()))
    };
    output::formatted(args.format, &wanted, text)?;
    Ok(exit::DONE)
}

/// Two arms stage by stage.
pub(super) fn between(
    dir: &RunDir,
    manifest: &Manifest,
    arms: &[String],
    args: &ShowArgs,
) -> anyhow::Result<u8> {
    let [first, second] = arms else {
        return Err(exit::user("--lost-between takes two variants"));
    };
    known(manifest, first)?;
    known(manifest, second)?;
    let located = all(dir, manifest, args)?;
    let of = |name: &str| -> Vec<&Located> {
        let mine = located.iter().filter(|located| located.variant == name);
        mine.collect()
    };
    let bootstrap = Bootstrap {
        seed: manifest.seed,
        ..Bootstrap::default()
    };
    let (one, other) = (of(first), of(second));
    let found = difference((first, &one), (second, &other), bootstrap)?;
    let text = |style: Style| {
        let note = format!(
            "\n{} question(s) of categories 1-4 that both were asked; change: {second} minus {first}, 95 % paired \
             cluster-bootstrap intervals\n",
            found.records,
        );
        format!(
            "{}{}\n{}",
            table::loss_difference(&found).render(style),
            style.prose(&note),
            table::moves(&found).render(style)
        )
    };
    output::formatted(args.format, &found, text)?;
    Ok(exit::DONE)
}
