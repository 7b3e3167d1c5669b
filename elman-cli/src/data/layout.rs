//! How the columns of a CoNLL file lie, found by its first lines: parted by TABs or spaces, the token in the first column or
//! behind a number that counts it, the label in the last column or where somebody said.

use serde::{Deserialize, Serialize};

use super::Columns;

/// How the columns of a file lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Spaces part the columns, and not TABs.
    pub has_spaces: bool,
    /// The first column counts the tokens 1, 2, 3; what it counts otherwise (`3-4`, `2.1`) is no token.
    pub is_counted: bool,
    /// Every line ends in so many TABs that part nothing.
    pub trailing: usize,
    /// The column of the token.
    pub token: usize,
    /// The column of the label; none is the last.
    pub label: Option<usize>,
    /// So many columns has every line; none where it does not matter.
    pub width: Option<usize>,
}

/// Columns of a CoNLL-U file.
const UNIVERSAL: usize = 10;
/// Those of the word, its part of speech, and the part of speech in the language's own tag set.
const WORD: usize = 1;
const PART: usize = 3;
const OWN_PART: usize = 4;

impl Layout {
    /// The first column is the token, the last the label, TABs part them.
    pub const PLAIN: Self = Self {
        has_spaces: false,
        is_counted: false,
        trailing: 0,
        token: 0,
        label: None,
        width: None,
    };

    /// Whether there is nothing to say about it.
    pub fn is_plain(&self) -> bool {
        *self == Self::PLAIN
    }

    /// Whether columns of these places can be: a model file may claim anything.
    pub fn is_sound(&self) -> bool {
        const MOST: usize = u16::MAX as usize;
        self.token.max(self.label.unwrap_or(0)) <= MOST
    }

    /// The layout of a file that begins with these lines, and what it is taken for if that is not plain. What was `known`
    /// before, as a model keeps it, is not doubted where it can be. `is_label` knows the labels where a model has them, so
    /// that a text with spaces is not taken for columns.
    pub fn find(
        lines: &[&str],
        asked: Option<Columns>,
        known: Option<Self>,
        is_label: Option<&dyn Fn(&str) -> bool>,
    ) -> (Self, Option<String>) {
        let rows: Vec<&str> = lines.iter().copied().filter(|line| is_row(line)).collect();
        if let Some(known) = known.filter(|known| known.is_that_of(lines, is_label)) {
            let trailing = trailing(&rows);
            return (Self { trailing, ..known }, None);
        }
        let mut layout = Self::PLAIN;
        if let Some(columns) = asked {
            layout.token = columns.text;
            layout.label = columns.label;
        }
        if rows.iter().any(|row| row.contains('\t')) {
            layout.trailing = trailing(&rows);
        } else {
            let width = even_width(&rows);
            let has_labels = |is_label: &dyn Fn(&str) -> bool| last_are(&rows, is_label);
            layout.has_spaces = match (asked, is_label) {
                (Some(_), _) => rows.iter().any(|row| row.trim().contains(' ')),
                (None, None) => width.is_some(),
                (None, Some(is_label)) => width.is_some() && has_labels(is_label),
            };
            layout.width = width.filter(|_| layout.has_spaces && asked.is_none());
        }
        let widths = rows.iter().map(|row| layout.width(row));
        let widest = widths.max().unwrap_or(0);
        layout.is_counted = widest > 2 && layout.is_counted_in(lines, widest);
        if layout.is_counted && asked.is_none() {
            layout.token = WORD;
            let parts = rows.iter().map(|row| layout.cells(row));
            let has_part = |place: usize| {
                let mut cells = parts
                    .clone()
                    .filter_map(move |cells| cells.get(place).copied());
                cells.any(|cell| cell != "_")
            };
            layout.label = match widest {
                UNIVERSAL if has_part(PART) => Some(PART),
                UNIVERSAL => Some(OWN_PART),
                _ => None,
            };
        }
        let note = asked.is_none().then(|| layout.describe(widest)).flatten();
        (layout, note)
    }

    /// Whether these lines may lie so, where more than one token and one label are in them.
    fn is_that_of(&self, lines: &[&str], is_label: Option<&dyn Fn(&str) -> bool>) -> bool {
        let rows: Vec<&str> = lines.iter().copied().filter(|line| is_row(line)).collect();
        let last = self.token.max(self.label.unwrap_or(1));
        let fits = |row: &&str| {
            let width = self.width(row);
            let is_wide = self.width.map_or(width > last, |known| known == width);
            row.contains('\t') != self.has_spaces && is_wide
        };
        let is_counted = match self.count(lines) {
            Some(_) if self.is_counted => true,
            Some((_, highest)) => highest > 1,
            None => false,
        };
        let has_labels =
            || is_label.is_none_or(|is_label| rows.is_empty() || last_are(&rows, is_label));
        rows.iter().all(fits)
            && self.is_counted == is_counted
            && (self.is_counted || self.has_spaces && has_labels())
    }

    /// The cells of a line.
    pub fn cells<'a>(&self, line: &'a str) -> Vec<&'a str> {
        if self.has_spaces {
            return parted_by_spaces(line).collect();
        }
        self.parted_by_tabs(line).collect()
    }

    /// How many they are.
    fn width(&self, line: &str) -> usize {
        if self.has_spaces {
            return parted_by_spaces(line).count();
        }
        self.parted_by_tabs(line).count()
    }

    fn parted_by_tabs<'a>(&self, line: &'a str) -> impl Iterator<Item = &'a str> {
        let mut line = line;
        for _ in 0..self.trailing {
            let Some(shorter) = line.strip_suffix('\t') else {
                break;
            };
            line = shorter;
        }
        line.split('\t')
    }

    /// Whether a line is a remark or belongs to no token of its own.
    pub fn is_remark(&self, line: &str) -> bool {
        if self.is_counted {
            let first = self.cells(line).first().map_or("", |cell| cell.trim());
            return line.starts_with('#') || number(first).is_none() && is_range(first);
        }
        if ["#begin ", "#end "]
            .iter()
            .any(|mark| line.starts_with(mark))
        {
            return self.has_spaces || !line.contains('\t');
        }
        let is_token = match (self.has_spaces, self.width) {
            // No token has a TAB where spaces part the columns.
            (true, Some(width)) => !line.contains('\t') && self.cells(line).len() == width,
            (has_spaces, _) => has_spaces != line.contains('\t'),
        };
        // A hash that touches its word is a token of the net's own trade.
        let is_setting = || self.has_spaces && parted_by_spaces(line).nth(2) == Some("=");
        line.starts_with("# ") && (!is_token || is_setting())
    }

    /// Whether the first column counts the tokens of every sentence.
    fn is_counted_in(&self, lines: &[&str], widest: usize) -> bool {
        let count = self.count(lines);
        count.is_some_and(|(counted, highest)| highest > 1 || counted > 0 && widest == UNIVERSAL)
    }

    /// How many tokens the first column counts, and up to where; none where it holds something else.
    fn count(&self, lines: &[&str]) -> Option<(usize, usize)> {
        let (mut next, mut counted, mut highest) = (1, 0, 0);
        for line in lines {
            if line.trim().is_empty() {
                next = 1;
                continue;
            }
            if !is_row(line) {
                continue;
            }
            let first = self.cells(line).first().map_or("", |cell| cell.trim());
            match number(first) {
                Some(found) if found == next => (next, counted) = (next + 1, counted + 1),
                None if is_range(first) => {}
                _ => return None,
            }
            highest = highest.max(next - 1);
        }
        Some((counted, highest))
    }

    fn describe(&self, widest: usize) -> Option<String> {
        let (token, label) = (self.token + 1, self.label.map(|label| label + 1));
        match (self.is_counted, label) {
            (true, Some(label)) => Some(format!(
                "CoNLL-U: the word is column {token} and its label column {label}, the part of speech; --columns 2,5 takes \
                 another"
            )),
            (true, None) => {
                let other = widest - 1;
                let way =
                    (other > token).then(|| format!("; --columns {token},{other} takes another"));
                Some(format!(
                    "the first column counts the tokens: the token is column {token} and its label the last of {widest}{}",
                    way.unwrap_or_default()
                ))
            }
            _ if self.has_spaces => Some(format!(
                "no line has a TAB: spaces part {widest} columns, the first is the token and the last its label; --columns \
                 takes others"
            )),
            _ => None,
        }
    }
}

/// Neither blank nor a remark nor the mark between two documents.
fn is_row(line: &str) -> bool {
    !line.trim().is_empty() && !line.starts_with('#') && !line.starts_with("-DOCSTART-")
}

fn number(cell: &str) -> Option<usize> {
    cell.parse().ok()
}

/// `3-4` stands before the words of one token, `2.1` is a word that nobody said.
fn is_range(cell: &str) -> bool {
    let parts = cell.split_once(['-', '.']);
    parts.is_some_and(|(from, to)| number(from).is_some() && number(to).is_some())
}

fn trailing(rows: &[&str]) -> usize {
    let of_row = |row: &&str| row.len() - row.trim_end_matches('\t').len();
    rows.iter().map(of_row).min().unwrap_or(0)
}

fn parted_by_spaces(line: &str) -> impl Iterator<Item = &str> {
    line.split([' ', '\t']).filter(|cell| !cell.is_empty())
}

/// How many columns spaces part in every line, if they are two or more.
fn even_width(rows: &[&str]) -> Option<usize> {
    let width = |row: &&str| row.split(' ').filter(|cell| !cell.is_empty()).count();
    let first = rows.first().map(width).filter(|&width| width > 1)?;
    rows.iter().all(|row| width(row) == first).then_some(first)
}

/// Whether most lines end in a label.
fn last_are(rows: &[&str], is_label: &dyn Fn(&str) -> bool) -> bool {
    let last = rows
        .iter()
        .filter_map(|row| row.trim_end().rsplit(' ').next());
    2 * last.filter(|cell| is_label(cell)).count() > rows.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> (Layout, Option<String>) {
        Layout::find(&text.lines().collect::<Vec<_>>(), None, None, None)
    }

    #[test]
    fn tabs_are_plain() {
        assert_eq!(find("a b\tO\n\nc\tx\tO\n"), (Layout::PLAIN, None));
        assert_eq!(find("#1\tO\n1\tO\n2\tO\n").0, Layout::PLAIN);
        assert_eq!(find("a\tO\t\t\nb\tI\t\n").0.trailing, 1);
        assert_eq!(find("a\tO\t\nb\tI\n").0.trailing, 0);
    }

    #[test]
    fn spaces_part_columns_where_every_line_has_as_many() {
        let (layout, note) =
            find("-DOCSTART- -X- O\n\nTom NNP B-PER\nis   VBZ  O\n# a remark here\n");
        assert_eq!((layout.has_spaces, layout.width), (true, Some(3)));
        assert!(note.unwrap().contains("spaces part 3 columns"));
        assert_eq!(layout.cells("is   VBZ  O "), ["is", "VBZ", "O"]);
        assert!(layout.is_remark("# a remark here") && !layout.is_remark("# SYM O"));
        let four = Layout {
            width: Some(4),
            ..layout
        };
        assert!(four.is_remark("# sent_id = 7") && !four.is_remark("# SYM x O"));
        assert!(layout.is_remark("# id\tO b") && layout.is_remark("#begin it (now)"));
        assert_eq!(
            find("Mr. Aho has lamps\nhe sees\n").0,
            Layout::PLAIN,
            "a text"
        );
        let lines = ["Tom has lamps", "he sees rain"];
        let is_label = |word: &str| word == "O";
        assert_eq!(
            Layout::find(&lines, None, None, Some(&is_label)).0,
            Layout::PLAIN
        );
        assert!(
            Layout::find(&["Tom O", "ran O"], None, None, Some(&is_label))
                .0
                .has_spaces
        );
        let asked = "1".parse().ok();
        assert!(
            Layout::find(&lines, asked, None, Some(&is_label))
                .0
                .has_spaces
        );
    }

    #[test]
    fn a_column_that_counts_is_no_token() {
        let (layout, note) =
            find("# id\n1\tAda\tB\tO\n2-3\tx\t_\t_\n2\truns\tO\tO\n\n1\tHi\tO\tO\n");
        assert_eq!(
            (layout.is_counted, layout.token, layout.label),
            (true, 1, None)
        );
        assert!(note.unwrap().contains("the last of 4; --columns 2,3"));
        assert!(
            layout.is_remark("2-3\tx\t_\t_")
                && layout.is_remark("2.1\tx\t_\t_")
                && layout.is_remark("# x\ty")
        );
        assert!(!layout.is_remark("2\truns\tO\tO"));
        let row = |id: usize, part: &str| format!("{id}\tw\tl\t{part}\tNN\t_\t0\troot\t_\t_\n");
        let (layout, note) = find(&row(1, "NOUN"));
        assert_eq!((layout.token, layout.label), (1, Some(3)));
        assert!(note.unwrap().starts_with("CoNLL-U"));
        assert_eq!(find(&(row(1, "_") + &row(2, "_"))).0.label, Some(4));
        assert!(
            !find("1\ta\tO\n3\tb\tO\n").0.is_counted && !find("1\ta\tO\n\n1\tb\tO\n").0.is_counted
        );
    }

    #[test]
    fn what_a_model_knows_is_not_doubted() {
        let known = find("1\tAda\tB\n2\truns\tO\n").0;
        let again =
            |lines: &[&str]| Layout::find(lines, None, Some(known), Some(&|word| word == "O")).0;
        assert!(again(&["1\tStop\tO", "", "1\tGo\tO\t"]).is_counted);
        assert!(again(&["1\tStop\tO\t"]).trailing == 1 && again(&["# id"]).is_counted);
        assert_eq!(again(&["Stop\tO"]), Layout::PLAIN);
        assert_eq!(again(&["7\tStop\tO", "", "12\tGo\tO"]), Layout::PLAIN);
        assert!(again(&["1\tStop"]).is_counted, "without a label");
        let spaces = find("Ada NNP B\nruns VB O\n").0;
        let again =
            |lines: &[&str]| Layout::find(lines, None, Some(spaces), Some(&|word| word == "O")).0;
        assert_eq!(again(&["Bo NNP O"]), spaces);
        assert_eq!(again(&["he runs far"]), Layout::PLAIN);
        assert!(again(&["1 Bo O", "2 ran O"]).is_counted);
    }

    #[test]
    fn columns_that_were_asked_for_are_taken() {
        let lines = ["1\tAda\tx\tO", "2\truns\tx\tO"];
        let (layout, note) = Layout::find(&lines, "3,2".parse().ok(), None, None);
        assert_eq!(
            (layout.token, layout.label, layout.is_counted, note),
            (2, Some(1), true, None)
        );
    }
}
