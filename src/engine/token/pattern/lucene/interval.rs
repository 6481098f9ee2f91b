//! Lucene's numeric intervals: `<1-10>` is every text that writes a number from 1 to 10.
//!
//! The one rule: both bounds written with equally many digits fix the number of digits; otherwise
//! any number of leading zeros may stand before.

use super::super::node::Node;

/// A digit, whichever.
const DIGIT: &str = "[0-9]";

/// The most digits of a bound, leading zeros counted.
const MAX_DIGITS: usize = 100;

/// The tree of `<inside>`, or nothing if that is not two numbers of at most 31 bits and 100 digits
/// with a dash between.
pub(super) fn parse(inside: &str) -> Option<Node> {
    let (left, right) = inside.split_once('-')?;
    let (one, other) = (number(left)?, number(right)?);
    let (from, to) = (one.min(other), one.max(other));
    if left.len() == right.len() {
        return Some(between(&digits(from, left.len()), &digits(to, left.len())));
    }
    let lengths = digits(from, 1).len()..=digits(to, 1).len();
    let branches = lengths.map(|length| {
        // The numbers of this many digits that lie within the bounds.
        let least = if length == 1 { 0 } else { 10_u64.pow(exponent(length) - 1) };
        let from = from.max(least);
        let to = to.min(10_u64.pow(exponent(length)) - 1);
        between(&digits(from, length), &digits(to, length))
    });
    let zeros = Node::Char('0').repeat(0, None, true);
    Some(Node::sequence(vec![zeros, Node::either(branches.collect())]))
}

fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && (1..=MAX_DIGITS).contains(&text.len());
    plain.then(|| text.parse::<i32>().ok())?.and_then(|number| u64::try_from(number).ok())
}

fn exponent(length: usize) -> u32 {
    // Ten digits at most.
    u32::try_from(length).unwrap_or(10)
}

/// The digits of `number`, at least `width` of them.
fn digits(number: u64, width: usize) -> Vec<char> {
    format!("{number:0width$}").chars().collect()
}

/// Every text of as many digits as both bounds have that lies between them.
fn between(from: &[char], to: &[char]) -> Node {
    if from.iter().all(|digit| *digit == '0') && to.iter().all(|digit| *digit == '9') {
        return any(to.len());
    }
    let (Some((&low, from)), Some((&high, to))) = (from.split_first(), to.split_first()) else {
        return Node::EMPTY;
    };
    if low == high {
        return Node::sequence(vec![Node::Char(low), between(from, to)]);
    }
    let mut branches = vec![
        Node::sequence(vec![Node::Char(low), between(from, &vec!['9'; from.len()])]),
        Node::sequence(vec![Node::Char(high), between(&vec!['0'; to.len()], to)]),
    ];
    if let (Some(above), Some(below)) = (next(low), before(high))
        && above <= below
    {
        let middle = Node::Class(format!("[{above}-{below}]"));
        branches.push(Node::sequence(vec![middle, any(to.len())]));
    }
    Node::either(branches)
}

fn next(digit: char) -> Option<char> {
    char::from_digit(digit.to_digit(10)? + 1, 10)
}

fn before(digit: char) -> Option<char> {
    char::from_digit(digit.to_digit(10)?.checked_sub(1)?, 10)
}

/// So many digits, whichever.
fn any(length: usize) -> Node {
    Node::sequence((0..length).map(|_| Node::class(DIGIT)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::super::compile;
    use super::*;

    fn takes(inside: &str, value: &str) -> bool {
        compile(&parse(inside).unwrap(), true).unwrap().is_match(value)
    }

    #[test]
    fn an_interval_holds_its_numbers_and_no_others() {
        for (inside, from, to) in [("1-10", 1, 10), ("99-1001", 99, 1001), ("120-9", 9, 120)] {
            for number in 0..1100_u32 {
                let wanted = (from..=to).contains(&number);
                assert_eq!(takes(inside, &number.to_string()), wanted, "{inside} on {number}");
                assert_eq!(takes(inside, &format!("00{number}")), wanted, "{inside} on 00{number}");
            }
        }
        for number in 0..1000_u32 {
            let wanted = (17..=803).contains(&number);
            assert_eq!(takes("017-803", &format!("{number:03}")), wanted, "{number}");
            assert!(!takes("017-803", &format!("0{number:03}")), "{number}");
        }
        assert!(takes("0-2147483647", "2147483647"));
        assert!(!takes("0-2147483647", "2147483648"));
        assert!(takes("0-10", "0"));
        assert!(!takes("0-10", ""));
    }

    #[test]
    fn what_is_no_interval_is_none() {
        for inside in ["", "-", "1-", "-1", "1", "a-b", "1-2-3", "+1-10", "0-2147483648", "1 -2"] {
            assert!(parse(inside).is_none(), "{inside}");
        }
        let long = |digits| format!("{:0digits$}-{:0digits$}", 1, 2);
        assert!(parse(&long(100)).is_some());
        assert!(parse(&long(101)).is_none());
    }
}
