//! The sets of characters that Java names with `\p{…}`.
//!
//! The one rule: names are compared exactly, as Java does; scripts, blocks and the methods of
//! `java.lang.Character` are not known here.

/// A name and its set, as the matcher writes it.
const SETS: &[(&str, &str)] = &[
    ("ASCII", r"[\x00-\x7F]"),
    ("Alnum", "[0-9A-Za-z]"),
    ("Alpha", "[A-Za-z]"),
    ("Blank", r"[\t ]"),
    ("Cntrl", r"[\x00-\x1F\x7F]"),
    ("Digit", "[0-9]"),
    ("Graph", r"[\x21-\x7E]"),
    ("Lower", "[a-z]"),
    ("Print", r"[\x20-\x7E]"),
    ("Punct", r"[\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E]"),
    ("Space", r"[\t-\r ]"),
    ("Upper", "[A-Z]"),
    ("XDigit", "[0-9A-Fa-f]"),
];

/// The general categories of Unicode that both sides call alike.
const CATEGORIES: &[&str] = &[
    "C", "Cc", "Cf", "Cn", "Co", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N",
    "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So",
    "Z", "Zl", "Zp", "Zs",
];

/// Letters that have upper and lower forms.
const CASED: &str = r"[\p{Lu}\p{Ll}\p{Lt}]";

/// The set of this name, as the matcher writes it. Under `ignore_case` a set of letters of one
/// case is that of all cases.
pub(super) fn set(name: &str, ignore_case: bool) -> Option<String> {
    if let Some(value) = name.strip_prefix("Is").or_else(|| category_value(name)) {
        return category(value, ignore_case);
    }
    match name {
        "Lower" | "Upper" if ignore_case => set("Alpha", false),
        _ => {
            let known = SETS.iter().find(|(known, _)| *known == name);
            known.map(|(_, set)| (*set).to_owned()).or_else(|| category(name, ignore_case))
        }
    }
}

/// The value of `gc=…` or `general_category=…`; Java takes this name in any letter case.
fn category_value(name: &str) -> Option<&str> {
    let (key, value) = name.split_once('=')?;
    let known = ["gc", "general_category"].iter().any(|known| key.eq_ignore_ascii_case(known));
    known.then_some(value)
}

fn category(name: &str, ignore_case: bool) -> Option<String> {
    match name {
        "Lu" | "Ll" | "Lt" if ignore_case => Some(CASED.to_owned()),
        "LC" => Some(CASED.to_owned()),
        _ => CATEGORIES.contains(&name).then(|| format!(r"\p{{{name}}}")),
    }
}
