//! Weights of the unlabeled term that grow from zero, counted before the update.

/// Part of its final weight that MixMatch gives to the unlabeled term after `images` labeled images: `images` out of
/// `ramp_images`, at most 1. Without a ramp, 0 images, it is 1 at once.
///
/// The released program ramps over 2^20 images, 16,384 updates of 64; the paper says 16,000 updates.
pub fn ramp(images: u64, ramp_images: u64) -> f64 {
    part(images as f64, ramp_images as f64)
}

/// Part of its final weight that a baseline gives to the unlabeled term after `images` of `total_images`: it grows over
/// the first `share` of the run, 0.4 in the released programs.
pub fn warm_up(images: u64, total_images: u64, share: f64) -> f64 {
    part(images as f64, share * total_images as f64)
}

fn part(done: f64, length: f64) -> f64 {
    if length > 0.0 { (done / length).min(1.0) } else { 1.0 }
}
