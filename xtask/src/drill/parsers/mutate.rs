//! Making hostile inputs out of good ones.

use super::super::chance::Chance;

/// Bytes that readers trip over.
const BYTES: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'\n', b'-'];

/// Numbers that sizes overflow with, as bytes of either order.
const NUMBERS: [u64; 8] = [0, 1, 0x7fff_ffff, 0xffff_ffff, 0x8000_0000, u64::MAX, 1 << 40, 0xffff];

/// Words that text formats trip over.
const WORDS: [&str; 14] = [
    "-1",
    "1e400",
    "NaN",
    "99999999999999999999",
    "\"",
    "{",
    "[[",
    "]",
    "\u{feff}",
    "\r\n",
    "../",
    "\\u0000",
    "true",
    "\u{202e}",
];

/// Most changes to one input.
const MOST_CHANGES: usize = 6;

/// Inputs never grow beyond this by mutation.
const MOST_BYTES: usize = 1 << 20;

/// One good input with a few changes.
pub(super) fn mutate(seeds: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = chance.one_of(seeds).cloned().unwrap_or_default();
    for _ in 0..=chance.below(MOST_CHANGES) {
        change(&mut bytes, seeds, chance);
    }
    bytes.truncate(MOST_BYTES);
    bytes
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], chance: &mut Chance) {
    let place = chance.below(bytes.len());
    match chance.below(9) {
        0 => set(bytes, place, &[chance.number() as u8]),
        1 => {
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= 1 << chance.below(8);
            }
        }
        2 => set(bytes, place, &[chance.one_of(&BYTES).copied().unwrap_or(0)]),
        3 => {
            let number = chance.one_of(&NUMBERS).copied().unwrap_or(0);
            let width = [2, 4, 8][chance.below(3)];
            let whole = if chance.below(2) == 0 {
                number.to_le_bytes()
            } else {
                number.swap_bytes().to_le_bytes()
            };
            let part = if chance.below(2) == 0 {
                &whole[..width]
            } else {
                &whole[8 - width..]
            };
            set(bytes, place, part);
        }
        4 => bytes.truncate(place),
        5 => drop(bytes.drain(place..place + chance.below(bytes.len() - place))),
        6 => {
            // The same part once more.
            let end = place + chance.below((bytes.len() - place).min(512));
            let part = bytes[place..end].to_vec();
            bytes.splice(place..place, part);
        }
        7 => {
            let word = chance.one_of(&WORDS).copied().unwrap_or("");
            bytes.splice(place..place, word.bytes());
        }
        _ => {
            // The end of another input.
            let other = chance.one_of(seeds).map_or(&[][..], Vec::as_slice);
            bytes.truncate(place);
            bytes.extend_from_slice(&other[chance.below(other.len())..]);
        }
    }
}

/// Overwrites what is there, and adds nothing.
fn set(bytes: &mut [u8], place: usize, with: &[u8]) {
    for (byte, new) in bytes.iter_mut().skip(place).zip(with) {
        *byte = *new;
    }
}

/// Makes the checksums of a tar stream right again, so that readers look further than those.
pub(super) fn mend_tar(bytes: &mut [u8]) {
    let (blocks, _) = bytes.as_chunks_mut::<512>();
    for block in blocks.iter_mut().filter(|block| block[257..262] == *b"ustar") {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        let text = format!("{sum:06o}\0 ");
        set(block, 148, text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_input_can_be_changed() {
        let mut chance = Chance::new(0);
        let seeds = [Vec::new(), b"a".to_vec(), vec![7; 1000]];
        let inputs: Vec<_> = (0..5000).map(|_| mutate(&seeds, &mut chance)).collect();
        assert!(inputs.iter().any(|input| input.len() > 1000));
        assert!(inputs.iter().filter(|input| seeds.contains(input)).count() < 2500);
    }

    #[test]
    fn mended_archives_are_read_again() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(1);
        builder.append_data(&mut header, "a", &b"x"[..]).unwrap();
        let mut bytes = builder.into_inner().unwrap();
        bytes[0] = b'b';
        let names = |bytes: &[u8]| -> Result<Vec<_>, std::io::Error> {
            let mut archive = tar::Archive::new(bytes);
            archive
                .entries()?
                .map(|entry| Ok(entry?.path_bytes().into_owned()))
                .collect()
        };
        assert!(names(&bytes).is_err());
        mend_tar(&mut bytes);
        assert_eq!(names(&bytes).unwrap(), [b"b".to_vec()]);
    }
}
