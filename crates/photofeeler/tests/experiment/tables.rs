//! Tables of other formats.

use std::fs;

use photofeeler::votes::{TableOptions, VotesError, read_scut, read_table, read_wide};

#[test]
fn wide_tables_and_scuts_sheet_become_rows() {
    let options = TableOptions {
        range: [1.0, 7.0],
        of_trait: "attractive",
    };
    let wide = "rater_sex,rater_age,X001,X002\nmale,20,3,\nfemale,31,7,1\n";
    let rows = read_wide(wide.as_bytes(), "wide", &options, &[]).expect("rows");
    assert_eq!(rows.len(), 3, "an empty cell is no vote");
    assert_eq!(
        (rows[1].photo.as_str(), rows[1].voter.as_deref(), rows[1].score),
        ("X001", Some("2"), 7.0)
    );
    let error = read_wide("X001\n9\n".as_bytes(), "wide", &options, &[]).expect_err("out of range");
    assert!(matches!(error, VotesError::Score { line: 2, .. }), "{error}");

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("All_Ratings.csv");
    fs::write(
        &path,
        "Rater,Filename,Rating,original Rating\n1,CF1.jpg,3,\n2,AM7.jpg,4,3\n2,mty9.jpg,2,\n",
    )
    .expect("written");
    let options = TableOptions {
        range: [1.0, 5.0],
        of_trait: "attractive",
    };
    let rows = read_scut(&path, &options).expect("rows").rows;
    let genders: Vec<Option<&str>> = rows
        .iter()
        .map(|row| row.subject_gender.map(photofeeler::votes::Gender::name))
        .collect();
    assert_eq!(genders, [Some("female"), Some("male"), Some("male")]);
    assert_eq!(rows[1].score, 4.0, "the rating, not the original one");
    let means = folder.path().join("mean_scores.csv");
    fs::write(
        &means,
        "file,mean_score,cv_test_fold\nftw1.jpg,4.116667,5\nmtw2.jpg,3.55,2\n",
    )
    .expect("written");
    let rows = read_table(&means, &options).expect("rows").rows;
    assert_eq!(
        (rows[0].photo.as_str(), rows[0].score, &rows[0].voter),
        ("ftw1.jpg", 4.116_667, &None)
    );
    let several = folder.path().join("traits.csv");
    fs::write(&several, "trait,photo,voter,score\nsmart,a,x,1\nattractive,a,x,2\n").expect("written");
    let of = read_table(&several, &options).expect("rows");
    assert_eq!((of.rows.len(), of.rows[0].score), (1, 2.0));
    assert!(of.warnings[0].contains("1 rows of other traits") && of.warnings[0].contains("1 of smart"));
}
