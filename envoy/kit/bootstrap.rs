//! Envoy's configuration as a text: the shipped one, and what a test or the demo changes in it.
//!
//! Rule: every change replaces a text that stands there exactly once, so that what is tested is
//! what is shipped but for the words that the change names.

use std::net::SocketAddr;

/// The configuration that the repository ships.
const SHIPPED: &str = include_str!("../envoy.yaml");

const ANY_HOST: &str = "address: 127.0.0.1, port_value:";
const ADMIN: &str = "port_value: 9901 }";
const LISTENER: &str = "port_value: 10000 }";
const REALMGATE: &str = "port_value: 9191 }";
const UPSTREAM: &str = "port_value: 8080 }";

/// The port that the shipped configuration listens on.
pub(crate) const USUAL_PORT: u16 = 10000;

/// The filter that stands behind Realmgate's.
const ROUTER: &str = "                  - name: envoy.filters.http.router\n";

/// A configuration.
#[derive(Clone, Debug)]
pub(crate) struct Bootstrap(String);

impl Bootstrap {
    /// `envoy.yaml` with the addresses of this run; Envoy picks every port that it listens on.
    pub(crate) fn shipped(realmgate: SocketAddr, upstream: SocketAddr) -> Self {
        // The text names one host everywhere; what would move a peer elsewhere is not built here.
        assert!(realmgate.ip().is_loopback() && upstream.ip().is_loopback() && realmgate.is_ipv4());
        assert_eq!(SHIPPED.matches(ANY_HOST).count(), 4);
        Self(SHIPPED.to_owned())
            .edit(ADMIN, "port_value: 0 }")
            .edit(LISTENER, "port_value: 0 }")
            .edit(REALMGATE, &format!("port_value: {} }}", realmgate.port()))
            .edit(UPSTREAM, &format!("port_value: {} }}", upstream.port()))
    }

    /// The same with the listener on this port; 0 lets Envoy pick.
    pub(crate) fn on_port(self, port: u16) -> Self {
        const LISTENER: &str = "    - name: ingress\n      address:\n        socket_address: { address: 127.0.0.1, port_value: ";
        // Without it two Envoys share a port in silence, and each other's requests.
        const ALONE: &str = "    - name: ingress\n      enable_reuse_port: false\n      address:\n        socket_address: { address: 127.0.0.1, port_value: ";
        self.edit(&format!("{LISTENER}0 }}"), &format!("{ALONE}{port} }}"))
    }

    /// Replaces a text that stands in the configuration exactly once.
    pub(crate) fn edit(self, from: &str, to: &str) -> Self {
        let found = self.0.matches(from).count();
        assert_eq!(found, 1, "{from:?} stands {found} times in the configuration, not once");
        Self(self.0.replace(from, to))
    }

    /// Adds lines to the settings of the `ext_authz` filter.
    pub(crate) fn ext_authz_with(self, line: &str) -> Self {
        const BEFORE: &str = "                      transport_api_version: V3\n";
        self.edit(BEFORE, &format!("{BEFORE}                      {line}\n"))
    }

    /// Puts a filter between Realmgate and the upstream; `yaml` is its list entry, not indented.
    pub(crate) fn filter_behind(self, yaml: &str) -> Self {
        let indent = |text: String, line: &str| text + "                  " + line + "\n";
        let indented = yaml.lines().fold(String::new(), indent);
        self.edit(ROUTER, &format!("{indented}{ROUTER}"))
    }

    /// Speaks HTTP/2 to the upstream, as gRPC wants it.
    pub(crate) fn with_http2_upstream(self) -> Self {
        const UPSTREAM: &str = "    - name: upstream\n      type: STRICT_DNS\n";
        const HTTP2: &str = r#"      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          explicit_http_config: { http2_protocol_options: {} }
"#;
        self.edit(UPSTREAM, &format!("{UPSTREAM}{HTTP2}"))
    }

    /// Lets `CONNECT` through to Realmgate, by a route of its own; the shipped text has none.
    pub(crate) fn with_connect(self) -> Self {
        const ROUTES: &str = "                        - match: { prefix: / }\n";
        const UPGRADES: &str = "                  - upgrade_type: websocket\n";
        const CONNECT: &str = "                        - match: { connect_matcher: {} }
                          route:
                            cluster: upstream
                            upgrade_configs: [{ upgrade_type: CONNECT, connect_config: {} }]
";
        self.edit(ROUTES, &format!("{CONNECT}{ROUTES}"))
            .edit(UPGRADES, &format!("{UPGRADES}                  - upgrade_type: CONNECT\n"))
    }

    /// The text for Envoy.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}
