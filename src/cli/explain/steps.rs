//! The steps of a decision: heard as a witness, laid out as the contract lists them.
//!
//! The one rule: every step of every realm has its line, also where the line of decision did not
//! come, and then it says why not.

use super::explanation::{Line, Result};
use crate::engine::realm::jwt::JwtRealm;
use crate::engine::request::RequestView;
use crate::engine::{ClientResult, Ended, RealmId, Reason, Skipped, Step, Witness};

/// Writes down what it hears.
#[derive(Default)]
pub(super) struct Recorder {
    heard: Vec<Heard>,
    clients: Vec<(RealmId, ClientResult)>,
}

struct Heard {
    realm: Option<RealmId>,
    step: Step,
    end: End,
}

enum End {
    Passed,
    Skipped(&'static str),
    Failed { reason: Reason, why: String },
}

impl Witness for Recorder {
    fn step(&mut self, realm: Option<RealmId>, step: Step, ended: Ended<'_>) {
        let end = match ended {
            Ended::Passed => End::Passed,
            Ended::Skipped(why) => End::Skipped(skipped(why)),
            Ended::Failed(refusal) => {
                End::Failed { reason: refusal.reason(), why: refusal.explained() }
            }
        };
        self.heard.push(Heard { realm, step, end });
    }

    fn client(&mut self, realm: RealmId, result: ClientResult) {
        self.clients.push((realm, result));
    }

    fn remembered(&mut self, _: RealmId, _: usize) {}
}

/// A realm, as far as steps tell of it.
#[derive(Clone, Copy)]
pub(super) struct Named<'s> {
    name: &'s str,
    issuer: &'s str,
}

impl<'s> From<&'s JwtRealm> for Named<'s> {
    fn from(realm: &'s JwtRealm) -> Self {
        Self { name: &realm.name, issuer: &realm.authenticator.rules.issuer }
    }
}

/// What was decided about, for what is said of a step that passed.
#[derive(Clone, Copy)]
pub(super) struct Seen<'s> {
    /// The chain.
    pub(super) realms: &'s [Named<'s>],
    /// The request, if there is one.
    pub(super) request: Option<&'s RequestView<'s>>,
    /// Whom the token names.
    pub(super) user: Option<&'s str>,
}

const BEFORE_REALMS: [Step; 3] = [Step::Request, Step::Route, Step::Token];

const OF_A_REALM: [Step; 6] = [
    Step::Issuer,
    Step::ClientAuthentication,
    Step::Cache,
    Step::Claims,
    Step::Signature,
    Step::User,
];

impl Recorder {
    /// Every step, in the contract's order.
    pub(super) fn lines(&self, seen: &Seen<'_>) -> Vec<Line> {
        let mut layout = Layout { recorder: self, seen, lines: Vec::new(), ended: None };
        for step in BEFORE_REALMS {
            layout.told(None, step);
        }
        // Asked before any realm is, and told only where it ends the request.
        layout.if_failed(Step::ClientAuthentication);
        layout.chain();
        layout.unless_ended("role_mapping", "there are no role mappings");
        layout.told(None, Step::RunAs);
        layout.unless_ended("require_roles", "no rule asks for roles");
        layout.if_failed(Step::Identity);
        layout.lines
    }

    fn end(&self, realm: Option<RealmId>, step: Step) -> Option<&End> {
        let heard = self.heard.iter().find(|heard| heard.realm == realm && heard.step == step);
        heard.map(|heard| &heard.end)
    }

    /// Whether `realm` let the token through.
    fn accepted(&self, realm: RealmId) -> bool {
        [Step::User, Step::Cache]
            .iter()
            .any(|step| matches!(self.end(Some(realm), *step), Some(End::Passed)))
    }
}

/// The lines so far.
struct Layout<'l> {
    recorder: &'l Recorder,
    seen: &'l Seen<'l>,
    lines: Vec<Line>,
    /// Why no later step is reached.
    ended: Option<String>,
}

impl Layout<'_> {
    fn chain(&mut self) {
        let mut ended = self.ended.take();
        let was_asked = ended.is_none();
        for (place, realm) in self.seen.realms.iter().enumerate() {
            let id = RealmId(place);
            self.ended.clone_from(&ended);
            for step in OF_A_REALM {
                self.told(Some(id), step);
            }
            if self.recorder.accepted(id) {
                ended = Some(format!("not asked: realm [{}] accepted the token", realm.name));
            }
        }
        let accepted = ended.is_some() && was_asked;
        self.ended = match ended {
            Some(_) if accepted => None,
            None => Some("not reached: no realm accepted the token".to_owned()),
            ended => ended,
        };
    }

    /// The line of a step that is told wherever the line of decision comes.
    fn told(&mut self, realm: Option<RealmId>, step: Step) {
        let (result, detail) = match self.recorder.end(realm, step) {
            Some(End::Passed) => (Result::Passed, self.passed(realm, step)),
            Some(End::Skipped(why)) => (Result::Skipped, (*why).to_owned()),
            Some(End::Failed { reason, why }) => {
                self.ended = Some(after(step));
                (Result::Failed, format!("{}: {why}", reason.code()))
            }
            None => (Result::Skipped, self.not_told(step)),
        };
        self.push(realm, step.name(), result, detail);
    }

    /// The line of a step without a place of its own: only its failure is worth one.
    fn if_failed(&mut self, step: Step) {
        if matches!(self.recorder.end(None, step), Some(End::Failed { .. })) {
            self.told(None, step);
        }
    }

    /// The line of a step that nothing asks for.
    fn unless_ended(&mut self, step: &'static str, why: &str) {
        let detail = self.ended.clone().unwrap_or_else(|| why.to_owned());
        self.push(None, step, Result::Skipped, detail);
    }

    fn push(&mut self, realm: Option<RealmId>, step: &'static str, result: Result, detail: String) {
        let realm = realm.map(|realm| self.realm(realm).name.to_owned());
        self.lines.push(Line { realm, step, result, detail, is_assumed: false });
    }

    /// Why nothing was heard of `step`.
    fn not_told(&mut self, step: Step) -> String {
        if self.ended.is_none() && step == Step::Issuer {
            self.ended = Some("not asked: the chain had ended before".to_owned());
        }
        let why = match step {
            Step::Cache => FORGOTTEN,
            Step::Request | Step::Route | Step::RunAs => "claims alone are judged",
            Step::Claims
            | Step::ClientAuthentication
            | Step::Identity
            | Step::Issuer
            | Step::Signature
            | Step::Token
            | Step::User => "not needed",
        };
        self.ended.clone().unwrap_or_else(|| why.to_owned())
    }

    /// What was found where `step` passed.
    fn passed(&self, realm: Option<RealmId>, step: Step) -> String {
        match step {
            Step::Cache => "found good before".to_owned(),
            Step::Claims => "every check of header and claims passed".to_owned(),
            Step::ClientAuthentication => self.client(realm),
            Step::Identity => "it fits the headers".to_owned(),
            Step::Issuer => realm
                .map_or_else(String::new, |realm| format!("iss is [{}]", self.realm(realm).issuer)),
            Step::Request => self.request(),
            Step::Route => "no rule forbids it".to_owned(),
            Step::RunAs => match self.seen.request.and_then(RequestView::run_as_target) {
                None => "nobody else is asked for".to_owned(),
                Some(_) => "left to the upstream".to_owned(),
            },
            Step::Signature => "a key of the realm verifies it".to_owned(),
            Step::Token => "a JWT".to_owned(),
            Step::User => format!("user [{}]", self.seen.user.unwrap_or_default()),
        }
    }

    fn client(&self, realm: Option<RealmId>) -> String {
        let mut clients = self.recorder.clients.iter();
        let known = clients.find(|(of, _)| Some(*of) == realm).map(|(_, result)| *result);
        match known {
            Some(ClientResult::Current) => "current: it has the realm's secret",
            Some(ClientResult::Previous) => "previous: it has the secret before a change",
            Some(ClientResult::Disabled) => "disabled: the realm asks for no secret",
            Some(ClientResult::Mismatch | ClientResult::Missing) | None => "",
        }
        .to_owned()
    }

    fn request(&self) -> String {
        self.seen.request.map_or_else(String::new, |request| {
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            format!("{} {} at {}", text(request.method), text(request.path), text(request.host))
        })
    }

    fn realm(&self, realm: RealmId) -> Named<'_> {
        self.seen.realms[realm.0]
    }
}

/// What is said of a step that had nothing to decide.
const fn skipped(why: Skipped) -> &'static str {
    match why {
        Skipped::CacheOff => "the realm remembers no tokens",
        Skipped::DeclinedBefore => "the realm refused the token before, by the same keys",
        Skipped::NotRemembered => FORGOTTEN,
    }
}

/// What is said of the cache, which ends with the command.
const FORGOTTEN: &str = "nothing is remembered from one run to the next";

/// What is said of the steps after a failed one.
fn after(step: Step) -> String {
    if step == Step::Issuer {
        return "passed over: the token is another issuer's".to_owned();
    }
    format!("not reached: {} failed", step.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Refusal;
    use std::fmt;

    /// A refusal that says less to a log.
    struct Refused;

    impl fmt::Display for Refused {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("for the log")
        }
    }

    impl Refusal for Refused {
        fn reason(&self) -> Reason {
            Reason::TokenExpired
        }

        fn explained(&self) -> String {
            "for who has the token".to_owned()
        }
    }

    const REALMS: [Named<'_>; 2] =
        [Named { name: "a", issuer: "ia" }, Named { name: "b", issuer: "ib" }];

    /// The lines after these steps were told: `REALM STEP` or `STEP`, and `!` behind one that failed.
    fn lines(told: &str) -> Vec<String> {
        let outside = [Step::RunAs, Step::Identity];
        let steps = BEFORE_REALMS.into_iter().chain(OF_A_REALM).chain(outside);
        let step = |name| steps.clone().find(|step| step.name() == name).unwrap();
        let mut recorder = Recorder::default();
        for one in told.split(", ") {
            let (one, ended) = match one.strip_suffix('!') {
                Some(failed) => (failed, Ended::Failed(&Refused)),
                None => (one, Ended::Passed),
            };
            let (realm, name) = one.split_once(' ').map_or((None, one), |(r, n)| (Some(r), n));
            let place = |name| REALMS.iter().position(|realm| realm.name == name).unwrap();
            recorder.step(realm.map(|name| RealmId(place(name))), step(name), ended);
        }
        recorder.client(RealmId(1), ClientResult::Previous);
        let seen = Seen { realms: &REALMS, request: None, user: Some("ana") };
        let shown = |line: Line| {
            let realm = line.realm.map(|realm| format!("{realm} ")).unwrap_or_default();
            format!("{realm}{}: {}: {}", line.step, line.result.name(), line.detail)
        };
        recorder.lines(&seen).into_iter().map(shown).collect()
    }

    #[test]
    fn every_step_has_its_line_in_order_whatever_was_told() {
        let wanted = "request, route, token, a issuer, a client_authentication, a cache, a claims, \
            a signature, a user, b issuer, b client_authentication, b cache, b claims, \
            b signature, b user, role_mapping, run_as, require_roles";
        for told in [
            "request!",
            "request, route, token!",
            "request, route, token, a issuer, a claims!",
            "request, route, token, a cache",
            "run_as, b user, token",
        ] {
            let lines = lines(told);
            let steps: Vec<_> = lines.iter().map(|line| line.split(':').next().unwrap()).collect();
            assert_eq!(steps.join(", "), wanted, "{told}");
        }
    }

    #[test]
    fn an_accepted_token_passes_all_that_was_needed_and_a_foreign_realm_was_passed_over() {
        let told = "request, route, token, a issuer!, b issuer, b client_authentication, b claims, \
            b signature, b user, run_as";
        assert_eq!(
            lines(told)[1..],
            [
                "route: passed: no rule forbids it",
                "token: passed: a JWT",
                "a issuer: failed: token_expired: for who has the token",
                "a client_authentication: skipped: passed over: the token is another issuer's",
                "a cache: skipped: passed over: the token is another issuer's",
                "a claims: skipped: passed over: the token is another issuer's",
                "a signature: skipped: passed over: the token is another issuer's",
                "a user: skipped: passed over: the token is another issuer's",
                "b issuer: passed: iss is [ib]",
                "b client_authentication: passed: previous: it has the secret before a change",
                "b cache: skipped: nothing is remembered from one run to the next",
                "b claims: passed: every check of header and claims passed",
                "b signature: passed: a key of the realm verifies it",
                "b user: passed: user [ana]",
                "role_mapping: skipped: there are no role mappings",
                "run_as: passed: nobody else is asked for",
                "require_roles: skipped: no rule asks for roles",
            ]
        );
    }

    #[test]
    fn what_was_not_reached_says_why() {
        for (told, wanted) in [
            ("request!", "route: skipped: not reached: request failed"),
            ("token!", "a cache: skipped: not reached: token failed"),
            ("token!", "run_as: skipped: not reached: token failed"),
            (
                "a issuer, a user!",
                "role_mapping: skipped: not reached: no realm accepted the token",
            ),
            ("a issuer, a user", "b user: skipped: not asked: realm [a] accepted the token"),
            ("a issuer, a user!", "b user: skipped: not asked: the chain had ended before"),
            ("a issuer, a claims!, b issuer", "a user: skipped: not reached: claims failed"),
            ("a issuer!, b issuer!", "run_as: skipped: not reached: no realm accepted the token"),
            ("a user, run_as!", "require_roles: skipped: not reached: run_as failed"),
        ] {
            let lines = lines(told);
            assert!(lines.iter().any(|line| line == wanted), "{wanted}: {lines:#?}");
        }
    }

    #[test]
    fn a_failure_without_a_place_in_the_order_has_a_line_of_its_own() {
        let empty_secret = lines("request, route, token, client_authentication!");
        assert_eq!(empty_secret.len(), 19);
        let wanted = [
            "client_authentication: failed: token_expired: for who has the token",
            "a issuer: skipped: not reached: client_authentication failed",
        ];
        assert_eq!(empty_secret[3..5], wanted);
        let wanted = "identity: failed: token_expired: for who has the token";
        assert_eq!(lines("a user, run_as, identity!")[18], wanted);
        assert_eq!(lines("a user, run_as, identity").len(), 18);
    }
}
