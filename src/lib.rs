//! Realmgate: an Envoy `ext_authz` service that authenticates as Elasticsearch's security realms
//! do.
//!
//! # The way of one check
//!
//! ```text
//! server::edge       which service a call is for; `Check` goes straight on
//! server::ext_authz  the deadline, the limit of checks in flight, and what no fault gets past
//! server::view       bytes            → request::RequestView     protobuf ends here
//! engine::authorize  request, now     → Decision
//!   request            each credential header once              → Sent
//!   route              what no rule allows is refused
//!   token              bearer value   → Compact → Token          strict, bounded
//!   realm::chain       each realm in order, until one accepts
//!     issuer             another issuer's token is passed over
//!     client_auth        secret       → ClientKnown              first, on every request
//!     jwt::memory        digest       → User?                    a token that was found good before
//!     token::claims      Token        → ClaimsChecked            typ iss sub aud alg iat exp nbf auth_time …
//!     token::signature   claims       → Verified                 public keys: on threads of their own
//!     user               both proofs  → User
//!   run_as             refused until roles exist
//!   identity           User           → Allow                    headers to set and to remove
//! observe            one count, one log line, one latency
//! server::respond    Decision         → bytes                    protobuf begins again
//! ```
//!
//! Every arrow is a function that returns a new value. A step that has checked something returns
//! the proof as a type that only it can make, so no step can be left out, and there is no way to a
//! [`User`](engine::user::User) but through all of them.
//!
//! Where a realm remembers the token, the chain is walked without parsing it:
//! [`recall`](engine::realm::recall) finds what the line would find, or leaves it to the line.
//! Nothing waits but a signature of a public key: for a thread, and where it is not good for other
//! keys, as long as the check's deadline lets it.
//!
//! # Where keys come from
//!
//! Each file and each URL is one [`Source`](jwks::Source), whatever realms read it. A load is a task
//! of a thread for loads, so nobody who waits can end it. Who asks for other keys begins a load,
//! joins the one under way, or goes on with the keys at hand: a machine without clock or task says
//! which (`jwks::reloads`), and a model test walks it. What was loaded is one value, of which each
//! realm has its own view; the engine takes it once for each try.
//!
//! # What is in force
//!
//! A check takes one value, [`InForce`](server::ext_authz::InForce): the snapshot that decides, the
//! answers' fixed parts, the observer. A thread of its own looks at the files that the configuration
//! was made of; a new version that two looks agree on is read whole, held against the running one
//! and put in its place by one store, or refused and told. `app::build` is the only place that
//! carries anything over.
//!
//! # The bands, and who may import whom
//!
//! * [`engine`] decides: values in, values out. It knows no runtime, transport, clock, file or log,
//!   so that another host than the gRPC edge can carry it.
//! * [`settings`] knows what was configured, and makes values of the engine out of it; [`jwks`]
//!   knows what a key set says, and fetches one.
//! * [`observe`] counts and logs what the engine decided, as a [`Witness`](engine::Witness) of it.
//! * [`server`] and [`http`] are the edges.
//! * [`app`] is the only place that knows all parts; `cli` and the demo start it. `cli`'s `explain`
//!   is a third witness, of one request and without a service.
//!
//! A test reads the sources' imports and keeps this so.
//!
//! # Where to begin reading
//!
//! [`engine::authorize`], then [`engine::realm::jwt`], then [`engine::identity`], then
//! [`server::ext_authz`].

pub mod app;
pub mod cli;
pub mod engine;
pub mod http;
pub mod jwks;
pub mod observe;
mod one_line;
pub mod server;
pub mod settings;
