//! JUnit XML: a test case per test of the policy.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::cell::told;
use super::headline;
use crate::gate::{GateReport, GateVerdict};

/// The report as JUnit XML. A test that trips the gate is a failure of type `regressed` or `underpowered`; a run that is
/// not comparable is one error; other tests that cannot be decided are skipped.
///
/// # Errors
/// When a text cannot be written as XML.
pub fn junit(report: &GateReport) -> Result<String, quick_junit::SerializeError> {
    let mut suite = TestSuite::new(format!("memgauge gate {}", report.baseline));
    for check in &report.checks {
        let told = told(check);
        let mut status = match check.verdict {
            GateVerdict::Underpowered if !check.trips => TestCaseStatus::skipped(),
            _ if check.trips => TestCaseStatus::non_success(NonSuccessKind::Failure),
            _ => TestCaseStatus::success(),
        };
        if check.verdict == GateVerdict::Underpowered || check.trips {
            status
                .set_type(check.verdict.name())
                .set_message(told.clone());
        }
        let name = format!("{} / {} / {}", check.metric, check.variant, check.slice);
        let mut case = TestCase::new(name, status);
        case.set_classname(format!("gate.{}", report.baseline));
        case.set_system_out(told);
        suite.add_test_case(case);
    }
    for refusal in &report.incomparable {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status
            .set_type("incomparable")
            .set_message(refusal.message.clone());
        let mut case = TestCase::new(format!("comparable / {}", refusal.what), status);
        case.set_classname(format!("gate.{}", report.baseline));
        suite.add_test_case(case);
    }
    suite.set_system_out(headline(report));
    let mut whole = Report::new("memgauge gate");
    whole.add_test_suite(suite);
    whole.to_string()
}
