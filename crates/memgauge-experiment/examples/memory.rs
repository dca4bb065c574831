//! Mem0's first steps, offline: remember two facts about someone's stack, ask, print the scores.
//!
//! ```sh
//! cargo run --release --example memory
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it finds")]

use std::path::Path;

use memgauge_core::{Filter, Scope};
use memgauge_experiment::memory::{AddOptions, Found, Memory, MemoryError, Message};

const QUERY: &str = "Which language is the backend written in?";

async fn first_steps(dir: &Path) -> Result<Vec<Found>, MemoryError> {
    // No config file: rules and a table of vectors, no key and no network. With one:
    // `Memory::from_config("memory.toml".as_ref(), dir, supplies)?`.
    let memory = Memory::offline(dir)?;
    let ann = Scope::user("ann");

    memory
        .add(
            "My backend is written in Rust and runs on Axum.",
            AddOptions::to(ann.clone()).with("category", "backend"),
        )
        .await?;
    memory
        .add(
            [
                Message::user("For the frontend I prefer TypeScript with Svelte."),
                Message::assistant("Noted!"),
            ],
            AddOptions::to(ann.clone()).with("category", "frontend"),
        )
        .await?;

    // Others see nothing of it, and metadata narrows a search down.
    assert!(
        memory
            .search(QUERY, Scope::user("bob"), 3)
            .await?
            .is_empty()
    );
    let frontend = Filter::scope(ann.clone()).and("category", "frontend");
    assert_eq!(memory.search(QUERY, frontend, 3).await?.len(), 1);

    memory.search(QUERY, ann, 3).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    println!("{QUERY}");
    for found in first_steps(dir.path()).await? {
        let category = found.record.metadata.get("category");
        println!(
            "{:>7.3}  {}  [{}]",
            found.score,
            found.record.text,
            category.map_or("", String::as_str)
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_backend_is_found_first() {
        let dir = tempfile::tempdir().unwrap();
        let found = first_steps(dir.path()).await.unwrap();
        assert_eq!(found.len(), 2);
        assert!(found[0].record.text.contains("Rust"), "{found:?}");
        assert_eq!(found[0].record.metadata["category"], "backend");
        assert!(found[1].record.text.contains("Svelte"), "{found:?}");
        assert!(found[0].score > found[1].score);
        assert!(found[0].lists["dense"].score > found[1].lists["dense"].score);
    }
}
