//! Where a data folder lies, as far as that weakens what it promises. Linux alone is asked; elsewhere nothing is known, and nothing said.

use std::{fmt, path::Path};

#[cfg(target_os = "linux")]
use rustix::fs::{FsWord, NFS_SUPER_MAGIC};

/// Why what is durable in a data folder may be so only in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It lies in memory: tmpfs or ramfs.
    Memory,
    /// It lies on another machine: NFS.
    Network,
}

/// For the operator's log.
impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "the data folder lies in memory; what is acknowledged does not survive a reboot",
            Self::Network => "the data folder lies on NFS; locks and fsync are only as good as its server makes them",
        })
    }
}

/// What is doubtful about the file system that a folder lies on; `None` also where that cannot be told.
#[cfg(target_os = "linux")]
pub fn doubt(folder: &Path) -> Option<Doubt> {
    of(rustix::fs::statfs(folder).ok()?.f_type)
}

/// What is doubtful about file systems of the kind that has this number in the kernel.
#[cfg(target_os = "linux")]
fn of(kind: FsWord) -> Option<Doubt> {
    // The numbers have 32 bits, however wide they are kept.
    const TMPFS: FsWord = 0x0102_1994;
    const RAMFS: FsWord = 0x8584_58f6_u32 as FsWord;
    match kind {
        TMPFS | RAMFS => Some(Doubt::Memory),
        NFS_SUPER_MAGIC => Some(Doubt::Network),
        _ => None,
    }
}

/// What is doubtful about the file system that a folder lies on: nobody knows.
#[cfg(not(target_os = "linux"))]
pub fn doubt(_: &Path) -> Option<Doubt> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn memory_and_network_are_doubtful_and_disks_are_not() {
        // statfs(2): tmpfs, ramfs, NFS, ext4, XFS, btrfs, overlayfs.
        for (kind, doubt) in [
            (0x0102_1994, Some(Doubt::Memory)),
            (0x8584_58f6, Some(Doubt::Memory)),
            (0x6969, Some(Doubt::Network)),
            (0xef53, None),
            (0x5846_5342, None),
            (0x9123_683e, None),
            (0x794c_7630, None),
        ] {
            assert_eq!(of(kind), doubt, "{kind:#x}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_not_doubted() {
        assert_eq!(doubt(Path::new("/nowhere/at/all")), None);
    }
}
