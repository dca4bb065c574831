//! Takes out of a provider's words what must not be kept: keys, hosts, ports.

/// Characters of a provider's message that are kept.
const KEPT: usize = 300;

/// Beginnings of what providers give out as keys and account names.
const KEY_PREFIXES: [&str; 14] = [
    "sk-", "sk_", "pk-", "pk_", "rk-", "key-", "org-", "proj_", "AIza", "hf_", "gsk_", "xai-",
    "ghp_", "eyJ",
];

/// From this length on, a run of letters and digits mixed is taken for a key.
const KEY_RUN: usize = 20;

/// What the provider of one model block must not say aloud.
#[derive(Clone, Default)]
pub(super) struct Mask {
    /// The key.
    secret: Option<String>,
    /// Host of the base address, and the domain that it belongs to.
    hosts: Vec<String>,
}

impl Mask {
    pub(super) fn new(secret: Option<String>, host: Option<&str>) -> Self {
        let mut hosts = Vec::new();
        if let Some(host) = host {
            let host = host.trim_matches(['[', ']']).to_lowercase();
            let labels: Vec<&str> = host.rsplitn(3, '.').collect();
            if let [top, second, _] = labels.as_slice()
                && !top.bytes().all(|byte| byte.is_ascii_digit())
            {
                hosts.push(format!("{second}.{top}"));
            }
            hosts.push(host);
        }
        Self {
            // What is shorter (such as the `x` that some local servers want) is no secret.
            secret: secret.filter(|secret| secret.len() >= 4),
            hosts,
        }
    }

    /// `text` in one line, without keys and addresses, and not too long.
    pub(super) fn apply(&self, text: &str) -> String {
        let hidden = match &self.secret {
            Some(secret) => text.replace(secret.as_str(), "(key)"),
            None => text.to_owned(),
        };
        let mut out = String::new();
        let mut after_bearer = false;
        for word in hidden.split_whitespace() {
            if !out.is_empty() {
                out.push(' ');
            }
            // Words are looked at between quotes, brackets and commas.
            let mut rest = word;
            while !rest.is_empty() {
                let end = rest.find(is_divider).unwrap_or(rest.len());
                let (token, tail) = rest.split_at(end);
                if !token.is_empty() {
                    out.push_str(self.token(token, after_bearer));
                    after_bearer = token.eq_ignore_ascii_case("bearer");
                }
                let divider = tail.chars().next().map_or(0, char::len_utf8);
                out.push_str(&tail[..divider]);
                rest = &tail[divider..];
            }
        }
        if out.chars().count() > KEPT {
            out = out.chars().take(KEPT).collect();
            out.push('…');
        }
        out
    }

    fn token<'a>(&self, token: &'a str, after_bearer: bool) -> &'a str {
        if self.is_address(token) {
            return "(address)";
        }
        let port = token.strip_prefix(':');
        if port.is_some_and(|port| port.len() > 1 && port.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return "(port)";
        }
        if after_bearer || is_key(token) {
            return "(key)";
        }
        token
    }

    fn is_address(&self, token: &str) -> bool {
        if token.contains("://") {
            return true;
        }
        let lower = token.to_lowercase();
        let host = lower.split('/').next().unwrap_or_default();
        let host = host.trim_end_matches(['.', ':']);
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, true),
            _ => (host, false),
        };
        let known = |known: &String| {
            name == known
                || name
                    .strip_suffix(known.as_str())
                    .is_some_and(|head| head.ends_with('.'))
        };
        let is_ip = name.parse::<std::net::IpAddr>().is_ok();
        self.hosts.iter().any(known)
            || is_ip
            || name == "localhost"
            || (port && name.contains('.'))
            || host.parse::<std::net::IpAddr>().is_ok()
    }
}

fn is_divider(char: char) -> bool {
    matches!(
        char,
        '"' | '\'' | '`' | '(' | ')' | '<' | '>' | '{' | '}' | '[' | ']' | ',' | ';' | '=' | '|'
    )
}

fn is_key(token: &str) -> bool {
    let starts = |prefix: &&str| token.len() >= prefix.len() + 6 && token.starts_with(*prefix);
    if KEY_PREFIXES.iter().any(starts) || token.contains("***") {
        return true;
    }
    let is_run = |run: &str| {
        run.len() >= KEY_RUN
            && run.bytes().any(|byte| byte.is_ascii_digit())
            && run.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    token
        .split(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, '_' | '+' | '/')))
        .any(is_run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_addresses_go_and_the_rest_stays() {
        let mask = Mask::new(Some("hunter2".to_owned()), Some("api.example.com"));
        for (text, expected) in [
            (
                "Incorrect API key provided: sk-ab***yz. See https://x.y/z.",
                "Incorrect API key provided: (key) See (address)",
            ),
            ("wrong key hunter2!", "wrong key (key)!"),
            (
                "limit of org-Abc123Def456 reached",
                "limit of (key) reached",
            ),
            (
                "Bearer abc was refused by api.example.com:8443/v1",
                "Bearer (key) was refused by (address)",
            ),
            (
                "upstream 10.0.0.7:7600 at localhost:80",
                "upstream (address) at (address)",
            ),
            ("see docs.example.com/limits", "see (address)"),
            ("at [::1]:7600 now", "at [(address)](port) now"),
            (
                "model gpt-4o-mini-2024-07-18 has context_length_exceeded at 8192:",
                "model gpt-4o-mini-2024-07-18 has context_length_exceeded at 8192:",
            ),
            (
                "token a1b2c3d4e5f6a7b8c9d0e1f2 is bad",
                "token (key) is bad",
            ),
            ("two\n\n  lines", "two lines"),
        ] {
            assert_eq!(mask.apply(text), expected);
        }
        assert_eq!(mask.apply(&"long ".repeat(200)).chars().count(), KEPT + 1);
    }
}
