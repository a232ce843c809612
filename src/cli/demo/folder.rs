//! The demo's folder: the rules, the data and the mails of one run. The mails stay; the rest does where that was asked for.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use crate::{cli::Failure, rules::catalogue};

/// Who is told, and by which route.
const DELIVERY: &str = include_str!("delivery.yaml");

/// How many runs one process id may have left behind.
const ATTEMPTS: u32 = 100;

/// Removes what is not to stay when it is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    keep: bool,
}

impl Folder {
    /// Makes it among the temporary files, and writes the rules: the catalogue, and who is told.
    pub(super) fn make(keep: bool) -> Result<Self, Failure> {
        let base = std::env::temp_dir();
        let root = new_folder(&base).map_err(failed(&base))?;
        let folder = Self { root, keep };
        folder.write_rules().map_err(failed(&folder.rules()))?;
        Ok(folder)
    }

    /// Whether all of it stays.
    pub(super) fn is_kept(&self) -> bool {
        self.keep
    }

    /// What the service keeps.
    pub(super) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// The rule files.
    pub(super) fn rules(&self) -> PathBuf {
        self.root.join("rules")
    }

    /// The mails.
    pub(super) fn mail(&self) -> PathBuf {
        self.root.join("mail")
    }

    fn write_rules(&self) -> io::Result<()> {
        let rules = self.rules();
        fs::create_dir(&rules)?;
        for file in catalogue::source().files {
            let name = Path::new(&file.name).file_name().unwrap_or(file.name.as_ref());
            fs::write(rules.join(name), file.text)?;
        }
        fs::write(rules.join("delivery.yaml"), DELIVERY)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be removed from among the temporary files is removed with them.
            let _ = fs::remove_dir_all(self.data());
            let _ = fs::remove_dir_all(self.rules());
        }
        // These go only if nothing is in them.
        let _ = fs::remove_dir(self.mail());
        let _ = fs::remove_dir(&self.root);
    }
}

/// A folder that was not there before, for this user alone.
fn new_folder(base: &Path) -> io::Result<PathBuf> {
    let process = std::process::id();
    let mut taken = None;
    for attempt in 0..ATTEMPTS {
        let path = base.join(format!("bellwether-demo-{process}-{attempt}"));
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => taken = Some(cause),
            Err(cause) => return Err(cause),
        }
    }
    Err(taken.unwrap_or_else(|| io::ErrorKind::AlreadyExists.into()))
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.to_owned();
    |source| Failure::File { path, source }
}
