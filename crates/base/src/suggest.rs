//! "Did you mean": the known name most like one that is not known.

/// Names less alike than this (Jaro-Winkler, 1 for equal ones) are no help.
const LEAST_LIKENESS: f64 = 0.75;

/// The name of `known` most like `name`, if any is like it at all.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lowercase = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lowercase, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= LEAST_LIKENESS)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 3] = ["mnist", "fashion-mnist", "uci-digits"];

    #[test]
    fn typing_errors_find_their_name() {
        assert_eq!(nearest("mnsit", KNOWN), Some("mnist"));
        assert_eq!(nearest("Fashion_MNIST", KNOWN), Some("fashion-mnist"));
        assert_eq!(nearest("digits", ["uci-digits", "cub"]), Some("uci-digits"));
    }

    #[test]
    fn other_words_find_nothing() {
        assert_eq!(nearest("elephant", KNOWN), None);
    }
}
