use papers_core::random::Streams;
use rand::RngExt;

use super::*;

fn parse(text: &str) -> Result<Table, TableError> {
    Table::parse(Path::new("t.csv"), text.as_bytes(), "label", &["id".to_owned()])
}

#[test]
fn labels_may_be_missing_and_columns_anywhere() {
    let table = parse("\u{feff}id, x,label,y\r\na,1,up,-2.5\r\n\r\nb, 3e2 ,, 4\r\n").unwrap();
    assert_eq!(table.columns, ["x", "y"]);
    assert_eq!(table.values, [1.0, -2.5, 300.0, 4.0]);
    assert_eq!(table.labels, [Some("up".to_owned()), None]);
    let rows = table.rows(&["down".to_owned(), "up".to_owned()]).unwrap();
    assert_eq!((rows.columns, rows.labels), (2, vec![Some(1), None]));
}

#[test]
fn problems_come_with_line_and_column() {
    for (text, expected) in [
        ("", "no column `id`"),
        ("id,label\n", "no column of numbers"),
        ("id,x\n1,2\n", "no column `label`"),
        ("x,label\n1,a\n", "no column `id` to ignore"),
        ("id,x,x,label\n", "names column `x` twice"),
        ("id,x,label\n", "no row of numbers"),
        ("id,x,label\n1,2,a\n1,b,a\n", "line 3: column `x` is `b`"),
        ("id,x,label\n1,2,a\n\n1,,a\n", "line 4: column `x` is empty"),
        ("id,x,label\n1,nan,a\n", "line 2: column `x` is NaN"),
        ("id,x,label\n1,1e99,a\n", "line 2: column `x` is inf"),
        ("id,x,label\n1,2\n", "line 2: there are 2 fields"),
    ] {
        let error = parse(text).expect_err(text).to_string();
        assert!(error.contains(expected) && error.starts_with("t.csv"), "{error}");
    }
    let error = Table::parse(Path::new("t.csv"), b"x,label\n\xff,a\n", "label", &[]).unwrap_err();
    assert!(error.to_string().contains("not UTF-8"), "{error}");
}

#[test]
fn arbitrary_bytes_never_panic() {
    let alphabet = b"x,label\n\r\"1.-e \xff\xc3";
    for index in 0..2000 {
        let mut generator = Streams::new(0).at("bytes", 0, index);
        let length = generator.random_range(0..60);
        let bytes = (0..length).map(|_| alphabet[generator.random_range(0..alphabet.len())]);
        let text: Vec<u8> = bytes.collect();
        for head in [&b""[..], b"x,label\n"] {
            let _ = Table::parse(Path::new("t.csv"), &[head, &text].concat(), "label", &[]);
        }
    }
}

#[test]
fn columns_are_found_by_name() {
    let train = parse("id,x,label,y\n1,1,a,2\n").unwrap();
    let test = parse("y,label,id,x\n2,a,1,1\n").unwrap().in_order_of(&train).unwrap();
    assert_eq!(test.values, [1.0, 2.0]);
    let other = parse("id,x,label,z,w\n1,1,a,2,3\n").unwrap().in_order_of(&train);
    let error = other.unwrap_err().to_string();
    for expected in ["[1, 3]", "[_, 2]", "missing: `y`", "`z`, `w`"] {
        assert!(error.contains(expected), "{error}");
    }
}
