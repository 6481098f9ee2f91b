//! What the demo prints: its steps, the table, what the upstream saw, the curl lines.
//!
//! Rule: plain lines of at most 100 columns or so, readable in any terminal and in a log file.

use std::net::SocketAddr;

use serde_json::Value;

use crate::counted::Counted;
use crate::rows::{PATH, Row, Verdict};

/// Says what is about to happen.
pub(crate) fn step(what: &str) {
    println!("==> {what}");
}

/// The head of the table.
pub(crate) fn table_head() {
    println!("\n    {:<26}{:<33}{:<33}", "request", "expected", "got");
}

/// One line of the table; whether it is as expected.
pub(crate) fn table_row(row: &Row, expected: &Verdict, got: &Verdict) -> bool {
    let as_expected = expected == got;
    let mark = if as_expected { "ok" } else { "DIFFERS" };
    println!("    {:<26}{:<33}{:<33}{mark}", row.what, expected.to_string(), got.to_string());
    as_expected
}

/// The headers that the upstream saw.
pub(crate) fn headers(what: &str, headers: &[(String, String)]) {
    println!("\nWhat the upstream saw of {what} (no token, no secret, and who it is):");
    for (name, value) in headers {
        println!("    {name}: {value}");
    }
}

/// The body of a denial.
pub(crate) fn denial(body: &[u8]) {
    println!("\nWhat the client with a wrong secret was told, as Elasticsearch would tell it:");
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let pretty = serde_json::to_string_pretty(&json).unwrap_or_default();
    pretty.lines().for_each(|line| println!("    {line}"));
}

/// What Realmgate counted.
pub(crate) fn counts(counted: &Counted) {
    println!("\nWhat the operator sees (http://{}/metrics):", counted.http());
    counted.lines().for_each(|line| println!("    {line}"));
}

/// Ready lines for a shell: one a row.
pub(crate) fn curl_lines(envoy: SocketAddr, http: SocketAddr, rows: &[Row]) {
    println!("\nEverything stays up until Ctrl-C. In another terminal:");
    for row in rows {
        println!("\n# {}", row.what);
        let headers =
            row.request.lines().iter().map(|(name, value)| format!(" -H '{name}: {value}'"));
        println!("curl --noproxy '*' -i http://{envoy}{PATH}{}", headers.collect::<String>());
    }
    println!("\n# metrics\ncurl --noproxy '*' http://{http}/metrics");
}
