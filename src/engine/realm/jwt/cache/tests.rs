//! What is found, what makes room, and what is gone when its time has passed.

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
fn readers_of_one_busy_token_write_no_stamps() {
    let cache = Cache::new(TTL, 2);
    put(&cache, 1, START);
    put(&cache, 2, START);
    for (text, stamps) in [(2, 2), (1, 3), (1, 3), (2, 4), (2, 4)] {
        get(&cache, text, START);
        assert_eq!(cache.shards[0].read().clock.load(Relaxed), stamps);
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
    for (size, shards) in [(1, 1), (2047, 1), (2048, 2), (3071, 2), (100_000, 64), (u32::MAX, 64)] {
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
