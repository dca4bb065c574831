//! Which controls an experiment runs: those that it names, and those that cost nothing.

use memgauge_dataset::Dataset;
use memgauge_model::ModelConfig;
use memgauge_pipeline::answerer::AnswererConfig;
use memgauge_pipeline::judge::JudgeConfig;
use memgauge_pipeline::system::SystemConfig;

use crate::config::{ConfigFile, ExperimentConfig, Isolation, swapped_name};
use crate::error::ExperimentError;
use crate::plan::{PlannedVariant, Role};

/// The arms to add to `variants`, in the order of the tables.
pub(crate) fn controls(
    file: &ConfigFile,
    dataset: &Dataset,
    variants: &[PlannedVariant],
) -> Result<Vec<PlannedVariant>, ExperimentError> {
    let config = &file.config;
    let wanted = &config.controls;
    let pays = pays(&config.answerer, config);
    // What nobody has said a word about runs if it is free, and stands aside where its name is taken.
    let by_default =
        |name: &str| (wanted.paid || !pays) && !variants.iter().any(|variant| variant.name == name);
    let arm = |name: &str, role: Role| PlannedVariant {
        name: name.to_owned(),
        role,
        path: "controls".to_owned(),
        isolation: Isolation::Conversation,
        answerer: config.answerer.clone(),
        models: Default::default(),
        cell: None,
        digest: String::new(),
        upstream: String::new(),
    };
    let mut added = Vec::new();
    for (asked, system) in [
        (wanted.no_memory, SystemConfig::NoMemory(Default::default())),
        (
            wanted.full_context,
            SystemConfig::FullContext(Default::default()),
        ),
    ] {
        let kind = system.kind();
        let is_there = variants.iter().any(|variant| variant.kind() == kind);
        if !is_there && asked.unwrap_or_else(|| by_default(kind)) {
            added.push(arm(kind, Role::System(system)));
        }
    }
    if wanted.oracle.unwrap_or_else(|| by_default("oracle")) {
        added.push(arm("oracle", Role::Oracle));
    }
    let swapped = match &wanted.swapped {
        Some(names) => names.clone(),
        None => default_swapped(config, dataset, variants),
    };
    for name in &swapped {
        if dataset.conversations.len() < 2 {
            return Err(ExperimentError::Config(vec![file.problem(
                "controls.swapped",
                format!("`{name}` cannot be swapped: the dataset has one conversation"),
            )]));
        }
        let original = variants.iter().find(|variant| variant.name == *name);
        if let Some(original) = original
            && let Role::System(system) = &original.role
        {
            added.push(PlannedVariant {
                name: swapped_name(name),
                role: Role::Swapped(system.clone()),
                // What it is asked from is always another conversation's own memory.
                isolation: Isolation::Conversation,
                cell: None,
                ..original.clone()
            });
        }
    }
    Ok(added)
}

/// The first variant with a memory of its own for every conversation.
fn default_swapped(
    config: &ExperimentConfig,
    dataset: &Dataset,
    variants: &[PlannedVariant],
) -> Vec<String> {
    let first = variants.iter().find(|variant| {
        let keeps = matches!(&variant.role, Role::System(system) if system.pipeline().is_some());
        keeps && variant.isolation == Isolation::Conversation
    });
    let Some(first) = first.filter(|_| dataset.conversations.len() > 1) else {
        return Vec::new();
    };
    let name = swapped_name(&first.name);
    let is_taken = variants.iter().any(|variant| variant.name == name);
    let is_free = !pays(&first.answerer, config) && !embeds_elsewhere(first, config);
    if !is_taken && (config.controls.paid || is_free) {
        vec![first.name.clone()]
    } else {
        Vec::new()
    }
}

/// Whether a chat model takes part in what follows the search.
fn pays(answerer: &AnswererConfig, config: &ExperimentConfig) -> bool {
    matches!(answerer, AnswererConfig::Llm(_)) || matches!(config.judge, JudgeConfig::Llm(_))
}

/// Whether its questions are embedded behind an API.
fn embeds_elsewhere(variant: &PlannedVariant, config: &ExperimentConfig) -> bool {
    let (Role::System(system) | Role::Swapped(system)) = &variant.role else {
        return false;
    };
    let embedder = system.pipeline().map(|pipeline| pipeline.embedder);
    let model = embedder.and_then(|name| variant.models.get(&name).or(config.models.get(&name)));
    matches!(model, Some(ModelConfig::OpenAiEmbeddings(_)))
}
