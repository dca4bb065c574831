//! How long a provider asks to wait.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

/// The wait that the headers of a refusal ask for: `retry-after-ms`, `Retry-After` (seconds or an
/// HTTP date), or the time at which an exhausted limit of `x-ratelimit-*` is reset.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(wait) = value("retry-after-ms").and_then(|ms| seconds(ms, 1e-3)) {
        return Some(wait);
    }
    if let Some(text) = value("retry-after")
        && let Some(wait) = seconds(text, 1.0).or_else(|| until_date(text, now))
    {
        return Some(wait);
    }
    ["-requests", "-tokens", ""]
        .into_iter()
        .filter(|limit| value(&format!("x-ratelimit-remaining{limit}")) == Some("0"))
        .filter_map(|limit| reset(value(&format!("x-ratelimit-reset{limit}"))?, now))
        .max()
}

fn seconds(text: &str, unit: f64) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64(seconds * unit).ok()
}

/// `Wed, 21 Oct 2015 07:28:00 GMT`; a date that is past asks for no wait.
fn until_date(text: &str, now: Timestamp) -> Option<Duration> {
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(text)
        .ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

/// A span such as `6m0s`, `20ms` or `1.5`, or a moment in seconds or milliseconds since 1970.
fn reset(text: &str, now: Timestamp) -> Option<Duration> {
    /// Numbers from here on are moments.
    const MOMENT: f64 = 1e9;
    /// Numbers from here on are milliseconds.
    const MILLISECONDS: f64 = 1e12;
    if let Ok(number) = text.parse::<f64>() {
        if number < MOMENT {
            return Duration::try_from_secs_f64(number).ok();
        }
        let scale = if number < MILLISECONDS { 1.0 } else { 1e-3 };
        let now = now.as_millisecond() as f64 * 1e-3;
        return Duration::try_from_secs_f64((number * scale - now).max(0.0)).ok();
    }
    let mut sum = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c != '.' && !c.is_ascii_digit())?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(rest.len());
        sum += number
            * match &rest[..letters] {
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86400.0,
                _ => return None,
            };
        rest = &rest[letters..];
    }
    Duration::try_from_secs_f64(sum).ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn wait(headers: &[(&'static str, &'static str)]) -> Option<f64> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        // 2015-10-21T07:27:00Z
        let now = Timestamp::from_second(1_445_412_420).unwrap();
        retry_after(&headers, now).map(|wait| wait.as_secs_f64())
    }

    #[test]
    fn seconds_dates_and_limits_are_read() {
        assert_eq!(wait(&[("retry-after", "7")]), Some(7.0));
        assert_eq!(
            wait(&[("retry-after-ms", "250"), ("retry-after", "1")]),
            Some(0.25)
        );
        assert_eq!(
            wait(&[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")]),
            Some(60.0)
        );
        assert_eq!(
            wait(&[("retry-after", "Wed, 21 Oct 2015 07:20:00 GMT")]),
            Some(0.0)
        );
        assert_eq!(
            wait(&[
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-requests", "1m0.5s"),
                ("x-ratelimit-remaining-tokens", "12"),
                ("x-ratelimit-reset-tokens", "6h"),
            ]),
            Some(60.5)
        );
        assert_eq!(
            wait(&[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1445412425000")
            ]),
            Some(5.0)
        );
    }

    #[test]
    fn nonsense_asks_for_nothing() {
        for text in ["", "soon", "-1", "NaN", "1e300", "-inf"] {
            let headers: HeaderMap = [(
                HeaderName::from_static("retry-after"),
                HeaderValue::from_static(text),
            )]
            .into_iter()
            .collect();
            assert_eq!(retry_after(&headers, Timestamp::UNIX_EPOCH), None, "{text}");
        }
        for text in ["1x", "m", "1m2", "..s", "5 s"] {
            assert_eq!(reset(text, Timestamp::UNIX_EPOCH), None, "{text}");
        }
    }
}
