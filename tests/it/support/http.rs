//! One plain HTTP request to the metrics and health listener, without a client library.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::wait;

/// What came back.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Page {
    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// `GET path`.
pub(crate) fn get(address: SocketAddr, path: &str) -> Page {
    request(address, "GET", path).unwrap_or_else(|why| panic!("GET {path}: {why}"))
}

/// One request without a header of its own.
pub(crate) fn request(address: SocketAddr, method: &str, path: &str) -> std::io::Result<Page> {
    send(address, method, path, &[])
}

/// One request with these header lines; HTTP/1.0, so that the answer ends with the connection and
/// is never chunked.
pub(crate) fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> std::io::Result<Page> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(wait::PATIENCE))?;
    let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let lines: String = lines.collect();
    write!(stream, "{method} {path} HTTP/1.0\r\nhost: {address}\r\n{lines}\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(parse(&String::from_utf8_lossy(&answer)))
}

fn parse(answer: &str) -> Page {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no HTTP answer: {answer:?}"));
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(k, v)| (k.to_ascii_lowercase(), v.trim().to_owned())).collect();
    Page { status, headers, body: body.to_owned() }
}

/// The value of one series of a Prometheus text, `name{labels}` or `name` written exactly so;
/// labels are compared as a set.
pub(crate) fn sample(text: &str, series: &str) -> Option<f64> {
    let wanted = split_series(series);
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        (split_series(name) == wanted).then(|| value.parse().ok())?
    })
}

fn split_series(series: &str) -> (&str, Vec<&str>) {
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let labels = labels.trim_end_matches('}');
    let mut labels: Vec<&str> = labels.split(',').filter(|label| !label.is_empty()).collect();
    labels.sort_unstable();
    (name, labels)
}

/// A series of the metrics at `address`; every count here is a whole number.
pub(crate) fn metric(address: SocketAddr, series: &str) -> i64 {
    let text = get(address, "/metrics").body;
    let value = sample(&text, series).unwrap_or_else(|| panic!("no {series} in\n{text}"));
    #[expect(clippy::cast_possible_truncation, reason = "counts of a test are small and whole")]
    let whole = value as i64;
    whole
}
