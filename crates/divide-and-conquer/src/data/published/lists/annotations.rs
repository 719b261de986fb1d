//! `cars_annos.mat`: an array of records in a MATLAB file of version 5 ("MAT-File Format", The MathWorks, chapter "Level 5
//! MAT-File Format"), of which two fields are read.

use std::{fs, io::Read, path::Path};

use flate2::read::ZlibDecoder;

/// Bytes of the header of the file.
const HEADER: usize = 128;
/// More bytes than the records have.
const MOST_BYTES: u64 = 64 << 20;
/// Types of elements, and the class of an array of records.
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
const RECORDS: u8 = 2;
/// The variable and its fields.
const VARIABLE: &str = "annotations";
const PATH: &str = "relative_im_path";
const CLASS: &str = "class";

/// Path and class of each picture.
pub(super) fn read(path: &Path) -> Result<Vec<(String, usize)>, String> {
    let mut file = fs::File::open(path)
        .map_err(|error| error.to_string())?
        .take(MOST_BYTES);
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Result<Vec<(String, usize)>, String> {
    let mut rest = bytes.get(HEADER..).ok_or("is no MATLAB file of version 5")?;
    while !rest.is_empty() {
        let element = Element::first(&mut rest)?;
        let unpacked;
        let matrix = if element.kind == COMPRESSED {
            unpacked = unpack(element.data)?;
            Element::first(&mut unpacked.as_slice())?.data
        } else {
            element.data
        };
        if let Some(records) = records(matrix)? {
            return Ok(records);
        }
    }
    Err(format!("has no array of records `{VARIABLE}`"))
}

fn unpack(data: &[u8]) -> Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    let mut stream = ZlibDecoder::new(data).take(MOST_BYTES);
    stream.read_to_end(&mut unpacked).map_err(|error| error.to_string())?;
    Ok(unpacked)
}

/// The records, if this is their array.
fn records(mut matrix: &[u8]) -> Result<Option<Vec<(String, usize)>>, String> {
    let array = Array::open(&mut matrix)?;
    if array.name != VARIABLE || array.class != RECORDS {
        return Ok(None);
    }
    let length = Element::first(&mut matrix)?.numbers()?;
    let length = length
        .first()
        .map(|&length| length as usize)
        .filter(|&length| length > 0)
        .ok_or("is damaged")?;
    let names: Vec<String> = Element::first(&mut matrix)?.data.chunks(length).map(text).collect();
    let place = |name: &str| {
        names
            .iter()
            .position(|known| known == name)
            .ok_or(format!("has no field `{name}`"))
    };
    let (path, class) = (place(PATH)?, place(CLASS)?);
    let mut found = Vec::new();
    for _ in 0..array.count {
        let mut record = (String::new(), 0);
        for field in 0..names.len() {
            let mut value = Element::first(&mut matrix)?.data;
            if field == path {
                Array::open(&mut value)?;
                record.0 = Element::first(&mut value)?.text();
            } else if field == class {
                Array::open(&mut value)?;
                let numbers = Element::first(&mut value)?.numbers()?;
                record.1 = numbers
                    .first()
                    .map(|&class| class as usize)
                    .ok_or("a record has no class")?;
            }
        }
        found.push(record);
    }
    Ok(Some(found))
}

/// What stands in front of an array's values.
struct Array {
    class: u8,
    count: usize,
    name: String,
}

impl Array {
    fn open(rest: &mut &[u8]) -> Result<Self, String> {
        let class = *Element::first(rest)?.data.first().ok_or("is damaged")?;
        let sizes = Element::first(rest)?.numbers()?;
        let name = text(Element::first(rest)?.data);
        let mut sizes = sizes.iter().map(|&size| size as usize);
        let count = sizes.try_fold(1, usize::checked_mul).ok_or("is damaged")?;
        Ok(Self { class, count, name })
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// A data element: a type and some bytes.
struct Element<'a> {
    kind: u32,
    data: &'a [u8],
}

impl<'a> Element<'a> {
    /// Takes the first element off `rest`.
    fn first(rest: &mut &'a [u8]) -> Result<Self, String> {
        let cut = || "ends too early".to_owned();
        let word = |at: usize| -> Result<u32, String> {
            let bytes = rest.get(at..at + 4).ok_or_else(cut)?;
            Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        };
        let (first, second) = (word(0)?, word(4)?);
        // A small element has its size in the upper half of its type, and its data in the tag.
        let (kind, start, length, end) = match first >> 16 {
            0 => {
                let length = second as usize;
                let padded = if first == COMPRESSED {
                    length
                } else {
                    length.next_multiple_of(8)
                };
                (first, 8, length, 8 + padded)
            }
            length => (first & 0xffff, 4, length as usize, 8),
        };
        let data = rest.get(start..start + length).ok_or_else(cut)?;
        *rest = rest.get(end..).unwrap_or(&[]);
        Ok(Self { kind, data })
    }

    /// Letters of one or two bytes.
    fn text(&self) -> String {
        match self.kind {
            4 | 17 => {
                let (pairs, _) = self.data.as_chunks::<2>();
                let letters: Vec<u16> = pairs.iter().map(|&pair| u16::from_le_bytes(pair)).collect();
                String::from_utf16_lossy(&letters)
            }
            _ => text(self.data),
        }
    }

    fn numbers(&self) -> Result<Vec<f64>, String> {
        fn each<const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
            data.as_chunks::<N>().0.iter().map(|&bytes| number(bytes)).collect()
        }
        let data = self.data;
        Ok(match self.kind {
            1 => each(data, |bytes: [u8; 1]| i8::from_le_bytes(bytes).into()),
            2 => each(data, |bytes: [u8; 1]| u8::from_le_bytes(bytes).into()),
            3 => each(data, |bytes| i16::from_le_bytes(bytes).into()),
            4 => each(data, |bytes| u16::from_le_bytes(bytes).into()),
            5 => each(data, |bytes| i32::from_le_bytes(bytes).into()),
            6 => each(data, |bytes| u32::from_le_bytes(bytes).into()),
            7 => each(data, |bytes| f32::from_le_bytes(bytes).into()),
            9 => each(data, f64::from_le_bytes),
            MATRIX => return Err("has an array where numbers belong".to_owned()),
            other => return Err(format!("has numbers of the unknown type {other}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(kind: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = [kind.to_le_bytes(), (data.len() as u32).to_le_bytes()].concat();
        bytes.extend_from_slice(data);
        if kind != COMPRESSED {
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        }
        bytes
    }

    fn matrix(class: u8, sizes: [i32; 2], name: &str, content: &[u8]) -> Vec<u8> {
        let flags = element(6, &[class, 0, 0, 0, 0, 0, 0, 0]);
        let sizes = element(5, &sizes.map(i32::to_le_bytes).concat());
        element(
            MATRIX,
            &[flags, sizes, element(1, name.as_bytes()), content.to_vec()].concat(),
        )
    }

    fn file(is_compressed: bool) -> Vec<u8> {
        let fields = ["test", CLASS, PATH].map(|name| format!("{name:\0<32}"));
        let mut content = [
            element(5, &32_i32.to_le_bytes()),
            element(1, fields.concat().as_bytes()),
        ]
        .concat();
        for (path, class) in [("car_ims/000001.jpg", 7_u8), ("car_ims/000002.jpg", 196)] {
            content.extend(matrix(9, [1, 1], "", &element(2, &[1])));
            content.extend(matrix(6, [1, 1], "", &element(2, &[class])));
            let letters: Vec<u8> = path.encode_utf16().flat_map(u16::to_le_bytes).collect();
            content.extend(matrix(4, [1, path.len() as i32], "", &element(4, &letters)));
        }
        let records = matrix(RECORDS, [1, 2], VARIABLE, &content);
        let other = matrix(6, [1, 1], "other", &element(9, &1.0_f64.to_le_bytes()));
        let records = match is_compressed {
            true => {
                let mut packed = flate2::read::ZlibEncoder::new(records.as_slice(), flate2::Compression::fast());
                let mut bytes = Vec::new();
                packed.read_to_end(&mut bytes).unwrap();
                element(COMPRESSED, &bytes)
            }
            false => records,
        };
        [vec![0; HEADER], other, records].concat()
    }

    #[test]
    fn records_are_read_compressed_or_not() {
        for is_compressed in [false, true] {
            let found = parse(&file(is_compressed)).unwrap();
            let expected = [
                ("car_ims/000001.jpg".to_owned(), 7),
                ("car_ims/000002.jpg".to_owned(), 196),
            ];
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn sizes_whose_product_is_too_large_are_refused() {
        let flags = element(6, &[RECORDS, 0, 0, 0, 0, 0, 0, 0]);
        // The product is 2^64.
        let sizes = element(9, &[2.0_f64.powi(32).to_le_bytes(); 2].concat());
        let name = element(1, VARIABLE.as_bytes());
        let fields = [CLASS, PATH].map(|name| format!("{name:\0<32}"));
        let content = [
            element(5, &32_i32.to_le_bytes()),
            element(1, fields.concat().as_bytes()),
        ];
        let array = element(MATRIX, &[flags, sizes, name, content.concat()].concat());
        let error = parse(&[vec![0; HEADER], array].concat()).unwrap_err();
        assert_eq!(error, "is damaged");
    }

    #[test]
    fn damaged_files_are_refused_and_never_panic() {
        let whole = file(false);
        for end in 0..whole.len() {
            let _ = parse(&whole[..end]);
        }
        assert!(parse(&whole[..100]).is_err() && parse(&whole[..HEADER]).is_err());
        for at in HEADER..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            let _ = parse(&bytes);
        }
    }
}
