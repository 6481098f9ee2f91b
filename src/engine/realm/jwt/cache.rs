//! Verified tokens, remembered by the digest of their text: bounded by entries and by time.
//!
//! The rule: an entry is found until its time has passed and never after it, there are never more
//! entries than the size, and what is overdue is gone at the latest when the next one is put in,
//! for it tells of a person.

use crate::engine::crypto::Fingerprint;
use crate::engine::time::Monotonic;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// Tokens' `V`s by the tokens' digests.
///
/// Full, it forgets the least recently used entry for a new one, as Elasticsearch does: exactly
/// so below a size of 2,048. A larger one is kept in shards, so that checks on many threads do
/// not queue at one lock, and forgets the least recently used entry of the new one's shard. Each
/// other bound is exact at any size.
pub(super) struct Cache<V> {
    ttl: Duration,
    size: usize,
    /// How many entries there are, or are about to be.
    len: AtomicUsize,
    shards: Box<[Shard<V>]>,
}

/// The fewest entries that are worth a shard: so many digests spread evenly enough.
const SHARD_SIZE: usize = 1024;

/// The most shards: enough for the threads of one machine, and few enough for a put to look at
/// each.
const SHARDS: usize = 64;

impl<V> Cache<V> {
    /// An empty cache of at most `size` entries, each of which lives for `ttl`. Neither is zero.
    pub(super) fn new(ttl: Duration, size: u32) -> Self {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        Self::with_shards(ttl, size, (size / SHARD_SIZE).clamp(1, SHARDS))
    }

    fn with_shards(ttl: Duration, size: usize, shards: usize) -> Self {
        let shards = (0..shards).map(|_| Shard(RwLock::new(Table::new()))).collect();
        Self { ttl, size, len: AtomicUsize::new(0), shards }
    }

    /// What was put in for `token`, as long as its time has not passed. It counts as used now.
    pub(super) fn get(&self, token: &Fingerprint, now: Monotonic) -> Option<Arc<V>> {
        self.shard(token).read().get(token, now)
    }

    /// Remembers `value` for `token` from `now` on, in place of what was remembered for it.
    pub(super) fn put(&self, token: Fingerprint, value: Arc<V>, now: Monotonic) {
        self.drop_overdue(now);
        let mut table = self.shard(&token).write();
        let gone = match table.take(&token) {
            None if self.has_taken_a_place() => None,
            // An entry that goes hands its place on, so there is never one too many.
            None => match table.take_least_recently_used() {
                // The other shards have all the places. Digests spread too evenly for that to
                // last, and to forget is always right.
                None => return,
                evicted @ Some(_) => evicted,
            },
            replaced @ Some(_) => replaced,
        };
        table.insert(token, value, now.after(self.ttl));
        // Nobody needs to wait while a value is torn down.
        drop(table);
        drop(gone);
    }

    /// How many entries there are. It waits for nobody.
    pub(super) fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    /// Drops what is overdue, one entry at a time, so that readers get in between. Each has been
    /// put in once: over time a put drops no more than one.
    fn drop_overdue(&self, now: Monotonic) {
        for shard in &self.shards {
            while shard.read().has_overdue(now) {
                let overdue = shard.write().take_overdue(now);
                if overdue.is_some() {
                    self.len.fetch_sub(1, Relaxed);
                }
            }
        }
    }

    /// Takes a place for one more entry, if there is one.
    fn has_taken_a_place(&self) -> bool {
        let one_more = |len| (len < self.size).then_some(len + 1);
        self.len.fetch_update(Relaxed, Relaxed, one_more).is_ok()
    }

    /// By the last bits of the digest, which spread well enough over shards.
    fn shard(&self, token: &Fingerprint) -> &Shard<V> {
        let bits = token.bytes().last_chunk().map_or(0, |last| u16::from_le_bytes(*last));
        &self.shards[usize::from(bits) % self.shards.len()]
    }
}

/// A table with its lock, on cache lines of its own: a neighbour's readers must not slow its own.
#[repr(align(128))]
struct Shard<V>(RwLock<Table<V>>);

// A panic does not close a shard for good: all that could panic under its lock is the allocator.
impl<V> Shard<V> {
    fn read(&self) -> RwLockReadGuard<'_, Table<V>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table<V>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Entries, and the two orders in which they go.
struct Table<V> {
    /// Digests would spread over its buckets as they are; the standard hasher stands against tokens
    /// that were chosen for theirs.
    entries: HashMap<Fingerprint, Entry<V>>,
    /// By the ends of their lives, equal ones by the stamps of their puts. A check that waited
    /// puts in later than a younger one, so the order of puts alone would not do.
    by_end: BTreeMap<(Monotonic, u64), Fingerprint>,
    /// By `Entry::filed`: the order of last uses, but for those that have been used since. They
    /// are filed anew when their turn comes to go, so a use needs no writer.
    by_use: BTreeMap<u64, Fingerprint>,
    /// The next stamp. Each put takes one, and each use but those of the last one used.
    clock: AtomicU64,
}

struct Entry<V> {
    value: Arc<V>,
    /// Overdue from then on.
    end: Monotonic,
    /// The stamp of its put.
    put: u64,
    /// The stamp it is filed under in the order of uses.
    filed: u64,
    /// The stamp of its last use: `filed` or a later one.
    used: AtomicU64,
}

// `Relaxed` is enough: entries' stamps are compared by a writer alone, and the lock shows a writer
// all that readers before it have written.
impl<V> Table<V> {
    fn new() -> Self {
        Self {
            entries: HashMap::new(),
            by_end: BTreeMap::new(),
            by_use: BTreeMap::new(),
            clock: AtomicU64::new(0),
        }
    }

    fn get(&self, token: &Fingerprint, now: Monotonic) -> Option<Arc<V>> {
        let entry = self.entries.get(token)?;
        if entry.end <= now {
            return None;
        }
        // Readers of one busy token need not write here, too: nothing was used after it.
        if entry.used.load(Relaxed) + 1 != self.clock.load(Relaxed) {
            entry.used.fetch_max(self.clock.fetch_add(1, Relaxed), Relaxed);
        }
        Some(Arc::clone(&entry.value))
    }

    fn insert(&mut self, token: Fingerprint, value: Arc<V>, end: Monotonic) {
        let clock = self.clock.get_mut();
        let stamp = *clock;
        *clock += 1;
        self.by_end.insert((end, stamp), token);
        self.by_use.insert(stamp, token);
        let used = AtomicU64::new(stamp);
        self.entries.insert(token, Entry { value, end, put: stamp, filed: stamp, used });
    }

    fn take(&mut self, token: &Fingerprint) -> Option<Arc<V>> {
        let entry = self.entries.remove(token)?;
        self.by_end.remove(&(entry.end, entry.put));
        self.by_use.remove(&entry.filed);
        Some(entry.value)
    }

    fn has_overdue(&self, now: Monotonic) -> bool {
        self.by_end.first_key_value().is_some_and(|((end, _), _)| *end <= now)
    }

    /// Takes the entry that has been overdue for the longest.
    fn take_overdue(&mut self, now: Monotonic) -> Option<Arc<V>> {
        if !self.has_overdue(now) {
            return None;
        }
        let (_, token) = self.by_end.pop_first()?;
        self.take(&token)
    }

    /// Takes the entry whose last use is the longest ago. Each one that is filed anew on the way
    /// has been used since it was filed: over time a use causes no more than one such step.
    fn take_least_recently_used(&mut self) -> Option<Arc<V>> {
        loop {
            let (filed, token) = self.by_use.pop_first()?;
            let entry = self.entries.get_mut(&token)?;
            let used = *entry.used.get_mut();
            if used == filed {
                return self.take(&token);
            }
            entry.filed = used;
            self.by_use.insert(used, token);
        }
    }
}

#[cfg(test)]
mod tests;
