//! Verified tokens, remembered by the digest of their text: bounded by entries and by time.
//!
//! The rule: an entry is found until its time has passed and never after it, there are never more
//! entries than the size, and what is overdue is gone at the latest when the next one is put in,
//! for it tells of a person.

use crate::engine::crypto::Fingerprint;
use crate::engine::time::Monotonic;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};
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

    fn shard(&self, token: &Fingerprint) -> &Shard<V> {
        let mut bits = DigestBits(0);
        token.hash(&mut bits);
        &self.shards[usize::from(bits.0) % self.shards.len()]
    }
}

/// The last bits of a digest, which spread well enough over shards. Within a shard they would over
/// buckets, too; there the standard hasher stands, against tokens that were chosen for theirs.
struct DigestBits(u16);

impl Hasher for DigestBits {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk() {
            self.0 = u16::from_le_bytes(*last);
        }
    }

    fn finish(&self) -> u64 {
        self.0.into()
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
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::thread;

    const TTL: Duration = Duration::from_secs(10);
    const START: Monotonic = Monotonic::new(Duration::from_secs(100));

    /// What is put in: the token that it belongs to, and when.
    type Told = (u64, Monotonic);

    fn token(text: u64) -> Fingerprint {
        Fingerprint::of(&text.to_be_bytes())
    }

    fn at(seconds: u64) -> Monotonic {
        START.after(Duration::from_secs(seconds))
    }

    fn put(cache: &Cache<Told>, text: u64, now: Monotonic) {
        cache.put(token(text), Arc::new((text, now)), now);
    }

    /// When the value that is found was put in.
    fn get(cache: &Cache<Told>, text: u64, now: Monotonic) -> Option<Monotonic> {
        cache.get(&token(text), now).map(|value| {
            assert_eq!(value.0, text, "another token's value");
            value.1
        })
    }

    /// Once all is quiet, all parts of a cache tell of the same entries.
    fn assert_agrees<V>(cache: &Cache<V>) {
        let mut len = 0;
        for table in cache.shards.iter().map(Shard::read) {
            assert_eq!(table.by_end.len(), table.entries.len());
            assert_eq!(table.by_use.len(), table.entries.len());
            len += table.entries.len();
        }
        assert_eq!(cache.len(), len);
        assert!(len <= cache.size, "{len} entries");
    }

    #[test]
    fn an_entry_is_found_until_its_time_has_passed() {
        let nano = Duration::from_nanos(1);
        let almost = Duration::new(9, 999_999_999);
        for (ttl, later, is_found) in [
            (TTL, Duration::ZERO, true),
            (TTL, almost, true),
            (TTL, TTL, false),
            (TTL, TTL + nano, false),
            (nano, Duration::ZERO, true),
            (nano, nano, false),
            (Duration::MAX, Duration::MAX / 2, true),
        ] {
            let cache = Cache::new(ttl, 1);
            put(&cache, 1, START);
            let found = get(&cache, 1, START.after(later));
            assert_eq!(found, is_found.then_some(START), "{ttl:?} {later:?}");
        }
    }

    #[test]
    fn a_check_that_began_before_an_entry_was_put_in_finds_it() {
        let cache = Cache::new(TTL, 1);
        put(&cache, 1, at(5));
        assert_eq!(get(&cache, 1, START), Some(at(5)));
    }

    #[test]
    fn another_value_takes_the_place_of_the_first_and_has_a_life_of_its_own() {
        let cache = Cache::new(TTL, 2);
        let first = Arc::new((1, START));
        cache.put(token(1), Arc::clone(&first), START);
        put(&cache, 1, at(6));
        assert_eq!(Arc::strong_count(&first), 1, "the first value is still remembered");
        assert_eq!(cache.len(), 1);
        put(&cache, 2, at(10));
        for (seconds, found) in [(10, Some(at(6))), (15, Some(at(6))), (16, None)] {
            assert_eq!(get(&cache, 1, at(seconds)), found, "{seconds}");
        }
        assert_agrees(&cache);
    }

    /// Scripts of puts (`+`) and gets (`?`), all at one moment, and the tokens that are left.
    #[test]
    fn the_least_recently_used_entry_makes_room() {
        for (size, script, left) in [
            (1, "+a", "a"),
            (1, "+a +a", "a"),
            (1, "+a +b", "b"),
            (1, "+a ?a +b", "b"),
            (2, "+a +b", "ab"),
            (2, "+a +b +c", "bc"),
            (2, "+a +b ?a +c", "ac"),
            (2, "+a +b +a +c", "ac"),
            (2, "+a +b ?a ?b +c", "bc"),
            (2, "+a +b ?a ?b ?a +c", "ac"),
            (2, "+a +b ?c +c", "bc"),
            (2, "+a +b ?a +c +d", "cd"),
            (3, "+a +b +c ?a ?b +d", "abd"),
            (3, "+a +b +c ?b ?a +d +e", "ade"),
            (3, "+a +b +c ?c ?b ?a +d ?b +e", "bde"),
        ] {
            let cache = Cache::new(TTL, size);
            for step in script.split(' ') {
                let text = u64::from(step.as_bytes()[1]);
                if step.starts_with('+') {
                    put(&cache, text, START);
                } else {
                    get(&cache, text, START);
                }
                assert_agrees(&cache);
            }
            let is_left = |text: &char| get(&cache, u64::from(*text), START).is_some();
            assert_eq!(('a'..='e').filter(is_left).collect::<String>(), left, "{size}: {script}");
        }
    }

    #[test]
    fn a_put_drops_all_that_is_overdue_in_every_shard() {
        let cache = Cache::new(TTL, 5000);
        assert_eq!(cache.shards.len(), 4);
        let [old, young] = [Arc::new(()), Arc::new(())];
        // The older ones come last, as from a check that waited.
        for (texts, value, now) in [(0..1000, &young, at(5)), (1000..4000, &old, START)] {
            texts.for_each(|text| cache.put(token(text), Arc::clone(value), now));
        }
        for (now, olds, youngs) in [(at(9), 3000, 1000), (at(10), 0, 1000), (at(15), 0, 0)] {
            cache.put(token(9999), Arc::new(()), now);
            assert_eq!(Arc::strong_count(&old) - 1, olds);
            assert_eq!(Arc::strong_count(&young) - 1, youngs);
            assert_eq!(cache.len(), olds + youngs + 1);
            assert_agrees(&cache);
        }
    }

    #[test]
    fn what_is_overdue_makes_room_before_what_is_not() {
        let cache = Cache::new(TTL, 2);
        put(&cache, 1, START);
        put(&cache, 2, at(5));
        get(&cache, 1, at(9));
        put(&cache, 3, at(10));
        assert_eq!(get(&cache, 2, at(10)), Some(at(5)));
    }

    #[test]
    fn a_cache_in_shards_has_room_for_its_whole_size() {
        let cache = Cache::new(TTL, 4 * 1024);
        assert_eq!(cache.shards.len(), 4);
        (0..4096).for_each(|text| put(&cache, text, START));
        assert!((0..4096).all(|text| get(&cache, text, START).is_some()));
        for text in 4096..6000 {
            put(&cache, text, START);
            assert!(get(&cache, text, START).is_some());
        }
        assert_eq!(cache.len(), 4096);
        assert_agrees(&cache);
    }

    #[test]
    fn only_a_large_cache_has_shards() {
        for (size, shards) in
            [(1, 1), (2047, 1), (2048, 2), (3071, 2), (100_000, 64), (u32::MAX, 64)]
        {
            assert_eq!(Cache::<()>::new(TTL, size).shards.len(), shards, "{size}");
        }
    }

    #[test]
    fn tokens_spread_over_the_shards() {
        let cache = Cache::new(TTL, 100_000);
        (0..6400).for_each(|text| put(&cache, text, START));
        for table in cache.shards.iter().map(Shard::read) {
            let len = table.entries.len();
            assert!((50..=150).contains(&len), "{len} of 6400");
        }
    }

    #[test]
    fn a_token_whose_shard_has_no_place_to_give_is_not_remembered() {
        let cache = Cache::with_shards(TTL, 1, 2);
        let shard = |text: &u64| std::ptr::from_ref(cache.shard(&token(*text)));
        let other = (1..99).find(|text| shard(text) != shard(&0)).unwrap();
        put(&cache, 0, START);
        put(&cache, other, START);
        assert_eq!(get(&cache, other, START), None);
        assert_eq!(get(&cache, 0, START), Some(START));
        assert_agrees(&cache);
    }

    /// Elasticsearch's cache, slow and plain: the least recently used entry comes first.
    struct Model {
        size: usize,
        entries: Vec<Told>,
    }

    impl Model {
        fn put(&mut self, text: u64, now: Monotonic) {
            self.entries.retain(|entry| entry.0 != text && now < entry.1.after(TTL));
            if self.entries.len() == self.size {
                self.entries.remove(0);
            }
            self.entries.push((text, now));
        }

        fn get(&mut self, text: u64, now: Monotonic) -> Option<Monotonic> {
            let is_alive = |entry: &Told| entry.0 == text && now < entry.1.after(TTL);
            let found = self.entries.iter().position(is_alive)?;
            let entry = self.entries.remove(found);
            self.entries.push(entry);
            Some(entry.1)
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum Do {
        Put(u64),
        Get(u64),
        Wait(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Do>> {
        let step = prop_oneof![
            3 => (0..9_u64).prop_map(Do::Put),
            4 => (0..9_u64).prop_map(Do::Get),
            1 => (0..7_u64).prop_map(Do::Wait),
        ];
        proptest::collection::vec(step, 0..200)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_does_as_the_model_does(size in 1..8_u32, steps in steps()) {
            let cache = Cache::new(TTL, size);
            let mut model = Model { size: size as usize, entries: Vec::new() };
            let mut now = START;
            for step in steps {
                match step {
                    Do::Put(text) => {
                        put(&cache, text, now);
                        model.put(text, now);
                        prop_assert_eq!(cache.len(), model.entries.len());
                    }
                    Do::Get(text) => {
                        prop_assert_eq!(get(&cache, text, now), model.get(text, now));
                    }
                    Do::Wait(seconds) => now = now.after(Duration::from_secs(seconds)),
                }
                assert_agrees(&cache);
            }
        }

        #[test]
        fn in_shards_it_finds_nothing_that_an_endless_model_does_not(
            size in 1..8_usize,
            shards in 2..4_usize,
            steps in steps(),
        ) {
            let cache = Cache::with_shards(TTL, size, shards);
            let mut model = Model { size: usize::MAX, entries: Vec::new() };
            let mut now = START;
            for step in steps {
                match step {
                    Do::Put(text) => {
                        put(&cache, text, now);
                        model.put(text, now);
                    }
                    Do::Get(text) => {
                        let found = get(&cache, text, now);
                        prop_assert!(found.is_none() || found == model.get(text, now));
                    }
                    Do::Wait(seconds) => now = now.after(Duration::from_secs(seconds)),
                }
                assert_agrees(&cache);
            }
        }
    }

    /// Numbers that are spread well enough for a test.
    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *state >> 33
    }

    #[test]
    fn many_threads_find_only_what_is_the_tokens_own() {
        let tokens: Vec<_> = (0..200).map(token).collect();
        for shards in [1, 3] {
            let cache = Cache::with_shards(TTL, 50, shards);
            let work = |mut state: u64| {
                for step in 0..20_000 {
                    let text = random(&mut state) % 200;
                    let now = START.after(Duration::from_millis(step));
                    let key = tokens[usize::try_from(text).unwrap()];
                    if random(&mut state).is_multiple_of(3) {
                        cache.put(key, Arc::new((text, now)), now);
                    } else if let Some(value) = cache.get(&key, now) {
                        assert_eq!(value.0, text);
                        assert!(now < value.1.after(TTL));
                    }
                    assert!(cache.len() <= 50);
                }
            };
            thread::scope(|scope| {
                let work = &work;
                (0..8).for_each(|thread| drop(scope.spawn(move || work(thread))));
            });
            assert_agrees(&cache);
        }
    }
}
