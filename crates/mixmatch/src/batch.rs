use burn::prelude::*;

use crate::StepError;

/// What one update learns from. All tensors are off the tape.
#[derive(Debug, Clone)]
pub struct Batch<const D: usize> {
    /// Labeled examples, augmented once: `[batch, ..]`.
    pub labeled: Tensor<D>,
    /// Their probabilities of the classes, one-hot where a label is certain: `[batch, classes]`.
    pub targets: Tensor<2>,
    /// Augmentations of as many unlabeled examples, drawn independently, each `[batch, ..]` in the same order.
    pub unlabeled: Vec<Tensor<D>>,
}

impl<const D: usize> Batch<D> {
    /// Examples of each part.
    pub fn len(&self) -> usize {
        self.labeled.dims()[0]
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Refuses parts of different sizes, another number of augmentations than `augmentations`, and fewer examples than
    /// `smallest`. Reads no device.
    ///
    /// # Errors
    ///
    /// [`StepError::Sizes`], [`StepError::Augmentations`], [`StepError::BatchTooSmall`].
    pub fn check(&self, augmentations: usize, smallest: usize) -> Result<(), StepError> {
        let [labeled, targets] = [self.len(), self.targets.dims()[0]];
        let sizes = || self.unlabeled.iter().map(|part| part.dims()[0]);
        let unlabeled = sizes().find(|&size| size != labeled).unwrap_or(labeled);
        if labeled != targets || labeled != unlabeled {
            return Err(StepError::Sizes {
                labeled,
                targets,
                unlabeled,
            });
        }
        if self.unlabeled.len() != augmentations {
            return Err(StepError::Augmentations {
                found: self.unlabeled.len(),
                needed: augmentations,
            });
        }
        // An empty batch has no mean.
        let needed = smallest.max(1);
        if labeled < needed {
            return Err(StepError::BatchTooSmall { found: labeled, needed });
        }
        Ok(())
    }
}
