use std::{
    fmt,
    fs::File,
    io::{self, Read, Write},
    path::Path,
    str::FromStr,
};

use md5::Md5;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// A digest of a file, written `sha256:<64 hex digits>` or `md5:<32 hex digits>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Digest {
    /// SHA-256, preferred wherever it is published.
    Sha256([u8; 32]),
    /// MD5, where nothing else is published: it notices accidents, not malice.
    Md5([u8; 16]),
}

/// Text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a digest; write `sha256:` and 64 hex digits, or `md5:` and 32")]
pub struct DigestParseError {
    text: String,
}

impl Digest {
    /// The SHA-256 digest of `bytes`.
    pub fn sha256(bytes: &[u8]) -> Self {
        Self::Sha256(Sha256::digest(bytes).into())
    }

    /// A hasher for the same algorithm.
    pub fn hasher(&self) -> Hasher {
        match self {
            Self::Sha256(_) => Hasher::sha256(),
            Self::Md5(_) => Hasher::Md5(Md5::new()),
        }
    }

    /// Whether `bytes` have this digest.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        let mut hasher = self.hasher();
        hasher.update(bytes);
        hasher.finish() == *self
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, bytes): (_, &[u8]) = match self {
            Self::Sha256(bytes) => ("sha256", bytes),
            Self::Md5(bytes) => ("md5", bytes),
        };
        write!(formatter, "{name}:")?;
        bytes.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl FromStr for Digest {
    type Err = DigestParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digest = match text.split_once(':') {
            Some(("sha256", hex)) => parse_hex(hex).map(Self::Sha256),
            Some(("md5", hex)) => parse_hex(hex).map(Self::Md5),
            _ => None,
        };
        digest.ok_or_else(|| DigestParseError { text: text.to_owned() })
    }
}

fn parse_hex<const LENGTH: usize>(hex: &str) -> Option<[u8; LENGTH]> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if pairs.len() != LENGTH || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; LENGTH];
    for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
        let high = char::from(high).to_digit(16)?;
        let low = char::from(low).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Computes a [`Digest`] of bytes that arrive in parts.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Hasher {
    /// Computes [`Digest::Sha256`].
    Sha256(Sha256),
    /// Computes [`Digest::Md5`].
    Md5(Md5),
}

impl Hasher {
    /// A hasher for SHA-256.
    pub fn sha256() -> Self {
        Self::Sha256(Sha256::new())
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Md5(hasher) => hasher.update(bytes),
        }
    }

    /// The digest of everything added.
    pub fn finish(self) -> Digest {
        match self {
            Self::Sha256(hasher) => Digest::Sha256(hasher.finalize().into()),
            Self::Md5(hasher) => Digest::Md5(hasher.finalize().into()),
        }
    }

    /// Reads a file to its end and returns its size in bytes and its digest.
    pub(super) fn file(mut self, path: &Path) -> io::Result<(u64, Digest)> {
        let bytes = io::copy(&mut File::open(path)?, &mut self)?;
        Ok((bytes, self.finish()))
    }
}

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Passes bytes on and hashes them on the way.
pub(super) struct HashingReader<R> {
    pub(super) inner: R,
    pub(super) hasher: Hasher,
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Digests of "abc": FIPS 180-2 appendix B.1 and RFC 1321 appendix A.5.
    const ABC_SHA256: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const ABC_MD5: &str = "md5:900150983cd24fb0d6963f7d28e17f72";

    #[test]
    fn published_digests_match_and_others_do_not() {
        for text in [ABC_SHA256, ABC_MD5] {
            let digest: Digest = text.parse().unwrap();
            assert!(digest.matches(b"abc"), "{text}");
            assert!(!digest.matches(b"abd"), "{text}");
            assert_eq!(digest.to_string(), text);
        }
    }

    #[test]
    fn bytes_in_parts_have_the_same_digest() {
        let mut hasher = Hasher::sha256();
        hasher.update(b"a");
        hasher.update(b"bc");
        assert_eq!(hasher.finish(), Digest::sha256(b"abc"));
    }

    #[test]
    fn wrong_text_is_refused() {
        for text in [
            "",
            "sha256:",
            "sha1:00",
            "md5:zz0150983cd24fb0d6963f7d28e17f72",
            "md5:+00150983cd24fb0d6963f7d28e17f7",
        ] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }
}
