//! JSON that stays on one line, whoever cuts it: besides the control characters, which JSON itself forbids, some programs
//! take U+0085, U+2028 and U+2029 for line ends.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

/// Writes strings without any character that somebody takes for a line end.
struct OneLine;

impl Formatter for OneLine {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(place) = rest.find(['\u{85}', '\u{2028}', '\u{2029}']) {
            let (before, found) = rest.split_at(place);
            CompactFormatter.write_string_fragment(writer, before)?;
            let mut characters = found.chars();
            let code = characters.next().map_or(0, u32::from);
            write!(writer, "\\u{code:04x}")?;
            rest = characters.as_str();
        }
        CompactFormatter.write_string_fragment(writer, rest)
    }
}

/// A value as one line of JSON, without its end.
///
/// # Errors
/// Writing fails.
pub fn write(out: &mut (impl Write + ?Sized), value: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, OneLine);
    Ok(value.serialize(&mut serializer)?)
}

/// The same as a text.
///
/// # Panics
/// The value is none that JSON has, such as a map whose keys are no strings.
pub fn text(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes, value).expect("the value is valid JSON");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_a_line() {
        let value = "a\u{2028}b\u{2029}\u{85}\u{b}\u{c}\u{1c}\r\n\"é\\";
        let json = text(&value);
        assert!(
            json.contains(r"a\u2028b\u2029\u0085\u000b\f\u001c\r\n"),
            "{json}"
        );
        assert!(json.chars().all(|character| !character.is_control()));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), value);
        assert_eq!(
            text(&[0.5f32, 1.0]),
            serde_json::to_string(&[0.5f32, 1.0]).unwrap()
        );
    }
}
