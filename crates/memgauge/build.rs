//! Tells the binary which revision of the source it was built from, where that is known.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=MEMGAUGE_REVISION");
    println!("cargo::rerun-if-changed=../../.git/logs/HEAD");
    let revision = std::env::var("MEMGAUGE_REVISION").ok().or_else(|| {
        let output = Command::new("git")
            .args(["rev-parse", "--short=12", "HEAD"])
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    });
    if let Some(revision) = revision {
        println!("cargo::rustc-env=MEMGAUGE_REVISION={revision}");
    }
}
