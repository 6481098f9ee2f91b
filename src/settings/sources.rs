//! Where a configuration stands, and its versions: what was read, and what it makes.
//!
//! The one rule: a version is made of bytes that were read once, and says which.

use super::document::{self, Document};
use super::files::{Files, Reader, Reading};
use super::key_files::{self, KeyFiles};
use super::key_urls::KeyUrls;
use super::keystore::Keystore;
use super::problems::{Place, Problems, Read};
use super::section::Section;
use super::{Grpc, Loaded, Settings, assemble, loaded, service};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The places of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    config: PathBuf,
    keystore: Option<PathBuf>,
}

/// A configuration as it stood at one moment.
#[derive(Debug)]
pub struct Version {
    /// What it makes.
    pub made: Result<Loaded, Problems>,
    /// The key files that it names, and those that what is in force names: that may stay so.
    pub key_files: KeyFiles,
    /// What it was made of.
    pub reading: Reading,
}

impl Sources {
    /// The file `config` and the folder `keystore`: the given one, or else the one that stands
    /// beside the file, if there is one.
    pub fn new(config: &Path, keystore: Option<&Path>) -> Self {
        Self { config: config.to_owned(), keystore: keystore.map(Path::to_owned) }
    }

    /// Reads what stands there now. Where a version is `in_force` already, what a running service
    /// cannot change is a problem.
    pub fn read(&self, in_force: Option<&Settings>) -> Version {
        let reader = Rc::new(Reader::default());
        let (folder, is_named) = match &self.keystore {
            Some(folder) => (folder.clone(), true),
            None => (self.config.with_file_name("keystore"), false),
        };
        // Looked at also where there is none, so that one that appears later is noticed.
        let names = reader.folder(&folder);
        let is_none = names.as_ref().is_err_and(|error| is_nowhere(error.kind()));
        let mut problems = Problems::new(&self.config, Some(&folder));
        let secrets = if is_none && !is_named {
            Keystore::default()
        } else {
            Keystore::open(&folder, names, &reader, &mut problems)
        };
        let mut key_files = KeyFiles::new();
        let settings = self.settings(&reader, &secrets, in_force, &mut key_files, &mut problems);
        if let Some(in_force) = in_force {
            key_files::add(&in_force.realms, &reader, &mut key_files);
        }
        Version { made: loaded(settings, problems), key_files, reading: reader.reading() }
    }

    fn settings(
        &self,
        reader: &Reader,
        secrets: &Keystore,
        in_force: Option<&Settings>,
        key_files: &mut KeyFiles,
        problems: &mut Problems,
    ) -> Read<(Settings, KeyUrls)> {
        // Absolute, so that what is relative to it does not depend on where the process stands.
        let file = std::path::absolute(&self.config).unwrap_or_else(|_| self.config.clone());
        let folder = file.parent().unwrap_or(Path::new("/"));
        let document = match reader.file(&self.config, document::SIZE) {
            Ok(bytes) => document::read(&bytes, &|name| std::env::var_os(name), problems)?,
            Err(fault) => return Err(problems.report(Place::File, None, fault.to_string())),
        };
        let settings = assemble(&document, secrets, Files { folder, reader }, problems)?;
        key_files::add(&settings.realms, reader, key_files);
        let checked = key_files::check(&document, &settings, in_force, key_files, problems);
        if let Some(in_force) = in_force {
            needs_no_restart(&document, in_force, &settings, problems)?;
        }
        let key_urls = KeyUrls::new(&document, &settings, problems);
        checked.map(|()| (settings, key_urls))
    }
}

/// Whether no folder stands there.
fn is_nowhere(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// What listeners and connections were made with stays as long as they do.
fn needs_no_restart(
    document: &Document,
    in_force: &Settings,
    settings: &Settings,
    problems: &mut Problems,
) -> Read<()> {
    let section = Section::new(service::PREFIX, document, service::TABLE);
    let (was, grpc) = (&in_force.grpc, &settings.grpc);
    // Named, so that none is forgotten; TLS is refused until it is built.
    let Grpc { tls: _, reflection, max_connection_age, max_concurrent_streams } = was;
    let fixed = [
        ("grpc.address", in_force.grpc_address == settings.grpc_address),
        ("http.address", in_force.http_address == settings.http_address),
        ("grpc.reflection", *reflection == grpc.reflection),
        ("grpc.max_connection_age", *max_connection_age == grpc.max_connection_age),
        ("grpc.max_concurrent_streams", *max_concurrent_streams == grpc.max_concurrent_streams),
    ];
    let mut read = Ok(());
    for (suffix, is_same) in fixed {
        if !is_same {
            read = Err(section.wrong(suffix, "a change needs a restart", problems));
        }
    }
    read
}
