//! Reading gzip streams through a cap on the bytes that come out.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

/// First two bytes of every gzip member (RFC 1952, section 2.3.1).
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Whether `bytes` begin like a gzip file.
fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// A reader of the content of a file that may or may not be compressed.
///
/// Nothing is decompressed before it is asked for, so that memory stays bounded by what the caller
/// takes.
pub fn reader(bytes: &[u8]) -> Box<dyn Read + '_> {
    if is_gzip(bytes) {
        Box::new(MultiGzDecoder::new(bytes))
    } else {
        Box::new(bytes)
    }
}

/// Decompresses `bytes` if they are gzip, and copies them otherwise.
///
/// # Errors
///
/// [`io::ErrorKind::FileTooLarge`] if more than `limit` bytes come out: a small file can claim to hold
/// a thousand times its size. Otherwise the error of a damaged stream.
pub fn decode(bytes: &[u8], limit: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    reader(bytes).take(limit.saturating_add(1)).read_to_end(&mut content)?;
    if content.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("decompresses to more than {limit} bytes"),
        ));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn compress(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_and_compressed_content_are_the_same() {
        assert_eq!(decode(b"hello", 5).unwrap(), b"hello");
        assert_eq!(decode(&compress(b"hello"), 5).unwrap(), b"hello");
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = compress(&vec![0; 4 << 20]);
        assert!(bomb.len() < 8192);
        let error = decode(&bomb, 1000).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_cut_stream_is_an_error() {
        let whole = compress(b"a line of text that is long enough to be cut");
        for length in 2..whole.len() {
            assert!(decode(&whole[..length], 1000).is_err(), "cut at {length}");
        }
    }
}
