//! A second reader of JSON, by the letter of RFC 8259 and of the rules for tokens, and by nobody
//! else's code. Rule: it shares nothing with the reader that it judges.

/// The most levels of nesting, the outermost object counted.
const LEVELS: usize = 128;

/// A value; an object's members stand in the order of the text.
#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl Value {
    /// The member of this name; `None` of what is no object.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let Value::Object(members) = self else { return None };
        members.iter().find(|(given, _)| given == name).map(|(_, value)| value)
    }
}

/// Reads one value with nothing but white space around it.
pub(crate) fn parse(text: &[u8]) -> Option<Value> {
    let mut reader = Reader { rest: std::str::from_utf8(text).ok()? };
    let value = reader.value(0)?;
    reader.blanks();
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    fn char(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let char = chars.next()?;
        self.rest = chars.as_str();
        Some(char)
    }

    fn value(&mut self, levels: usize) -> Option<Value> {
        self.blanks();
        match self.rest.as_bytes().first()? {
            b'n' => self.take("null").map(|()| Value::Null),
            b't' => self.take("true").map(|()| Value::Bool(true)),
            b'f' => self.take("false").map(|()| Value::Bool(false)),
            b'"' => self.text().map(Value::Text),
            b'[' if levels < LEVELS => self.list(levels + 1),
            b'{' if levels < LEVELS => self.object(levels + 1),
            _ => self.number(),
        }
    }

    fn list(&mut self, levels: usize) -> Option<Value> {
        let mut list = Vec::new();
        self.take("[")?;
        self.blanks();
        if self.take("]").is_some() {
            return Some(Value::List(list));
        }
        loop {
            list.push(self.value(levels)?);
            self.blanks();
            match self.char()? {
                ',' => {}
                ']' => return Some(Value::List(list)),
                _ => return None,
            }
        }
    }

    fn object(&mut self, levels: usize) -> Option<Value> {
        let mut members: Vec<(String, Value)> = Vec::new();
        let mut names = std::collections::HashSet::new();
        self.take("{")?;
        self.blanks();
        if self.take("}").is_some() {
            return Some(Value::Object(members));
        }
        loop {
            self.blanks();
            let name = self.text()?;
            if !names.insert(name.clone()) {
                return None;
            }
            self.blanks();
            self.take(":")?;
            members.push((name, self.value(levels)?));
            self.blanks();
            match self.char()? {
                ',' => {}
                '}' => return Some(Value::Object(members)),
                _ => return None,
            }
        }
    }

    fn text(&mut self) -> Option<String> {
        let mut text = String::new();
        self.take("\"")?;
        loop {
            match self.char()? {
                '"' => return Some(text),
                '\\' => text.push(self.escaped()?),
                char if char < ' ' => return None,
                char => text.push(char),
            }
        }
    }

    fn escaped(&mut self) -> Option<char> {
        Some(match self.char()? {
            char @ ('"' | '\\' | '/') => char,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let unit = self.unit()?;
                if !(0xd800..0xdc00).contains(&unit) {
                    return char::from_u32(unit); // `None` of a low surrogate
                }
                self.take("\\u")?;
                let low = self.unit()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                return char::from_u32(0x10000 + ((unit - 0xd800) << 10) + low);
            }
            _ => return None,
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |unit, _| Some(unit * 16 + self.char()?.to_digit(16)?))
    }

    fn number(&mut self) -> Option<Value> {
        let start = self.rest;
        let _ = self.take("-");
        if self.take("0").is_none() {
            self.digits()?;
        }
        if self.take(".").is_some() {
            self.digits()?;
        }
        if self.take("e").or_else(|| self.take("E")).is_some() {
            let _ = self.take("+").or_else(|| self.take("-"));
            self.digits()?;
        }
        let number = &start[..start.len() - self.rest.len()];
        let in_range = number.parse::<f64>().is_ok_and(f64::is_finite);
        in_range.then(|| Value::Number(number.to_owned()))
    }

    fn digits(&mut self) -> Option<()> {
        let rest = self.rest.trim_start_matches(|char: char| char.is_ascii_digit());
        let some = rest.len() < self.rest.len();
        self.rest = rest;
        some.then_some(())
    }
}
