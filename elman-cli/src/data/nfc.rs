//! One form for letters that Unicode can write in two ways (UAX #15): `é`, and `e` with an accent that combines, are one.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The text in Normalization Form C, as nearly all text is written.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        text.into()
    } else {
        text.nfc().collect::<String>().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_that_combine_are_combined() {
        assert_eq!(nfc("Cafe\u{301}"), "Caf\u{e9}");
        for text in ["", "Cafe", "Caf\u{e9}", "\u{1112}\u{b9}"] {
            assert!(matches!(nfc(text), Cow::Borrowed(same) if same == text));
        }
    }
}
