//! The known key that is nearest to one that is not known.
//!
//! The one rule: a file full of wrong keys costs no more than a few of them do.

/// How alike two parts of a key must be, in percent, for the one to be taken for the other.
pub(super) const ALIKE: usize = 50;

/// What may be spent on comparing, in pairs of characters: some tenths of a second.
const PAIRS: usize = 50_000_000;

/// Looks for names. What it may spend is for all names of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Search {
    pairs_left: usize,
}

impl Search {
    pub(super) const fn new() -> Self {
        Self { pairs_left: PAIRS }
    }

    /// Which known name `text` is likest to, the first of equals, if they are more alike than
    /// `least` percent. A known name that ends in `.*` is what begins the text, whose rest stays.
    pub(super) fn nearest<'k>(
        &mut self,
        text: &str,
        known: impl IntoIterator<Item = &'k str>,
        least: usize,
    ) -> Option<String> {
        let mut best = None;
        let mut best_alike = least * 10;
        for known in known {
            let (begins, name, rest) = parts(known, text);
            let alike = self.alike(begins, name, best_alike)?;
            if alike > best_alike {
                (best, best_alike) = (Some(format!("{name}{rest}")), alike);
            }
        }
        best
    }

    /// How alike two texts are but for their letters' case, in tenths of a percent; 0 if that is certainly not more than
    /// `least`. None where too much was compared already.
    fn alike(&mut self, one: &str, other: &str, least: usize) -> Option<usize> {
        let lengths = (one.chars().count(), other.chars().count());
        let (shorter, longer) = (lengths.0.min(lengths.1), lengths.0.max(lengths.1).max(1));
        // They are at most as alike as their lengths.
        if shorter * 1000 / longer <= least {
            return Some(0);
        }
        self.pairs_left = self.pairs_left.checked_sub(shorter * longer)?;
        let distance = strsim::osa_distance(&one.to_ascii_lowercase(), &other.to_ascii_lowercase());
        Some((longer - distance) * 1000 / longer)
    }
}

/// What is compared of a text, with what, and what stays behind it.
fn parts<'t>(known: &'t str, text: &'t str) -> (&'t str, &'t str, &'t str) {
    let Some(name) = known.strip_suffix(".*") else { return (text, known, "") };
    let dots = name.matches('.').count();
    match text.match_indices('.').nth(dots) {
        Some((at, _)) if at + 1 < text.len() => (&text[..at], name, &text[at..]),
        _ => (text, known, ""),
    }
}

/// What is added to the refusal of an unknown key.
pub(super) fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|key| format!(" did you mean [{key}]?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 7] = [
        "order",
        "allowed_issuer",
        "allowed_audiences",
        "claims.groups",
        "ssl.key",
        "required_claims.*",
        "http.ssl.*",
    ];

    #[test]
    fn the_likest_name_is_found_if_any_is_like() {
        for (text, expected) in [
            ("oder", Some("order")),
            ("Order", Some("order")),
            ("roder", Some("order")),
            ("allowed_isuer", Some("allowed_issuer")),
            ("allowed_audience", Some("allowed_audiences")),
            ("audiences", Some("allowed_audiences")),
            ("claim.group", Some("claims.groups")),
            ("ssl_key", Some("ssl.key")),
            ("require_claims.a.b", Some("required_claims.a.b")),
            ("required_claims", Some("required_claims.*")),
            ("required_claims.", Some("required_claims.*")),
            ("htp.ssl.key.x", Some("http.ssl.key.x")),
            // The rest is the same in both, and tells nothing.
            ("x.a_long_rest_that_is_no_evidence", None),
            ("", None),
            ("x", None),
            ("no_such_thing", None),
        ] {
            let found = Search::new().nearest(text, KNOWN, ALIKE);
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_flood_of_names_is_looked_up_within_a_bound() {
        let mut search = Search::new();
        let (long, other) = ("x".repeat(1000), "x".repeat(999) + "y");
        let names = std::iter::repeat_n(long.as_str(), 16_384);
        let found = names.filter(|name| search.nearest(name, [&*other], ALIKE).is_some());
        assert_eq!(found.count(), PAIRS / 1_000_000);
        assert_eq!(Search::new().nearest(&long, ["x"], ALIKE), None);
    }
}
