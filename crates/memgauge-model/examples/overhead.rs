//! Measures what the client costs on top of its provider:
//!
//! ```text
//! cargo run --release --example overhead
//! ```
//!
//! A server in a process of its own answers chat completions after 50 ms over kept connections; 32
//! calls at a time go through the whole client. Ends with 1 where, in three rounds, throughput stays
//! below 95 % of the ideal (32 / 50 ms), or the harness takes 1 ms or more per call: its own time as
//! it is metered, and the time of a processor.
#![expect(clippy::print_stdout, reason = "a command-line tool")]

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use memgauge_core::{
    Build, BuildError, ChatHandle, ChatMessage, ChatRequest, EmbedderHandle, Meter, Parts, Stage,
    Tokenizer,
};
use memgauge_model::{Model, OpenAiConfig};

/// How long the server takes.
const LATENCY: Duration = Duration::from_millis(50);
/// Calls under way at once.
const WORKERS: u32 = 32;
/// Calls that are measured.
const CALLS: usize = 32 * 100;
/// Rounds at most: what else runs on the machine can only make a round look worse, so that one good
/// round is enough.
const ROUNDS: usize = 3;

fn main() -> ExitCode {
    let result = match std::env::args().nth(1).as_deref() {
        Some("serve") => serve().map(|()| ExitCode::SUCCESS),
        None | Some("measure") => measure(),
        Some(_) => Err("usage: overhead [measure | serve]".into()),
    };
    result.unwrap_or_else(|error| {
        println!("error: {error}");
        ExitCode::from(2)
    })
}

/// A thread per connection: its sleep is exact, where a runtime's timer rounds up to milliseconds.
fn serve() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    // Ends with whoever started it, whatever becomes of that.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    for stream in listener.incoming() {
        let stream = stream?;
        std::thread::spawn(move || answer(&stream));
    }
    Ok(())
}

fn answer(mut stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let body = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],"usage":{"prompt_tokens":900,"completion_tokens":1,"total_tokens":901}}"#;
    let reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.is_empty() {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        std::thread::sleep(LATENCY);
        stream.write_all(reply.as_bytes())?;
    }
}

struct NoParts;

impl Parts for NoParts {
    fn embedder(&self, _: &str) -> Result<EmbedderHandle, BuildError> {
        Err(BuildError::new("no embedder"))
    }

    fn tokenizer(&self, _: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
        Err(BuildError::new("no tokenizer"))
    }

    fn folder(&self) -> &Path {
        Path::new("")
    }
}

fn measure() -> Result<ExitCode, Box<dyn Error>> {
    let mut server = Command::new(std::env::current_exe()?)
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut address = String::new();
    let output = server.stdout.take().ok_or("the server is mute")?;
    BufReader::new(output).read_line(&mut address)?;
    let result = tokio::runtime::Runtime::new()?.block_on(drive(address.trim()));
    server.kill()?;
    server.wait()?;
    result
}

async fn drive(address: &str) -> Result<ExitCode, Box<dyn Error>> {
    let config = OpenAiConfig {
        provider: "overhead".to_owned(),
        base_url: format!("http://{address}/v1"),
        api_key_env: String::new(),
        model: "m".to_owned(),
        max_concurrency: WORKERS,
        ..OpenAiConfig::default()
    };
    let model = Build::<Model>::build(&config, &NoParts)?.chat()?;
    let chat = ChatHandle::new("chat", model);
    // As long as a question with 30 memories.
    let prompt = "Somebody said something on some day that may matter here. ".repeat(60);
    let request = Arc::new(ChatRequest::text(vec![
        ChatMessage::system("Answer."),
        ChatMessage::user(prompt),
    ]));
    // Opens the connections.
    calls(&chat, &request, WORKERS as usize * 2).await?;
    for round in 1..=ROUNDS {
        print!("round {round}: ");
        if is_good(&chat, &request).await? {
            return Ok(ExitCode::SUCCESS);
        }
    }
    Ok(ExitCode::FAILURE)
}

/// Measures one round.
async fn is_good(chat: &ChatHandle, request: &Arc<ChatRequest>) -> Result<bool, Box<dyn Error>> {
    let (start, busy) = (Instant::now(), processor_time());
    let meter = calls(chat, request, CALLS).await?;
    let elapsed = start.elapsed().as_secs_f64();
    let busy = processor_time()
        .zip(busy)
        .map(|(after, before)| after - before);

    let throughput = CALLS as f64 / elapsed;
    let ideal = f64::from(WORKERS) / LATENCY.as_secs_f64();
    let share = throughput / ideal;
    let charge = meter.charges()[&Stage::Answer];
    let per_call = |time: Duration| time.as_secs_f64() * 1e3 / CALLS as f64;
    let own = per_call(charge.own);
    println!(
        "{CALLS} calls, {WORKERS} at a time, in {elapsed:.2} s: {throughput:.0}/s, {:.1} % of the ideal {ideal:.0}/s",
        share * 100.0
    );
    println!(
        "per call: {own:.3} ms own, {:.3} ms provider, {:.3} ms paused",
        per_call(charge.provider),
        per_call(charge.paused)
    );
    let processor = busy.map(per_call);
    match processor {
        Some(ms) => println!("per call: {ms:.3} ms of a processor, HTTP and keys included"),
        None => println!("processor time: unknown on this system"),
    }
    let is_good = share >= 0.95 && own < 1.0 && processor.is_none_or(|ms| ms < 1.0);
    println!("{}", if is_good { "good" } else { "too much" });
    Ok(is_good)
}

/// Processor time of this process so far, all threads together; `None` where there is no `/proc`.
fn processor_time() -> Option<Duration> {
    /// Length of a tick on Linux, whatever the kernel's own.
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // After the name, which ends the only brackets: state is field 3, user and system time 14, 15.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3)?.parse::<u32>().ok();
    Some(TICK * (ticks(14)? + ticks(15)?))
}

/// So many calls by all workers, under one meter.
async fn calls(
    chat: &ChatHandle,
    request: &Arc<ChatRequest>,
    number: usize,
) -> Result<Arc<Meter>, Box<dyn Error>> {
    let meter = Meter::new();
    let left = Arc::new(AtomicUsize::new(number));
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (chat, request, left) = (chat.clone(), Arc::clone(request), Arc::clone(&left));
            let cx = meter.at(Stage::Answer);
            tokio::spawn(async move {
                let take = |n: usize| n.checked_sub(1);
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                    .is_ok()
                {
                    chat.complete(&cx, &request).await?;
                }
                Ok::<(), memgauge_core::ComponentError>(())
            })
        })
        .collect();
    for worker in workers {
        worker.await??;
    }
    Ok(meter)
}
