//! What exports to Rust and to C share: numbers and comments as text.

use std::fmt::Write as _;

use super::parts::Parts;
use super::size::Size;
use crate::net::describe;

/// How a source file begins, line by line: what it is and how large.
pub fn title(parts: &Parts<'_>, size: &Size) -> Vec<String> {
    let mut lines = vec![
        format!(
            "The net of the run {}, exported by elman {}.",
            // A name with a line end would end the comment.
            parts.run.replace(char::is_control, " "),
            env!("CARGO_PKG_VERSION")
        ),
        String::new(),
        describe::line(&parts.spec),
        String::new(),
    ];
    lines.extend(size.lines());
    lines.push(String::new());
    lines
}

/// The head of a source file with a float net, line by line.
pub fn head(parts: &Parts<'_>, size: &Size) -> Vec<String> {
    let mut lines = title(parts, size);
    lines.push(format!(
        "Golden vectors: {} steps of {}. The self-test runs them. Every bit must be",
        parts.proof.steps(),
        parts.proof.source
    ));
    lines.push(format!(
        "the same where multiply-adds are fused; elsewhere outputs may be off by {:?}.",
        parts.proof.golden().tolerance
    ));
    remarks(&parts.encoding.remarks, &mut lines);
    lines
}

/// What the firmware has to do, as a list.
pub fn remarks(remarks: &[String], lines: &mut Vec<String>) {
    if !remarks.is_empty() {
        lines.extend([String::new(), "Around the net:".to_owned()]);
        remarks.iter().for_each(|remark| wrap(remark, lines));
    }
}

/// Widest line of a comment.
const WIDTH: usize = 92;

/// A list item over as many lines as it needs.
fn wrap(remark: &str, lines: &mut Vec<String>) {
    let mut line = "-".to_owned();
    for word in remark.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            lines.push(std::mem::replace(&mut line, " ".to_owned()));
        }
        line += " ";
        line += word;
    }
    lines.push(line);
}

/// Items behind each other, `per_line` on a line, indented, each followed by a comma.
pub fn list(items: impl IntoIterator<Item = String>, per_line: usize) -> String {
    let mut text = String::new();
    for (i, item) in items.into_iter().enumerate() {
        let gap = match i % per_line {
            0 if i == 0 => "    ",
            0 => "\n    ",
            _ => " ",
        };
        let _ = write!(text, "{gap}{item},");
    }
    text
}

/// A finite number, exact, with a point or an exponent, as Rust and C read it.
pub fn number(x: f32) -> String {
    format!("{x:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_bit_for_bit() {
        for x in [0.0, -0.0, 1.0, 0.1, 1e-45, f32::MAX, -1.5e-7, 16_777_216.0] {
            let text = number(x);
            assert!(text.contains(['.', 'e']), "{text} would be an integer");
            assert_eq!(text.parse::<f32>().unwrap().to_bits(), x.to_bits());
        }
    }

    #[test]
    fn remarks_are_wrapped_and_lists_are_broken() {
        let mut lines = Vec::new();
        wrap(&"word ".repeat(40), &mut lines);
        assert!(lines.len() == 3 && lines.iter().all(|line| line.len() <= WIDTH));
        assert!(lines[0].starts_with("- word") && lines[1].starts_with("  word"));
        let items = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(list(items, 2), "    a, b,\n    c,");
    }
}
