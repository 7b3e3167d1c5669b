//! The text of a C file, and what may stand in it.

use std::fmt::Write as _;

use super::super::source::number;

/// The text of a file, in which pieces take the name of the export.
pub struct Source {
    name: String,
    pub text: String,
}

impl Source {
    /// An empty file of that export.
    pub fn new(name: &str) -> Self {
        let (name, text) = (name.to_owned(), String::new());
        Self { name, text }
    }

    /// The name of the export.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A piece of ours: `net_` and `NET_` take the name.
    pub fn piece(&mut self, piece: &str) {
        let (small, large) = (
            format!("{}_", self.name),
            format!("{}_", self.name.to_uppercase()),
        );
        self.text += &piece.replace("net_", &small).replace("NET_", &large);
    }

    /// Text as it is: numbers, names, comments of the user's.
    pub fn verbatim(&mut self, text: &str) {
        self.text += text;
    }

    /// A list of items behind a declaration of ours.
    pub fn table(&mut self, about: &str, declaration: &str, items: &str) {
        self.verbatim(&format!("\n/* {} */\n", comment(about)));
        self.piece(declaration);
        self.verbatim(&format!(" = {{\n{items}\n}};\n"));
    }
}

/// Text that ends no comment.
pub fn comment(text: &str) -> String {
    text.replace("*/", "* /")
        .replace("/*", "/ *")
        .replace(['\n', '\\'], " ")
}

/// A C number; negative ones and those below one need nothing more.
pub fn c_number(x: f32) -> String {
    number(x) + "f"
}

/// A string literal; bytes beyond ASCII in octal, which ends after three digits.
pub fn string(text: &str) -> String {
    let mut literal = "\"".to_owned();
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' | b'?' => {
                literal.push('\\');
                literal.push(char::from(byte));
            }
            b' '..=b'~' => literal.push(char::from(byte)),
            _ => {
                let _ = write!(literal, "\\{byte:03o}");
            }
        }
    }
    literal + "\""
}

/// How much deeper a stack is on the way from raw samples.
pub fn stack_of_feed(to: &str, bytes: usize) -> String {
    format!("From raw samples to {to} it takes up to {bytes} bytes of stack more.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_stay_closed_in_themselves() {
        assert_eq!(comment("a */ b /* c\\"), "a * / b / * c ");
    }

    #[test]
    fn strings_are_c_strings() {
        assert_eq!(string("a\"b\\c??/"), r#""a\"b\\c\?\?/""#);
        assert_eq!(string("ä\n1"), r#""\303\244\0121""#);
    }
}
