//! A table in a Rust module.

use std::fmt::Write as _;

/// A table, which rustfmt must not spread over a line per number, and in which nothing is a constant of nature.
pub fn table(text: &mut String, about: &str, declaration: &str, items: &str) {
    let _ = write!(
        text,
        "\n/// {about}\n#[rustfmt::skip]\n#[allow(clippy::approx_constant)]\n{declaration} = ["
    );
    if items.is_empty() {
        text.push_str("];\n");
    } else {
        let _ = write!(text, "\n{items}\n];\n");
    }
}
