//! Rows of numbers in text formats: base64 of their little-endian bytes, a third of what digits take, and exact.
//!
//! For `#[serde(with = "packed")]`.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

/// A number of fixed size.
pub(crate) trait Number: Copy {
    const BYTES: usize;
    fn write(self, bytes: &mut Vec<u8>);
    /// Reads exactly [`BYTES`](Self::BYTES) bytes.
    fn read(bytes: &[u8]) -> Self;
}

macro_rules! number {
    ($type:ty) => {
        impl Number for $type {
            const BYTES: usize = size_of::<$type>();
            fn write(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
            fn read(bytes: &[u8]) -> Self {
                Self::from_le_bytes(bytes.try_into().expect("as many bytes as the number has"))
            }
        }
    };
}

number!(u8);
number!(u32);
number!(f32);
number!(f64);

pub(crate) fn serialize<T: Number, S: Serializer>(values: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    let mut bytes = Vec::with_capacity(values.len() * T::BYTES);
    for value in values {
        value.write(&mut bytes);
    }
    serializer.serialize_str(&STANDARD.encode(bytes))
}

pub(crate) fn deserialize<'de, T: Number, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = STANDARD.decode(text).map_err(D::Error::custom)?;
    if bytes.len() % T::BYTES != 0 {
        return Err(D::Error::custom("the bytes are no whole number of values"));
    }
    Ok(bytes.chunks_exact(T::BYTES).map(T::read).collect())
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Row {
        #[serde(with = "super")]
        values: Vec<f32>,
    }

    #[test]
    fn numbers_come_back_bit_for_bit() {
        let row = Row {
            values: vec![0.1, -0.0, f32::MIN_POSITIVE, 3.4e38],
        };
        let text = serde_json::to_string(&row).expect("a text");
        assert_eq!(serde_json::from_str::<Row>(&text).expect("the row"), row);
    }

    #[test]
    fn damaged_text_is_an_error() {
        for text in [r#"{"values":"AAAA"}"#, r#"{"values":"*"}"#, r#"{"values":3}"#] {
            assert!(serde_json::from_str::<Row>(text).is_err(), "{text}");
        }
    }
}
