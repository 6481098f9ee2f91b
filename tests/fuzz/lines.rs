//! What every line must be that is printed of a configuration.

use realmgate::settings::Problems;

/// The most that a line may have, in bytes: its bound and the mark of the cut.
const LONGEST: usize = 2048 + "\u{2026}".len();

/// Each line is one, says nothing to a terminal, and has a bound.
pub(crate) fn must_be_lines(problems: &Problems) {
    for line in problems.lines() {
        assert!(!line.contains(|character: char| character.is_control()), "{line:?}");
        assert!(line.len() <= LONGEST, "{} bytes: {line}", line.len());
        let place = line.strip_prefix("warning: ").unwrap_or(&line);
        let places = ["realmgate.yml: ", "realmgate.yml:", "keystore/"];
        assert!(places.iter().any(|known| place.starts_with(known)), "{line}");
    }
}
