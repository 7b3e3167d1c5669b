//! Rows of numbers without a header, a class in front: how the UCR archive is handed out.

use super::cells::{self, whole_name};

/// Shorter rows may be anything.
const SHORTEST: usize = 8;

/// The cells of such a line.
pub fn split(line: &str) -> Box<dyn Iterator<Item = &str> + '_> {
    let line = line.trim_matches([' ', '\r', '\n']);
    match ['\t', ',', ';']
        .into_iter()
        .find(|&parting| line.contains(parting))
    {
        Some(parting) => Box::new(line.split(parting).map(str::trim)),
        None => Box::new(line.split_ascii_whitespace()),
    }
}

/// Whether these lines are such rows: numbers throughout, whole ones in front, and those do not count the rows.
pub fn is_ucr(lines: &[&str]) -> bool {
    let mut classes = Vec::new();
    for line in lines.iter().filter(|line| !line.trim().is_empty()) {
        let mut cells = split(line);
        let class = cells
            .next()
            .and_then(whole_name)
            .and_then(|name| name.parse::<f64>().ok());
        let Some(class) = class else {
            return false;
        };
        let mut values = 0;
        for cell in cells {
            if cells::number(cell).is_err() {
                return false;
            }
            values += 1;
        }
        if values < SHORTEST {
            return false;
        }
        classes.push(class);
    }
    let counts = classes.len() > 3 && classes.windows(2).all(|pair| pair[0] < pair[1]);
    !classes.is_empty() && !counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn such_rows_are_known_by_their_numbers() {
        let rows = |class: &[&str], values: usize| {
            let line = |class: &&str| format!("{class}{}", "\t0.25".repeat(values));
            class.iter().map(line).collect::<Vec<_>>()
        };
        let is = |lines: Vec<String>| is_ucr(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(is(rows(&["1", "2", "1", "2"], 8)) && is(rows(&["1.0", "-1.0"], 8)));
        assert!(!is(rows(&["0", "1", "2", "3", "4"], 8)), "these count rows");
        assert!(!is(rows(&["1", "2", "1"], 7)), "too short to be sure");
        assert!(!is(rows(&["1.5", "2"], 9)) && !is(rows(&["a", "b"], 9)) && !is(Vec::new()));
    }
}
