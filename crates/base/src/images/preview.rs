use super::{
    ImageSet, ImagesError, font,
    sheet::{GAP, LETTER_SCALE, Sheet},
};

/// Images are enlarged, by a whole factor, to at least this many rows.
const LEAST_HEIGHT: usize = 56;

/// What stands beside the images of a set without labels.
const NO_CLASS: &str = "unlabeled";

/// Rows of images that are drawn of a set without labels.
const UNLABELED_ROWS: usize = 10;

/// A look at an image set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// One row of images per class, its name beside it; PNG, red, green, blue.
    pub png: Vec<u8>,
    /// Class names with the number of their images in the whole set; one entry for a set without labels.
    pub counts: Vec<(String, usize)>,
}

/// Draws the first `per_class` images of each class, and counts all.
///
/// Of a set without labels, ten rows are drawn, in the order of the set.
///
/// # Errors
///
/// [`ImagesError::Encode`] if the sheet has no pixel or too many for a PNG file.
pub fn preview(set: &ImageSet, per_class: usize) -> Result<Preview, ImagesError> {
    let scale = LEAST_HEIGHT.div_ceil(set.height.max(1));
    let row_height = set.height * scale + GAP;
    let letter_width = (font::WIDTH + 1) * LETTER_SCALE;
    let rows = rows(set, per_class);
    let longest_name = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    let margin = GAP + longest_name * letter_width + GAP;
    let mut sheet = Sheet::new(
        margin + per_class * (set.width * scale + GAP),
        GAP + rows.len() * row_height,
    );

    for (number, row) in rows.iter().enumerate() {
        let top = GAP + number * row_height;
        let middle = (row_height - GAP).saturating_sub(font::HEIGHT * LETTER_SCALE) / 2;
        sheet.text(row.name, top + middle, GAP);
        for (column, &index) in row.images.iter().enumerate() {
            sheet.image(
                set,
                set.image(index),
                scale,
                top,
                margin + column * (set.width * scale + GAP),
            );
        }
    }
    let counts = match set.is_labeled() {
        true => std::iter::zip(set.class_names.clone(), set.class_counts()).collect(),
        false => vec![(NO_CLASS.to_owned(), set.len())],
    };
    Ok(Preview {
        png: sheet.encode()?,
        counts,
    })
}

/// A row of a contact sheet.
struct Row<'a> {
    name: &'a str,
    /// Numbers of the images.
    images: Vec<usize>,
}

fn rows(set: &ImageSet, length: usize) -> Vec<Row<'_>> {
    if !set.is_labeled() {
        let indices: Vec<usize> = (0..set.len()).take(length.saturating_mul(UNLABELED_ROWS)).collect();
        let rows = indices.chunks(length.max(1)).enumerate();
        return rows
            .map(|(number, images)| Row {
                name: if number == 0 { NO_CLASS } else { "" },
                images: images.to_vec(),
            })
            .collect();
    }
    let mut rows: Vec<_> = set
        .class_names
        .iter()
        .map(|name| Row {
            name,
            images: Vec::new(),
        })
        .collect();
    for (index, &label) in set.labels.iter().enumerate() {
        if let Some(row) = rows.get_mut(usize::from(label))
            && row.images.len() < length
        {
            row.images.push(index);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_classes() -> ImageSet {
        ImageSet {
            name: "toy".to_owned(),
            images: vec![0, 16, 16, 0],
            labels: vec![1, 1],
            height: 1,
            width: 2,
            channels: 1,
            maximum: 16,
            classes: 2,
            class_names: vec!["a".to_owned(), "b".to_owned()],
        }
    }

    #[test]
    fn pixels_stand_beside_the_name_of_their_class() {
        let preview = preview(&two_classes(), 3).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&preview.png))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        // One letter of 8 pixels between two gaps; images enlarged by 56, to 112 by 56; two rows.
        assert_eq!((info.width, info.height), (4 + 8 + 4 + 3 * (112 + 4), 4 + 2 * 60));
        let pixel = |row: usize, column: usize| pixels[(row * info.width as usize + column) * 3];
        // The second row holds both images: black then white, white then black.
        assert_eq!([pixel(64, 16), pixel(64, 16 + 56)], [0, 255]);
        assert_eq!([pixel(64, 16 + 116), pixel(64, 16 + 116 + 56)], [255, 0]);
        // The first row is empty paper.
        assert_eq!(pixel(4, 16), 255);
    }

    #[test]
    fn all_images_are_counted() {
        let counts = preview(&two_classes(), 1).unwrap().counts;
        assert_eq!(counts, [("a".to_owned(), 0), ("b".to_owned(), 2)]);
    }

    #[test]
    fn images_without_labels_stand_in_the_order_of_the_set() {
        let set = two_classes().without_labels();
        let preview = preview(&set, 1).unwrap();
        assert_eq!(preview.counts, [("unlabeled".to_owned(), 2)]);
        // Two rows of one image.
        let reader = png::Decoder::new(std::io::Cursor::new(&preview.png))
            .read_info()
            .unwrap();
        assert_eq!(reader.info().height, 4 + 2 * 60);
    }

    #[test]
    fn an_empty_sheet_is_no_panic() {
        let empty = ImageSet {
            classes: 0,
            class_names: Vec::new(),
            labels: Vec::new(),
            images: Vec::new(),
            ..two_classes()
        };
        let _ = preview(&empty, 0);
    }
}
