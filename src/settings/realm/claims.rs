//! What becomes of a token's claims: the user's properties and metadata.
//!
//! The one rule: a pattern without its claim is refused, and so is a realm that cannot name the
//! user.

use crate::engine::token::pattern::ClaimPattern;
use crate::settings::problems::{Problems, Read};
use crate::settings::section::Section;
use crate::settings::values::{Written, Wrong, boolean};

/// What becomes of a token's claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimSettings {
    /// The claim that names the user.
    pub principal: Claim,
    /// The claim of the user's groups.
    pub groups: Option<Claim>,
    /// The claim of the user's distinguished name.
    pub dn: Option<Claim>,
    /// The claim of the user's e-mail address.
    pub mail: Option<Claim>,
    /// The claim of the user's full name.
    pub name: Option<Claim>,
    /// Whether the token's claims become the user's metadata.
    pub populate_user_metadata: bool,
}

/// A claim of which one of the user's properties is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The claim's name, or a JSON pointer to it if it begins with `/`; never empty.
    pub name: String,
    /// A Java expression whose first group is what is taken.
    pub pattern: Option<ClaimPattern>,
}

/// Reads `claims.*`, `claim_patterns.*` and `populate_user_metadata`.
pub(super) fn read(section: &Section<'_>, problems: &mut Problems) -> Read<ClaimSettings> {
    let principal = principal(section, problems);
    let groups = optional("groups", section, problems);
    let dn = optional("dn", section, problems);
    let mail = optional("mail", section, problems);
    let name = optional("name", section, problems);
    let metadata = section.value("populate_user_metadata", problems, boolean);
    Ok(ClaimSettings {
        principal: principal?,
        groups: groups?,
        dn: dn?,
        mail: mail?,
        name: name?,
        populate_user_metadata: metadata?.unwrap_or(true),
    })
}

fn principal(section: &Section<'_>, problems: &mut Problems) -> Read<Claim> {
    const SUFFIX: &str = "claims.principal";
    let name = claim_name(SUFFIX, section, problems);
    let pattern = pattern("claim_patterns.principal", section, problems);
    let Some(name) = name? else {
        let what = format!("Setting [{}] is required", section.key(SUFFIX));
        return Err(section.wrong(SUFFIX, what, problems));
    };
    Ok(Claim { name, pattern: pattern? })
}

fn optional(property: &str, section: &Section<'_>, problems: &mut Problems) -> Read<Option<Claim>> {
    let suffix = format!("claims.{property}");
    let pattern_suffix = format!("claim_patterns.{property}");
    let name = claim_name(&suffix, section, problems);
    let pattern = pattern(&pattern_suffix, section, problems);
    let name = name?;
    if name.is_none() && section.has(&pattern_suffix) {
        let (pattern, claim) = (section.key(&pattern_suffix), section.key(&suffix));
        let what = format!("Setting [{pattern}] cannot be set unless [{claim}] is also set");
        return Err(section.wrong(&pattern_suffix, what, problems));
    }
    let pattern = pattern?;
    Ok(name.map(|name| Claim { name, pattern }))
}

/// A name is taken as it stands; one that begins with `/` must be a JSON pointer.
fn claim_name(
    suffix: &str,
    section: &Section<'_>,
    problems: &mut Problems,
) -> Read<Option<String>> {
    let Some(name) = section.text(suffix, problems)? else { return Ok(None) };
    let key = section.key(suffix);
    let what = match name.text() {
        "" => format!("Invalid null or empty claim name for [{key}]."),
        pointer if pointer.starts_with('/') && !is_pointer(pointer) => {
            format!("Invalid value [{name}] for [{key}]: not a JSON pointer")
        }
        name => return Ok(Some(name.to_owned())),
    };
    Err(section.wrong(suffix, what, problems))
}

/// Whether each `~` is the beginning of `~0` or `~1`.
fn is_pointer(text: &str) -> bool {
    text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']))
}

fn pattern(
    suffix: &str,
    section: &Section<'_>,
    problems: &mut Problems,
) -> Read<Option<ClaimPattern>> {
    Ok(section.value(suffix, problems, claim_pattern)?.flatten())
}

/// A pattern of a claim's values, of which an empty one is none, or what is wrong with it.
fn claim_pattern(key: &str, text: Written<'_>) -> Result<Option<ClaimPattern>, Wrong> {
    if text.text().is_empty() {
        return Ok(None);
    }
    let pattern = ClaimPattern::parse(text.text());
    pattern
        .map(Some)
        .map_err(|error| format!("Invalid claim value regex pattern for [{key}]. {error}"))
}
