//! Realmgate under measurement: the real binary with its quickstart, and its answer to the request.
//! Rule: what is measured is an allow, by Envoy's own reading of it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bytes::Bytes;
use envoy_types::pb::envoy::service::auth::v3::CheckResponse;
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use prost::Message;

use crate::process::Process;

/// Which binary is measured.
#[derive(clap::Args)]
pub(crate) struct Binary {
    /// The Cargo profile that Realmgate is built with
    #[arg(long, default_value = "dist")]
    profile: String,
    /// A Realmgate that is built already
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    realmgate: Option<PathBuf>,
}

impl Binary {
    /// Where it is, built if need be.
    pub(crate) fn path(&self) -> Result<PathBuf, String> {
        match &self.realmgate {
            Some(binary) => Ok(binary.clone()),
            None => build(&self.profile),
        }
    }
}

/// The repository's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Builds the binary with a profile; where it is.
fn build(profile: &str) -> Result<PathBuf, String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let built = Command::new(cargo)
        .args(["build", "--locked", "--bin", "realmgate", "--profile", profile])
        .args(["--message-format", "json-render-diagnostics", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    if !built.status.success() {
        return Err(format!("realmgate cannot be built: cargo ended with {}", built.status));
    }
    executable(&String::from_utf8_lossy(&built.stdout))
        .ok_or_else(|| "cargo names no executable".to_owned())
}

/// The path of the executable in cargo's messages, whatever the target folder is.
fn executable(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
}

/// Starts it with the quickstart's realm, on free ports.
pub(crate) fn start(binary: &Path) -> Result<Process, String> {
    let mut command = Command::new(binary);
    command
        .args(["serve", "--quickstart", "--grpc-address", "127.0.0.1:0"])
        .args(["--http-address", "127.0.0.1:0"]);
    Process::start(&mut command, &[])
}

/// Refuses an answer that would not let the request in with the user's name.
pub(crate) fn must_allow(answer: &Bytes) -> Result<(), String> {
    let response = CheckResponse::decode(answer.clone())
        .map_err(|error| format!("the answer cannot be decoded: {error}"))?;
    let code = response.status.as_ref().map(|status| status.code);
    let named = match &response.http_response {
        Some(HttpResponse::OkResponse(allowed)) => allowed
            .headers
            .iter()
            .filter_map(|option| option.header.as_ref())
            .any(|header| header.key == "x-es-username" && !header.value.is_empty()),
        _ => false,
    };
    if code == Some(0) && named {
        Ok(())
    } else {
        Err(format!("the request is not allowed, so there is nothing to measure: {response:?}"))
    }
}
