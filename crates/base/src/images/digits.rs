use super::{ImageSet, ImagesError};
use crate::{
    catalogue::{Catalogue, Split},
    gzip,
};

/// The 1,797 UCI handwritten digits (CC BY 4.0, E. Alpaydin and C. Kaynak, 1998).
const FILE: &[u8] = include_bytes!("../../../../datasets/uci-digits/digits.csv.gz");

/// More bytes than the file has when it is decompressed.
const LIMIT: u64 = 1 << 20;

/// Reads one split of the embedded digits: 8x8 pixels of 0 to 16, see `datasets/uci-digits`.
///
/// # Errors
///
/// [`ImagesError::Catalogue`] for a split other than train and test; [`ImagesError::Line`] if the embedded file
/// is damaged, which a test excludes.
pub fn digits(split: Split) -> Result<ImageSet, ImagesError> {
    let catalogue = Catalogue::builtin()?;
    let dataset = catalogue.get("uci-digits")?;
    let text = gzip::decode(FILE, LIMIT).map_err(|_| ImagesError::Line { line: 1 })?;
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());

    let taken = dataset.split(split)?.items;
    let skipped = match split {
        Split::Train => 0,
        _ => dataset.split(Split::Train)?.items,
    };
    let mut images = Vec::new();
    let mut labels = Vec::new();
    for (number, line) in lines.enumerate().skip(skipped).take(taken) {
        let values = parse_line(line).ok_or(ImagesError::Line { line: number + 1 })?;
        let (label, pixels) = values.split_last().ok_or(ImagesError::Line { line: number + 1 })?;
        images.extend_from_slice(pixels);
        labels.push(*label);
    }
    ImageSet::new(dataset, split, images, labels)
}

/// 64 pixels and the label.
fn parse_line(line: &[u8]) -> Option<[u8; 65]> {
    let mut values = [0; 65];
    let mut fields = std::str::from_utf8(line).ok()?.split(',');
    for value in &mut values {
        *value = fields.next()?.parse().ok()?;
    }
    fields.next().is_none().then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Digest;

    #[test]
    fn the_embedded_file_is_the_one_of_the_manifest() {
        let catalogue = Catalogue::builtin().unwrap();
        let file = &catalogue.get("uci-digits").unwrap().files[0];
        assert_eq!(Some(Digest::sha256(FILE)), file.sha256);
        assert_eq!(Some(FILE.len() as u64), file.bytes);
    }

    // The expected numbers were counted with Python's `gzip` and `csv` modules.
    #[test]
    fn both_splits_have_the_counts_of_the_file() {
        let train = digits(Split::Train).unwrap();
        let test = digits(Split::Test).unwrap();
        assert_eq!(train.class_counts(), [143, 146, 142, 146, 144, 145, 144, 143, 141, 143]);
        let all: Vec<usize> = std::iter::zip(train.class_counts(), test.class_counts())
            .map(|(train, test)| train + test)
            .collect();
        assert_eq!(all, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        let ink: u64 = [&train, &test]
            .iter()
            .flat_map(|set| &set.images)
            .map(|&pixel| u64::from(pixel))
            .sum();
        assert_eq!(ink, 561_718);
        assert_eq!(train.images.iter().max(), Some(&16));
    }

    #[test]
    fn the_first_digit_is_the_zero_of_the_file() {
        let train = digits(Split::Train).unwrap();
        assert_eq!(train.labels[0], 0);
        assert_eq!(
            &train.image(0)[..16],
            [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0]
        );
    }

    #[test]
    fn damaged_lines_are_refused() {
        assert!(parse_line(b"1,2,3").is_none());
        assert!(parse_line([b"0,".repeat(64).as_slice(), b"300"].concat().as_slice()).is_none());
        assert!(parse_line([b"0,".repeat(65).as_slice(), b"0"].concat().as_slice()).is_none());
        assert!(parse_line([b"0,".repeat(64).as_slice(), b"9"].concat().as_slice()).is_some());
    }
}
