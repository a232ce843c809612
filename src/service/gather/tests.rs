//! What waits for room, and what does not; what no frame ever holds.

use std::sync::mpsc;

use tempfile::TempDir;
use tokio::sync::oneshot;

use super::*;
use crate::{
    engine::{
        Engine,
        input::{MailOutcome, MailResult, NewRules},
        outbox::IntentId,
    },
    journal::{Options, Reader},
    rules::{RuleSource, SourceFile},
    service::{
        handle::Handle,
        tests::{conf, refused},
    },
};

/// A journal whose first segment, of 4 KiB, may be the only one.
const FULL: Options = Options {
    semantics: 1,
    first_segment: 4096,
    max_segment: 8 << 20,
    max_frame: 8 << 20,
    max_bytes: Some(8192),
};

const ROOMY: Options = Options {
    max_bytes: None,
    ..FULL
};

struct Gathering {
    gatherer: Gatherer,
    gathered: Gathered,
    handle: Handle,
    batches: mpsc::Receiver<Batch>,
    _folder: TempDir,
}

impl Gathering {
    fn new(options: Options) -> Self {
        let folder = TempDir::new().unwrap();
        let (handle, submissions) = Handle::new(100_000);
        let (durable, batches) = mpsc::sync_channel(10);
        let gatherer = Gatherer {
            journal: Journal::open(&folder.path().join("data"), options).unwrap().journal,
            clock: Clock::starting_after(Time::MIN, None),
            submissions,
            waiting: VecDeque::new(),
            full_until: None,
            durable,
            room: Arc::new(Room::new()),
            most: 1000,
            fatal: Fatal(tokio::sync::mpsc::channel(1).0),
            metrics: Arc::new(Metrics::new()),
        };
        Self {
            gatherer,
            gathered: Gathered::default(),
            handle,
            batches,
            _folder: folder,
        }
    }

    /// Gathers once what was submitted, at a time when a full disk is tried again; hands back what is to be decided upon.
    fn once(&mut self) -> Option<Batch> {
        self.gatherer.full_until = None;
        assert!(self.gatherer.gather(&mut self.gathered));
        assert!(self.gatherer.pass_on(&mut self.gathered));
        self.batches.try_recv().ok()
    }

    fn submit(&self, submission: Submission) {
        self.handle.queue.try_send(submission).ok().unwrap();
    }

    fn ask(&self) {
        self.submit(Submission::Query(Box::new(|_: &Engine| ())));
    }

    /// Submits the end of a mail, which nobody waits for, and which a segment of 4 KiB has no place for.
    fn large_outcome(&self) {
        let outcome = MailOutcome {
            intent: IntentId(1),
            attempt: 1,
            result: MailResult::Deferred("x".repeat(5000)),
        };
        self.submit(Submission::Input {
            input: Box::new(Input::Mail(outcome)),
            applied: None,
        });
    }

    /// Submits rules that somebody waits for, and which a segment of 4 KiB has no place for.
    fn large_rules(&self) -> oneshot::Receiver<Result<(), Unavailable>> {
        let (applied, told) = oneshot::channel();
        let file = SourceFile {
            name: "rules.yaml".to_owned(),
            text: "x".repeat(5000),
        };
        let input = Input::Rules(NewRules {
            source: Arc::new(RuleSource { files: vec![file] }),
            compiled: None,
        });
        self.submit(Submission::Input {
            input: Box::new(input),
            applied: Some(applied),
        });
        told
    }

    fn reader(&self) -> Reader {
        self.gatherer.journal.reader()
    }
}

fn is_query(submission: &Submission) -> bool {
    matches!(submission, Submission::Query(_))
}

#[test]
fn without_room_questions_go_on_and_ticks_do_not_pile_up() {
    let mut it = Gathering::new(FULL);
    it.large_outcome();
    assert!(it.once().is_none());
    assert!(!it.gatherer.room.has(Of::Journal));
    for _ in 0..3 {
        assert!(it.handle.tick());
        it.ask();
        let batch = it.once().unwrap();
        assert!(batch.submissions.len() == 1 && is_query(&batch.submissions[0]));
    }
    assert_eq!(it.gatherer.waiting.len(), 1, "the outcome alone");
}

#[test]
fn what_waited_goes_first_when_there_is_room() {
    let mut it = Gathering::new(FULL);
    it.large_outcome();
    assert!(it.once().is_none());
    assert_eq!(it.gatherer.waiting.len(), 1);

    let roomy = Gathering::new(ROOMY);
    it.gatherer.journal = roomy.gatherer.journal;
    it.ask();
    let batch = it.once().unwrap();
    assert!(matches!(batch.submissions[0], Submission::Input { .. }) && is_query(&batch.submissions[1]));
    assert!(it.gatherer.waiting.is_empty() && it.gatherer.has_room());
}

#[test]
fn without_room_whoever_waits_is_told() {
    let mut it = Gathering::new(FULL);
    let mut told = it.large_rules();
    assert!(it.once().is_none());
    assert_eq!(told.try_recv(), Ok(Err(Unavailable::NoSpace)));
    assert!(it.gatherer.waiting.is_empty());
}

#[test]
fn there_is_room_when_there_is_for_the_largest_frame() {
    let mut it = Gathering::new(FULL);
    let _told = it.large_rules();
    assert!(it.once().is_none());
    let write = |it: &mut Gathering| {
        assert!(it.handle.tick());
        it.once().unwrap()
    };
    write(&mut it);
    assert!(!it.gatherer.has_room(), "a small frame had a place");

    let roomy = Gathering::new(ROOMY);
    it.gatherer.journal = roomy.gatherer.journal;
    write(&mut it);
    assert!(it.gatherer.has_room());
}

#[tokio::test]
async fn the_time_in_the_queue_counts() {
    let mut it = Gathering::new(ROOMY);
    let before = Instant::now();
    let _answers = [
        it.handle.notify_later(vec![conf("1")]).await.unwrap(),
        it.handle.notify_later(vec![conf("2")]).await.unwrap(),
    ];
    let between = Instant::now();
    let batch = tokio::task::spawn_blocking(move || it.once().unwrap()).await.unwrap();
    assert!((before..between).contains(&batch.submitted_at));
}

#[tokio::test]
async fn what_no_frame_holds_is_refused_and_costs_nothing_else() {
    let mut it = Gathering::new(ROOMY);
    let many = (0..50_000).map(|party| refused(&"x".repeat(100), &party.to_string()));
    let large = it.handle.notify_later(many.collect()).await.unwrap();
    let small = it.handle.notify_later(vec![conf("1")]).await.unwrap();
    let (it, batch) = tokio::task::spawn_blocking(move || {
        let batch = it.once();
        (it, batch)
    })
    .await
    .unwrap();
    assert_eq!(large.await.unwrap(), Err(Unavailable::TooLarge));
    assert_eq!(batch.unwrap().submissions.len(), 1);
    assert_eq!(it.gatherer.journal.next_offset(), 1);
    drop(small);
}

#[test]
fn the_journal_is_trimmed_whatever_was_asked_before() {
    let mut it = Gathering::new(ROOMY);
    assert!(it.handle.tick());
    it.once().unwrap();
    let _told = it.large_rules();
    it.once().unwrap();
    let earliest = it.reader().earliest();
    it.ask();
    it.submit(Submission::Trim(Keep {
        since: Time::MIN,
        bytes: 0,
        from: 1,
    }));
    it.once().unwrap();
    assert!(it.reader().earliest() > earliest);
}
