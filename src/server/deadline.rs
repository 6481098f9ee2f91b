//! How long a check may take: less than its caller waits, so that the answer is ours.
//!
//! Envoy takes its own timeout for a gRPC error, and then its failure mode decides.

use http::HeaderMap;
use std::time::Duration;

/// The least time that is kept for the answer's way back.
const MARGIN: Duration = Duration::from_millis(10);

/// What a check with these request headers may take: `limit`, or the caller's `grpc-timeout` less
/// the larger of a tenth and 10 ms, whichever is less.
pub(super) fn budget(headers: &HeaderMap, limit: Duration) -> Duration {
    let timeout = headers.get("grpc-timeout").and_then(|value| timeout(value.as_bytes()));
    timeout.map_or(limit, |timeout| limit.min(timeout.saturating_sub(MARGIN.max(timeout / 10))))
}

/// A `grpc-timeout`: at most eight digits and a unit. Anything else is ignored, as gRPC servers do.
fn timeout(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount = std::str::from_utf8(digits).ok()?.parse::<u64>().ok()?;
    match unit {
        b'H' => Some(Duration::from_secs(amount * 3600)),
        b'M' => Some(Duration::from_secs(amount * 60)),
        b'S' => Some(Duration::from_secs(amount)),
        b'm' => Some(Duration::from_millis(amount)),
        b'u' => Some(Duration::from_micros(amount)),
        b'n' => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_may_take_less_than_its_caller_waits() {
        let limit = Duration::from_secs(5);
        for (header, milliseconds) in [
            (None, 5000),
            (Some("2S"), 1800),
            (Some("200m"), 180),
            (Some("50m"), 40),
            (Some("10m"), 0),
            (Some("0n"), 0),
            (Some("5000u"), 0),
            (Some("99999999H"), 5000),
            (Some("10M"), 5000),
            (Some("200"), 5000),
            (Some("m"), 5000),
            (Some("-1m"), 5000),
            (Some("123456789m"), 5000),
            (Some("1x"), 5000),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert("grpc-timeout", header.parse().unwrap());
            }
            assert_eq!(budget(&headers, limit).as_millis(), milliseconds, "{header:?}");
        }
    }
}
