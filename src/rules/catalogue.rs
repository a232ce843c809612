//! The ready-made rules of `rules/`, built into the binary: what is in force where no rule files are named.

use super::{RuleSource, SourceFile};

const FILES: [(&str, &str); 6] = [
    ("catalogue/calls.yaml", include_str!("../../rules/calls.yaml")),
    ("catalogue/capacity.yaml", include_str!("../../rules/capacity.yaml")),
    ("catalogue/meetings.yaml", include_str!("../../rules/meetings.yaml")),
    ("catalogue/people.yaml", include_str!("../../rules/people.yaml")),
    ("catalogue/recording.yaml", include_str!("../../rules/recording.yaml")),
    ("catalogue/upstream.yaml", include_str!("../../rules/upstream.yaml")),
];

/// The catalogue.
pub fn source() -> RuleSource {
    let files = FILES.iter().map(|(name, text)| SourceFile {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
    });
    RuleSource { files: files.collect() }
}
