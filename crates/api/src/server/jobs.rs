//! Blocking work on threads of its own, bounded in number.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

/// Why a job was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobError {
    /// Its turn did not come in time.
    Busy,
    /// It panicked; the log says where.
    Failed,
}

/// Blocking work of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Jobs {
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Jobs {
    pub(super) fn new(places: usize, patience: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), patience }
    }

    /// Does work when its turn comes. The work goes on to its end even if nobody waits for it any
    /// more, and keeps its place until then.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JobError> {
        let turn = tokio::time::timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await;
        let Ok(Ok(place)) = turn else { return Err(JobError::Busy) };
        let job = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        job.await.map_err(|error| {
            tracing::error!("a job failed: {error}");
            JobError::Failed
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    }

    #[test]
    fn beyond_the_bound_a_job_is_told_to_come_again() {
        runtime().block_on(async {
            let jobs = Jobs::new(1, Duration::from_millis(10));
            let (release, held) = std::sync::mpsc::channel::<()>();
            let other = jobs.clone();
            let first = tokio::spawn(async move { other.run(move || held.recv().is_ok()).await });
            while jobs.places.available_permits() > 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!(jobs.run(|| ()).await, Err(JobError::Busy));
            release.send(()).unwrap();
            assert_eq!(first.await.unwrap(), Ok(true));
            assert_eq!(jobs.run(|| 7).await, Ok(7));
        });
    }

    #[test]
    fn a_job_that_panics_frees_its_place() {
        runtime().block_on(async {
            let jobs = Jobs::new(1, Duration::from_secs(10));
            assert_eq!(jobs.run(|| panic!("on purpose")).await, Err::<(), _>(JobError::Failed));
            assert_eq!(jobs.run(|| 7).await, Ok(7));
        });
    }
}
