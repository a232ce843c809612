//! The outcome of tests as JUnit's XML, which CI systems read: a suite a rule file, a case a test.

use std::{collections::BTreeMap, fs::File, path::Path};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Ran;
use crate::{
    cli::failure::Failure,
    rules::{
        RuleSource,
        diagnostic::{Diagnostic, Level},
    },
};

/// Writes the file anew.
pub(super) fn write(path: &Path, report: &Report) -> Result<(), Failure> {
    let failed = |cause| Failure::File {
        path: path.to_owned(),
        source: cause,
    };
    let file = File::create(path).map_err(failed)?;
    report
        .serialize(file)
        .map_err(|cause| failed(std::io::Error::other(cause)))
}

/// Of tests that were run.
pub(super) fn report(ran: &[Ran<'_>], source: &RuleSource) -> Report {
    let mut suites: BTreeMap<usize, TestSuite> = BTreeMap::new();
    for ran in ran {
        let file = ran.script.name.span.file;
        let name = source.files.get(file).map_or("", |file| file.name.as_str());
        suites
            .entry(file)
            .or_insert_with(|| TestSuite::new(name))
            .add_test_case(case(ran, name, source));
    }
    let mut report = Report::new("bellwether test");
    report.add_test_suites(suites.into_values());
    report
}

/// Of rules that cannot be used, so that no test was run: an error for each mistake.
pub(super) fn refused(findings: &[Diagnostic]) -> Report {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.level == Level::Error) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status
            .set_message(finding.message.as_str())
            .set_description(finding.to_string());
        let file = finding.location.file.as_str();
        let mut case = TestCase::new(finding.location.to_string(), status);
        case.set_classname(file);
        suites
            .entry(file)
            .or_insert_with(|| TestSuite::new(file))
            .add_test_case(case);
    }
    let mut report = Report::new("bellwether test");
    report.add_test_suites(suites.into_values());
    report
}

fn case(ran: &Ran<'_>, file: &str, source: &RuleSource) -> TestCase {
    let status = match &ran.failure {
        None => TestCaseStatus::success(),
        Some(failure) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_message(failure.diagnostic.message.as_str())
                .set_description(failure.render(source, false));
            status
        }
    };
    let mut case = TestCase::new(ran.script.name.value.as_str(), status);
    case.set_classname(file).set_time(ran.took);
    case
}
