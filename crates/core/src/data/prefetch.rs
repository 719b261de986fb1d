use std::{
    any::Any,
    fmt,
    panic::{self, AssertUnwindSafe},
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{
    Error, Result,
    device::pool::{self, Apart},
};

/// What the next steps need, such as augmented batches, computed in the background while the present one is trained on.
///
/// One thread, with a pool of its own for loops, computes step after step, and stays a fixed number of steps ahead. Results
/// come in the order in which they are asked for and are those of the function alone, so a run does not depend on how fast
/// the thread is.
pub struct Prefetch<T> {
    // Fields are dropped in this order: both channels are closed before the thread is waited for.
    orders: Sender<u64>,
    results: Receiver<Result<T>>,
    _thread: Joined,
    ahead: u64,
    /// The oldest step that is ordered and wanted.
    first: u64,
    /// The step after the last that is ordered.
    end: u64,
    /// Results to come that nobody wants any more; they come first.
    stale: u64,
    waited: Duration,
}

impl<T: Send + 'static> Prefetch<T> {
    /// Computes `work(step)` up to `ahead` steps before they are asked for, from the first one that is.
    ///
    /// The result must follow from the step alone: also the steps around it may be computed, again or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Thread`] if the system has no thread to give.
    pub fn new(ahead: u64, work: impl FnMut(u64) -> Result<T> + Send + 'static) -> Result<Self> {
        let (orders, ordered) = mpsc::channel();
        let (finished, results) = mpsc::channel();
        let apart = Apart::new("prefetch");
        let thread = thread::Builder::new()
            .name("prefetch".to_owned())
            .spawn(move || serve(&ordered, &finished, &apart, work))
            .map_err(|source| Error::Thread {
                purpose: "batches that are prepared in the background",
                source,
            })?;
        Ok(Self {
            orders,
            results,
            _thread: Joined(Some(thread)),
            ahead,
            first: 0,
            end: 0,
            stale: 0,
            waited: Duration::ZERO,
        })
    }

    /// The result of `step`. Steps that follow each other are ready or nearly so; after a jump, as when a run is
    /// resumed, the thread begins anew there.
    ///
    /// # Errors
    ///
    /// What the work reports for this step, or [`Error::Step`] with its panic.
    pub fn next(&mut self, step: u64) -> Result<T> {
        let asked = Instant::now();
        self.order(step);
        let result = self.receive(step);
        self.waited += asked.elapsed();
        result
    }

    /// How long [`next`](Self::next) has waited in all: time in which nothing was trained for want of data.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Has everything computed up to `ahead` steps after `step`.
    fn order(&mut self, step: u64) {
        if step != self.first || self.first == self.end {
            self.stale += self.end - self.first;
            (self.first, self.end) = (step, step);
        }
        while self.end <= step.saturating_add(self.ahead) {
            // A thread that has ended is found when it is received from.
            let _ = self.orders.send(self.end);
            self.end += 1;
        }
    }

    fn receive(&mut self, step: u64) -> Result<T> {
        loop {
            let Ok(result) = pool::receive(&self.results) else {
                let message = "the thread that prepares batches has ended".to_owned();
                return Err(Error::Step { step, message });
            };
            if self.stale == 0 {
                self.first += 1;
                return result;
            }
            self.stale -= 1;
        }
    }
}

impl<T> fmt::Debug for Prefetch<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Prefetch")
            .field("ordered", &(self.first..self.end))
            .field("waited", &self.waited)
            .finish_non_exhaustive()
    }
}

/// A thread that is waited for when this is dropped.
struct Joined(Option<JoinHandle<()>>);

impl Drop for Joined {
    fn drop(&mut self) {
        // Panics of the work are caught and reported before.
        let _ = self.0.take().map(JoinHandle::join);
    }
}

/// Carries out orders until nobody gives or waits for them any more.
fn serve<T: Send>(
    orders: &Receiver<u64>,
    finished: &Sender<Result<T>>,
    apart: &Apart,
    mut work: impl FnMut(u64) -> Result<T> + Send,
) {
    for step in orders {
        // The run ends with this panic, or asks for a step anew, which follows from its number alone.
        let result = panic::catch_unwind(AssertUnwindSafe(|| apart.run(|| work(step)))).unwrap_or_else(|cause| {
            let message = format!("preparing its data panicked: {}", words(cause.as_ref()));
            Err(Error::Step { step, message })
        });
        if finished.send(result).is_err() {
            return;
        }
    }
}

/// What a panic said.
fn words(cause: &(dyn Any + Send)) -> &str {
    let owned = cause.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    };

    use super::*;

    fn squares(ahead: u64) -> Prefetch<u64> {
        Prefetch::new(ahead, |step| Ok(step * step)).expect("a thread")
    }

    #[test]
    fn results_come_in_order_however_far_ahead_they_are_computed() {
        for ahead in [0, 1, 5] {
            let mut squares = squares(ahead);
            let results: Vec<u64> = (0..20).map(|step| squares.next(step).expect("a square")).collect();
            assert_eq!(results, (0..20).map(|step| step * step).collect::<Vec<u64>>());
        }
    }

    #[test]
    fn it_begins_and_goes_on_at_any_step() {
        let mut squares = squares(3);
        for step in [7, 8, 100, 2, 2, 3, 4, 101] {
            assert_eq!(squares.next(step).expect("a square"), step * step);
        }
    }

    #[test]
    fn it_computes_no_further_ahead_than_it_is_told() {
        let last = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&last);
        let mut prefetch = Prefetch::new(2, move |step| {
            seen.store(step, Ordering::SeqCst);
            Ok(())
        })
        .expect("a thread");
        for step in 0..=5 {
            prefetch.next(step).expect("done");
        }
        drop(prefetch);
        let last = last.load(Ordering::SeqCst);
        assert!((5..=7).contains(&last), "{last}");
    }

    #[test]
    fn errors_and_panics_belong_to_their_step() {
        let mut prefetch = Prefetch::new(2, |step| match step {
            1 => Err(Error::Usage("no picture".to_owned())),
            2 => panic!("picture {step} is upside down"),
            _ => Ok(step),
        })
        .expect("a thread");
        assert_eq!(prefetch.next(0).expect("fine"), 0);
        assert_eq!(prefetch.next(1).expect_err("an error").to_string(), "no picture");
        let error = prefetch.next(2).expect_err("a panic").to_string();
        assert!(
            error.contains("step 2") && error.contains("picture 2 is upside down"),
            "{error}"
        );
        assert_eq!(prefetch.next(3).expect("fine again"), 3);
    }

    /// A thread of the pool that has done its share of a loop takes up what else is there: an update that waits for this very
    /// loop would wait forever.
    #[cfg(feature = "flex")]
    #[test]
    fn loops_of_the_work_are_not_those_of_who_waits_for_it() {
        use burn::prelude::Device;
        use rayon::iter::{IntoParallelIterator, ParallelIterator};

        let mut prefetch = Prefetch::new(1, |step| {
            let piece = |index: u64| {
                thread::sleep(Duration::from_micros(50));
                let name = thread::current().name().unwrap_or_default().to_owned();
                // A pool of one thread needs no other: an update is not in it.
                assert!(
                    rayon::current_num_threads() == 1 || name.starts_with("prefetch"),
                    "{name}"
                );
                index
            };
            Ok((0..16_u64).into_par_iter().map(piece).sum::<u64>() + step)
        })
        .expect("a thread");
        for step in 0..50 {
            let found = pool::run(&Device::flex(), || prefetch.next(step));
            assert_eq!(found.expect("a sum"), 120 + step);
        }
    }

    #[test]
    fn dropping_it_ends_its_thread() {
        let held = Arc::new(());
        let work = Arc::clone(&held);
        let mut prefetch = Prefetch::new(4, move |_| Ok(Arc::strong_count(&work))).expect("a thread");
        assert_eq!(prefetch.next(0).expect("counted"), 2);
        drop(prefetch);
        assert_eq!(Arc::strong_count(&held), 1);
    }

    #[test]
    fn waiting_is_counted() {
        const WORK: Duration = Duration::from_millis(5);
        let mut prefetch = Prefetch::new(0, |_| {
            thread::sleep(WORK);
            Ok(())
        })
        .expect("a thread");
        assert_eq!(prefetch.waited(), Duration::ZERO);
        (0..3).for_each(|step| prefetch.next(step).expect("done"));
        assert!(prefetch.waited() >= 3 * WORK, "{:?}", prefetch.waited());
    }
}
