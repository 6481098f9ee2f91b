//! The request's headers, from the command line, from files and from standard input.
//!
//! The one rule: what is said about a header that is none never repeats it.

use crate::engine::header::is_token;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;

/// A name and a value.
pub(super) type Header = (Vec<u8>, Vec<u8>);

/// The most that a file may hold, in bytes: more than any server takes.
const SIZE: u64 = 1024 * 1024;

/// What was given is no header.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotHeaders {
    #[error("-H number {0} is no header: expected 'Name: value', @FILE or @-")]
    Argument(usize),
    #[error("-H @{file}: line {line} is no header: expected Name: value")]
    Line { file: String, line: usize },
    #[error("-H @{file}: {source}")]
    Unreadable { file: String, source: io::Error },
}

/// All headers that `arguments` give, in their order.
pub(super) fn read(arguments: &[OsString]) -> Result<Vec<Header>, NotHeaders> {
    let mut headers = Vec::new();
    for (place, argument) in arguments.iter().enumerate() {
        match argument.as_bytes().strip_prefix(b"@") {
            None => {
                let header = header(argument.as_bytes()).ok_or(NotHeaders::Argument(place + 1))?;
                headers.push(header);
            }
            Some(name) => headers.extend(of_file(OsStr::from_bytes(name))?),
        }
    }
    Ok(headers)
}

/// One header a line; a blank line is none.
fn of_file(name: &OsStr) -> Result<Vec<Header>, NotHeaders> {
    let file = || name.display().to_string();
    let content =
        content(name).map_err(|source| NotHeaders::Unreadable { file: file(), source })?;
    let lines = content.split(|byte| *byte == b'\n').enumerate();
    lines
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .map(|(place, line)| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            header(line).ok_or_else(|| NotHeaders::Line { file: file(), line: place + 1 })
        })
        .collect()
}

/// What the file `name` holds; `-` is standard input.
pub(super) fn content(name: &OsStr) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let read = if name == "-" {
        io::stdin().lock().take(SIZE + 1).read_to_end(&mut content)?
    } else {
        File::open(name)?.take(SIZE + 1).read_to_end(&mut content)?
    };
    if read as u64 > SIZE {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 1 MiB"));
    }
    Ok(content)
}

/// Reads `Name: value` as a server would, blanks around the value dropped.
fn header(line: &[u8]) -> Option<Header> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    let is_name = !name.is_empty() && name.iter().copied().all(is_token);
    let is_value = value.iter().all(|byte| *byte == b'\t' || !byte.is_ascii_control());
    (is_name && is_value).then(|| (name.to_vec(), value.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &str) -> Option<(String, String)> {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        header(line.as_bytes()).map(|(name, value)| (text(name), text(value)))
    }

    #[test]
    fn a_header_is_a_name_a_colon_and_a_value_that_may_be_empty() {
        for (line, wanted) in [
            ("Authorization: Bearer x", ("Authorization", "Bearer x")),
            ("a:b", ("a", "b")),
            ("a: \t b c \t", ("a", "b c")),
            ("a: b:c", ("a", "b:c")),
            ("a:", ("a", "")),
            ("a: caf\u{e9}", ("a", "caf\u{e9}")),
        ] {
            assert_eq!(text(line), Some((wanted.0.to_owned(), wanted.1.to_owned())), "{line:?}");
        }
        for line in ["", "a", "Bearer x", ": b", ":path: /", "a b: c", "a : b", "a: b\rc", "a: \0"]
        {
            assert_eq!(text(line), None, "{line:?}");
        }
    }

    #[test]
    fn what_is_no_header_is_told_by_its_place_alone() {
        let folder = std::env::temp_dir().join(format!("rg-headers-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("headers");
        std::fs::write(&file, "a: 1\r\n\n  \r\na: 2\nBearer secret\n").unwrap();
        let argument = |text: &str| OsString::from(text);
        let at = argument(&format!("@{}", file.display()));
        let missing = argument(&format!("@{}", folder.join("none").display()));
        let told = |arguments: &[OsString]| read(arguments).unwrap_err().to_string();
        assert_eq!(
            told(&[argument("a: b"), argument("Bearer secret")]),
            "-H number 2 is no header: expected 'Name: value', @FILE or @-"
        );
        let place = format!("-H {}: line 5 is no header", at.display());
        assert!(told(std::slice::from_ref(&at)).starts_with(&place), "{}", told(&[at]));
        assert!(told(&[missing]).contains("No such file"));
        std::fs::write(&file, "a: 1\r\n\n  \r\na: 2\n").unwrap();
        let read = read(&[at, argument("b: 3")]).unwrap();
        let values: Vec<_> = read.iter().map(|(_, value)| value.as_slice()).collect();
        assert_eq!(values, [b"1", b"2", b"3"]);
        std::fs::write(&file, vec![b'a'; 1024 * 1024 + 1]).unwrap();
        assert!(content(file.as_os_str()).is_err());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
