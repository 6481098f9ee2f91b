//! An HTTP/1.1 client for one request, byte for byte as it is written here.
//!
//! Rule: header lines go out in order, in the case given, repeats and odd names included, because
//! odd requests are what it is for. Proxies of the environment are never asked.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer here takes; reached only where something is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A request with this method and request target, as they stand.
    pub(crate) fn new(method: &str, target: &str) -> Self {
        let (method, target) = (method.to_owned(), target.to_owned());
        Self { method, target, headers: Vec::new(), body: Vec::new() }
    }

    /// A `GET`.
    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// Adds a header line.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds header lines.
    pub(crate) fn headers<'a>(self, lines: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        lines.into_iter().fold(self, |request, (name, value)| request.header(name, value))
    }

    /// Sets the body.
    pub(crate) fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// The header lines, for whoever shows them.
    pub(crate) fn lines(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Sends it on a connection of its own and reads the whole answer.
    pub(crate) fn send(&self, to: SocketAddr) -> io::Result<Response> {
        let connection = self.open(to)?;
        let mut reader = BufReader::new(connection);
        let mut response = head(&mut reader)?;
        response.body =
            if self.method == "HEAD" { Vec::new() } else { body(&mut reader, &response)? };
        Ok(response)
    }

    /// Sends it and reads only the head of the answer: what follows an upgrade is the caller's.
    pub(crate) fn upgrade(&self, to: SocketAddr) -> io::Result<(Response, BufReader<TcpStream>)> {
        let mut reader = BufReader::new(self.open(to)?);
        let response = head(&mut reader)?;
        Ok((response, reader))
    }

    fn open(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let mut connection = TcpStream::connect_timeout(&to, PATIENCE)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        let has = |name: &str| self.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let mut line = |name: &str, value: &str| text.extend([name, ": ", value, "\r\n"]);
        if !has("host") {
            line("Host", &to.to_string());
        }
        self.headers.iter().for_each(|(name, value)| line(name, value));
        if !has("connection") {
            line("Connection", "close");
        }
        if !self.body.is_empty() {
            line("Content-Length", &self.body.len().to_string());
        }
        connection.write_all(&[text.as_bytes(), b"\r\n", &self.body].concat())?;
        Ok(connection)
    }
}

impl Response {
    /// The values of a header, in order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let same = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str()).collect()
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    /// The body as JSON; null if it is none.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// One line without its end; shared with the upstream.
pub(crate) fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    reader.read_until(b'\n', &mut bytes)?;
    if bytes.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn head(reader: &mut impl BufRead) -> io::Result<Response> {
    let first = line(reader)?;
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| malformed("no status line"))?;
    let headers = header_lines(reader)?;
    Ok(Response { status, headers, body: Vec::new() })
}

/// Header lines up to the empty one; shared with the upstream.
pub(crate) fn header_lines(reader: &mut impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let text = line(reader)?;
        if text.is_empty() {
            return Ok(headers);
        }
        let (name, value) = text.split_once(':').ok_or_else(|| malformed("no header line"))?;
        headers.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
    }
}

fn body(reader: &mut impl BufRead, response: &Response) -> io::Result<Vec<u8>> {
    if matches!(response.status, 100..200 | 204 | 304) {
        return Ok(Vec::new());
    }
    if response.header("transfer-encoding") == Some("chunked") {
        return chunks(reader);
    }
    let mut bytes = Vec::new();
    match response.header("content-length").map(str::parse) {
        Some(Ok(length)) => {
            reader.take(length).read_to_end(&mut bytes)?;
        }
        Some(Err(_)) => return Err(malformed("no content-length")),
        None => {
            reader.read_to_end(&mut bytes)?;
        }
    }
    Ok(bytes)
}

/// A chunked body, joined; shared with the upstream.
pub(crate) fn chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let size = line(reader)?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| malformed("no chunk size"))?;
        if size == 0 {
            header_lines(reader)?;
            return Ok(bytes);
        }
        reader.take(size).read_to_end(&mut bytes)?;
        line(reader)?;
    }
}
