//! Each refusal with its code, reason and details.

use tonic_types::{RpcStatusExt as _, StatusExt as _};

use super::*;

#[test]
fn an_error_of_a_call_and_of_an_item_say_the_same() {
    let refused = || Refused::malformed("notification.conf.status", Reason::RequiredFieldMissing);
    let item = tonic_types::Status::from(refused());
    let call = Status::from(refused());
    assert_eq!((item.code, item.message.as_str()), (call.code().into(), call.message()));
    assert_eq!(tonic_types::Status::decode(call.details()), Ok(item.clone()));
    assert_eq!(call.message(), "notification.conf.status: required, but missing");

    let details = item.get_error_details();
    let violation = &details.bad_request().unwrap().field_violations[0];
    assert_eq!(violation.field, "notification.conf.status");
    assert_eq!(violation.description, "required, but missing");
}

#[test]
fn every_refusal_has_its_code_and_reason() {
    let second = Duration::from_secs(1);
    for (refused, code, reason, retries) in [
        (
            Refused::too_many_items("notifications", 1000),
            Code::InvalidArgument,
            "TOO_MANY_ITEMS",
            false,
        ),
        (
            Refused::malformed_message(),
            Code::InvalidArgument,
            "MALFORMED_MESSAGE",
            false,
        ),
        (Refused::invalid_utf8(), Code::InvalidArgument, "INVALID_UTF8", false),
        (
            Refused::message_too_large(),
            Code::ResourceExhausted,
            "MESSAGE_TOO_LARGE",
            false,
        ),
        (Refused::id_reused(7, second), Code::AlreadyExists, "ID_REUSED", false),
        (Refused::queue_full(), Code::ResourceExhausted, "QUEUE_FULL", true),
        (
            Refused::storage_refuses(),
            Code::Unavailable,
            "STORAGE_REFUSES_WRITES",
            true,
        ),
        (Refused::draining(), Code::Unavailable, "DRAINING", true),
        (Refused::reader_stalled(), Code::Unavailable, "READER_STALLED", false),
        (
            Refused::bad_filter(String::new(), 1),
            Code::InvalidArgument,
            "BAD_FILTER",
            false,
        ),
        (
            Refused::cursor_expired(String::new()),
            Code::OutOfRange,
            "CURSOR_EXPIRED",
            false,
        ),
        (
            Refused::cursor_foreign("after_cursor"),
            Code::InvalidArgument,
            "CURSOR_FOREIGN",
            false,
        ),
        (Refused::cursor_ahead(), Code::DataLoss, "CURSOR_AHEAD_OF_LOG", false),
        (Refused::not_found("alert"), Code::NotFound, "NOT_FOUND", false),
        (Refused::internal(), Code::Internal, "INTERNAL", false),
        (Refused::explaining(), Code::ResourceExhausted, "EXPLAINING", true),
        (
            Refused::deadline_passed(),
            Code::DeadlineExceeded,
            "DEADLINE_EXCEEDED",
            false,
        ),
        (
            Refused::too_much_history(),
            Code::DeadlineExceeded,
            "TOO_MUCH_HISTORY",
            false,
        ),
        (
            Refused::history_trimmed(None),
            Code::FailedPrecondition,
            "HISTORY_TRIMMED",
            false,
        ),
    ] {
        assert_eq!(refused.reason(), reason);
        let status = Status::from(refused);
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(
            (status.code(), info.domain.as_str(), info.reason.as_str()),
            (code, DOMAIN, reason)
        );
        let delay = details.retry_info().and_then(|info| info.retry_delay);
        assert_eq!(delay, retries.then_some(second), "{reason}");
        assert!(!status.message().is_empty());
    }
}

#[test]
fn metadata_carries_what_a_client_goes_on_from() {
    let refused = Refused::draining().with_metadata("last_cursor", "c9".to_owned());
    assert_eq!(
        Status::from(refused).get_details_error_info().unwrap().metadata["last_cursor"],
        "c9"
    );

    let refused = Refused::id_reused(7, Duration::from_secs(3600));
    let metadata = Status::from(refused).get_details_error_info().unwrap().metadata;
    assert_eq!(
        (metadata["sequence"].as_str(), metadata["oldest_id_age"].as_str()),
        ("7", "3600s")
    );
}

#[test]
fn an_alert_in_an_error_is_cut_to_what_clients_take() {
    let evidence = |sequence| api::Evidence {
        sequence,
        source: "x".repeat(1000),
        ..api::Evidence::default()
    };
    let long = api::Alert {
        evidence: (0..9).rev().map(evidence).collect(),
        ..api::Alert::default()
    };
    let kept = |alert| {
        let details = Refused::history_trimmed(Some(alert)).details().into_iter();
        let detail = details.rev().find(|detail| detail.type_url == ALERT_TYPE_URL)?;
        let alert = api::Alert::decode(detail.value.as_slice()).unwrap();
        Some(alert.evidence.iter().map(|evidence| evidence.sequence).collect())
    };
    assert_eq!(kept(long), Some(vec![8, 7, 6, 5]));
    let endless = api::Alert {
        description: "x".repeat(LARGEST_ALERT),
        ..api::Alert::default()
    };
    assert_eq!(kept(endless), None);
}
