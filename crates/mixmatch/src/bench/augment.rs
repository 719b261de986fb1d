//! Views of the pictures of a step, on the host.

use papers_core::{
    base::images::ImageSet,
    bench::Case,
    data::{Augmentation, augmented},
    random::Streams,
};

pub(super) fn cases() -> Vec<Case> {
    vec![Case::new("augment/cifar-batch", "batch", || Ok(batches()))]
}

/// 64 pictures with labels and two views of 64 without, of the size of CIFAR-10's.
fn batches() -> impl FnMut() -> anyhow::Result<usize> {
    const COUNT: usize = 192;
    let set = pictures(1024, 32);
    let indices: Vec<usize> = (0..COUNT).map(|index| index * 37 % set.len()).collect();
    let augmentation = Augmentation { flip: true, pad: 4 };
    let streams = Streams::new(0);
    let mut step = 0;
    move || {
        let views = augmented(&set, &indices, &augmentation, &streams, "bench", step);
        std::hint::black_box(views);
        step += 1;
        Ok(1)
    }
}

fn pictures(count: usize, side: usize) -> ImageSet {
    let byte = |index: usize| (index * 7919 % 1009 % 256) as u8;
    ImageSet {
        name: "made-up/train".to_owned(),
        images: (0..count * side * side * 3).map(byte).collect(),
        labels: vec![0; count],
        height: side,
        width: side,
        channels: 3,
        maximum: u8::MAX,
        classes: 1,
        class_names: vec!["picture".to_owned()],
    }
}
