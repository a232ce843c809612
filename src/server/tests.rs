//! What a scrape waits for.

use tempfile::TempDir;
use tokio::sync::oneshot;

use super::*;
use crate::service::tests::start;

#[tokio::test]
async fn a_scrape_does_not_wait_for_an_engine_that_waits() {
    let folder = TempDir::new().unwrap();
    let service = start(&folder).await;
    let figures = Figures {
        handle: service.handle.clone(),
        fanout: Arc::clone(&service.fanout),
        journal: service.journal.clone(),
        archived: service.archived.clone(),
        metrics: Arc::new(Metrics::new()),
    };
    let (go_on, told_to) = std::sync::mpsc::channel::<()>();
    let (waits, waiting) = oneshot::channel();
    let handle = service.handle.clone();
    let held_up = tokio::spawn(async move {
        let wait = move |_: &_| {
            waits.send(()).unwrap();
            told_to.recv().unwrap();
        };
        handle.query(wait).await
    });
    waiting.await.unwrap();
    timeout(Duration::from_secs(20), figures.refresh()).await.unwrap();
    go_on.send(()).unwrap();
    held_up.await.unwrap().unwrap();
    service.stop(Duration::from_secs(5)).await;
}
