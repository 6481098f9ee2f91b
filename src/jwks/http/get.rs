//! One document of one URL, over redirects.
//!
//! The one rule: a request goes to an https URL, on a connection of its own and within its bounds;
//! and nobody but the settings says over what.

use super::answer::Validators;
use super::fault::{Cause, LoadFault};
use crate::jwks::MAX_SIZE;
use crate::jwks::back_channel::BackChannel;
use crate::jwks::url::HttpsUrl;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Client, Response, StatusCode, redirect, retry};
use rustls::ClientConfig;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tower::{Layer, Service};

/// The most redirects of a load.
const REDIRECTS: usize = 3;

/// What an answer brought.
pub(super) enum Got {
    /// The version that is known. Its headers.
    NotModified(HeaderMap),
    /// A document.
    Document(Answer),
}

/// A document and its headers.
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) text: Vec<u8>,
}

/// A load on its way: what all of its requests share.
pub(super) struct Way<'c> {
    channel: &'c BackChannel,
    tls: &'c ClientConfig,
    /// How long the load may take, and until when.
    longest: Duration,
    deadline: Instant,
    /// How many redirects there were.
    redirects: usize,
}

impl<'c> Way<'c> {
    pub(super) fn new(
        channel: &'c BackChannel,
        tls: &'c ClientConfig,
        longest: Duration,
        deadline: Instant,
    ) -> Self {
        Self { channel, tls, longest, deadline, redirects: 0 }
    }

    /// What the URL holds now.
    pub(super) async fn get(&mut self, url: &HttpsUrl) -> Result<Answer, LoadFault> {
        match self.go(url, &HeaderMap::new()).await? {
            (_, Got::Document(answer)) => Ok(answer),
            // Nobody asked for that.
            (url, Got::NotModified(_)) => {
                Err(fault(self.channel, url, Cause::status(StatusCode::NOT_MODIFIED)))
            }
        }
    }

    /// What the URL holds now, unless that is what is known of it.
    pub(super) async fn get_unless(
        &mut self,
        url: &HttpsUrl,
        known: &Validators,
    ) -> Result<Got, LoadFault> {
        let conditions = known.conditions().collect();
        self.go(url, &conditions).await.map(|(_, got)| got)
    }

    /// What is at the end of the redirects, and which URL that is.
    async fn go(
        &mut self,
        url: &HttpsUrl,
        conditions: &HeaderMap,
    ) -> Result<(HttpsUrl, Got), LoadFault> {
        let mut url = url.clone();
        loop {
            let step = timeout_at(self.deadline, self.step(&url, conditions)).await;
            match step.unwrap_or(Err(Cause::LoadTimeout(self.longest))) {
                Ok(Step::Got(got)) => return Ok((url, got)),
                Ok(Step::Redirect(next)) => url = next,
                Err(cause) => return Err(fault(self.channel, url, cause)),
            }
        }
    }

    async fn step(&mut self, url: &HttpsUrl, conditions: &HeaderMap) -> Result<Step, Cause> {
        let response = self.send(url, conditions.clone()).await?;
        match response.status() {
            StatusCode::OK => {
                let headers = response.headers().clone();
                let text = self.text(response).await?;
                Ok(Step::Got(Got::Document(Answer { headers, text })))
            }
            StatusCode::NOT_MODIFIED => Ok(Step::Got(Got::NotModified(response.headers().clone()))),
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => self.redirect(url, &response).map(Step::Redirect),
            status => Err(Cause::status(status)),
        }
    }

    fn redirect(&mut self, url: &HttpsUrl, response: &Response) -> Result<HttpsUrl, Cause> {
        self.redirects += 1;
        if self.redirects > REDIRECTS {
            return Err(Cause::TooManyRedirects(REDIRECTS));
        }
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.ok_or(Cause::RedirectNowhere)?;
        let target = url.join(location).map_err(|fault| Cause::redirect(location, fault))?;
        HttpsUrl::parse(target.as_str()).map_err(|fault| Cause::redirect(target.as_str(), fault))
    }

    /// The head of the answer.
    async fn send(&self, url: &HttpsUrl, conditions: HeaderMap) -> Result<Response, Cause> {
        let connected = Arc::new(Notify::new());
        let client = self.client(&connected).map_err(|error| self.cause(&error))?;
        let request = client.get(url.as_str()).headers(conditions).send();
        let silence = async {
            connected.notified().await;
            sleep(self.channel.socket_timeout).await;
        };
        tokio::select! {
            response = request => response.map_err(|error| self.cause(&error)),
            () = silence => Err(Cause::SocketTimeout(self.channel.socket_timeout)),
        }
    }

    /// A client for one request, so that nothing is left of it: what is dear is in the TLS
    /// configuration.
    fn client(&self, connected: &Arc<Notify>) -> reqwest::Result<Client> {
        let builder = Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .no_proxy()
            .https_only(true)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .pool_max_idle_per_host(0)
            .connect_timeout(self.channel.connect_timeout)
            .connector_layer(Telling(Arc::clone(connected)))
            .user_agent(concat!("realmgate/", env!("CARGO_PKG_VERSION")));
        match &self.channel.proxy {
            Some(proxy) => builder.proxy(reqwest::Proxy::all(proxy.to_string())?).build(),
            None => builder.build(),
        }
    }

    async fn text(&self, mut response: Response) -> Result<Vec<u8>, Cause> {
        let most = u64::try_from(MAX_SIZE).unwrap_or(u64::MAX);
        if response.content_length().is_some_and(|length| length > most) {
            return Err(Cause::TooLarge);
        }
        let mut text = Vec::new();
        loop {
            let chunk = timeout(self.channel.socket_timeout, response.chunk()).await;
            let chunk = chunk.map_err(|_| Cause::SocketTimeout(self.channel.socket_timeout))?;
            let Some(chunk) = chunk.map_err(|error| self.cause(&error))? else { return Ok(text) };
            if text.len() + chunk.len() > MAX_SIZE {
                return Err(Cause::TooLarge);
            }
            text.extend_from_slice(&chunk);
        }
    }

    fn cause(&self, error: &reqwest::Error) -> Cause {
        Cause::of(error, self.channel.connect_timeout)
    }
}

enum Step {
    Got(Got),
    Redirect(HttpsUrl),
}

pub(super) fn fault(channel: &BackChannel, url: HttpsUrl, cause: Cause) -> LoadFault {
    LoadFault { url, proxy: channel.proxy.clone(), cause }
}

/// Tells when there is a connection: from then on the other side is silent or not. The client's own
/// timeout would count the time of connecting as silence.
#[derive(Clone)]
struct Telling(Arc<Notify>);

impl<S> Layer<S> for Telling {
    type Service = Told<S>;

    fn layer(&self, inner: S) -> Told<S> {
        Told { inner, connected: Arc::clone(&self.0) }
    }
}

/// A connector that tells.
#[derive(Clone)]
struct Told<S> {
    inner: S,
    connected: Arc<Notify>,
}

impl<S, R> Service<R> for Told<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let connection = self.inner.call(request);
        let connected = Arc::clone(&self.connected);
        async move {
            let connection = connection.await;
            connected.notify_one();
            connection
        }
        .boxed()
    }
}
