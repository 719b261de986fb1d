//! Scalars as a JSON object in their order. JSON has no NaN and no infinity: those are strings.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
    ser::SerializeMap,
};

use super::Scalars;

/// Scalars for a file of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ScalarMap(#[serde(with = "self")] pub(crate) Scalars);

pub(super) fn serialize<S: Serializer>(scalars: &Scalars, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(scalars.len()))?;
    for (name, value) in scalars {
        map.serialize_entry(name, &Number(*value))?;
    }
    map.end()
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scalars, D::Error> {
    struct Entries;

    impl<'de> Visitor<'de> for Entries {
        type Value = Scalars;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object of numbers")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalars, A::Error> {
            let mut scalars = Scalars::new();
            while let Some((name, Number(value))) = map.next_entry()? {
                scalars.push((name, value));
            }
            Ok(scalars)
        }
    }

    deserializer.deserialize_map(Entries)
}

/// A number of a JSON file: one that is not finite is a string there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number(pub f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f64(self.0)
        } else {
            // "NaN", "inf", "-inf": what `f64` prints and parses.
            serializer.collect_str(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Number;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number, \"NaN\", \"inf\" or \"-inf\"")
            }

            fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
                Ok(Number(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }

            /// Other programs write NaN as null.
            fn visit_unit<E>(self) -> Result<Number, E> {
                Ok(Number(f64::NAN))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Number, E> {
                value
                    .parse()
                    .map(Number)
                    .map_err(|_| E::custom(format!("`{value}` is not a number")))
            }
        }

        deserializer.deserialize_any(Text)
    }
}
