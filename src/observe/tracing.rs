//! Where log lines go and which are written.
//!
//! Two rules. Crates that carry other people's bytes never log below INFO, whatever level is asked
//! for, since their lines would hold tokens. And no check waits for a log line: a thread of its own
//! writes them, and what it cannot keep up with is dropped and counted.

use std::panic::PanicHookInfo;
use std::sync::OnceLock;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{EnvFilter, FilterFn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Lines that may wait to be written.
const WAITING: usize = 2048;

/// Counts what could not wait. One for the process, as its log is.
static LOST: OnceLock<ErrorCounter> = OnceLock::new();

/// How many lines were dropped so far because nobody read them.
pub(super) fn lost() -> u64 {
    LOST.get().map_or(0, |lost| u64::try_from(lost.dropped_lines()).unwrap_or(u64::MAX))
}

/// Keeps the log going. When it is dropped, lines that still wait are written.
#[must_use]
pub struct Log {
    _writer: WorkerGuard,
}

/// Writes logs to stderr from now on, at `level` unless `RUST_LOG` says otherwise. Panics become
/// log lines too: by their place alone, since a message can quote what was being read.
pub fn install(format: Format, level: LevelFilter) -> Log {
    let (stderr, writer) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(WAITING)
        .thread_name("log")
        .finish(std::io::stderr());
    let lost = stderr.error_counter();
    let filter = EnvFilter::builder().with_default_directive(level.into()).from_env_lossy();
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        Format::Json => {
            let json = lines.json().flatten_event(true).with_target(false);
            json.with_current_span(false).with_span_list(false).boxed()
        }
        Format::Text => lines.with_ansi(false).boxed(),
    };
    let lines = lines.with_filter(FilterFn::new(ours_or_harmless)).with_filter(filter);
    // A second call in one process keeps the first one's logs.
    if tracing_subscriber::registry().with(lines).try_init().is_ok() {
        LOST.get_or_init(|| lost);
        std::panic::set_hook(Box::new(log_panic));
    }
    Log { _writer: writer }
}

fn ours_or_harmless(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || metadata.target().starts_with("realmgate")
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    tracing::error!(event = "panic", place, "a bug: please report it");
}
