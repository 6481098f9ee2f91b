//! Where log lines go and which are written.
//!
//! Two rules. Crates that carry other people's bytes never log below INFO, whatever level is asked
//! for, since their lines would hold tokens. And no check waits for a log line: a thread of its own
//! writes them, and what it cannot keep up with is dropped and counted.

use std::panic::PanicHookInfo;
use std::sync::OnceLock;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{EnvFilter, FilterFn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, reload};

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

type Lines = Box<dyn Layer<Registry> + Send + Sync>;

/// Lines that may wait to be written.
const WAITING: usize = 2048;

/// What can be asked and changed of the process's log while it runs. One, as the log is.
struct Running {
    /// Counts what could not wait.
    lost: ErrorCounter,
    set: Box<dyn Fn(Format, LevelFilter) + Send + Sync>,
}

static RUNNING: OnceLock<Running> = OnceLock::new();

/// How many lines were dropped so far because nobody read them.
pub(super) fn lost() -> u64 {
    let lost = RUNNING.get().map_or(0, |running| running.lost.dropped_lines());
    u64::try_from(lost).unwrap_or(u64::MAX)
}

/// Writes lines as `format` says and at `level` unless `RUST_LOG` says otherwise, from now on.
/// Before [`install`] there is no log to change.
pub fn set(format: Format, level: LevelFilter) {
    if let Some(running) = RUNNING.get() {
        (running.set)(format, level);
    }
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
    let (level, level_handle) = reload::Layer::new(filter(level));
    let (lines, lines_handle) = reload::Layer::new(lines(format, stderr.clone()));
    let lines = lines.with_filter(FilterFn::new(ours_or_harmless)).with_filter(level);
    let set = move |format, level| {
        // An error means that the log is gone.
        let _ = level_handle.reload(filter(level));
        let _ = lines_handle.reload(self::lines(format, stderr.clone()));
    };
    // A second call in one process keeps the first one's logs.
    if tracing_subscriber::registry().with(lines).try_init().is_ok() {
        RUNNING.get_or_init(|| Running { lost, set: Box::new(set) });
        std::panic::set_hook(Box::new(log_panic));
    }
    Log { _writer: writer }
}

fn filter(level: LevelFilter) -> EnvFilter {
    EnvFilter::builder().with_default_directive(level.into()).from_env_lossy()
}

fn lines(format: Format, stderr: NonBlocking) -> Lines {
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr);
    match format {
        Format::Json => {
            let json = lines.json().flatten_event(true).with_target(false);
            json.with_current_span(false).with_span_list(false).boxed()
        }
        Format::Text => lines.with_ansi(false).boxed(),
    }
}

fn ours_or_harmless(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || metadata.target().starts_with("realmgate")
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    tracing::error!(event = "panic", place, "a bug: please report it");
}
