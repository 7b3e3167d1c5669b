//! What the notes of an image say of a net's ends: what outputs are called, how raw samples come to the scale of training, and when an
//! answer is an event. The notes are the JSON that `elman export` writes; this looks for a few words in it, and allocates nothing.

#[cfg(feature = "float")]
use {crate::float::Front, elman_core::feed::Rule};

/// Before the names of outputs: a list of them is called `labels`.
const LABELS: &str = r#""name":"labels""#;
/// Before their list.
const ITEMS: &str = r#""items":["#;
/// Before the scales of columns, each 24 hexadecimal digits: the bits of mean, rest and factor.
const SCALE: &str = r#""scale":["#;
/// Before the bits of the farthest number.
const FARTHEST: &str = r#""farthest":"#;

/// Before the number of rows that a step reads.
#[cfg(feature = "float")]
const WINDOW: &str = r#""window":"#;
/// Before smoothing, threshold, refractory time and background, each as eight hexadecimal digits.
#[cfg(feature = "float")]
const RULE: &str = r#""rule":"#;

/// The name of an output, as JSON writes it between its quotes.
pub fn label(notes: &str, index: usize) -> Option<&str> {
    // Quotes within texts have a backslash before them, so these words are not part of one.
    strings(behind(behind(notes, LABELS)?, ITEMS)?).nth(index)
}

/// Mean, rest and factor of a column, and how far a number may be from 0 on the scale.
pub fn scale(notes: &str, column: usize) -> Option<[f32; 4]> {
    let digits = strings(behind(notes, SCALE)?).nth(column)?;
    let farthest = strings(behind(notes, FARTHEST)?).next()?;
    let part = |place: usize| bits(digits.get(8 * place..8 * place + 8)?).map(f32::from_bits);
    Some([
        part(0)?,
        part(1)?,
        part(2)?,
        f32::from_bits(bits(farthest)?),
    ])
}

/// How raw samples become events, where all of it stands there.
#[cfg(feature = "float")]
pub fn front(notes: &str) -> Option<Front> {
    let digits = strings(behind(notes, RULE)?).next()?;
    let part = |place: usize| bits(digits.get(8 * place..8 * place + 8)?);
    let (refractory, background) = (part(2)?, part(3)?);
    Some(Front {
        columns: strings(behind(notes, SCALE)?).count(),
        window: number(behind(notes, WINDOW)?)?,
        farthest: f32::from_bits(bits(strings(behind(notes, FARTHEST)?).next()?)?),
        rule: Rule {
            smoothing: f32::from_bits(part(0)?),
            threshold: f32::from_bits(part(1)?),
            refractory,
            background: (background != u32::MAX).then_some(background as usize),
        },
    })
}

/// A number in decimal digits, at the start of a text.
#[cfg(feature = "float")]
fn number(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit);
    let add = |number: usize, digit: u8| {
        let tens = number.checked_mul(10)?;
        tens.checked_add(usize::from(digit - b'0'))
    };
    digits.into_iter().try_fold(0, add)
}

/// What stands behind some words.
fn behind<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let at = text
        .as_bytes()
        .windows(words.len())
        .position(|window| window == words.as_bytes())?;
    text.get(at + words.len()..)
}

/// The strings of a list, without their quotes, up to its end.
fn strings(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    core::iter::from_fn(move || {
        let start = rest.strip_prefix(',').unwrap_or(rest);
        let start = start.strip_prefix('"')?;
        let mut is_escaped = false;
        let end = start.bytes().position(|byte| {
            let ends = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            ends
        })?;
        rest = start.get(end + 1..)?;
        start.get(..end)
    })
}

/// Bits in eight hexadecimal digits.
fn bits(digits: &str) -> Option<u32> {
    if digits.len() != 8 {
        return None;
    }
    let digit = |bits: u32, byte: u8| {
        let digit = (byte as char).to_digit(16)?;
        Some(bits << 4 | digit)
    };
    digits.bytes().try_fold(0, digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTES: &str = r#"{"run":"say \"name\":\"labels\",\"items\":[\"no\"]","encoding":{"names":[{"name":"columns","about":"","items":["ax","ay"]},{"name":"labels","about":"","items":["up \"and\" away","ünder","x\\"]}],"front":{"scale":["3f80000000000000be000000","41200000b58637bd3f000000"],"farthest":"41200000","window":3,"rule":"3e8000003f00000000000002ffffffff"}}}"#;

    #[test]
    fn labels_are_found() {
        assert_eq!(label(NOTES, 0), Some(r#"up \"and\" away"#));
        assert_eq!(label(NOTES, 1), Some("ünder"));
        assert_eq!(label(NOTES, 2), Some(r"x\\"));
        assert_eq!(label(NOTES, 3), None);
        assert_eq!(label("", 0), None);
        assert_eq!(label(r#""name":"labels","items":["torn"#, 0), None);
    }

    #[test]
    fn scales_are_found() {
        assert_eq!(scale(NOTES, 0), Some([1.0, 0.0, -0.125, 10.0]));
        assert_eq!(scale(NOTES, 1), Some([10.0, -1e-6, 0.5, 10.0]));
        assert_eq!(scale(NOTES, 2), None);
        assert_eq!(
            scale(r#""scale":["3f8000"],"farthest":"41200000""#, 0),
            None
        );
    }

    #[cfg(feature = "float")]
    #[test]
    fn the_way_to_events_is_found_whole_or_not_at_all() {
        let found = front(NOTES).unwrap();
        assert_eq!((found.columns, found.window, found.farthest), (2, 3, 10.0));
        let rule = Rule {
            smoothing: 0.25,
            threshold: 0.5,
            refractory: 2,
            background: None,
        };
        assert_eq!(found.rule, rule);
        let other = NOTES.replace("ffffffff", "00000001");
        assert_eq!(front(&other).unwrap().rule.background, Some(1));
        for (words, torn) in [
            ("\"rule\":\"", "\"rule\":{\""),
            ("\"window\":3", "\"window\":99999999999999999999999"),
            ("ffffffff\"", "fffffff\""),
            ("\"farthest\"", "\"far\""),
            ("\"scale\"", "\"scales\""),
        ] {
            let torn = NOTES.replace(words, torn);
            assert_ne!(torn, NOTES);
            assert_eq!(front(&torn), None, "{torn}");
        }
    }
}
