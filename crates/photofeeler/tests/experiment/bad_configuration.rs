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
        // What the procedural set does not look at.
        (&["data.votes_per_photo=2"], "data.votes_per_photo"),
        (&["data.most_voters=9"], "data.most_voters"),
        (&["data.most_photos=9"], "data.most_photos"),
        (&["data.test_photos=9"], "data.test_photos"),
        (&["data.test=0.5"], "data.test"),
        (&["data.side=64"], "data.side"),
        (&["data.channels=1"], "data.channels"),
        (&["data.voters='opposite'"], "data.voters"),
        (&["data.min_votes_test=3"], "data.min_votes_test"),
        (&["data.set='csv'", "data.table={features='f.csv'}"], "data.table.votes"),
        (
            &["data.set='csv'", "data.table={votes='v.csv',features='f.csv',fold=2}"],
            "data.table.fold",
        ),
        (
            &["data.set='means'", "data.table={features='f.csv',fold=2,test_list='t'}"],
            "data.table.fold",
        ),
        (
            &[
                "data.set='means'",
                "data.table={features='f.csv'}",
                "data.most_voters=4",
            ],
            "data.most_voters",
        ),
    ] {
        let error = try_of("features", sets).expect_err(named).to_string();
        assert!(error.contains(named), "{named}: {error}");
    }
}
