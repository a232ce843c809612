//! Lists that the server gives page by page.

use tonic::Status;

/// Asks for page after page, each with its size and the token of the page before, until there are so many or no more.
pub(super) async fn list<T>(
    limit: usize,
    mut ask: impl AsyncFnMut(i32, String) -> Result<(Vec<T>, String), Status>,
) -> Result<Vec<T>, Status> {
    // The same on every page: a token belongs to the request that it came of.
    let size = i32::try_from(limit).unwrap_or(i32::MAX).min(1_000);
    let mut all = Vec::new();
    let mut token = String::new();
    while all.len() < limit {
        let (page, next) = ask(size, token).await?;
        all.extend(page);
        token = next;
        if token.is_empty() {
            break;
        }
    }
    all.truncate(limit);
    Ok(all)
}
