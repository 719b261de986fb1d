//! The event files of TensorBoard: protocol buffers in TFRecord frames, written by hand.
//!
//! A frame is the length of its data (`u64`), the masked CRC-32C of those eight bytes (`u32`), the data, and the masked
//! CRC-32C of the data, all little-endian. The data is one `Event` of `tensorflow/core/util/event.proto`, of which four
//! fields are used: `wall_time` (1, double), `step` (2, int64), `file_version` (3, string), `summary` (5).

use crc::{CRC_32_ISCSI, Crc};

use super::Scalars;

const CASTAGNOLI: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// Bytes of a frame before its data.
const HEAD: usize = 12;
/// Bytes of a frame after its data.
const TAIL: usize = 4;

/// Wire types of protocol buffers.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const BYTES: u64 = 2;
const FIXED_32: u64 = 5;

/// The first frame of every file: says which version of the format follows.
pub(super) fn header(wall_time: f64) -> Vec<u8> {
    let mut event = Vec::new();
    double(&mut event, 1, wall_time);
    bytes(&mut event, 3, b"brain.Event:2");
    frame(&event)
}

/// One frame with the scalars of a step, each under the tag `prefix/name`.
pub(super) fn scalars(wall_time: f64, step: u64, prefix: &str, scalars: &Scalars) -> Vec<u8> {
    let mut summary = Vec::new();
    for (name, value) in scalars {
        let mut entry = Vec::new();
        bytes(&mut entry, 1, format!("{prefix}/{name}").as_bytes());
        key(&mut entry, 2, FIXED_32);
        entry.extend((*value as f32).to_le_bytes());
        bytes(&mut summary, 1, &entry);
    }
    let mut event = Vec::new();
    double(&mut event, 1, wall_time);
    key(&mut event, 2, VARINT);
    varint(&mut event, step);
    bytes(&mut event, 5, &summary);
    frame(&event)
}

/// Bytes up to the end of the last whole frame.
pub(super) fn whole_records(file: &[u8]) -> usize {
    let mut end = 0;
    while let Some(length) = frame_length(&file[end..]) {
        end += length;
    }
    end
}

/// Length of the frame that `bytes` begin with, if it is there as a whole.
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (checksum, _) = rest.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*checksum) != masked_checksum(length) {
        return None;
    }
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let whole = length.checked_add(HEAD + TAIL)?;
    let data = bytes.get(HEAD..whole)?;
    let (data, checksum) = data.split_last_chunk::<TAIL>()?;
    (u32::from_le_bytes(*checksum) == masked_checksum(data)).then_some(whole)
}

fn frame(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut frame = Vec::with_capacity(HEAD + data.len() + TAIL);
    frame.extend(length);
    frame.extend(masked_checksum(&length).to_le_bytes());
    frame.extend(data);
    frame.extend(masked_checksum(data).to_le_bytes());
    frame
}

/// TensorFlow's mask, which keeps a checksum of data that holds checksums from being weak.
fn masked_checksum(data: &[u8]) -> u32 {
    CASTAGNOLI.checksum(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn key(message: &mut Vec<u8>, field: u64, wire_type: u64) {
    varint(message, field << 3 | wire_type);
}

fn double(message: &mut Vec<u8>, field: u64, value: f64) {
    key(message, field, FIXED_64);
    message.extend(value.to_le_bytes());
}

fn bytes(message: &mut Vec<u8>, field: u64, value: &[u8]) {
    key(message, field, BYTES);
    varint(message, value.len() as u64);
    message.extend(value);
}

/// Seven bits a byte, lowest first; the eighth says that more follow.
fn varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What a reader finds in one event.
    #[derive(Debug, Default, PartialEq)]
    pub(in crate::journal) struct Decoded {
        pub(in crate::journal) wall_time: f64,
        pub(in crate::journal) step: u64,
        pub(in crate::journal) version: String,
        pub(in crate::journal) values: Vec<(String, f32)>,
    }

    /// Splits a file into its events; panics at anything that is not as the format says.
    pub(in crate::journal) fn decode(mut file: &[u8]) -> Vec<Decoded> {
        let mut events = Vec::new();
        while !file.is_empty() {
            let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
            let data = &file[12..12 + length];
            for (checksum, of) in [(&file[8..12], &file[..8]), (&file[12 + length..16 + length], data)] {
                let checksum = u32::from_le_bytes(checksum.try_into().unwrap());
                assert_eq!(checksum.wrapping_sub(0xa282_ead8).rotate_left(15), bitwise_checksum(of));
            }
            events.push(decode_event(data));
            file = &file[16 + length..];
        }
        events
    }

    fn decode_event(data: &[u8]) -> Decoded {
        let mut event = Decoded::default();
        for (field, value) in fields(data) {
            match field {
                1 => event.wall_time = f64::from_le_bytes(value.try_into().unwrap()),
                2 => event.step = u64::from_le_bytes(value.try_into().unwrap()),
                3 => event.version = String::from_utf8(value).unwrap(),
                5 => event
                    .values
                    .extend(fields(&value).iter().map(|(_, value)| decode_value(value))),
                other => panic!("field {other}"),
            }
        }
        event
    }

    fn decode_value(data: &[u8]) -> (String, f32) {
        let parts = fields(data);
        assert_eq!((parts[0].0, parts[1].0), (1, 2));
        let tag = String::from_utf8(parts[0].1.clone()).unwrap();
        (tag, f32::from_le_bytes(parts[1].1.clone().try_into().unwrap()))
    }

    /// Number and content of each field of a message; integers as eight bytes.
    fn fields(mut data: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let mut fields = Vec::new();
        while !data.is_empty() {
            let key = read_varint(&mut data);
            let value = match key & 7 {
                0 => read_varint(&mut data).to_le_bytes().to_vec(),
                1 => data.split_off(..8).unwrap().to_vec(),
                2 => {
                    let length = read_varint(&mut data) as usize;
                    data.split_off(..length).unwrap().to_vec()
                }
                5 => data.split_off(..4).unwrap().to_vec(),
                other => panic!("wire type {other}"),
            };
            fields.push((key >> 3, value));
        }
        fields
    }

    fn read_varint(data: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = data.split_off_first().unwrap();
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    }

    /// CRC-32C bit by bit, from the definition of its polynomial.
    fn bitwise_checksum(data: &[u8]) -> u32 {
        let mut remainder = u32::MAX;
        for byte in data {
            remainder ^= u32::from(*byte);
            for _ in 0..8 {
                remainder = remainder >> 1 ^ (0x82f6_3b78 * (remainder & 1));
            }
        }
        !remainder
    }

    #[test]
    fn the_checksum_is_crc_32c() {
        // The check value of the catalogue of parametrised CRC algorithms for CRC-32/ISCSI.
        assert_eq!(CASTAGNOLI.checksum(b"123456789"), 0xe306_9283);
        assert_eq!(bitwise_checksum(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn the_mask_rotates_and_adds() {
        // 0xe3069283 rotated right by 15 bits is 0x2507c60d; plus 0xa282ead8.
        assert_eq!(masked_checksum(b"123456789"), 0xc78a_b0e5);
    }

    #[test]
    fn a_file_begins_as_those_of_tensorflow_do() {
        // The first twelve bytes of every file that TensorFlow writes: a length of 24 and its masked checksum.
        let expected = [0x18, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22];
        assert_eq!(header(0.0)[..12], expected);
        let events = decode(&header(12.5));
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].wall_time, 12.5);
        assert_eq!(events[0].version, "brain.Event:2");
    }

    #[test]
    fn scalars_are_read_back() {
        let loss = vec![("loss".to_owned(), 0.1), ("rate".to_owned(), f64::NEG_INFINITY)];
        let events = decode(&scalars(1.5, 300, "train", &loss));
        let expected = Decoded {
            wall_time: 1.5,
            step: 300,
            version: String::new(),
            values: vec![
                ("train/loss".to_owned(), 0.1),
                ("train/rate".to_owned(), f32::NEG_INFINITY),
            ],
        };
        assert_eq!(events, [expected]);
    }

    #[test]
    fn varints_are_those_of_the_specification() {
        // 150 is the example of the encoding guide of protocol buffers.
        for (value, expected) in [(0, vec![0]), (127, vec![0x7f]), (150, vec![0x96, 0x01])] {
            let mut message = Vec::new();
            varint(&mut message, value);
            assert_eq!(message, expected);
        }
    }

    #[test]
    fn a_cut_file_ends_with_its_last_whole_frame() {
        let first = header(1.0);
        let mut file = first.clone();
        file.extend(scalars(2.0, 1, "eval", &vec![("rmse".to_owned(), 0.5)]));
        assert_eq!(whole_records(&file), file.len());
        for length in first.len()..file.len() {
            assert_eq!(whole_records(&file[..length]), first.len(), "cut at {length}");
        }
    }

    #[test]
    fn a_frame_that_lies_about_its_length_is_not_whole() {
        let mut lie = u64::MAX.to_le_bytes().to_vec();
        lie.extend(masked_checksum(&lie).to_le_bytes());
        assert_eq!(whole_records(&lie), 0);
    }
}
