//! Why a load brought nothing, in one line that an operator understands.
//!
//! The one rule: it is safe to print. Of a URL there is no query, of a document nothing but an
//! issuer, and what others wrote is on one line and bounded.

use super::tls::Unready;
use crate::jwks::MAX_SIZE;
use crate::jwks::NotAKeySet;
use crate::jwks::back_channel::Proxy;
use crate::jwks::url::{HttpsUrl, HttpsUrlFault, public_part};
use crate::one_line::one_line;
use reqwest::StatusCode;
use std::error::Error;
use std::fmt;
use std::io;
use std::iter::successors;
use std::time::Duration;

/// A load that brought nothing. `Display` is one line, the cause included.
#[derive(Debug)]
pub(in crate::jwks) struct LoadFault {
    /// Which of the URLs on the way.
    pub(in crate::jwks) url: HttpsUrl,
    /// What was asked instead of its host.
    pub(in crate::jwks) proxy: Option<Proxy>,
    /// What went wrong there.
    pub(in crate::jwks) cause: Cause,
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub(in crate::jwks) enum Cause {
    /// A connection did not come about in time.
    #[error("there was no connection within [http.connect_timeout] of {0:?}")]
    ConnectTimeout(Duration),
    /// No connection.
    #[error("there is no connection: {0}")]
    Connection(String),
    /// The name is nobody's, or nobody can say whose.
    #[error("the host cannot be found: {0}")]
    Host(String),
    /// No HTTP, or not all of it.
    #[error("the answer cannot be read: {0}")]
    Http(String),
    /// All in all it took too long.
    #[error("the load was not done within {0:?}")]
    LoadTimeout(Duration),
    /// A discovery document without the member that it is for.
    #[error("it is an OpenID discovery document without [jwks_uri]")]
    NoJwksUri,
    /// A document, but no key set.
    #[error(transparent)]
    NotAKeySet(#[from] NotAKeySet),
    /// A discovery document of somebody else.
    #[error(
        "it is an OpenID discovery document of the issuer [{}], not of {}",
        shown(issuer),
        names(allowed)
    )]
    OtherIssuer {
        /// Whose it is.
        issuer: String,
        /// Whose it may be.
        allowed: Vec<String>,
    },
    /// A redirect that leads nowhere.
    #[error("the redirect is refused: it does not say where to")]
    RedirectNowhere,
    /// A redirect to what is not asked.
    #[error("the redirect to [{}] is refused: {fault}", shown(to))]
    RedirectRefused {
        /// Where to, as far as that may be printed.
        to: String,
        /// What is wrong with that.
        fault: HttpsUrlFault,
    },
    /// The server went silent.
    #[error("nothing came within [http.socket_timeout] of {0:?}")]
    SocketTimeout(Duration),
    /// An answer that is no document.
    #[error("status [{code}], reason [{reason}]")]
    Status {
        /// Not 200.
        code: u16,
        /// What that means.
        reason: &'static str,
    },
    /// TLS did not come about.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// More than is read.
    #[error("the answer is larger than {MAX_SIZE} bytes")]
    TooLarge,
    /// One redirect too many.
    #[error("there are more than {0} redirects")]
    TooManyRedirects(usize),
    /// TLS cannot be set up on this machine.
    #[error("TLS cannot be set up: {0}")]
    Unready(String),
    /// A discovery document that leads nowhere.
    #[error("it is an OpenID discovery document whose [jwks_uri] is unusable: {why}")]
    UnusableJwksUri {
        /// What is wrong with it.
        why: String,
    },
}

impl fmt::Display for LoadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, proxy, cause } = self;
        write!(f, "Get [{url}]")?;
        if let Some(proxy) = proxy {
            write!(f, " over the proxy [{proxy}]")?;
        }
        match cause {
            Cause::NoJwksUri
            | Cause::NotAKeySet(_)
            | Cause::OtherIssuer { .. }
            | Cause::UnusableJwksUri { .. } => write!(f, " brought no key set: {cause}"),
            Cause::Status { .. } => write!(f, " failed, {cause}."),
            Cause::ConnectTimeout(_)
            | Cause::Connection(_)
            | Cause::Host(_)
            | Cause::Http(_)
            | Cause::LoadTimeout(_)
            | Cause::RedirectNowhere
            | Cause::RedirectRefused { .. }
            | Cause::SocketTimeout(_)
            | Cause::Tls(_)
            | Cause::TooLarge
            | Cause::TooManyRedirects(_)
            | Cause::Unready(_) => write!(f, " failed: {cause}"),
        }
    }
}

impl Error for LoadFault {}

impl From<Unready> for Cause {
    fn from(unready: Unready) -> Self {
        Self::Unready(shown(&unready.to_string()))
    }
}

impl Cause {
    pub(super) fn status(status: StatusCode) -> Self {
        let reason = status.canonical_reason().unwrap_or_default();
        Self::Status { code: status.as_u16(), reason }
    }

    pub(super) fn redirect(to: &str, fault: HttpsUrlFault) -> Self {
        Self::RedirectRefused { to: public_part(to), fault }
    }

    /// What the client says, without the URL that it says it of.
    pub(super) fn of(error: &reqwest::Error, connect_timeout: Duration) -> Self {
        if error.is_connect() && error.is_timeout() {
            return Self::ConnectTimeout(connect_timeout);
        }
        let chain: Vec<_> = successors(error.source(), |&error| error.source()).collect();
        let text = chain.last().map(|last| shown(&last.to_string())).unwrap_or_default();
        if let Some(tls) = chain.iter().find_map(|error| tls_error(*error)) {
            return Self::Tls(tls_text(tls));
        }
        let io = chain.iter().find_map(|error| error.downcast_ref::<io::Error>());
        let is_cut = io.is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof);
        let text = if is_cut { "the connection was cut".to_owned() } else { text };
        match (error.is_connect(), chain.iter().any(|error| error.to_string() == "dns error")) {
            (true, true) => Self::Host(text),
            (true, false) => Self::Connection(text),
            (false, _) => Self::Http(text),
        }
    }
}

/// What TLS says, which comes in an I/O error, or in one in one.
fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error.downcast_ref().or_else(|| tls_error(inner?))
}

fn tls_text(error: &rustls::Error) -> String {
    let text = error.to_string();
    // How OpenSSL makes a certificate for a test, unless it is told otherwise.
    if text.contains("CaUsedAsEndEntity") {
        return "the server shows an authority's own certificate, not one that it signed"
            .to_owned();
    }
    if text.contains("UnknownIssuer") {
        let why = "none of [ssl.certificate_authorities], or of the system's where that is not set, \
                   vouches for it";
        return shown(&format!("{text}: {why}"));
    }
    if text.contains("InvalidContentType") {
        return "what answers there does not speak TLS".to_owned();
    }
    shown(&text)
}

fn names(issuers: &[String]) -> String {
    let names: Vec<_> = issuers.iter().map(|issuer| format!("[{}]", shown(issuer))).collect();
    if names.is_empty() { "any that is allowed".to_owned() } else { names.join(" or ") }
}

/// The most bytes of a text of others.
const SHOWN: usize = 256;

fn shown(text: &str) -> String {
    one_line(text, SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{CertificateError, InvalidMessage};

    #[test]
    fn what_tls_says_is_told_in_the_words_of_the_settings() {
        let unknown = CertificateError::UnknownIssuer;
        for (error, told) in [
            (rustls::Error::InvalidCertificate(unknown), "none of [ssl.certificate_authorities]"),
            (
                rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType),
                "what answers there does not speak TLS",
            ),
            (rustls::Error::DecryptError, "cannot decrypt peer's message"),
        ] {
            let text = tls_text(&error);
            assert!(text.contains(told), "{text}");
        }
    }
}
