//! How long a check may take, and so what it may wait for: less than its caller waits, so that the
//! answer is ours.
//!
//! Envoy takes its own timeout for a gRPC error, and then its failure mode decides.

use super::signatures::SignatureThreads;
use crate::engine::{Key, Lost, Wait, Waits, Work};
use http::HeaderMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The least time that is kept for the answer's way back.
const MARGIN: Duration = Duration::from_millis(10);

/// How long the caller of a check with these request headers waits, if it says so.
pub(super) fn patience(headers: &HeaderMap) -> Option<Duration> {
    headers.get("grpc-timeout").and_then(|value| timeout(value.as_bytes()))
}

/// What a check may take whose caller waits for `patience`: that less the larger of a tenth and
/// 10 ms, or `limit`, whichever is less.
pub(super) fn budget(patience: Option<Duration>, limit: Duration) -> Duration {
    patience.map_or(limit, |timeout| limit.min(timeout.saturating_sub(MARGIN.max(timeout / 10))))
}

/// What a caller had better wait for where keys may have to be fetched meanwhile.
pub(super) const ENOUGH_TO_FETCH: Duration = Duration::from_millis(500);

/// The end of a check that came `at` and may take `budget`. One without an end in sight ends after a
/// day.
pub(super) fn end(at: Instant, budget: Duration) -> Instant {
    at + budget.min(Duration::from_secs(24 * 60 * 60))
}

/// What one check may wait for.
pub(super) struct Within<'c> {
    pub(super) signatures: &'c SignatureThreads,
    /// When it must be over.
    pub(super) until: Instant,
}

impl Waits for Within<'_> {
    async fn verify(&self, work: Work) -> Result<Option<Arc<Key>>, Lost> {
        self.signatures.verify(work).await
    }

    async fn in_time(&self, wait: Wait<'_>) -> Option<()> {
        tokio::time::timeout_at(self.until.into(), wait).await.ok()
    }
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
            assert_eq!(budget(patience(&headers), limit).as_millis(), milliseconds, "{header:?}");
        }
    }
}
