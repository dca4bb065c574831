//! The command line's grammar.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use memgauge_experiment::config::Choices;
use memgauge_report::table::Style;

use crate::commands::baseline::BaselineArgs;
use crate::commands::cache::CacheArgs;
use crate::commands::compare::CompareArgs;
use crate::commands::completions::{CompletionsArgs, ManArgs};
use crate::commands::components::ComponentsArgs;
use crate::commands::config::ConfigArgs;
use crate::commands::dataset::DatasetArgs;
use crate::commands::doctor::DoctorArgs;
use crate::commands::errata::ErrataArgs;
use crate::commands::export::ExportArgs;
use crate::commands::gate::GateArgs;
use crate::commands::history::HistoryArgs;
use crate::commands::import::ImportArgs;
use crate::commands::judge::JudgeArgs;
use crate::commands::judge_card::JudgeCardArgs;
use crate::commands::memory::MemoryArgs;
use crate::commands::merge::MergeArgs;
use crate::commands::model::ModelArgs;
use crate::commands::paper::PaperArgs;
use crate::commands::plan::PlanArgs;
use crate::commands::plot::PlotArgs;
use crate::commands::prompts::PromptsArgs;
use crate::commands::rank::RankArgs;
use crate::commands::report::ReportArgs;
use crate::commands::rescore::RescoreArgs;
use crate::commands::run::RunArgs;
use crate::commands::search_rounds::SearchRoundsArgs;
use crate::commands::show::ShowArgs;
use crate::commands::surrogate::SurrogateArgs;
use crate::exit;

/// Measures long-term memory for LLM agents.
///
/// Replays conversations through memory pipelines whose every part is chosen in a config file, and
/// reports accuracy, evidence recall, latency and tokens of each against full context.
#[derive(Debug, Parser)]
#[command(version, after_help = exit::HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// No progress, only results and errors.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// More about what goes on; twice for even more.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Colours on the terminal.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned text.
    Human,
    /// Markdown.
    Markdown,
    /// Comma-separated values: of a run all scores, unrounded, one per line.
    Csv,
    /// LaTeX tables with the rules of booktabs.
    Latex,
    /// JSON.
    Json,
}

impl Format {
    /// How tables are written; `None` = as JSON.
    pub(crate) fn style(self) -> Option<Style> {
        match self {
            Self::Human => Some(Style::Text),
            Self::Markdown => Some(Style::Markdown),
            Self::Csv => Some(Style::Csv),
            Self::Latex => Some(Style::Latex),
            Self::Json => None,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run an experiment, or go on with one.
    #[command(after_help = "Example:\n  memgauge run experiments/quickstart.toml")]
    Run(RunArgs),
    /// Print what would run, what it would cost and what it could show; nothing is called, nothing is left behind.
    #[command(after_help = "Example:\n  memgauge plan experiments/mem0-vs-mem0g.toml --limit 20")]
    Plan(Box<PlanArgs>),
    /// Join the parts of a run that was split with --shard.
    #[command(after_help = "Example:\n  memgauge merge reports/runs/*-1of2 reports/runs/*-2of2")]
    Merge(MergeArgs),
    /// Show the results of a run, or all that it knows about one question.
    Show(ShowArgs),
    /// Write the files of a run as Parquet tables.
    #[command(after_help = "Example:\n  memgauge export reports/runs/RUN timings --out tables")]
    Export(ExportArgs),
    /// Judge the stored answers of a run again; nothing else is run.
    #[command(after_help = "Example:\n  memgauge judge reports/runs/RUN --prompt strict --runs 3")]
    Judge(JudgeArgs),
    /// How often a judge errs on known answers, and how far its labels agree.
    JudgeCard(JudgeCardArgs),
    /// Estimate J without a judge (J~), or J from a sample of labels.
    Surrogate(SurrogateArgs),
    /// Make run directories of other tools' result files.
    Import(ImportArgs),
    /// Compute every text metric of stored answers again, and show where a stored one differs.
    Rescore(RescoreArgs),
    /// Read errata of a dataset's answer key: what they correct, what does not fit.
    Errata(ErrataArgs),
    /// Show the tables of Mem0's paper, beside a run, and check whose category names they go by.
    Paper(PaperArgs),
    /// Compare variants of one or several runs, question by question.
    Compare(CompareArgs),
    /// Rank variants of any runs, with intervals, ties and where the numbers come from.
    Rank(RankArgs),
    /// Keep what a run came to as a small folder to be committed, for `gate`.
    Baseline(BaselineArgs),
    /// Hold a run against a baseline under a policy; fails where something got worse.
    Gate(GateArgs),
    /// Measure searches in rounds, as `gate --remeasure` asks for them.
    #[command(hide = true)]
    SearchRounds(SearchRoundsArgs),
    /// Draw results as SVG files: accuracy against cost, categories, latencies, losses, differences.
    Plot(PlotArgs),
    /// Write the results of runs as one self-contained HTML page, every question included.
    Report(ReportArgs),
    /// Keep what runs measured, commit by commit, and show where it changed.
    History(HistoryArgs),
    /// List the families of components, their kinds, keys and defaults.
    #[command(after_help = "Example:\n  memgauge components fusion rrf")]
    Components(ComponentsArgs),
    /// Look at config files.
    Config(ConfigArgs),
    /// Read, compare and import prompts.
    Prompts(PromptsArgs),
    /// Find, fetch, check and read datasets.
    Dataset(DatasetArgs),
    /// Find and fetch models.
    Model(ModelArgs),
    /// Keep a memory: add to it, search it, look at it.
    Memory(MemoryArgs),
    /// Ask every model of a config for a word, and say what works and what is missing; ends with 1 where one
    /// cannot be used.
    #[command(after_help = "Example:\n  memgauge doctor experiments/mem0-vs-mem0g.toml")]
    Doctor(DoctorArgs),
    /// Look at the cache of models' replies, prune it, and move it about.
    Cache(CacheArgs),
    /// Print a script that completes commands and options in a shell.
    #[command(
        after_help = "Example:\n  memgauge completions bash > ~/.local/share/bash-completion/completions/memgauge"
    )]
    Completions(CompletionsArgs),
    /// Print the manual page, or write those of all commands.
    #[command(after_help = "Example:\n  memgauge man | man -l -")]
    Man(ManArgs),
}

/// Where replies of models come from.
#[derive(Debug, Args)]
pub(crate) struct TrafficOptions {
    /// Where replies of models come from (default: cached; with --resume, as the run began).
    #[arg(long, value_enum, value_name = "MODE")]
    pub(crate) traffic: Option<Traffic>,
    /// Cassette to replay, or to record into instead of the run directory.
    #[arg(long, value_name = "FILE")]
    pub(crate) cassette: Option<PathBuf>,
    /// Cache of `cached`, instead of `calls` in the user's cache folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
}

/// Where replies of models come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Traffic {
    /// The models, always; nothing is kept.
    Live,
    /// The cache; what it does not hold is asked for and kept.
    Cached,
    /// The models; what they say is written to a cassette at the end.
    Record,
    /// A cassette, and nothing else: no network, no key.
    Replay,
}

/// A config file and what the command line changes about it.
#[derive(Debug, Args)]
pub(crate) struct ConfigOptions {
    /// Dataset to replay: a file in LOCOMO's format.
    #[arg(long, value_name = "PATH")]
    pub(crate) dataset: Option<PathBuf>,
    /// At most this many questions of each conversation.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Only these conversations.
    #[arg(long, value_name = "ID,..", value_delimiter = ',')]
    pub(crate) conversations: Vec<String>,
    /// Only these categories, by number.
    #[arg(long, value_name = "N,..", value_delimiter = ',')]
    pub(crate) categories: Vec<u8>,
    /// Seed of the resampling behind every interval.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Change a key of the config: `variant[turns-hybrid].system.retriever.k=10`.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// Lay `[profile.NAME]` over the file's keys.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Only a part: `variant=PATTERN`, `category=NAME` and `conversation=ID`, separated by spaces; of one
    /// key any must hold, of different keys all.
    #[arg(long, value_name = "TERMS")]
    pub(crate) only: Option<String>,
}

impl ConfigOptions {
    /// What is chosen of a file.
    pub(crate) fn choices(&self) -> Choices {
        Choices {
            overrides: self.overrides(),
            profile: self.profile.clone(),
            only: self.only.clone(),
        }
    }

    /// Whether anything is changed about the config.
    pub(crate) fn is_empty(&self) -> bool {
        self.overrides().is_empty() && self.profile.is_none() && self.only.is_none()
    }

    /// Everything but the dataset, as overrides.
    pub(crate) fn overrides(&self) -> Vec<String> {
        let mut overrides = self.set.clone();
        if let Some(limit) = self.limit {
            overrides.push(format!("dataset.limit={limit}"));
        }
        if !self.conversations.is_empty() {
            let quoted: Vec<String> = self
                .conversations
                .iter()
                .map(|id| format!("{:?}", id.trim()))
                .collect();
            overrides.push(format!("dataset.conversations=[{}]", quoted.join(",")));
        }
        if !self.categories.is_empty() {
            overrides.push(format!("dataset.categories={:?}", self.categories));
        }
        if let Some(seed) = self.seed {
            overrides.push(format!("seed={seed}"));
        }
        overrides
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::Cli;

    fn without_example(command: &Command, path: &str, found: &mut Vec<String>) {
        let path = format!("{path} {}", command.get_name());
        let commands: Vec<&Command> = command.get_subcommands().collect();
        let help = command.get_after_help().map(ToString::to_string);
        if commands.is_empty() && !help.is_some_and(|help| help.contains("memgauge ")) {
            found.push(path.clone());
        }
        for command in commands {
            without_example(command, &path, found);
        }
    }

    #[test]
    fn every_commands_help_has_an_example() {
        let mut found = Vec::new();
        without_example(&Cli::command(), "", &mut found);
        assert!(found.is_empty(), "{found:#?}");
    }
}
