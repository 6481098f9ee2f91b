//! A folder as Kubernetes mounts a `ConfigMap` or a Secret: its files are links through `..data` to a
//! version's own folder, and a new version comes by one rename of that link.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

static VERSION: AtomicU64 = AtomicU64::new(0);

/// Makes `files` the version of the mount at `at`, whether there was one before or not.
pub(crate) fn swap(at: &Path, files: &BTreeMap<String, Vec<u8>>) {
    let version = format!("..version_{}", VERSION.fetch_add(1, Ordering::Relaxed));
    fs::create_dir_all(at.join(&version)).unwrap();
    for (name, content) in files {
        fs::write(at.join(&version).join(name), content).unwrap();
    }
    let before = fs::read_link(at.join("..data")).ok();
    symlink(&version, at.join("..data_tmp")).unwrap();
    fs::rename(at.join("..data_tmp"), at.join("..data")).unwrap();
    for name in files.keys().filter(|name| fs::symlink_metadata(at.join(name)).is_err()) {
        symlink(Path::new("..data").join(name), at.join(name)).unwrap();
    }
    for entry in fs::read_dir(at).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.starts_with("..") && !files.contains_key(&name) {
            fs::remove_file(at.join(name)).unwrap();
        }
    }
    if let Some(before) = before {
        fs::remove_dir_all(at.join(before)).unwrap();
    }
}
