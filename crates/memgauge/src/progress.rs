//! Progress on standard error: a bar on a terminal, plain lines otherwise.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use memgauge_experiment::{Event, Observer};

use crate::output;

/// Shows the events of a run.
pub(crate) struct Progress {
    quiet: bool,
    bar: Option<ProgressBar>,
    /// Variant and start of what goes on, for plain lines.
    current: Mutex<Option<(String, Instant)>>,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(0);
            let style = ProgressStyle::with_template(
                "{bar:30} {pos}/{len} questions  {elapsed} (about {eta} left)  {msg}",
            );
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self {
            quiet,
            bar,
            current: Mutex::new(None),
        }
    }

    /// Takes the bar off the screen.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn stage(&self, text: String) {
        if self.quiet {
            return;
        }
        match &self.bar {
            Some(bar) => bar.set_message(text),
            None => {
                let now = Instant::now();
                let mut current = match self.current.lock() {
                    Ok(current) => current,
                    Err(poisoned) => poisoned.into_inner(),
                };
                if let Some((last, start)) = current.replace((text, now)) {
                    output::note(&format!("{last}: {:.1} s", (now - start).as_secs_f64()));
                }
            }
        }
    }
}

impl Observer for Progress {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Started {
                dir,
                questions,
                done,
            } => {
                if let Some(bar) = &self.bar {
                    bar.set_length(*questions as u64);
                    bar.set_position(*done as u64);
                    bar.reset_eta();
                } else if !self.quiet {
                    let went = if *done > 0 {
                        format!(", {done} of them answered before")
                    } else {
                        String::new()
                    };
                    output::note(&format!("{}: {questions} questions{went}", dir.display()));
                }
            }
            Event::Ingesting { variant } => self.stage(format!("{variant}: ingest")),
            Event::Asking { variant } => self.stage(format!("{variant}: ask")),
            Event::Answered => {
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                }
            }
            Event::Summarising => self.stage("summary".to_owned()),
        }
    }
}
