//! The decision log: one line a check, as far as the operator wants them.
//!
//! The one rule: a flood cannot hide what matters. Denials of authentication have a cap of their
//! own, beside the one of everything else, and what a cap drops is counted.

use super::Seen;
use crate::engine::identity::encode;
use crate::engine::request::RequestView;
use crate::engine::{Reason, Status};
use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Which decisions are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decisions {
    /// Every one.
    All,
    /// Those that refuse.
    Denied,
    /// None.
    None,
    /// Those that refuse, and every allowed run-as.
    RunAs,
}

/// The most of a caller's text that a line repeats, in bytes.
const TEXT: usize = 256;

/// The most of a user's name that a line repeats, in bytes.
const NAME: usize = 1024;

/// What a line is written of.
pub(super) struct Line<'l> {
    /// Why it ended so.
    pub(super) reason: Reason,
    /// The realm that it speaks of.
    pub(super) realm: Option<&'l str>,
    /// The user who authenticated.
    pub(super) user: Option<&'l str>,
    /// The request, if there is one.
    pub(super) request: Option<&'l RequestView<'l>>,
    /// When it came in.
    pub(super) seen: &'l Seen,
    /// How long it took.
    pub(super) took: Duration,
}

/// Writes decisions at INFO.
pub struct DecisionLog {
    decisions: Decisions,
    lines_per_second: u32,
    caps: Arc<Caps>,
}

/// What has been logged in this second.
#[derive(Default)]
struct Caps {
    unauthenticated: Cap,
    others: Cap,
}

impl DecisionLog {
    /// Logs `decisions`, at most `lines_per_second` denials of authentication and as many others.
    pub fn new(decisions: Decisions, lines_per_second: u32) -> Self {
        Self { decisions, lines_per_second, caps: Arc::default() }
    }

    /// The same log under other settings: what was logged in this second still counts.
    pub(super) fn reconfigured(&self, decisions: Decisions, lines_per_second: u32) -> Self {
        Self { decisions, lines_per_second, caps: Arc::clone(&self.caps) }
    }

    /// Writes `line` if it is wanted. False if the cap dropped it.
    pub(super) fn decided(&self, line: &Line<'_>) -> bool {
        let status = line.reason.status();
        let wanted = match self.decisions {
            Decisions::All => true,
            // Until roles exist, no run-as is allowed.
            Decisions::Denied | Decisions::RunAs => status != Status::Ok,
            Decisions::None => false,
        };
        if !wanted || !tracing::enabled!(tracing::Level::INFO) {
            return true;
        }
        let cap = match status {
            Status::Unauthorized => &self.caps.unauthenticated,
            Status::Ok | Status::BadRequest | Status::Forbidden | Status::Unavailable => {
                &self.caps.others
            }
        };
        if !cap.allows(self.lines_per_second, Instant::now()) {
            return false;
        }
        write(line);
        true
    }
}

fn write(line: &Line<'_>) {
    let Line { reason, realm, user, request, seen, took } = *line;
    let user = text(user.map(str::as_bytes), NAME);
    let run_as = matches!(reason, Reason::RunAsDenied | Reason::RunAsEmpty)
        .then(|| request.and_then(RequestView::run_as_target))
        .flatten();
    tracing::info!(
        event = "check",
        decision = reason.status().decision(),
        reason = reason.code(),
        realm,
        user = user.as_deref(),
        authenticated_user = user.as_deref(),
        run_as = text(run_as, NAME).as_deref(),
        method = text(request.map(|request| request.method), TEXT).as_deref(),
        host = text(request.map(|request| request.host), TEXT).as_deref(),
        path = text(request.map(RequestView::bare_path), TEXT).as_deref(),
        request_id =
            text(request.and_then(|request| request.header("x-request-id")), TEXT).as_deref(),
        trace_id = seen.trace.as_deref(),
        duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
    );
}

/// A caller's text, cut at a character, and encoded as the identity headers are. Lines that wait to
/// be written are counted, not weighed, so each must be small.
fn text(text: Option<&[u8]>, most: usize) -> Option<Cow<'_, str>> {
    let text = text?;
    let continues = |at: usize| text.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
    let mut end = text.len().min(most);
    while end > 0 && continues(end) {
        end -= 1;
    }
    Some(encode(&text[..end], b""))
}

/// Counts the lines of one second.
#[derive(Default)]
struct Cap(Mutex<Window>);

#[derive(Default)]
struct Window {
    began: Option<Instant>,
    lines: u32,
}

impl Cap {
    /// Whether one more line is allowed at `now`, of `lines_per_second` at most.
    fn allows(&self, lines_per_second: u32, now: Instant) -> bool {
        // Whoever panicked left nothing half-done here.
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = window.began.is_none_or(|began| now - began >= Duration::from_secs(1));
        if over {
            *window = Window { began: Some(now), lines: 0 };
        }
        let allowed = window.lines < lines_per_second;
        window.lines += u32::from(allowed);
        allowed
    }
}

#[cfg(test)]
impl DecisionLog {
    /// Whether a denial of authentication would be written at `now`.
    pub(super) fn caps_allow(&self, now: Instant) -> bool {
        self.caps.unauthenticated.allows(self.lines_per_second, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_text_is_cut_at_a_character() {
        for (written, most, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "abc"),
            ("ab\u{e9}", 3, "ab"),
            ("ab\u{e9}", 4, "ab%C3%A9"),
            ("\u{1f511}x", 3, ""),
        ] {
            assert_eq!(text(Some(written.as_bytes()), most).as_deref(), Some(expected));
        }
        assert_eq!(text(Some(&[0x80; 5]), 3).as_deref(), Some(""), "no character begins here");
        assert_eq!(text(None, 3), None);
    }

    #[test]
    fn a_cap_allows_so_many_lines_a_second() {
        let cap = Cap::default();
        let start = Instant::now();
        let allowed = |milliseconds| cap.allows(2, start + Duration::from_millis(milliseconds));
        assert_eq!(
            [0, 1, 2, 999, 1000, 1001, 1002].map(allowed),
            [true, true, false, false, true, true, false]
        );
        assert!(!Cap::default().allows(0, start));
    }
}
