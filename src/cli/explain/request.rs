//! A request out of the command line, decided as a check of it would be.
//!
//! The one rule: what the engine sees is what it would see behind Envoy, every header by itself.

use super::explanation::{Answer, Explanation, headers};
use super::headers::Header;
use super::steps::{Named, Recorder, Seen};
use crate::engine::request::{self, Form, RequestView};
use crate::engine::user::Properties;
use crate::engine::{
    ClientResult, Decision, Denial, Ended, Established, Inline, Key, Lost, Now, RealmId, Snapshot,
    Step, Verdict, Wait, Waits, Witness, Work, authenticate, authorize,
};
use std::sync::Arc;

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) host: String,
    pub(super) headers: Vec<Header>,
}

impl Request {
    /// Decides it at `now` and tells how, waiting as `waits` says.
    pub(super) async fn explain(
        &self,
        snapshot: &Snapshot,
        now: Now,
        waits: &impl Waits,
    ) -> Explanation {
        let mut recorder = Recorder::default();
        let view = match self.view() {
            Ok(view) => view,
            Err(unusable) => {
                let denial = Denial::unusable(unusable);
                recorder.step(None, Step::Request, Ended::Failed(&denial));
                let decision = Decision::deny(denial, Established::default());
                return explanation(snapshot, &recorder, None, &decision);
            }
        };
        let decision = authorize(snapshot, &view, now, waits, &mut recorder).await;
        let explanation = explanation(snapshot, &recorder, Some(&view), &decision);
        if !explanation.is_allow() {
            return explanation;
        }
        // The decision tells of the user what the headers do; this is the rest.
        let found = authenticate(snapshot, &view, now, waits, &mut Deaf).await;
        let user = found.ok().map(|found| Properties::clone(&found.user));
        Explanation { user, ..explanation }
    }

    fn view(&self) -> Result<RequestView<'_>, request::Unusable> {
        let pseudo = [(":method", &self.method), (":path", &self.path), (":authority", &self.host)];
        let pseudo = pseudo.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let sent = self.headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
        let header = |(name, value)| request::Header { name, value, form: Form::Separate };
        let headers = pseudo.into_iter().chain(sent).map(header).collect();
        let (method, path) = (self.method.as_bytes(), self.path.as_bytes());
        RequestView::new(method, path, self.host.as_bytes(), headers, std::iter::empty())
    }
}

fn explanation(
    snapshot: &Snapshot,
    recorder: &Recorder,
    request: Option<&RequestView<'_>>,
    decision: &Decision<'_>,
) -> Explanation {
    let user = decision.established.user.as_deref();
    let realms: Vec<_> = snapshot.realms.iter().map(Named::from).collect();
    let seen = Seen { realms: &realms, request, user };
    let (set, answer) = match &decision.verdict {
        Verdict::Allow(allow) => (headers(allow), None),
        Verdict::Deny(denial) => (Vec::new(), Some(Answer::from(denial))),
    };
    let realm = decision.established.realm;
    Explanation {
        reason: decision.reason(),
        realm: realm.map(|RealmId(place)| snapshot.realms[place].name.clone()),
        steps: recorder.lines(&seen),
        user: None,
        headers: set,
        answer,
        is_assumed: false,
    }
}

/// Waits for nothing, so that the keys at hand decide: others would come over the network.
pub(super) struct Offline;

impl Waits for Offline {
    async fn verify(&self, work: Work) -> Result<Option<Arc<Key>>, Lost> {
        Inline.verify(work).await
    }

    async fn in_time(&self, _: Wait<'_>) -> Option<()> {
        Some(())
    }
}

/// Has heard it all before.
struct Deaf;

impl Witness for Deaf {
    fn step(&mut self, _: Option<RealmId>, _: Step, _: Ended<'_>) {}

    fn client(&mut self, _: RealmId, _: ClientResult) {}

    fn remembered(&mut self, _: RealmId, _: usize) {}
}
