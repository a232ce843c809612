//! The ready-made rules of `rules/`, built into the binary: what is in force where no rule files are named.

use super::{RuleSource, SourceFile};

const FILES: [(&str, &str); 4] = [
    ("catalogue/calls.yaml", include_str!("../../rules/calls.yaml")),
    ("catalogue/capacity.yaml", include_str!("../../rules/capacity.yaml")),
    ("catalogue/meetings.yaml", include_str!("../../rules/meetings.yaml")),
    ("catalogue/recording.yaml", include_str!("../../rules/recording.yaml")),
];

/// The catalogue.
pub fn source() -> RuleSource {
    let files = FILES.iter().map(|(name, text)| SourceFile {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
    });
    RuleSource { files: files.collect() }
}
