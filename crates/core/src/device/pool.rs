//! The threads that the CPU backend shares its loops out to.
//!
//! A loop that is begun on another thread wakes one of them and goes to sleep until it is done: thousands of times in a
//! training step. Begun on one of them, it is shared out to the others and gone on with at once.

use std::{
    sync::{
        Mutex, MutexGuard, TryLockError,
        mpsc::{Receiver, RecvError, RecvTimeoutError},
    },
    time::Duration,
};

use burn::prelude::Device;

/// How long a thread of the pool that waits for something leaves the loops of others alone.
const PATIENCE: Duration = Duration::from_micros(200);

/// What systems give a program's first thread.
#[cfg(feature = "flex")]
const STACK: usize = 8 << 20;

/// Runs `work` for a device, on a thread of the pool where that is the CPU backend's and has several.
///
/// Waiting in it for another thread that computes goes through [`pause`], [`receive`] and [`lock`]: the pool might have no thread left
/// for the other one. And no guard of a lock is held while something is computed: the thread may do another's work meanwhile, and that
/// one may want the same lock.
pub fn run<R: Send>(device: &Device, work: impl FnOnce() -> R + Send) -> R {
    #[cfg(feature = "flex")]
    if device.clone().inner() == Device::flex() && rayon::current_num_threads() > 1 {
        return rayon::scope(|_| work());
    }
    let _ = device;
    work()
}

/// Threads besides those of the pool, for work that somebody in the pool waits for.
///
/// A loop of such work within the pool could end up below the one who waits: a thread that has done its share of the loop does
/// something else until the others have done theirs, and if that waits for the loop's result, it waits forever.
#[derive(Debug)]
pub struct Apart {
    #[cfg(feature = "flex")]
    threads: Option<rayon::ThreadPool>,
}

impl Apart {
    /// As many threads as the pool has; none besides the caller where nobody waits within the pool, which has one only, or where
    /// the system has no threads to give.
    pub fn new(name: &'static str) -> Self {
        #[cfg(feature = "flex")]
        {
            let count = rayon::current_num_threads();
            let builder = rayon::ThreadPoolBuilder::new().num_threads(count);
            let builder = builder
                .stack_size(STACK)
                .thread_name(move |number| format!("{name} {number}"));
            let threads = (count > 1).then(|| builder.build());
            let threads = threads.and_then(|threads| {
                threads
                    .inspect_err(|error| log::warn!("`{name}` has no threads of its own: {error}"))
                    .ok()
            });
            Self { threads }
        }
        #[cfg(not(feature = "flex"))]
        {
            let _ = name;
            Self {}
        }
    }

    /// Runs `work` with these threads.
    pub fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        #[cfg(feature = "flex")]
        if let Some(threads) = &self.threads {
            return threads.install(work);
        }
        work()
    }
}

/// Makes the pool, whose threads may go as deep as a program's first thread.
pub(crate) fn start() {
    #[cfg(feature = "flex")]
    if let Err(error) = rayon::ThreadPoolBuilder::new().stack_size(STACK).build_global() {
        log::debug!("the pool of threads is there already: {error}");
    }
}

/// Waits at most so long; a thread of the pool does what others have shared out meanwhile.
pub fn pause(longest: Duration) {
    match help() {
        Help::Done => {}
        Help::Nothing => std::thread::sleep(longest.min(PATIENCE)),
        Help::Elsewhere => std::thread::sleep(longest),
    }
}

/// Waits for a message; a thread of the pool does what others have shared out meanwhile.
///
/// # Errors
///
/// A channel whose senders are gone.
pub fn receive<T>(receiver: &Receiver<T>) -> Result<T, RecvError> {
    loop {
        match help() {
            Help::Elsewhere => return receiver.recv(),
            Help::Done | Help::Nothing => {}
        }
        match receiver.recv_timeout(PATIENCE) {
            Ok(message) => return Ok(message),
            Err(RecvTimeoutError::Disconnected) => return Err(RecvError),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Waits for what a mutex guards, also after somebody panicked with it; a thread of the pool does what others have shared
/// out meanwhile, such as who has it now.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    loop {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => pause(PATIENCE),
        }
    }
}

/// What there was to do for others.
enum Help {
    /// A piece of a loop, which is done.
    #[cfg_attr(not(feature = "flex"), expect(dead_code, reason = "no loops are shared out"))]
    Done,
    #[cfg_attr(not(feature = "flex"), expect(dead_code, reason = "no loops are shared out"))]
    Nothing,
    /// This thread is not one of the pool.
    Elsewhere,
}

fn help() -> Help {
    #[cfg(feature = "flex")]
    match rayon::yield_now() {
        Some(rayon::Yield::Executed) => return Help::Done,
        Some(rayon::Yield::Idle) => return Help::Nothing,
        None => {}
    }
    Help::Elsewhere
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use std::{sync::mpsc, thread, time::Instant};

    use super::*;

    fn is_in_pool() -> bool {
        rayon::current_thread_index().is_some()
    }

    #[test]
    fn work_of_the_cpu_backend_is_done_in_its_pool() {
        let device = Device::flex();
        let expected = rayon::current_num_threads() > 1;
        assert_eq!(run(&device, is_in_pool), expected);
        assert_eq!(run(&device.clone().autodiff(), is_in_pool), expected);
        // Work within work, and what it returns.
        assert_eq!(run(&device, || run(&device, || 3)), 3);
        assert!(!is_in_pool());
    }

    /// Fails by not coming to an end: all threads of the pool wait for threads that need the pool.
    #[test]
    fn who_waits_in_the_pool_lets_others_compute() {
        let device = Device::flex();
        thread::scope(|scope| {
            for _ in 0..2 * rayon::current_num_threads() {
                scope.spawn(|| {
                    run(&device, || {
                        let (sender, receiver) = mpsc::channel();
                        let sum = Mutex::new(0);
                        thread::scope(|scope| {
                            scope.spawn({
                                let sum = &sum;
                                move || {
                                    let mut sum = lock(sum);
                                    sender.send("begun").expect("it is received");
                                    *sum += rayon::join(|| 1, || 2).1;
                                    drop(sender);
                                }
                            });
                            assert_eq!(receive(&receiver), Ok("begun"));
                            assert_eq!(*lock(&sum), 2);
                            assert_eq!(receive(&receiver), Err(RecvError));
                        });
                    });
                });
            }
        });
    }

    #[test]
    fn a_pause_is_no_longer_than_asked_for() {
        let begun = Instant::now();
        pause(Duration::from_millis(1));
        run(&Device::flex(), || pause(Duration::from_secs(60)));
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}
