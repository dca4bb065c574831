//! Sends requests through async-openai: one attempt, and the attempts of one call.
//!
//! async-openai builds requests and reads replies; the HTTP service below it is our own, so that
//! status, headers and body of a refusal are seen, nothing is retried behind our back, and every
//! wait is booked where it belongs.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use memgauge_core::chat::Completion;
use memgauge_core::{ErrorKind, ModelError, Spent};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::Value;

use super::connection::{Connection, Key};
use super::failure::Failure;
use super::gate::Gate;
use super::mask::Mask;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// `/chat/completions`
    Chat,
    /// `/embeddings`
    Embeddings,
}

/// What sends.
struct Wire {
    http: reqwest::Client,
    /// Makes requests, without a key.
    requests: Client<OpenAIConfig>,
}

impl Wire {
    fn new(connection: &Connection) -> Result<Self, String> {
        let http = connection.http()?;
        // Everything that the config type would otherwise take from the environment is set here;
        // the key is put in by the service, which alone knows it.
        let config = OpenAIConfig::new()
            .with_api_base(&connection.base_url)
            .with_api_key("")
            .with_org_id("")
            .with_project_id("");
        Ok(Self {
            // Every attempt replaces the service in it, which would retry on its own.
            requests: Client::build(http.clone(), config),
            http,
        })
    }
}

/// The way from one model block to its provider.
pub(super) struct Transport {
    /// Made when first used: replays need none.
    wire: OnceLock<Result<Wire, String>>,
    connection: Connection,
    gate: Gate,
    mask: Mask,
}

impl Transport {
    pub(super) fn new(connection: Connection) -> Self {
        let secret = match &connection.key {
            Key::Known { secret, .. } => Some(secret.clone()),
            _ => None,
        };
        Self {
            wire: OnceLock::new(),
            gate: Gate::new(
                &connection.provider,
                &connection.base_url,
                connection.limits,
            ),
            mask: Mask::new(secret, connection.host.as_deref()),
            connection,
        }
    }

    /// Whether tokens have to be counted before a call.
    pub(super) fn counts_tokens(&self) -> bool {
        self.gate.counts_tokens()
    }

    pub(super) fn mask(&self) -> &Mask {
        &self.mask
    }

    /// Sends `body`, with the attempts that the block allows; `read` makes of a reply what is
    /// wanted, or says what is wrong with it. `tokens` is what the call takes of a limit per minute.
    pub(super) async fn send<R: DeserializeOwned, T>(
        &self,
        endpoint: Endpoint,
        body: &Value,
        tokens: u64,
        read: impl Fn(R) -> Result<T, Failure> + Send,
    ) -> Completion<T> {
        let start = Instant::now();
        let mut spent = Spent::default();
        let result = self
            .attempts(endpoint, body, tokens, read, &mut spent)
            .await
            .map_err(|(kind, message)| ModelError { kind, message });
        spent.own = start
            .elapsed()
            .saturating_sub(spent.provider + spent.backoff + spent.paused);
        Completion { result, spent }
    }

    async fn attempts<R: DeserializeOwned, T>(
        &self,
        endpoint: Endpoint,
        body: &Value,
        tokens: u64,
        read: impl Fn(R) -> Result<T, Failure> + Send,
        spent: &mut Spent,
    ) -> Result<T, (ErrorKind, String)> {
        let authorization = match &self.connection.key {
            Key::NotNeeded => None,
            Key::Known { header, .. } => Some(header),
            Key::Unusable { reason } => return Err((ErrorKind::SetUp, reason.clone())),
        };
        let wire = self
            .wire
            .get_or_init(|| Wire::new(&self.connection))
            .as_ref()
            .map_err(|reason| (ErrorKind::SetUp, reason.clone()))?;
        loop {
            let waiting = Instant::now();
            let permit = self.gate.enter(tokens).await;
            spent.paused += waiting.elapsed();
            spent.attempts += 1;
            let post = Post {
                http: wire.http.clone(),
                authorization: authorization.cloned(),
                timeout: self.connection.timeout,
                sent: Arc::default(),
            };
            let failure = match self
                .attempt(endpoint, body, &wire.requests, post, &mut spent.provider)
                .await
                .and_then(&read)
            {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            drop(permit);
            let delay = failure.wait.unwrap_or_else(|| self.jitter(spent.attempts));
            let too_long = delay > self.connection.max_wait;
            if failure.throttled && !too_long {
                self.gate.pause(delay);
            }
            if failure.kind != ErrorKind::Transient
                || spent.attempts >= self.connection.max_attempts
                || too_long
            {
                return Err((failure.kind, describe(&failure, spent.attempts, too_long)));
            }
            tracing::debug!(
                attempt = spent.attempts,
                delay_ms = delay.as_millis(),
                "{}",
                failure.message
            );
            let waiting = Instant::now();
            tokio::time::sleep(delay).await;
            spent.backoff += waiting.elapsed();
        }
    }

    /// Exponential back-off with full jitter: between nothing and a bound that doubles.
    fn jitter(&self, attempts: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1).min(16));
        let bound = self
            .connection
            .backoff
            .saturating_mul(doubled)
            .min(self.connection.max_wait);
        bound.mul_f64(rand::random::<f64>())
    }

    async fn attempt<R: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        body: &Value,
        requests: &Client<OpenAIConfig>,
        post: Post,
        provider: &mut Duration,
    ) -> Result<R, Failure> {
        let sent = Arc::clone(&post.sent);
        let client = requests.clone().with_http_service(post);
        let reply: Result<Timed<R>, OpenAIError> = match endpoint {
            Endpoint::Chat => client.chat().create_byot(body).await,
            Endpoint::Embeddings => client.embeddings().create_byot(body).await,
        };
        // A failure to read a reply is booked as the provider's: it is rare and short.
        let until = match &reply {
            Ok(reply) => reply.arrived,
            Err(_) => Instant::now(),
        };
        if let Some(sent) = sent.get() {
            *provider += until.saturating_duration_since(*sent);
        }
        reply
            .map(|reply| reply.body)
            .map_err(|error| self.failure(error))
    }

    fn failure(&self, error: OpenAIError) -> Failure {
        match error {
            OpenAIError::Boxed(error) => match error.downcast::<Refused>() {
                Ok(refused) => {
                    Failure::refused(refused.status, &refused.headers, &refused.body, &self.mask)
                }
                Err(error) => {
                    Failure::new(ErrorKind::Permanent, self.mask.apply(&error.to_string()))
                }
            },
            OpenAIError::Reqwest(error) => {
                let connection = &self.connection;
                Failure::connection(&error, connection.timeout, connection.connect_timeout)
            }
            OpenAIError::JSONDeserialize(error, _) => {
                Failure::unreadable(&error.to_string(), &self.mask)
            }
            other => Failure::new(ErrorKind::Permanent, self.mask.apply(&other.to_string())),
        }
    }
}

fn describe(failure: &Failure, attempts: u32, too_long: bool) -> String {
    let mut message = failure.message.clone();
    if too_long && let Some(wait) = failure.wait {
        let wait = wait.as_secs_f64().ceil();
        message.push_str(&format!(
            " (asks to wait {wait} s, longer than max-wait-seconds)"
        ));
    }
    if attempts > 1 {
        message.push_str(&format!(" (after {attempts} attempts)"));
    }
    message
}

/// A reply and the moment at which it had arrived: reading it is time of our own.
struct Timed<R> {
    arrived: Instant,
    body: R,
}

impl<'de, R: serde::Deserialize<'de>> serde::Deserialize<'de> for Timed<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self {
            arrived: Instant::now(),
            body: R::deserialize(deserializer)?,
        })
    }
}

/// A reply whose status is not a success.
#[derive(Debug, thiserror::Error)]
#[error("HTTP {status}")]
struct Refused {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// The HTTP service of one attempt.
#[derive(Clone)]
struct Post {
    http: reqwest::Client,
    authorization: Option<HeaderValue>,
    timeout: Duration,
    /// When the request went out.
    sent: Arc<OnceLock<Instant>>,
}

impl tower::Service<HttpRequestFactory> for Post {
    type Response = reqwest::Response;
    type Error = OpenAIError;
    type Future = Pin<Box<dyn Future<Output = Result<reqwest::Response, OpenAIError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        let post = self.clone();
        Box::pin(async move {
            let mut request = factory.build().await?;
            request.headers_mut().remove(AUTHORIZATION);
            if let Some(authorization) = post.authorization {
                request.headers_mut().insert(AUTHORIZATION, authorization);
            }
            *request.timeout_mut() = Some(post.timeout);
            let _ = post.sent.set(Instant::now());
            let response = post.http.execute(request).await?;
            if response.status().is_success() {
                return Ok(response);
            }
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            // Status and headers say enough where the words do not arrive.
            let body = response.bytes().await.unwrap_or_default().to_vec();
            Err(OpenAIError::Boxed(Box::new(Refused {
                status,
                headers,
                body,
            })))
        })
    }
}
