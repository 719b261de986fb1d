//! The table of labels: CSV with the columns `file` and `label`.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::FolderError;

/// More bytes than a table of labels has.
const MOST_BYTES: u64 = 64 << 20;

/// What a label says that is none.
const NO_LABEL: &str = "-1";

/// Mark in front of the text that some programs write.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads the table at `path`: for each file its label, or none where that is empty or -1.
///
/// `is_picture` says whether a file is there.
pub(super) fn read(
    path: &Path,
    is_picture: &dyn Fn(&str) -> bool,
) -> Result<BTreeMap<String, Option<String>>, FolderError> {
    let failed = |source| FolderError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let mut text = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    parse(&text, is_picture).map_err(|(byte, problem)| FolderError::Table {
        table: path.to_owned(),
        line: line_at(&text, byte),
        problem,
    })
}

/// As [`read`]; a problem comes with the place in the text where its record begins.
fn parse(text: &[u8], is_picture: &dyn Fn(&str) -> bool) -> Result<BTreeMap<String, Option<String>>, (u64, String)> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
    let header = reader.headers().map_err(damaged)?.clone();
    let column = |name: &str| {
        header
            .iter()
            .position(|column| column.trim_start_matches(BYTE_ORDER_MARK).trim_matches('"') == name)
            .ok_or_else(|| {
                let problem = format!("there is no column `{name}`; the columns must be `file` and `label`");
                (0, problem)
            })
    };
    let (file_column, label_column) = (column("file")?, column("label")?);
    let mut labels = BTreeMap::new();
    let mut places = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(damaged)?;
        let place = record.position().map_or(0, csv::Position::byte);
        let field = |column: usize| record.get(column).unwrap_or_default();
        let file = field(file_column).strip_prefix("./").unwrap_or(field(file_column));
        if !is_picture(file) {
            return Err((place, format!("there is no picture `{file}` in the folder")));
        }
        if let Some(first) = places.insert(file.to_owned(), place) {
            let first = line_at(text, first);
            return Err((place, format!("`{file}` stands already in line {first}")));
        }
        let label = Some(field(label_column)).filter(|label| !label.is_empty() && *label != NO_LABEL);
        labels.insert(file.to_owned(), label.map(str::to_owned));
    }
    Ok(labels)
}

/// The number of the line, from 1, of the first text at `place` or behind it.
///
/// The parser's own count is off behind empty lines and with line ends of two bytes.
fn line_at(text: &[u8], place: u64) -> u64 {
    let place = usize::try_from(place).unwrap_or(usize::MAX).min(text.len());
    let (before, behind) = text.split_at(place);
    let ends = behind.iter().take_while(|byte| b"\r\n".contains(byte));
    let lines = before.iter().chain(ends).filter(|&&byte| byte == b'\n').count();
    lines as u64 + 1
}

/// The place and the words of an error of the parser.
fn damaged(error: csv::Error) -> (u64, String) {
    let place = error.position().map_or(0, csv::Position::byte);
    let problem = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "the text is not UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("there are {len} fields, and the first line has {expected_len}")
        }
        _ => error.to_string(),
    };
    (place, problem)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse_text(text: &[u8]) -> Result<BTreeMap<String, Option<String>>, (u64, String)> {
        let is_picture = |file: &str| ["a.png", "b/c, d.png"].contains(&file);
        parse(text, &is_picture).map_err(|(place, problem)| (line_at(text, place), problem))
    }

    #[test]
    fn labels_may_be_absent_and_names_quoted() {
        let expected = BTreeMap::from([
            ("a.png".to_owned(), None),
            ("b/c, d.png".to_owned(), Some("7".to_owned())),
        ]);
        for text in [
            "file,label\na.png,\n\"b/c, d.png\",7\n",
            "file,label\r\na.png,-1\r\n\"b/c, d.png\",\"7\"\r\n",
            "\u{feff}file,label\n./a.png,\n\"b/c, d.png\",7\n",
            "rater,label,file\n1,7,\"b/c, d.png\"\n2, -1,a.png",
        ] {
            assert_eq!(parse_text(text.as_bytes()).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn problems_come_with_their_line() {
        for (text, line, expected) in [
            (&b"name,label\n"[..], 1, "no column `file`"),
            (b"file,class\n", 1, "no column `label`"),
            (b"", 1, "no column `file`"),
            (b"file,label\na.png,1\nx.png,1\n", 3, "no picture `x.png`"),
            (b"file,label\n../a.png,1\n", 2, "no picture `../a.png`"),
            (b"file,label\na.png,1\n\na.png,2\n", 4, "stands already in line 2"),
            (b"file,label\r\na.png,1\r\nx.png,2\r\n", 3, "no picture `x.png`"),
            (b"file,label\na.png\n", 2, "1 fields"),
            (b"file,label\na.png,\xff\n", 2, "not UTF-8"),
        ] {
            let (found, problem) = parse_text(text).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
            assert_eq!(found, line, "{problem}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = parse_text(&bytes);
            let _ = parse_text(&[b"file,label\n", bytes.as_slice()].concat());
        }
    }
}
