//! Generated documents are as generated.

use crate::{end, memgauge, root};

#[test]
fn the_config_reference_is_up_to_date() {
    let ended = end(memgauge().args(["components", "--format", "markdown"]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let written = std::fs::read_to_string(root().join("docs/CONFIG.md")).expect("docs/CONFIG.md");
    assert!(
        written == ended.stdout,
        "docs/CONFIG.md is out of date: memgauge components --format markdown > docs/CONFIG.md"
    );
}

#[test]
fn every_experiment_is_sound() {
    let mut files = 0;
    for entry in std::fs::read_dir(root().join("experiments")).expect("experiments") {
        let path = entry.expect("an entry").path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let ended = end(memgauge().args(["config", "show", "--resolved"]).arg(&path));
            assert_eq!(ended.code, 0, "{}: {}", path.display(), ended.stderr);
            // What is printed is a config again, and means the same.
            let folder = tempfile::tempdir().expect("a folder");
            let copy = folder.path().join("copy.toml");
            std::fs::write(&copy, &ended.stdout).expect("a copy");
            let again = end(memgauge().args(["config", "show", "--resolved"]).arg(&copy));
            assert_eq!(again.stdout, ended.stdout);
            files += 1;
        }
    }
    assert!(files >= 2, "{files}");
}
