use super::DivideConfig;

/// What learns from what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The whole embedding from all data, before the first division.
    WarmUp,
    /// Slices from their clusters, by turns.
    Slices,
    /// The whole embedding from clusters, by turns: the released program has such a phase, the paper does not tell of it.
    Clusters,
    /// The whole embedding from all data: the final fine-tuning.
    Whole,
}

/// When which phase is, and when data is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timetable {
    epoch_steps: u64,
    warm_up: u64,
    slices_until: u64,
    clusters_until: u64,
    recluster_every: u64,
    is_divided: bool,
}

impl Timetable {
    /// The timetable of a configuration, with so many updates in an epoch.
    ///
    /// # Panics
    ///
    /// If an epoch has no update.
    pub fn new(config: &DivideConfig, epoch_steps: u64) -> Self {
        assert!(epoch_steps > 0, "an epoch has an update");
        Self {
            epoch_steps,
            warm_up: config.warm_up,
            slices_until: config.slices_until,
            clusters_until: config.clusters_until,
            recluster_every: config.recluster_every,
            is_divided: config.learners > 1,
        }
    }

    /// Updates of an epoch: the same whatever the number of learners.
    pub fn epoch_steps(&self) -> u64 {
        self.epoch_steps
    }

    /// The epoch that a step belongs to, from 0.
    pub fn epoch(&self, step: u64) -> u64 {
        step / self.epoch_steps
    }

    /// What learns from what at a step.
    pub fn phase(&self, step: u64) -> Phase {
        let epoch = self.epoch(step);
        if epoch < self.warm_up {
            Phase::WarmUp
        } else if epoch < self.slices_until {
            Phase::Slices
        } else if epoch < self.clusters_until {
            Phase::Clusters
        } else {
            Phase::Whole
        }
    }

    /// Whether the data is divided before a step.
    pub fn divides_at(&self, step: u64) -> bool {
        let epoch = self.epoch(step);
        self.is_divided
            && step.is_multiple_of(self.epoch_steps)
            && (self.warm_up..self.clusters_until).contains(&epoch)
            && (epoch - self.warm_up).is_multiple_of(self.recluster_every)
    }

    /// What so many updates never come to, in words: a division, or the final fine-tuning. Nothing with one learner.
    pub fn never_within(&self, steps: u64) -> Option<String> {
        let first = self.warm_up.saturating_mul(self.epoch_steps);
        let last = self.clusters_until.saturating_mul(self.epoch_steps);
        let (phase, key, epoch) = if !self.is_divided || last < steps {
            return None;
        } else if first >= steps {
            ("the data is never divided", "divide.warm_up", self.warm_up)
        } else {
            (
                "the whole embedding is never fine-tuned on all data",
                "divide.clusters_until",
                self.clusters_until,
            )
        };
        Some(format!(
            "{phase}: `{key}` is {epoch} epochs of {} updates, and there are {steps} updates in all; see `training.epoch_steps`",
            self.epoch_steps
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_follow_each_other_and_divisions_come_every_few_epochs() {
        let config = DivideConfig {
            learners: 4,
            warm_up: 1,
            slices_until: 4,
            clusters_until: 6,
            recluster_every: 2,
            ..DivideConfig::default()
        };
        let table = Timetable::new(&config, 10);
        let phases = [0, 9, 10, 39, 40, 59, 60].map(|step| table.phase(step));
        use Phase::{Clusters, Slices, WarmUp, Whole};
        assert_eq!(phases, [WarmUp, WarmUp, Slices, Slices, Clusters, Clusters, Whole]);
        let divisions: Vec<u64> = (0..100).filter(|&step| table.divides_at(step)).collect();
        assert_eq!(divisions, [10, 30, 50]);
        let undivided = Timetable::new(&DivideConfig { learners: 1, ..config }, 10);
        assert!((0..100).all(|step| !undivided.divides_at(step)));
    }

    #[test]
    fn schedules_that_end_too_early_are_told() {
        let config = DivideConfig {
            learners: 4,
            warm_up: 8,
            slices_until: 30,
            clusters_until: 30,
            ..DivideConfig::default()
        };
        // 20,000 pictures in batches of 80: 1,500 updates are six epochs.
        let table = Timetable::new(&config, 250);
        assert!((0..1500).all(|step| !table.divides_at(step)));
        let problem = table.never_within(1500).unwrap();
        assert!(
            problem.contains("never divided") && problem.contains("`divide.warm_up` is 8"),
            "{problem}"
        );
        let table = Timetable::new(&config, 100);
        let problem = table.never_within(1500).unwrap();
        assert!(problem.contains("never fine-tuned"), "{problem}");
        assert!(table.never_within(3000).is_some(), "the last epoch is the thirtieth");
        assert_eq!(table.never_within(3001), None);
        let plain = Timetable::new(&DivideConfig { learners: 1, ..config }, 250);
        assert_eq!(plain.never_within(1500), None);
    }
}
