//! The child process: a program, its pipes, its last words, its end.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

/// Bytes of a reply, at most.
pub(super) const LONGEST_LINE: u64 = 16 << 20;
/// Bytes of a line on standard error that are read as one.
const LONGEST_WORDS: u64 = 64 << 10;
/// Lines of standard error that go into a message.
const LAST_WORDS: usize = 6;
/// Characters of a line that go into a message.
const SHOWN: usize = 200;
/// How long a process that closed its output may take to end.
const LINGER: Duration = Duration::from_secs(1);

/// A program that can be started, again and again.
#[derive(Clone)]
pub(super) struct Program {
    /// The executable file.
    pub(super) path: PathBuf,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
    /// Folder that it runs in.
    pub(super) base: PathBuf,
    /// All of its environment.
    pub(super) environment: Vec<(String, String)>,
    /// Values of its environment that must not be shown.
    pub(super) secrets: Vec<String>,
}

impl Program {
    /// A line of the child's, fit for a message: short, without control characters and secrets.
    pub(super) fn shown(&self, line: &[u8]) -> String {
        // Secrets go before the line is cut: half of one is still too much.
        let mut text = String::from_utf8_lossy(line).into_owned();
        for secret in &self.secrets {
            text = text.replace(secret.as_str(), "***");
        }
        let clean: String = text
            .trim()
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        match clean.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", clean.get(..end).unwrap_or_default()),
            None => clean,
        }
    }
}

/// Why there is no line.
#[derive(Debug)]
pub(super) enum Silence {
    /// The process ended or closed its output: how, and its last words.
    Ended(String),
    /// It took longer than it may.
    TimedOut,
    /// The line is longer than [`LONGEST_LINE`].
    TooLong(Vec<u8>),
}

/// A running process. Ends, with all that it started, when it is dropped.
pub(super) struct Child {
    program: Arc<Program>,
    process: tokio::process::Child,
    /// Leader of its process group.
    group: Option<u32>,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    words: Arc<Mutex<VecDeque<String>>>,
    listener: JoinHandle<()>,
    /// Number of the next request.
    next: u64,
}

impl Child {
    /// Starts `program`.
    pub(super) fn start(program: &Arc<Program>) -> std::io::Result<Self> {
        let mut command = Command::new(&program.path);
        command
            .args(&program.arguments)
            .current_dir(&program.base)
            .env_clear()
            .envs(
                program
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A group of its own: it can be ended with all that it started, and an interrupt at the
        // terminal reaches memgauge alone.
        #[cfg(unix)]
        command.process_group(0);
        let mut process = command.spawn()?;
        let missing = || std::io::Error::other("no pipe");
        let input = process.stdin.take().ok_or_else(missing)?;
        let output = process.stdout.take().ok_or_else(missing)?;
        let errors = process.stderr.take().ok_or_else(missing)?;
        let words = Arc::default();
        let listener = tokio::spawn(listen(Arc::clone(program), errors, Arc::clone(&words)));
        Ok(Self {
            program: Arc::clone(program),
            group: process.id(),
            process,
            input,
            output: BufReader::new(output),
            words,
            listener,
            next: 1,
        })
    }

    /// Number of the next request.
    pub(super) fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// Sends a line and waits for one. After a failure the process is of no more use.
    pub(super) async fn exchange(
        &mut self,
        line: &[u8],
        limit: Duration,
    ) -> Result<Vec<u8>, Silence> {
        let talk = async {
            // A process that ended takes nothing, and may have said why.
            let _ = self.input.write_all(line).await;
            let mut reply = Vec::new();
            let mut limited = (&mut self.output).take(LONGEST_LINE + 1);
            let read = limited.read_until(b'\n', &mut reply).await;
            if reply.len() as u64 > LONGEST_LINE {
                Err(Some(reply))
            } else if read.is_ok() && reply.ends_with(b"\n") {
                Ok(reply)
            } else {
                Err(None)
            }
        };
        match tokio::time::timeout(limit, talk).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(Some(reply))) => Err(Silence::TooLong(reply)),
            Ok(Err(None)) => Err(Silence::Ended(self.end().await)),
            Err(_) => Err(Silence::TimedOut),
        }
    }

    /// How the process ended.
    async fn end(&mut self) -> String {
        match tokio::time::timeout(LINGER, self.process.wait()).await {
            Ok(Ok(status)) => format!("it ended ({status})"),
            _ => "it closed its standard output".to_owned(),
        }
    }

    /// The last lines on its standard error, for a message; empty where there are none.
    pub(super) async fn last_words(&mut self) -> String {
        // What it said before it ended may still be on its way.
        let _ = tokio::time::timeout(LINGER / 4, &mut self.listener).await;
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<&str> = words.iter().map(String::as_str).collect();
        if lines.is_empty() {
            return String::new();
        }
        format!("; on its standard error: {}", lines.join(" | "))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.group.and_then(|group| i32::try_from(group).ok()) {
            end_group(group);
        }
        let _ = self.process.start_kill();
        self.listener.abort();
        tracing::debug!(program = %self.program.path.display(), "ended");
    }
}

/// Kills every process of a group.
#[cfg(unix)]
#[expect(
    unsafe_code,
    reason = "the standard library ends single processes only"
)]
fn end_group(group: i32) {
    // SAFETY: kill(2) takes two numbers and touches no memory. A negative number names a group; 0 and
    // -1, which mean our own group and everybody, cannot be reached from a group above 1.
    if group > 1 {
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
}

/// Notes the last lines of standard error.
async fn listen(program: Arc<Program>, errors: ChildStderr, words: Arc<Mutex<VecDeque<String>>>) {
    let mut errors = BufReader::new(errors);
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut errors).take(LONGEST_WORDS);
        if !matches!(limited.read_until(b'\n', &mut line).await, Ok(read) if read > 0) {
            return;
        }
        let shown = program.shown(&line);
        tracing::debug!(program = %program.path.display(), "{shown}");
        if !shown.is_empty() {
            let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
            if words.len() == LAST_WORDS {
                words.pop_front();
            }
            words.push_back(shown);
        }
    }
}

/// The executable file that `name` means: with a `/` in it a path from `base`, otherwise a program in
/// one of the folders of `path`.
pub(super) fn find(name: &str, base: &Path, path: &str) -> Option<PathBuf> {
    if name.contains(std::path::is_separator) {
        let file = base.join(name);
        return is_executable(&file).then_some(file);
    }
    // Relative folders of PATH would start from the folder of the child.
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}
