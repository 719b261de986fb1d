use std::{
    fmt,
    time::{Duration, Instant},
};

use crate::device::{self, pool};

/// The work of a case, done once; returns how many units it was.
pub type Work = Box<dyn FnMut() -> anyhow::Result<usize> + Send>;

/// Something to be timed.
pub struct Case {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) target: Option<f64>,
    prepare: Box<dyn FnOnce() -> anyhow::Result<Work>>,
}

impl Case {
    /// A case whose time is given per `unit`, such as "step". A peer knows its counterpart by `name`. `prepare` builds
    /// what the work needs, and runs only if the case is chosen.
    pub fn new<W>(name: &'static str, unit: &'static str, prepare: impl FnOnce() -> anyhow::Result<W> + 'static) -> Self
    where
        W: FnMut() -> anyhow::Result<usize> + Send + 'static,
    {
        Self {
            name,
            unit,
            target: None,
            prepare: Box::new(|| Ok(Box::new(prepare()?))),
        }
    }

    /// The same with a ratio to the peer that should not be exceeded.
    #[must_use]
    pub fn target(mut self, ratio: f64) -> Self {
        self.target = Some(ratio);
        self
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Builds what the work needs. The work is done as in the shared loop, on a thread of the
    /// [pool](crate::device::pool).
    ///
    /// # Errors
    ///
    /// What keeps it from being built.
    pub fn prepare(self) -> anyhow::Result<Work> {
        let device = device::resolve(device::default_backend()?)?;
        let mut work = (self.prepare)()?;
        Ok(Box::new(move || pool::run(&device, &mut work)))
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Case")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measurement {
    /// Milliseconds per unit.
    pub(super) milliseconds: f64,
    /// Units of the work done once.
    pub(super) units: usize,
}

/// Repeats the work for at least so long.
pub(super) fn measure(work: &mut Work, at_least: Duration) -> anyhow::Result<Measurement> {
    let started = Instant::now();
    let mut all = 0;
    loop {
        let units = work()?;
        all += units;
        let elapsed = started.elapsed();
        if elapsed >= at_least {
            return Ok(Measurement {
                milliseconds: 1e3 * elapsed.as_secs_f64() / all as f64,
                units,
            });
        }
    }
}
