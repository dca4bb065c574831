//! What the model blocks of a provider say about how it is reached.

use std::num::NonZeroU32;
use std::time::Duration;

use memgauge_core::{BuildError, Parts};
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::gate::Limits;

/// The keys that chat models and embedders have in common, as they stand in a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stated<'a> {
    pub(super) provider: &'a str,
    pub(super) base_url: &'a str,
    pub(super) api_key_env: &'a str,
    pub(super) timeout: f64,
    pub(super) connect_timeout: f64,
    pub(super) max_attempts: u32,
    pub(super) backoff: f64,
    pub(super) max_wait: f64,
    pub(super) concurrency: u32,
    pub(super) requests: Option<u32>,
    pub(super) tokens: Option<u32>,
}

/// The secret of a block.
pub(super) enum Key {
    /// The server wants none.
    NotNeeded,
    /// As it is sent.
    Known { header: HeaderValue, secret: String },
    /// It is not there, or cannot be sent: calls fail, replays do not.
    Unusable { reason: String },
}

/// How a provider is reached.
pub(super) struct Connection {
    pub(super) provider: String,
    /// Without a slash at its end.
    pub(super) base_url: String,
    pub(super) host: Option<String>,
    pub(super) key: Key,
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) max_attempts: u32,
    pub(super) backoff: Duration,
    pub(super) max_wait: Duration,
    pub(super) limits: Limits,
}

impl Stated<'_> {
    /// The environment variable that has to be set and is not.
    pub(super) fn missing_secret(&self, parts: &dyn Parts) -> Option<String> {
        let name = self.api_key_env;
        let is_missing = !name.is_empty() && parts.secret(name).is_none_or(|key| key.is_empty());
        is_missing.then(|| name.to_owned())
    }

    /// Checks everything, and asks for the secret.
    ///
    /// # Errors
    /// When a value makes no sense. A missing secret is no error: replays need none.
    pub(super) fn connection(&self, parts: &dyn Parts) -> Result<Connection, BuildError> {
        let label = self.provider;
        let is_label = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if label.is_empty() || !label.chars().all(is_label) {
            return Err(BuildError::at(
                "provider",
                "must be a label of letters, digits, `-` and `_`, such as `openai` or `llama-cpp`",
            ));
        }
        let wrong = |reason: &str| BuildError::at("base-url", reason);
        let url = Url::parse(self.base_url).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(wrong("must begin with http:// or https:// and a host"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(wrong(
                "must hold neither a user name nor a password nor a query: the key comes from the \
                 environment, see `api-key-env`",
            ));
        }
        let positive = |key: &str, value: u32| {
            NonZeroU32::new(value).ok_or_else(|| BuildError::at(key, "must be 1 or more"))
        };
        let limit = |key: &str, value: Option<u32>| value.map(|n| positive(key, n)).transpose();
        Ok(Connection {
            provider: label.to_owned(),
            base_url: self.base_url.trim_end_matches('/').to_owned(),
            host: url.host_str().map(str::to_owned),
            key: self.key(parts),
            timeout: seconds("timeout-seconds", self.timeout, false)?,
            connect_timeout: seconds("connect-timeout-seconds", self.connect_timeout, false)?,
            max_attempts: positive("max-attempts", self.max_attempts)?.get(),
            backoff: seconds("backoff-seconds", self.backoff, true)?,
            max_wait: seconds("max-wait-seconds", self.max_wait, true)?,
            limits: Limits {
                concurrency: Some(positive("max-concurrency", self.concurrency)?.get()),
                requests: limit("requests-per-minute", self.requests)?,
                tokens: limit("tokens-per-minute", self.tokens)?,
            },
        })
    }

    fn key(&self, parts: &dyn Parts) -> Key {
        let name = self.api_key_env;
        if name.is_empty() {
            return Key::NotNeeded;
        }
        let secret = parts.secret(name).unwrap_or_default();
        let secret = secret.trim();
        if secret.is_empty() {
            return Key::Unusable {
                reason: format!("no key: the environment variable `{name}` is not set"),
            };
        }
        match HeaderValue::from_str(&format!("Bearer {secret}")) {
            Ok(mut header) => {
                header.set_sensitive(true);
                Key::Known {
                    header,
                    secret: secret.to_owned(),
                }
            }
            Err(_) => Key::Unusable {
                reason: format!("the key in `{name}` has characters that HTTP cannot carry"),
            },
        }
    }
}

/// A day: nobody waits longer for one call.
const LONGEST: f64 = 86_400.0;

fn seconds(key: &str, value: f64, zero: bool) -> Result<Duration, BuildError> {
    let least = if zero { "0" } else { "more than 0" };
    if !(value.is_finite() && value <= LONGEST && (value > 0.0 || zero && value == 0.0)) {
        return Err(BuildError::at(
            key,
            format!("must be {least} and at most {LONGEST} seconds"),
        ));
    }
    Ok(Duration::from_secs_f64(value))
}

impl Connection {
    /// The HTTP client: pooled connections, no delay, no redirects (which would carry a request
    /// elsewhere). Servers on this machine are reached without a proxy.
    pub(super) fn http(&self) -> Result<reqwest::Client, String> {
        let mut builder = reqwest::Client::builder()
            .connect_timeout(self.connect_timeout)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("memgauge/", env!("CARGO_PKG_VERSION")));
        let host = self.host.as_deref().unwrap_or_default();
        let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        if host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback()) {
            builder = builder.no_proxy();
        }
        builder
            .build()
            .map_err(|_| "no HTTP client: the system's root certificates cannot be read".to_owned())
    }
}
