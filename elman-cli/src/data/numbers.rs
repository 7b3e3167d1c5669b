//! How numbers stand in the cells of a table, and the words for those that are missing.

/// What programs write where there is no value, in small letters: the words of pandas, of spreadsheets and of C.
const MISSING: [&str; 26] = [
    "", "?", "nan", "na", "n/a", "null", "none", "<na>", "#n/a", "#na", "#n/a n/a", "-nan", "+nan",
    "1.#qnan", "-1.#qnan", "1.#ind", "-1.#ind", "1.#nan", "-1.#nan", "#div/0!", "#ref!", "#value!",
    "#name?", "#num!", "#null!", "#error!",
];
/// What people write there too, and may mean something by elsewhere.
const DOUBTFUL: [&str; 8] = [
    "nil", "nat", "missing", "-", "--", "---", "\u{2013}", "\u{2014}",
];

/// How the numbers of a file are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notation {
    /// A comma is the decimal point, as a point is.
    pub has_decimal_commas: bool,
    /// What stands for no value besides the usual words; a number means itself however it is written.
    missing: Vec<(String, Option<f64>)>,
}

impl Notation {
    /// With some more words for what is missing.
    pub fn new(has_decimal_commas: bool, missing: &[String]) -> Self {
        let word = |word: &String| {
            (
                word.trim().to_owned(),
                plain(word.trim(), has_decimal_commas),
            )
        };
        Self {
            has_decimal_commas,
            missing: missing.iter().map(word).collect(),
        }
    }

    /// A number, NaN where it is missing.
    ///
    /// # Errors
    /// What the cell holds instead.
    pub fn number(&self, cell: &str) -> Result<f64, String> {
        let value = cell
            .parse()
            .ok()
            .or_else(|| plain(cell, self.has_decimal_commas));
        match value {
            Some(value) if value.is_finite() && self.missing.is_empty() => Ok(value),
            _ if self.is_missing(cell) => Ok(f64::NAN),
            Some(value) if value.is_finite() => Ok(value),
            Some(_) => Err(format!("{cell} is not a finite number")),
            None => Err(complaint(cell)),
        }
    }

    /// The number of a step, which is never missing because a value with that number is.
    ///
    /// # Errors
    /// As [`Self::number`].
    pub fn step(&self, cell: &str) -> Result<f64, String> {
        let usual = Self {
            missing: Vec::new(),
            ..*self
        };
        usual.number(cell)
    }

    /// Whether a cell says that there is no value.
    pub fn is_missing(&self, cell: &str) -> bool {
        if is_missing(cell) {
            return true;
        }
        if self.missing.is_empty() {
            return false;
        }
        let value = cell
            .parse()
            .ok()
            .or_else(|| plain(cell, self.has_decimal_commas));
        let is_said = |(word, number): &(String, Option<f64>)| {
            word == cell || (number.is_some() && *number == value)
        };
        self.missing.iter().any(is_said)
    }
}

/// Whether a cell may as well be a text: `M`, `-` and the like say that a value is missing only where others are numbers.
pub fn may_be_text(cell: &str) -> bool {
    let are_dots = || !cell.is_empty() && cell.bytes().all(|byte| byte == b'.');
    cell == "M" || is_among(&DOUBTFUL, cell) || are_dots()
}

fn is_among(words: &[&str], cell: &str) -> bool {
    words.iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// Whether a cell says that there is no value, in any file.
pub fn is_missing(cell: &str) -> bool {
    // Longer words than all in the list are no such words.
    if cell.len() > 24 {
        return false;
    }
    let of_c = cell.trim_start_matches(['-', '+']);
    is_among(&MISSING, cell)
        || may_be_text(cell)
        || (of_c
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("nan("))
            && of_c.ends_with(')'))
}

/// A number in the usual notation, NaN where it is missing.
///
/// # Errors
/// What the cell holds instead.
pub fn number(cell: &str) -> Result<f64, String> {
    const USUAL: Notation = Notation {
        has_decimal_commas: false,
        missing: Vec::new(),
    };
    USUAL.number(cell)
}

/// A number whose sign is a true minus or a plus, or with a decimal comma.
fn plain(cell: &str, has_decimal_commas: bool) -> Option<f64> {
    let mut cell = cell.replacen('\u{2212}', "-", 1);
    if has_decimal_commas {
        cell = cell.replacen(',', ".", 1);
    }
    cell.parse().ok()
}

/// A cell of a wrong file can be very long.
const SHOWN: usize = 40;

fn complaint(cell: &str) -> String {
    let shown: String = cell.chars().take(SHOWN).collect();
    let dots = if shown.len() < cell.len() {
        "\u{2026}"
    } else {
        ""
    };
    let hint = hint(cell).unwrap_or_default();
    format!("\"{shown}{dots}\" is not a number{hint}")
}

/// How to write what people mean by such a cell.
fn hint(cell: &str) -> Option<String> {
    if cell.len() > SHOWN {
        return None;
    }
    let is_number = |text: &str| plain(text, false).is_some_and(f64::is_finite);
    let without = |marks: &[char]| cell.replace(marks, "");
    let is_space = |c: char| c.is_whitespace() || c == '\'' || c == '\u{2019}';
    if cell.matches(',').count() == 1
        && !is_grouped(cell, ',')
        && is_number(&cell.replace(',', "."))
    {
        return Some("; write decimals with a point".to_owned());
    }
    let points = cell.replace('.', "");
    if cell.contains('.')
        && cell.rfind(',') > cell.rfind('.')
        && points.matches(',').count() == 1
        && is_number(&points.replace(',', "."))
    {
        let plain = points.replace(',', ".");
        return Some(format!(
            "; points between thousands and a decimal comma: write {plain}"
        ));
    }
    if cell.contains(',') && is_number(&without(&[','])) {
        return Some(format!("; thousands separators: write {}", without(&[','])));
    }
    let joined: String = cell.chars().filter(|&c| !is_space(c)).collect();
    if joined != cell && is_number(&joined) {
        return Some(format!("; spaces between digits: write {joined}"));
    }
    if let Some(share) = cell
        .strip_suffix('%')
        .map(str::trim)
        .filter(|share| is_number(share))
    {
        return Some(format!(
            "; a percent sign: write {share} in every row, and leave the sign to the name of the column"
        ));
    }
    let amount = without(&['$', '\u{20ac}', '\u{a3}', '\u{a5}']);
    if amount != cell && is_number(amount.trim()) {
        return Some(format!("; a currency sign: write {}", amount.trim()));
    }
    let scales = [
        ('k', 1e3),
        ('K', 1e3),
        ('M', 1e6),
        ('B', 1e9),
        ('G', 1e9),
        ('T', 1e12),
    ];
    let scaled = |(suffix, scale): (char, f64)| {
        let value: f64 = cell.strip_suffix(suffix)?.trim().parse().ok()?;
        // So that 2.53 million is no 2529999.9999999995.
        let digits = format!("{:.6}", value * scale);
        let digits = digits
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned();
        Some(format!("; a letter for a power of ten: write {digits}"))
    };
    scales.into_iter().find_map(scaled)
}

/// Whether a mark parts the digits in groups of three.
fn is_grouped(cell: &str, mark: char) -> bool {
    let whole = cell
        .split('.')
        .next()
        .unwrap_or("")
        .trim_start_matches(['-', '+']);
    let mut groups = whole.split(mark);
    let first = groups.next().unwrap_or("");
    (1..=3).contains(&first.len()) && first != "0" && groups.all(|group| group.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_finite_or_missing_or_refused() {
        assert_eq!(number("-1.5e3"), Ok(-1500.0));
        assert_eq!(
            (number("+2.5"), number("\u{2212}0.25")),
            (Ok(2.5), Ok(-0.25))
        );
        assert_eq!(number("1e999").unwrap_err(), "1e999 is not a finite number");
        assert_eq!(number("-inf").unwrap_err(), "-inf is not a finite number");
        assert_eq!(number("x").unwrap_err(), "\"x\" is not a number");
    }

    #[test]
    fn a_step_is_not_missing_because_its_number_is() {
        let notation = Notation::new(false, &["0".to_owned()]);
        assert!(notation.number("0").unwrap().is_nan());
        assert_eq!(notation.step("0"), Ok(0.0));
    }

    #[test]
    fn many_words_say_that_a_value_is_missing() {
        let words = "? NaN na N/A #N/A #NA <NA> -nan -NaN +nan NULL null None nil . - -- ... 1.#QNAN -1.#IND 1.#IND nan(ind) \
                     -nan(ind) nan(0x8000) M NaT #DIV/0! #REF! \u{2014}";
        for word in words.split_whitespace().chain(["", "#N/A N/A"]) {
            assert!(number(word).is_ok_and(f64::is_nan), "{word}");
        }
        for word in ["m", "nano", "-x", "inf", "nan(", "no"] {
            assert!(number(word).is_err(), "{word}");
        }
    }

    #[test]
    fn some_of_these_words_may_be_texts() {
        for word in ["M", "-", "--", "---", "\u{2014}", "...", "missing", "nil"] {
            assert!(is_missing(word) && may_be_text(word), "{word}");
        }
        for word in [
            "", "?", "NA", "-nan", "#N/A", "<NA>", "1.#QNAN", "nan(ind)", "x", "5",
        ] {
            assert!(!may_be_text(word), "{word}");
        }
    }

    #[test]
    fn a_file_may_have_its_own_words_and_commas() {
        let missing = ["-999", "off"].map(String::from);
        let notation = Notation::new(true, &missing);
        assert_eq!(
            (notation.number("2,5"), notation.number("2.5")),
            (Ok(2.5), Ok(2.5))
        );
        for cell in ["-999", "-999,0", "-9.99e2", "off", "NA"] {
            assert!(
                notation.is_missing(cell) && notation.number(cell).unwrap().is_nan(),
                "{cell}"
            );
        }
        assert!(notation.number("1.234,5").is_err() && notation.number("-998").is_ok());
    }

    #[test]
    fn complaints_say_how_to_write_a_number() {
        let hints = [
            ("1,5", "; write decimals with a point"),
            ("1,234.50", "; thousands separators: write 1234.50"),
            ("1,234", "; thousands separators: write 1234"),
            (
                "1.234,5",
                "; points between thousands and a decimal comma: write 1234.5",
            ),
            ("1 234", "; spaces between digits: write 1234"),
            ("12\u{a0}000.5", "; spaces between digits: write 12000.5"),
            ("$20.10", "; a currency sign: write 20.10"),
            ("2.53M", "; a letter for a power of ten: write 2530000"),
            ("12:30", ""),
        ];
        for (cell, hint) in hints {
            assert_eq!(
                number(cell).unwrap_err(),
                format!("\"{cell}\" is not a number{hint}")
            );
        }
        assert!(
            number("12.5%")
                .unwrap_err()
                .contains("a percent sign: write 12.5")
        );
    }
}
