//! Questions that have been heard and not answered yet: a keeper that ends waits until each asker has its answer.

use std::sync::Arc;

use tokio::sync::watch;

/// Counts them; clones are the same count.
#[derive(Clone, Default)]
pub struct UnderWay(Arc<watch::Sender<usize>>);

/// One question; it counts until dropped.
pub struct Asked(Arc<watch::Sender<usize>>);

impl UnderWay {
    /// A question has been heard.
    pub fn begin(&self) -> Asked {
        self.0.send_modify(|count| *count += 1);
        Asked(Arc::clone(&self.0))
    }

    /// Waits until every question has its answer.
    pub async fn all_answered(&self) {
        // The sender is held here, so the wait ends in no other way.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_wait_ends_with_the_last_answer() {
        let under_way = UnderWay::default();
        under_way.all_answered().await;
        let (first, second) = (under_way.begin(), under_way.begin());
        let waiting = tokio::spawn({
            let under_way = under_way.clone();
            async move { under_way.all_answered().await }
        });
        drop(first);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(second);
        waiting.await.unwrap();
    }
}
