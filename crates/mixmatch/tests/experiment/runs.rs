//! A run that was stopped and resumed equals one that was not, byte for byte: weights, averages, running statistics,
//! moments of the optimizer, pictures and their augmentation.

use mixmatch::{config::MethodKind, train::SemiSupervised};
use papers_core::{Context, testing};

#[test]
fn every_method_resumes_exactly() {
    for method in MethodKind::ALL {
        let config = crate::common::digits(&[&format!("method='{}'", method.name())]);
        testing::assert_resumes_exactly::<SemiSupervised>(&config, &Context::new(testing::device(), 3), 2)
            .unwrap_or_else(|error| panic!("{}: {error}", method.name()));
    }
}

#[test]
fn guesses_of_averaged_weights_resume_exactly() {
    let config = crate::common::digits(&["mix_match.guess='ema'"]);
    testing::assert_resumes_exactly::<SemiSupervised>(&config, &Context::new(testing::device(), 3), 2)
        .expect("updates on a CPU");
}

#[test]
fn whitened_pictures_resume_exactly() {
    let config = crate::common::digits(&["data.whiten=true"]);
    testing::assert_resumes_exactly::<SemiSupervised>(&config, &Context::new(testing::device(), 3), 2)
        .expect("updates on a CPU");
}
