//! The command line's grammar.

use std::path::PathBuf;

use clap::{ArgAction, ArgGroup, Args, Parser, Subcommand, ValueEnum};
use memgauge_experiment::config::Choices;

use crate::commands::compare::CompareArgs;
use crate::commands::errata::ErrataArgs;
use crate::commands::generate::GenerateArgs;
use crate::commands::import::ImportArgs;
use crate::commands::judge_card::JudgeCardArgs;
use crate::commands::memory::MemoryArgs;
use crate::commands::paper::PaperArgs;
use crate::commands::plan::PlanArgs;
use crate::commands::plot::PlotArgs;
use crate::commands::rank::RankArgs;
use crate::commands::rescore::RescoreArgs;
use crate::commands::run::RunArgs;
use crate::commands::show::ShowArgs;
use crate::commands::surrogate::SurrogateArgs;
use crate::exit;
use crate::view::ViewOptions;

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
    /// JSON.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run an experiment, or go on with one.
    Run(RunArgs),
    /// Print what would run, what it would cost and what it could show; nothing is called, nothing is left behind.
    #[command(after_help = "Example:\n  memgauge plan experiments/mem0-vs-mem0g.toml --limit 20")]
    Plan(Box<PlanArgs>),
    /// Join the parts of a run that was split with --shard.
    Merge(MergeArgs),
    /// Show the results of a run, or all that it knows about one question.
    Show(ShowArgs),
    /// Judge the stored answers of a run again; nothing else is run.
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
    /// Draw results as SVG files: accuracy against cost, categories, latencies, losses, differences.
    Plot(PlotArgs),
    /// List the families of components, their kinds, keys and defaults.
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
    Doctor(DoctorArgs),
    /// Look at the cache of models' replies, prune it, and move it about.
    Cache(CacheArgs),
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

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// Run directories of all parts.
    #[arg(value_name = "DIR", required = true)]
    pub(crate) parts: Vec<PathBuf>,
    /// Folder in which the run directory of the whole is made.
    #[arg(long, value_name = "DIR", default_value = "reports/runs")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) view: ViewOptions,
    /// How the results are printed.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct JudgeArgs {
    /// A run directory.
    pub(crate) dir: PathBuf,
    /// Prompt of the judge: `lenient`, `strict`, `graded`, or a file `judge/NAME` of your own.
    #[arg(long, value_name = "NAME")]
    pub(crate) prompt: Option<String>,
    /// How often every answer is judged.
    #[arg(long, value_name = "N")]
    pub(crate) runs: Option<u32>,
    /// Name of the judge's model in the config.
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Take models, prompts and judge from this experiment instead of the run's own.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Change a key of the config: `models.chat.model=gpt-4o`, `judge.reasoning=true`.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// The judgements are written to `judgements-NAME.jsonl` in the run directory (default: the
    /// prompt's name).
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Judge only this many questions, drawn at random: `memgauge surrogate powered` makes an unbiased J of them.
    #[arg(long, value_name = "M")]
    pub(crate) sample: Option<usize>,
    /// Seed of that draw; a larger sample of the same seed holds every smaller one.
    #[arg(long, value_name = "S", default_value_t = 0, requires = "sample")]
    pub(crate) seed: u64,
    /// Judge only the answers to questions whose key is wrong by --errata, with the corrected answer as the
    /// right one; written to `corrected-NAME.jsonl`. `memgauge show DIR --errata PATH` then knows J under
    /// the corrected key.
    #[arg(long, requires = "errata")]
    pub(crate) only_errata: bool,
    /// Judgements at a time.
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    #[command(flatten)]
    pub(crate) traffic: TrafficOptions,
    #[command(flatten)]
    pub(crate) view: ViewOptions,
    /// How the results are written to standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ComponentsArgs {
    /// One family, such as `fusion`.
    pub(crate) family: Option<String>,
    /// One kind of it, such as `rrf`.
    pub(crate) kind: Option<String>,
    /// How the list is written; `markdown` with no family is docs/CONFIG.md, `json` the schema of
    /// config files.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check config files; nothing is printed where all is well but what was checked.
    Check {
        /// Experiments.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the JSON schema of a config file, for editors.
    Schema,
    /// Check a config file and print it.
    Show {
        /// The experiment.
        file: PathBuf,
        /// With every default filled in.
        #[arg(long)]
        resolved: bool,
        /// Only what the systems do otherwise than this protocol (mem0-2504, mem0-eval,
        /// mem0-oss-0.1 or mem0-oss-2), and what that does otherwise than its source.
        #[arg(long, value_name = "PROTOCOL", conflicts_with = "resolved")]
        diff: Option<String>,
        /// How the differences are written.
        #[arg(long, value_enum, requires = "diff", default_value_t = Format::Human)]
        format: Format,
        #[command(flatten)]
        config: Box<ConfigOptions>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DatasetArgs {
    #[command(subcommand)]
    pub(crate) command: DatasetCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DatasetCommand {
    /// List the known datasets and where they are.
    List,
    /// Download a dataset into the user's cache.
    Fetch {
        /// Its name.
        #[arg(default_value = "locomo")]
        name: String,
        /// Write it here instead.
        #[arg(long, value_name = "PATH")]
        to: Option<PathBuf>,
    },
    /// Read a dataset, report everything odd in it, and compare it with its known fingerprint.
    Verify(DatasetChoice),
    /// Count conversations, sessions, turns and questions.
    Stats {
        #[command(flatten)]
        choice: DatasetChoice,
        /// How the counts are written.
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
    },
    /// Write a dataset of any size in LOCOMO's format, made of the sample's exchanges.
    Generate(GenerateArgs),
    /// Print a conversation.
    Show {
        /// Its id, such as `conv-26`.
        conversation: String,
        /// One session.
        #[arg(long, value_name = "N")]
        session: Option<u32>,
        /// The questions about it too.
        #[arg(long)]
        questions: bool,
        #[command(flatten)]
        choice: DatasetOptions,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DatasetChoice {
    /// Its name, or a file.
    #[arg(default_value = "locomo")]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct DatasetOptions {
    /// Name of the dataset, or a file; without it every known dataset is looked through.
    #[arg(long, value_name = "NAME|PATH")]
    pub(crate) dataset: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    #[command(subcommand)]
    pub(crate) command: ModelCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// List the models that need files, and where these are.
    List,
    /// Download a model's files into `models/` of the current folder, where configs look for them.
    Fetch {
        /// Its name.
        name: String,
        /// Write them into this folder instead.
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
    /// Embed texts for other programs: a JSON string per line on standard input, its vector as a JSON
    /// list per line on standard output.
    Embed {
        /// Name of the embedder: of its kind, or of a `[models.NAME]` table of the config.
        #[arg(default_value = "static")]
        name: String,
        /// The config that names it.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The experiment.
    pub(crate) file: PathBuf,
    /// Change a key of the config.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// How the findings are written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct CacheArgs {
    /// The cache, instead of `calls` in the user's cache folder.
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) cache: Option<PathBuf>,
    /// Write results as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: CacheCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Count entries by kind and model.
    Stats,
    /// Remove entries: those that fit all conditions.
    #[command(group = ArgGroup::new("which").required(true).multiple(true))]
    Prune {
        /// Recorded more than so many days ago (entries without a date count as old).
        #[arg(long, value_name = "DAYS", group = "which")]
        older_than: Option<u32>,
        /// Of models whose id holds this text, such as `gpt-4o-mini`.
        #[arg(long, value_name = "TEXT", group = "which")]
        model: Option<String>,
        /// All of them.
        #[arg(long, group = "which", conflicts_with_all = ["older_than", "model"])]
        all: bool,
    },
    /// Write the cache as a cassette; with --stores, copy a run's stores into a folder.
    Export {
        /// The cassette to write, or with --stores the folder to make.
        to: PathBuf,
        /// Copy the complete stores of this run directory instead.
        #[arg(long, value_name = "RUN")]
        stores: Option<PathBuf>,
    },
    /// Put what a cassette holds into the cache; with --stores, put stores back into a run.
    Import {
        /// The cassette, or with --stores the folder that `export --stores` made.
        from: PathBuf,
        /// Put stores back into this run directory instead.
        #[arg(long, value_name = "RUN")]
        stores: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PromptsArgs {
    #[command(subcommand)]
    pub(crate) command: PromptsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PromptsCommand {
    /// List the prompts with the beginning of their digests.
    List,
    /// Show a prompt with its digest and variables.
    Show {
        /// Its name, such as `extract/mem0-2504`.
        name: String,
        /// The file alone: what to begin a prompt of your own with.
        #[arg(long, conflicts_with = "rendered")]
        raw: bool,
        /// As it is sent, with the variables' examples.
        #[arg(long)]
        rendered: bool,
    },
    /// Compare a prompt with your own, and check that yours can be used.
    Diff {
        /// Its name.
        name: String,
        /// Your folder of prompts, or a file.
        path: PathBuf,
    },
    /// Make prompt files of the triple-quoted constants in a local checkout of mem0's evaluation.
    Import {
        /// Folder of the checkout.
        checkout: PathBuf,
        /// Folder for the prompt files: what `prompts` in a config then names.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}
