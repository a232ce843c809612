//! What an explanation does while another is made, and when its caller goes away. What it says is in `tests/it/explain.rs`.

use tokio::{runtime::Handle, sync::oneshot};
use tonic::{Code, Status};

use super::*;

#[tokio::test]
async fn one_is_made_at_a_time_and_given_up_with_its_caller() {
    let place = Arc::new(Semaphore::new(1));
    let (begun, begins) = oneshot::channel();
    let (ended, ends) = oneshot::channel();
    let first = run(&place, None, move |given_up| {
        begun.send(()).unwrap();
        Handle::current().block_on(given_up.cancelled());
        ended.send(()).unwrap();
        Err(ExplainError::TooMuch)
    });
    tokio::select! {
        explained = first => panic!("{explained:?}"),
        begun = begins => begun.unwrap(),
    }
    // Its call has been dropped.
    ends.await.unwrap();
    let _free = place.acquire().await.unwrap();
    let second = run(&place, None, |_| Err(ExplainError::Unheard)).await;
    assert_eq!(Status::from(second.unwrap_err()).code(), Code::ResourceExhausted);
}
