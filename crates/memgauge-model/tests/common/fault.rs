//! A server on this machine that speaks HTTP and misbehaves as a script says. Other crates' tests
//! use it through `#[path]`.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking, and no test file uses everything"
)]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its number, from 0.
    pub n: usize,
    /// When it had arrived.
    pub at: Instant,
    /// Such as `/v1/chat/completions`.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// What was sent; null where it is no JSON.
    pub body: Value,
}

impl Request {
    /// Value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A whole answer: status, headers beside the usual, body.
    Send(u16, Vec<(&'static str, String)>, String),
    /// The answer, so much later.
    After(Duration, Box<Answer>),
    /// An answer that announces more than comes, and then a closed connection.
    CutOff(String),
    /// A closed connection.
    Drop,
    /// A body of which a byte comes every so often.
    Drip(Duration, String),
}

impl Answer {
    /// Status 200 and a JSON body.
    pub fn json(body: &Value) -> Self {
        Self::Send(200, Vec::new(), body.to_string())
    }

    /// A refusal with a JSON body.
    pub fn error(status: u16, error: &Value) -> Self {
        Self::Send(status, Vec::new(), json!({ "error": error }).to_string())
    }

    /// A chat completion with usage.
    pub fn chat(text: &str) -> Self {
        Self::json(&json!({
            "id": "c", "object": "chat.completion", "created": 1, "model": "served",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        }))
    }

    /// Vectors with usage.
    pub fn vectors(vectors: &[Vec<f32>]) -> Self {
        let data: Vec<Value> = vectors
            .iter()
            .enumerate()
            .map(|(i, vector)| json!({"object": "embedding", "index": i, "embedding": vector}))
            .collect();
        Self::json(&json!({
            "object": "list", "model": "served", "data": data,
            "usage": {"prompt_tokens": 4, "total_tokens": 4},
        }))
    }

    /// The answer, so much later.
    pub fn after(self, wait: Duration) -> Self {
        Self::After(wait, Box::new(self))
    }
}

struct State {
    script: Box<dyn Fn(&Request) -> Answer + Send + Sync>,
    requests: Mutex<Vec<Request>>,
    under_way: AtomicUsize,
    most: AtomicUsize,
    stop: AtomicBool,
}

/// The server; it stops when it is dropped.
pub struct FaultServer {
    address: SocketAddr,
    state: Arc<State>,
}

impl FaultServer {
    /// Listens on a free port of this machine and answers as `script` says.
    pub fn start(script: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State {
            script: Box::new(script),
            requests: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stop.load(Ordering::SeqCst) {
                    break;
                }
                let state = Arc::clone(&shared);
                if let Ok(stream) = stream {
                    // Ends when the client closes the connection or it breaks.
                    std::thread::spawn(move || serve(&stream, &state));
                }
            }
        });
        Self { address, state }
    }

    /// Answers the requests one after the other, and those that come later like the last.
    pub fn sequence(answers: Vec<Answer>) -> Self {
        Self::start(move |request| answers[request.n.min(answers.len() - 1)].clone())
    }

    /// What a model block calls `base-url`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What has arrived so far.
    pub fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap().clone()
    }

    /// Most requests that were under way at once.
    pub fn most_at_once(&self) -> usize {
        self.state.most.load(Ordering::SeqCst)
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::SeqCst);
        // Wakes the listener up.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: &TcpStream, state: &State) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut request = read(&mut reader)?;
        {
            let mut requests = state.requests.lock().unwrap();
            request.n = requests.len();
            requests.push(request.clone());
        }
        let under_way = state.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        state.most.fetch_max(under_way, Ordering::SeqCst);
        let mut answer = (state.script)(&request);
        while let Answer::After(wait, then) = answer {
            std::thread::sleep(wait);
            answer = *then;
        }
        // Counted down before the last byte is out: the client may send the next at once.
        state.under_way.fetch_sub(1, Ordering::SeqCst);
        if !write(stream, &answer)? {
            return None;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap_or(0))];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        n: 0,
        at: Instant::now(),
        path,
        headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}

/// Whether the connection stays open.
fn write(mut stream: &TcpStream, answer: &Answer) -> Option<bool> {
    let head = |status: u16, extra: &[(&str, String)], length: usize| {
        let mut head = format!("HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\n");
        for (name, value) in extra {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {length}\r\n\r\n"));
        head
    };
    match answer {
        Answer::Send(status, headers, body) => {
            let whole = head(*status, headers, body.len()) + body;
            stream.write_all(whole.as_bytes()).ok()?;
            Some(true)
        }
        Answer::CutOff(body) => {
            let half = head(200, &[], body.len() * 2) + body;
            stream.write_all(half.as_bytes()).ok()?;
            stream.shutdown(std::net::Shutdown::Both).ok();
            Some(false)
        }
        Answer::Drip(every, body) => {
            stream
                .write_all(head(200, &[], body.len()).as_bytes())
                .ok()?;
            for byte in body.as_bytes() {
                stream.write_all(&[*byte]).ok()?;
                std::thread::sleep(*every);
            }
            Some(true)
        }
        Answer::Drop | Answer::After(..) => {
            stream.shutdown(std::net::Shutdown::Both).ok();
            Some(false)
        }
    }
}
