//! The `memgauge` command line: the only part that prints, reads the environment and knows the
//! current directory.

mod cli;
mod commands;
mod exit;
mod limits;
mod output;
mod places;
mod progress;
mod surrogate_model;
mod traffic;
mod view;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

/// Records are made of many small pieces: a fifth of a run's time with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    output::set_up(&cli.global);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::error(&format!("cannot start the runtime: {error}"));
            return ExitCode::from(exit::INTERNAL);
        }
    };
    let result = runtime.block_on(async {
        match &cli.command {
            Command::Run(args) => commands::run::run(args, &cli.global).await,
            Command::Plan(args) => commands::plan::run(args).await,
            Command::Merge(args) => commands::merge::run(args, &cli.global),
            Command::Show(args) => commands::show::run(args),
            Command::Judge(args) => commands::judge::run(args, &cli.global).await,
            Command::JudgeCard(args) => commands::judge_card::run(args, &cli.global).await,
            Command::Surrogate(args) => commands::surrogate::run(args),
            Command::Import(args) => commands::import::run(args, &cli.global),
            Command::Rescore(args) => commands::rescore::run(args),
            Command::Errata(args) => commands::errata::run(args),
            Command::Paper(args) => commands::paper::run(args),
            Command::Compare(args) => commands::compare::run(args),
            Command::Rank(args) => commands::rank::run(args),
            Command::Baseline(args) => commands::baseline::run(args, &cli.global),
            Command::SearchRounds(args) => commands::search_rounds::run(args).await,
            Command::Gate(args) => commands::gate::run(args, &cli.global).await,
            Command::Plot(args) => commands::plot::run(args, &cli.global),
            Command::Report(args) => commands::report::run(args, &cli.global),
            Command::History(args) => commands::history::run(args),
            Command::Components(args) => commands::components::run(args),
            Command::Config(args) => commands::config::run(args),
            Command::Prompts(args) => commands::prompts::run(args),
            Command::Dataset(args) => commands::dataset::run(args, &cli.global).await,
            Command::Model(args) => commands::model::run(args, &cli.global).await,
            Command::Memory(args) => commands::memory::run(args).await,
            Command::Doctor(args) => commands::doctor::run(args).await,
            Command::Cache(args) => commands::cache::run(args).await,
            Command::Export(args) => commands::export::run(args),
            Command::Completions(args) => commands::completions::completions(args),
            Command::Man(args) => commands::completions::man(args),
        }
    });
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            if exit::is_closed_pipe(&error) {
                return ExitCode::SUCCESS;
            }
            output::error(&exit::message(&error));
            ExitCode::from(exit::code(&error))
        }
    }
}
