//! Settings that make no sense are named.

use crate::common::try_digits;

#[test]
fn settings_that_make_no_sense_are_named() {
    for (set, expected) in [
        ("divide.learners=3", "d = 8 cannot be cut into K = 3"),
        ("divide.learners=0", "`divide.learners`"),
        ("divide.learners=16", "K = 16"),
        ("dimension=0", "`dimension`"),
        ("divide.recluster_every=0", "`divide.recluster_every`"),
        ("divide.slices_until=9", "`divide.slices_until`"),
        ("divide.restarts=0", "`divide.restarts`"),
        ("batch.classes=1", "`batch.classes`"),
        ("batch.images=1", "`batch.images`"),
        ("loss.margin.alpha=0.0", "`loss.margin.alpha`"),
        ("loss.triplet.margin=-1.0", "`loss.triplet.margin`"),
        ("loss.proxy_nca.smoothing=1.0", "`loss.proxy_nca.smoothing`"),
        ("loss.proxy_nca.exclude_positive=true", "`loss.proxy_nca.smoothing`"),
        ("optimizer.learning_rate=0.0", "`optimizer.learning_rate`"),
        ("optimizer.final_share=2.0", "`optimizer.final_share`"),
        ("evaluation.ks=[]", "`evaluation.ks`"),
        ("evaluation.ks=[2,1]", "`evaluation.ks`"),
        ("data.deviation=[0.0]", "`data.deviation`"),
        ("data.mean=[0.1,0.2]", "`data.mean`"),
        ("data.pool=0", "`data.pool`"),
        ("data.kind='folder'", "`data.files`"),
        ("data.kind='classes'", "`data.set`"),
        ("model.resnet.blocks=[1,2]", "`model.resnet.blocks`"),
        ("model.resnet.dropout=1.0", "`model.resnet.dropout`"),
        ("loss.kind='triplets'", "triplet"),
        ("divide.learner=2", "learners"),
    ] {
        let error = try_digits(&[set]).expect_err(set);
        let text = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source())
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ");
        assert!(text.contains(expected), "{set}: {text}");
    }
    let error = try_digits(&["divide.data=false", "divide.slices=false"]).expect_err("nothing is divided");
    assert!(error.to_string().contains("divide"), "{error}");
}
