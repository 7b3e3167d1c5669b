//! CoNLL column files: a token and its label per line, a blank line after every sentence.
//!
//! Of several columns the first is the token and the last the label, unless the first counts the tokens or somebody says
//! otherwise; `-DOCSTART-` lines separate documents and are no tokens.

use std::io::BufRead;
use std::path::Path;

use super::layout::Layout;
use super::lines::complete_lines;
use super::{Columns, Lines, Loader};
use crate::base::failure::Result;

/// A sentence; `labels` has one entry per token, or none at all where the file has no label column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    pub tokens: Vec<String>,
    pub labels: Vec<String>,
    /// Line of the first token; the others follow it, but for the lines that are no tokens.
    pub first_line: usize,
    /// Before which tokens such a line stands, each as often as there is one, in their order.
    pub gaps: Vec<usize>,
}

impl Sentence {
    /// The line of a token.
    pub fn line_of(&self, token: usize) -> usize {
        self.first_line + token + self.gaps.partition_point(|&gap| gap <= token)
    }
}

/// How sentences are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conll {
    /// Every line must have a label; else only the tokens matter.
    is_labelled: bool,
    /// Lines that no TAB parts and that begin with a hash are remarks: where tokens stand alone they are tokens.
    has_remarks: bool,
    layout: Layout,
}

impl Loader for Conll {
    type Sequence = Sentence;

    fn next_sequence(&self, lines: &mut Lines<impl BufRead>) -> Result<Option<Sentence>> {
        let mut sentence = Sentence::default();
        let is_plain = self.layout == Layout::PLAIN;
        loop {
            let number = lines.number() + 1;
            let Some(line) = lines.next_line()? else {
                return Ok(Some(sentence).filter(|sentence| !sentence.tokens.is_empty()));
            };
            if line.trim().is_empty() || line.starts_with("-DOCSTART-") {
                if sentence.tokens.is_empty() {
                    continue;
                }
                return Ok(Some(sentence));
            }
            if self.has_remarks && self.layout.is_remark(line) {
                if !sentence.tokens.is_empty() {
                    sentence.gaps.push(sentence.tokens.len());
                }
                continue;
            }
            if sentence.tokens.is_empty() {
                sentence.first_line = number;
            }
            let is_suspicious = !self.is_labelled && is_plain && has_only_spaces(line);
            let read = if is_plain {
                self.read_plain(line, &mut sentence).map_err(str::to_owned)
            } else {
                self.read_columns(line, &mut sentence)
            };
            read.map_err(|what| lines.complain(&what))?;
            if is_suspicious {
                lines.warn_once(
                    r"a line with spaces and no TAB is one token; is it a sentence? One token per line: tr ' ' '\n'",
                );
            }
        }
    }
}

impl Conll {
    /// A label in the last column of every line, behind a TAB.
    pub const LABELLED: Self = Self {
        is_labelled: true,
        has_remarks: true,
        layout: Layout::PLAIN,
    };
    /// A token in the first column of every line.
    pub const TOKENS: Self = Self {
        is_labelled: false,
        has_remarks: false,
        layout: Layout::PLAIN,
    };

    /// All sentences of a file, with their labels, and how its columns lie; `known` is how they lie elsewhere.
    ///
    /// # Errors
    /// Missing, unreadable, malformed or empty files.
    pub fn load(
        path: &Path,
        columns: Option<Columns>,
        known: Option<Layout>,
    ) -> Result<(Vec<Sentence>, Layout)> {
        let mut lines = Lines::open_whole(path)?;
        let conll = Self::labelled(&mut lines, columns, known)?;
        Ok((conll.all(&mut lines)?, conll.layout()))
    }

    /// How a file with labels is read, as its first lines say; standard error is told if that is not the usual way.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn labelled(
        lines: &mut Lines<impl BufRead>,
        columns: Option<Columns>,
        known: Option<Layout>,
    ) -> Result<Self> {
        Ok(Self {
            is_labelled: true,
            has_remarks: true,
            layout: find(lines, columns, known, None)?,
        })
    }

    /// How the tokens of a file are read; `is_label` knows the labels that lines may end in.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn tokens(
        lines: &mut Lines<impl BufRead>,
        columns: Option<Columns>,
        known: Option<Layout>,
        is_label: &dyn Fn(&str) -> bool,
    ) -> Result<Self> {
        let has_tabs = lines.peek()?.contains('\t');
        let layout = find(lines, columns, known, Some(is_label))?;
        Ok(Self {
            is_labelled: false,
            has_remarks: has_tabs || layout != Layout::PLAIN,
            layout,
        })
    }

    /// How the columns lie, here and in files of the same kind.
    pub const fn layout(&self) -> Layout {
        Layout {
            trailing: 0,
            ..self.layout
        }
    }

    /// A token and, behind the last TAB, its label.
    fn read_plain(self, line: &str, sentence: &mut Sentence) -> Result<(), &'static str> {
        let (token, label) = match (self.is_labelled, line.split_once('\t')) {
            (false, columns) => (columns.map_or(line, |(token, _)| token), None),
            (true, Some((token, rest))) => (token, rest.rsplit('\t').next()),
            (true, None) if has_only_spaces(line) => {
                return Err(
                    "the line has no TAB between token and label; separated by spaces? tr ' ' '\\t' < FILE makes TABs of \
                     them, and --columns 1,4 names the columns of token and label",
                );
            }
            (true, None) => return Err("the line has no TAB between token and label"),
        };
        push(token, label, sentence)
    }

    /// A token and its label, wherever they are.
    fn read_columns(self, line: &str, sentence: &mut Sentence) -> Result<(), String> {
        let (layout, cells) = (self.layout, self.layout.cells(line));
        if let Some(width) = layout
            .width
            .filter(|&width| self.is_labelled && width != cells.len())
        {
            return Err(format!(
                "{} columns where the first line has {width}",
                cells.len()
            ));
        }
        let counter = cells.first().map_or("", |cell| cell.trim());
        if layout.is_counted && cells.len() > 1 && counter.parse::<usize>().is_err() {
            return Err(format!(
                "the first column counts the tokens, and \"{counter}\" is no number; --columns 1,2 says where token and label are"
            ));
        }
        let missing = |what: &str, place: usize| {
            format!(
                "the line has no column {} for the {what}, it has {}; --columns names others",
                place + 1,
                cells.len()
            )
        };
        let token = match cells[..] {
            // A token and nothing else, for a net that knows better where labels are.
            [alone] if !self.is_labelled => alone,
            _ => cells
                .get(layout.token)
                .ok_or_else(|| missing("token", layout.token))?,
        };
        let label = match layout.label {
            _ if !self.is_labelled => None,
            Some(label) => Some(*cells.get(label).ok_or_else(|| missing("label", label))?),
            None if cells.len() <= layout.token + 1 => {
                return Err(
                    "the line has no column for the label behind that of the token".to_owned(),
                );
            }
            None => cells.last().copied(),
        };
        Ok(push(token, label, sentence)?)
    }
}

fn find(
    lines: &mut Lines<impl BufRead>,
    columns: Option<Columns>,
    known: Option<Layout>,
    is_label: Option<&dyn Fn(&str) -> bool>,
) -> Result<Layout> {
    let mut first = lines.peek()?;
    // Nothing can be told from blank lines: of a pipe the next one is waited for.
    while !first.is_empty() && first.trim().is_empty() {
        lines.next_line()?;
        first = lines.peek()?;
    }
    let (layout, note) = Layout::find(&complete_lines(&first), columns, known, is_label);
    if let Some(note) = note {
        lines.note(&note);
    }
    Ok(layout)
}

fn push(token: &str, label: Option<&str>, sentence: &mut Sentence) -> Result<(), &'static str> {
    // A token may be nothing but a no-break space.
    if token.trim_ascii().is_empty() {
        return Err("the token is empty");
    }
    sentence.tokens.push(token.to_owned());
    match label.map(str::trim) {
        Some("") => return Err("the label is empty"),
        Some(label) => sentence.labels.push(label.to_owned()),
        None => {}
    }
    Ok(())
}

/// Whether spaces are all that parts the line.
fn has_only_spaces(line: &str) -> bool {
    !line.contains('\t') && line.trim().contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn read(loader: Conll, text: &str) -> Result<Vec<Sentence>> {
        let mut lines = Lines::new("f", text.as_bytes());
        std::iter::from_fn(|| loader.next_sequence(&mut lines).transpose()).collect()
    }

    fn sentence(tokens: &[&str], labels: &[&str], first_line: usize) -> Sentence {
        let own = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Sentence {
            tokens: own(tokens),
            labels: own(labels),
            first_line,
            gaps: Vec::new(),
        }
    }

    fn read_any(text: &str, columns: &str) -> Result<Vec<Sentence>> {
        let mut lines = Lines::new("f", text.as_bytes());
        let loader = Conll::labelled(&mut lines, columns.parse().ok(), None)?;
        std::iter::from_fn(|| loader.next_sequence(&mut lines).transpose()).collect()
    }

    fn read_tokens(text: &str) -> Result<Vec<Sentence>> {
        let mut lines = Lines::new("f", text.as_bytes());
        let loader = Conll::tokens(&mut lines, None, None, &|word| word == "O")?;
        std::iter::from_fn(|| loader.next_sequence(&mut lines).transpose()).collect()
    }

    #[test]
    fn spaces_part_columns_where_no_line_has_a_tab() {
        let text = "-DOCSTART- -X- O\n\nIda  NNP  B-PER\nB.   NNP  I-PER\n\nruns VBZ O\n";
        let expected = [
            sentence(&["Ida", "B."], &["B-PER", "I-PER"], 3),
            sentence(&["runs"], &["O"], 6),
        ];
        assert_eq!(read_any(text, "").unwrap(), expected);
        assert_eq!(
            read_any(&text.replace(' ', "\t"), "").unwrap()[0].tokens,
            expected[0].tokens
        );
        let parts = read_any(text, "1,2").unwrap();
        assert_eq!(parts[0].labels, ["NNP", "NNP"]);
        // Only the first lines are looked at before.
        let long = text.repeat(2000) + "one more O x\n";
        let mut lines = Lines::new("f", BufReader::with_capacity(1 << 12, long.as_bytes()));
        let loader = Conll::labelled(&mut lines, None, None).unwrap();
        let complaint = loader.all(&mut lines).unwrap_err().to_string();
        assert_eq!(complaint, "f:12001: 4 columns where the first line has 3");
        let complaint = read_any("a O\nb c O\n", "").unwrap_err().to_string();
        assert!(complaint.contains("--columns 1,4 names"), "{complaint}");
        let complaint = read_any("a O\nb c O\n", "1,3").unwrap_err().to_string();
        assert!(complaint.starts_with("f:1: the line has no column 3 for the label, it has 2"));
    }

    #[test]
    fn what_is_no_token_of_a_treebank_is_left_out() {
        let row = |id: &str, word: &str, part: &str| {
            format!("{id}\t{word}\t_\t{part}\t_\t_\t0\t_\t_\t_\n")
        };
        let text = format!(
            "# text = Ada can't\n{}{}{}{}{}\n{}",
            row("1", "Ada", "PROPN"),
            row("2-3", "can't", "_"),
            row("2", "ca", "AUX"),
            row("3", "n't", "PART"),
            row("3.1", "go", "VERB"),
            row("1", "à peine", "ADV")
        );
        let found = read_any(&text, "").unwrap();
        assert_eq!(found[0].tokens, ["Ada", "ca", "n't"]);
        assert_eq!(found[0].labels, ["PROPN", "AUX", "PART"]);
        assert_eq!([0, 1, 2].map(|token| found[0].line_of(token)), [2, 4, 5]);
        assert_eq!(found[1].tokens, ["à peine"]);
        assert_eq!(read_tokens(&text).unwrap()[0].tokens, found[0].tokens);
        let wanted = read_any(&text, "2,7").unwrap();
        assert_eq!(wanted[0].labels, ["0", "0", "0"]);
    }

    #[test]
    fn tokens_of_columns_with_spaces_are_taken_out_if_the_labels_are_known() {
        assert_eq!(
            read_tokens("Ida O\nruns O\n").unwrap()[0].tokens,
            ["Ida", "runs"]
        );
        assert_eq!(
            read_tokens("New York\nruns far\n").unwrap()[0].tokens,
            ["New York", "runs far"]
        );
    }

    #[test]
    fn remarks_and_trailing_tabs_are_no_columns() {
        let found = read_any("# id 1\nIda\tB\t\n#\tO\t\n\n", "").unwrap();
        assert_eq!(found, [sentence(&["Ida", "#"], &["B", "O"], 2)]);
        let tokens = |text| read_tokens(text).unwrap()[0].tokens.clone();
        assert_eq!(tokens("# id 1\nIda\tB\n"), ["Ida"]);
        assert_eq!(tokens("# id\nIda\n"), ["# id", "Ida"]);
        assert_eq!(read_any("\u{a0}\tO\n", "").unwrap()[0].tokens, ["\u{a0}"]);
    }

    #[test]
    fn sentences_end_at_blank_lines_document_marks_and_the_end() {
        let text =
            "-DOCSTART-\tO\n\n\nIda\tB\r\nB.\tI\r\n\r\n\nruns\tO\n-DOCSTART- -X- O\nfar\tx\ty\tO";
        let found = read(Conll::LABELLED, text).unwrap();
        let expected = [
            sentence(&["Ida", "B."], &["B", "I"], 4),
            sentence(&["runs"], &["O"], 8),
            sentence(&["far"], &["O"], 10),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn labels_are_optional_when_only_tokens_matter() {
        let found = read(Conll::TOKENS, "Ida\tB\nruns\n\n\n").unwrap();
        assert_eq!(found, [sentence(&["Ida", "runs"], &[], 1)]);
    }

    #[test]
    fn complaints_name_the_line() {
        let complaint = |text| read(Conll::LABELLED, text).unwrap_err().to_string();
        assert_eq!(
            complaint("a\tO\n\nb\n"),
            "f:3: the line has no TAB between token and label"
        );
        assert!(complaint("a O\n").contains(r"tr ' ' '\t' < FILE"));
        assert_eq!(complaint("\tO\n"), "f:1: the token is empty");
        assert_eq!(complaint("a\tO\nb\t\n"), "f:2: the label is empty");
    }

    #[test]
    fn an_empty_text_has_no_sentences() {
        assert!(read(Conll::LABELLED, "\n\n").unwrap().is_empty());
    }
}
