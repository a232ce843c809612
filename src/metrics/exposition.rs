//! The two texts that Prometheus reads. The library writes OpenMetrics; the older text differs in how it names counters, and is what
//! `promtool check metrics` and plain scrapers expect.

use std::fmt::{self, Write as _};

use prometheus_client::{encoding::text, registry::Registry};

/// How metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposition {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus text 0.0.4.
    Text,
}

impl Exposition {
    /// The better of the two that a request with this `Accept` header reads.
    pub fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") {
            Self::OpenMetrics
        } else {
            Self::Text
        }
    }

    /// Its media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    pub(super) fn encode(self, registry: &Registry) -> Result<String, fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, registry)?;
        match self {
            Self::OpenMetrics => Ok(out),
            Self::Text => older(&out),
        }
    }
}

/// Rewrites OpenMetrics as the older text: a counter's family bears `_total` itself, and there is neither unit nor end mark.
fn older(open: &str) -> Result<String, fmt::Error> {
    let mut out = String::with_capacity(open.len());
    let mut help = None;
    for line in open.lines() {
        match line.splitn(4, ' ').collect::<Vec<_>>()[..] {
            ["#", "HELP", _, text] => help = Some(text),
            ["#", "TYPE", name, kind] => {
                let suffix = if kind == "counter" { "_total" } else { "" };
                if let Some(help) = help.take() {
                    writeln!(out, "# HELP {name}{suffix} {help}")?;
                }
                writeln!(out, "# TYPE {name}{suffix} {kind}")?;
            }
            ["#", ..] => {}
            _ => writeln!(out, "{line}")?,
        }
    }
    Ok(out)
}
