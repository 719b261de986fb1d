use crate::common::try_of;

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    for (sets, named) in [
        (&["phase_1.batch=1"] as &[&str], "phase_1.batch"),
        (&["phase_1.rate=0.0"], "phase_1.rate"),
        (&["phase_2.hidden=[]"], "phase_2.hidden"),
        (&["phase_2.cross_fit=1"], "phase_2.cross_fit"),
        (&["phase_2.joint=true", "phase_2.input='gap'"], "phase_2.joint"),
        (
            &["phase_2.joint=true", "phase_2.cross_fit=2", "schedule.steps=40"],
            "phase_2.joint",
        ),
        (&["schedule.steps=6"], "schedule.steps"),
        (&["output='regression'"], "phase_1.steps"),
        (&["votes.shrinkage=-1.0"], "votes.shrinkage"),
        (&["backbone={kind='cnn',channels=[4]}"], "backbone.kind"),
        (&["backbone={kind='mlp',hidden=[0]}"], "backbone.hidden"),
        (&["data.test=0.0"], "data.test"),
        (&["data.generator.votes=21"], "data.generator.votes"),
        (&["data.set='csv'"], "data.table"),
        (&["evaluation.voters=0"], "evaluation.voters"),
    ] {
        let error = try_of("features", sets).expect_err(named).to_string();
        assert!(error.contains(named), "{named}: {error}");
    }
}
