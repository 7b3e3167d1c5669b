//! Rust's text as words and signs.

/// Whether it is a name or a keyword.
pub fn is_word(token: &str) -> bool {
    let first = token.chars().next();
    first.is_some_and(|first| first == '_' || first.is_alphabetic())
}

/// Words, `::` and signs; without comments and without what stands in quotes.
pub fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment_len(rest)
        } else if let Some(len) = quoted_len(rest) {
            len
        } else if first == '_' || first.is_alphanumeric() {
            let end = |c: char| c != '_' && !c.is_alphanumeric();
            let len = rest.find(end).unwrap_or(rest.len());
            found.push(rest[..len].to_owned());
            len
        } else if rest.starts_with("::") {
            found.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                found.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[len..];
    }
    found
}

fn comment_len(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of the string or character that the text begins with.
fn quoted_len(text: &str) -> Option<usize> {
    let plain = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - plain.len();
    if prefix <= 1 && plain.starts_with('r') {
        let marks = plain[1..].chars().take_while(|&c| c == '#').count();
        if plain[1 + marks..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(marks));
            let start = marks + 2;
            let len = plain[start..]
                .find(&end)
                .map_or(plain.len(), |len| start + len + end.len());
            return Some(prefix + len);
        }
    }
    if prefix <= 1 && plain.starts_with('"') {
        return Some(prefix + escaped_len(plain, '"'));
    }
    let mut after = plain.strip_prefix('\'')?.chars();
    // A lifetime is no character: 'a and 'static have no quote behind the first letter.
    let (first, second) = (after.next()?, after.next()?);
    (prefix <= 1 && (first == '\\' || second == '\'')).then(|| prefix + escaped_len(plain, '\''))
}

fn escaped_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}
