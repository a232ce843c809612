//! The driver on a real folder: what it does when the engine fails, and what a start makes of what was left.

use std::path::Path;

use tempfile::TempDir;

use super::{snapshots::Retention, *};
use crate::{
    clock,
    engine::{POISON, RuleSight, SEMANTICS, effect::Answer},
    journal::{Options, codec},
    metrics::Exposition,
    model::{Conf, ConferenceStatus, DisconnectReason, Notification, ParticipantStatus, Party, Payload, Time},
    rules::{RuleSource, SourceFile, compile},
};

const RULES: &str = "
rules:
  - name: refused
    when: party.disconnect_reason == PORT_FULL
    summary: no free port
";

pub(super) fn settings(data: &Path) -> ServiceSettings {
    ServiceSettings {
        data: Opening::begin(data.join("data")),
        engine: Settings::default(),
        mail: MailSettings {
            folder: Some(data.join("outbox")),
            ..MailSettings::default()
        },
        hands: None,
        queue: 1000,
        commit: 1000,
        ring: 16,
        keep_journal: Duration::from_hours(1),
        keep_bytes: 1 << 30,
        keep_alerts: Duration::from_hours(1),
    }
}

pub(super) fn rules(text: &str) -> Arc<RuleSet> {
    let files = vec![SourceFile {
        name: "rules.yaml".to_owned(),
        text: text.to_owned(),
    }];
    Arc::new(compile::compile(&Arc::new(RuleSource { files })).unwrap().set)
}

pub(crate) async fn start(folder: &TempDir) -> Service {
    start_with(folder, RULES).await
}

pub(super) async fn start_with(folder: &TempDir, text: &str) -> Service {
    Service::start(settings(folder.path()), Some(rules(text)), Arc::new(Metrics::new()))
        .await
        .unwrap()
}

fn notification(payload: Payload) -> Notification {
    Notification {
        source: "anonymous".into(),
        id: None,
        occurred_at: None,
        payload,
    }
}

pub(super) fn conf(billing_code: &str) -> Notification {
    let status = ConferenceStatus::MEETING_START;
    notification(Payload::Conf(Conf {
        billing_code: billing_code.into(),
        status,
        extra: None,
    }))
}

pub(super) fn refused(billing_code: &str, party_id: &str) -> Notification {
    notification(Payload::Party(Party {
        country: "86".into(),
        disconnect_reason: Some(DisconnectReason::PORT_FULL),
        ..Party::new(billing_code, party_id, ParticipantStatus::DISCONNECTED)
    }))
}

pub(super) async fn notify(service: &Service, items: Vec<Notification>) -> Vec<Answer> {
    service.handle.notify(items).await.unwrap()
}

fn accepted(sequences: impl IntoIterator<Item = u64>) -> Vec<Answer> {
    sequences
        .into_iter()
        .map(|sequence| Answer::Accepted { sequence })
        .collect()
}

/// The bytes of everything that was said.
fn said(service: &Service) -> Vec<bytes::Bytes> {
    service
        .events
        .after(None)
        .unwrap()
        .map(|record| record.unwrap().bytes)
        .collect()
}

#[tokio::test]
async fn an_input_that_the_engine_fails_on_is_left_out_for_good() {
    let folder = TempDir::new().unwrap();
    let service = start(&folder).await;
    assert_eq!(
        notify(&service, vec![conf("1"), refused("1", "a")]).await,
        accepted([1, 2])
    );
    let answers = notify(&service, vec![refused("2", "a"), conf(POISON), refused("3", "a")]).await;
    assert_eq!(
        answers,
        [
            Answer::Accepted { sequence: 3 },
            Answer::Skipped,
            Answer::Accepted { sequence: 4 }
        ]
    );
    let before = said(&service);
    assert_eq!(before.len(), 3);
    let skipped = service
        .handle
        .query(|engine| engine.counts().inputs_skipped)
        .await
        .unwrap();
    assert_eq!(skipped, 1);
    service.stop(Duration::from_secs(5)).await;
    // Without its snapshots the next start meets the input again.
    std::fs::remove_dir_all(folder.path().join("data/snapshots")).unwrap();

    let service = start(&folder).await;
    assert_eq!(said(&service), before);
    let open = service
        .handle
        .query(|engine| engine.open_alerts().count())
        .await
        .unwrap();
    assert_eq!(open, 3);
    assert_eq!(notify(&service, vec![conf("4")]).await, accepted([5]));
    service.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_rule_that_the_engine_fails_on_twice_is_set_aside() {
    let folder = TempDir::new().unwrap();
    let rules = format!("{RULES}  - {{ name: {POISON}, when: party.disconnect_reason == PORT_FULL }}\n");
    let service = start_with(&folder, &rules).await;
    let sight = |service: &Service| {
        let handle = service.handle.clone();
        async move { handle.query(|engine| engine.sight_of(1)).await.unwrap() }
    };
    assert_eq!(notify(&service, vec![refused("1", "a")]).await, [Answer::Skipped]);
    assert_eq!(sight(&service).await, RuleSight::Sees);
    assert_eq!(notify(&service, vec![refused("2", "a")]).await, [Answer::Skipped]);
    assert_eq!(sight(&service).await, RuleSight::Failed);
    // The others go on.
    assert_eq!(notify(&service, vec![refused("3", "a")]).await, accepted([1]));
    let before = said(&service);
    assert_eq!(before.len(), 1);
    service.stop(Duration::from_secs(5)).await;
    std::fs::remove_dir_all(folder.path().join("data/snapshots")).unwrap();

    // What was decided without it is decided so again; then it is given another chance.
    let service = start_with(&folder, &rules).await;
    assert_eq!(said(&service), before);
    assert_eq!(sight(&service).await, RuleSight::Sees);
    assert_eq!(notify(&service, vec![refused("4", "a")]).await, [Answer::Skipped]);
    assert_eq!(sight(&service).await, RuleSight::Failed);
    service.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_start_from_a_snapshot_goes_on_where_the_last_one_ended() {
    let folder = TempDir::new().unwrap();
    let service = start(&folder).await;
    assert_eq!(
        notify(&service, vec![conf("1"), refused("1", "a")]).await,
        accepted([1, 2])
    );
    service.stop(Duration::from_secs(5)).await;

    let service = start(&folder).await;
    assert_eq!(notify(&service, vec![refused("1", "b")]).await, accepted([3]));
    let occurrences = service
        .handle
        .query(|engine| engine.open_alerts().map(|alert| alert.occurrences).sum::<u64>());
    assert_eq!(occurrences.await.unwrap(), 2);
    service.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn too_many_at_once_are_refused() {
    let folder = TempDir::new().unwrap();
    let service = start(&folder).await;
    let many = || (0..600).map(|_| conf("1")).collect();
    // The second is submitted while the first waits to be durable.
    let (first, second) = tokio::join!(service.handle.notify(many()), service.handle.notify(many()));
    assert_eq!(first.map(|answers| answers.len()), Ok(600));
    assert_eq!(second, Err(Unavailable::QueueFull));
    // Few large ones take as much room.
    let large = || {
        (0..20)
            .map(|party| refused(&"x".repeat(30 << 10), &party.to_string()))
            .collect()
    };
    let (first, second) = tokio::join!(service.handle.notify(large()), service.handle.notify(large()));
    assert_eq!(first.map(|answers| answers.len()), Ok(20));
    assert_eq!(second, Err(Unavailable::QueueFull));
    service.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_thread_that_panics_ends_the_process() {
    let folder = TempDir::new().unwrap();
    let mut service = start(&folder).await;
    let asked = service.handle.query(|_| -> () { panic!("a defect") }).await;
    assert_eq!(asked, Err(Unavailable::Stopping));
    let cause = service.failure.recv().await.unwrap();
    assert!(cause.to_string().contains("the engine thread panicked"), "{cause}");
}

#[tokio::test]
async fn what_is_kept_goes_by_the_time_of_the_service() {
    let folder = TempDir::new().unwrap();
    let time = Time::from_nanos(946_684_800_000_000_000);
    let settings = ServiceSettings {
        hands: Some(Hands::at(time)),
        ..settings(folder.path())
    };
    let service = Service::start(settings, Some(rules(RULES)), Arc::new(Metrics::new()));
    let service = service.await.unwrap();
    let hour = Retention {
        age: Duration::from_hours(1),
        bytes: 0,
    };
    let mut kept = Vec::new();
    for meeting in ["1", "2", "3"] {
        notify(&service, vec![conf(meeting)]).await;
        service.handle.sync_events().await.unwrap();
        let until = service.journal.next_offset();
        kept.push(
            snapshots::make(&service.recovery, until, hour, &|| Ok(()))
                .unwrap()
                .map(|keep| keep.since),
        );
    }
    assert_eq!(kept, [None, None, Some(time.minus(hour.age))]);
    service.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_snapshot_waits_for_a_peak_to_pass_but_not_for_ever() {
    // Nobody takes what is submitted.
    let (handle, _submissions) = Handle::new(100_000);
    let (decided, reached) = watch::channel(0);
    let peak = snapshots::Peak {
        handle: handle.clone(),
        decided: reached,
        ends_at: 10,
    };
    let _few = handle.notify_later(vec![conf("1"); snapshots::PEAK - 1]).await.unwrap();
    assert!(!peak.lasts());
    let _enough = handle.notify_later(vec![conf("1")]).await.unwrap();
    assert!(peak.lasts());
    decided.send(10).unwrap();
    assert!(!peak.lasts());
}

#[tokio::test]
async fn the_counts_of_a_rule_outlive_a_change_of_its_place() {
    let folder = TempDir::new().unwrap();
    let metrics = Arc::new(Metrics::new());
    let service = Service::start(settings(folder.path()), Some(rules(RULES)), Arc::clone(&metrics));
    let service = service.await.unwrap();
    let look = async |service: &Service| {
        let metrics = Arc::clone(&metrics);
        let looked = service.handle.query(move |engine| metrics.observe(engine));
        looked.await.unwrap();
    };
    look(&service).await;
    notify(&service, vec![refused("1", "a"), refused("1", "b")]).await;
    look(&service).await;
    let another = "rules:\n  - { name: another, when: party.status == SPEAKING }\n";
    let moved = RULES.replace("\nrules:\n", another);
    put_in_force(&service.handle, rules(&moved)).await.unwrap();
    look(&service).await;
    notify(&service, vec![refused("1", "c")]).await;
    look(&service).await;
    let text = metrics.encode(Exposition::Text).unwrap();
    for (rule, matches) in [("refused", 3), ("another", 0)] {
        let series = format!("bellwether_rule_matches_total{{rule=\"{rule}\"}} {matches}\n");
        assert!(text.contains(&series), "{text}");
    }
    service.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_start_that_nobody_waits_for_leaves_the_folder() {
    let folder = TempDir::new().unwrap();
    let begin = || Service::start(settings(folder.path()), Some(rules(RULES)), Arc::new(Metrics::new()));
    let dropped = tokio::time::timeout(Duration::ZERO, begin()).await;
    assert!(dropped.is_err());
    let again = async {
        loop {
            match begin().await {
                Err(StartError::Journal(JournalError::Locked { .. })) => tokio::task::yield_now().await,
                started => return started.unwrap(),
            }
        }
    };
    let service = tokio::time::timeout(Duration::from_secs(20), again).await.unwrap();
    service.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_state_that_nobody_waits_for_is_not_made() {
    let folder = TempDir::new().unwrap();
    let service = start(&folder).await;
    notify(&service, vec![conf("1")]).await;
    let given_up = CancellationToken::new();
    given_up.cancel();
    let until = service.journal.next_offset();
    let made = service
        .recovery
        .replay_from(None, until, &|| recovery::awaited(&given_up))
        .map(drop);
    assert!(matches!(made, Err(RecoveryError::GivenUp)), "{made:?}");
    service.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_the_engine_failed_on_is_looked_for_without_holding_anybody_up() {
    let folder = TempDir::new().unwrap();
    let service = start(&folder).await;
    notify(&service, vec![conf("1"), conf(POISON)]).await;
    service.stop(Duration::from_secs(5)).await;
    // From its snapshot on: what comes before has yet to be read.
    let service = start(&folder).await;
    let recovery = &service.recovery;
    let looked = std::cell::Cell::new(0);
    let given_up = recovery.skipped_from(0, || {
        assert!(recovery.skips.try_lock().is_ok());
        looked.update(|times| times + 1);
        match looked.get() {
            1 => Ok(()),
            _ => Err(RecoveryError::GivenUp),
        }
    });
    assert!(matches!(given_up, Err(RecoveryError::GivenUp)));
    let all = recovery.skipped_from(0, || Ok::<_, RecoveryError>(())).unwrap();
    assert_eq!(all.len(), 1);
    let known = recovery.skipped_from(0, || Err(RecoveryError::GivenUp)).unwrap();
    assert_eq!(known, all);
    service.stop(Duration::from_secs(5)).await;
}

/// A version that does not fail any more on what an earlier one left out goes on leaving it out.
#[tokio::test]
async fn what_was_left_out_stays_so_though_the_engine_would_take_it() {
    let folder = TempDir::new().unwrap();
    let options = Options {
        semantics: SEMANTICS,
        ..Options::default()
    };
    let mut journal = Journal::open(&folder.path().join("data"), options).unwrap().journal;
    for input in [
        Input::Start(Settings::default()),
        new_rules(rules(RULES)),
        Input::Notification(refused("1", "a")),
        Input::Skip { offset: 2, rule: None },
    ] {
        let mut payload = Vec::new();
        codec::encode(&input, &mut payload).unwrap();
        journal.append(clock::wall(), 1, &payload).unwrap();
    }
    drop(journal);

    let service = start(&folder).await;
    assert_eq!(said(&service).len(), 0, "found where the journal says so");
    assert_eq!(notify(&service, vec![refused("2", "a")]).await, accepted([1]));
    let before = said(&service);
    assert_eq!(before.len(), 1);
    service.stop(Duration::from_secs(5)).await;
    std::fs::remove_dir_all(folder.path().join("data/snapshots")).unwrap();

    let service = start(&folder).await;
    assert_eq!(said(&service), before, "found before it says what was not said");
    service.stop(Duration::from_secs(5)).await;
}
