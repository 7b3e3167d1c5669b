//! A trained echo net at work, on lines of symbols such as `0110`.

use std::io::{BufRead, Write};

use serde::Serialize;

use super::meaning::EchoMeaning;
use super::scores::EchoScores;
use crate::base::encoding::Encoding;
use crate::base::failure::{Failure, Result};
use crate::data::{DataFile, Format, Lines, Sequences};
use crate::task::args::{EvalArgs, PredictArgs};
use crate::task::label::best;
use crate::task::trained::{Description, EvalReport, Trained, TrainedNet, no_classes};

/// A trained echo net.
pub type EchoModel = TrainedNet<EchoMeaning>;

/// The object that `eval --json` prints.
#[derive(Serialize)]
struct EchoScoresJson {
    loss: f64,
    accuracy: f64,
    items: usize,
}

/// One line of `predict --json`.
#[derive(Serialize)]
struct EchoAnswer<'a> {
    heard: &'a str,
    echo: &'a str,
    /// Of the symbols of the echo.
    probabilities: Vec<f32>,
}

impl EchoModel {
    /// The symbols of a line.
    fn symbols(&self, lines: &Lines<impl BufRead>, line: &str) -> Result<Vec<u32>> {
        let classes = self.meaning.classes as u32;
        let symbol = |(column, c): (usize, char)| {
            c.to_digit(classes).ok_or_else(|| {
                let last = char::from_digit(classes - 1, classes).unwrap_or('1');
                let what = format!("column {}: {c:?} is no symbol from 0 to {last}", column + 1);
                lines.complain_at(lines.number(), &what)
            })
        };
        let shown = line.chars().enumerate();
        shown
            .filter(|(_, c)| !c.is_whitespace())
            .map(symbol)
            .collect()
    }

    /// The next line that has symbols, as it stands and as a sequence.
    fn next(&self, lines: &mut Lines<impl BufRead>) -> Result<Option<(String, Sequences)>> {
        while let Some(line) = lines.next_line()? {
            let line = line.to_owned();
            let symbols = self.symbols(lines, &line)?;
            if !symbols.is_empty() {
                let mut sequences = self.meaning.sequences();
                self.meaning.push_all(&mut sequences, &symbols);
                return Ok(Some((line, sequences)));
            }
        }
        Ok(None)
    }

    fn answer(&self, args: &PredictArgs, flushes: bool, out: &mut dyn Write) -> Result<()> {
        let mut lines = Lines::open(&args.data)?;
        while let Some((line, sequences)) = self.next(&mut lines)? {
            let outputs = self.network.outputs(&sequences)?;
            let rows = || outputs.chunks_exact(self.meaning.classes);
            let symbol = |row: &[f32]| char::from_digit(best(row) as u32, 36).unwrap_or('?');
            let echo: String = rows().map(symbol).collect();
            if args.json {
                let answer = EchoAnswer {
                    heard: &line,
                    echo: &echo,
                    probabilities: rows().map(|row| row[best(row)]).collect(),
                };
                serde_json::to_writer(&mut *out, &answer).map_err(std::io::Error::from)?;
                writeln!(out)?;
            } else {
                writeln!(out, "{echo}")?;
            }
            if flushes {
                out.flush()?;
            }
        }
        Ok(())
    }
}

impl Trained for EchoModel {
    fn runs_quantized(&self) -> bool {
        false
    }

    fn evaluate(&self, args: &EvalArgs) -> Result<EvalReport> {
        let sequences = self.sequences(args.file())?;
        let scores = EchoScores::measure(&self.network.model()?, &sequences)?;
        let scored = EchoScoresJson {
            loss: scores.loss(),
            accuracy: scores.accuracy(),
            items: scores.items,
        };
        Ok(EvalReport {
            json: serde_json::to_string(&scored).expect("numbers are valid JSON"),
            table: format!(
                "{} echoes, {:.4} nats per echo, {:.2} % right\n",
                scores.items,
                scores.loss(),
                100.0 * scores.accuracy()
            ),
        })
    }

    fn predict(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()> {
        self.answer(args, chunk == 1, out)
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Text]
    }

    fn sequences(&self, file: DataFile<'_>) -> Result<Sequences> {
        let data = file.path;
        no_classes(file.classes)?;
        let mut lines = Lines::open(data)?;
        let mut all = self.meaning.sequences();
        while let Some(line) = lines.next_line()? {
            let line = line.to_owned();
            let symbols = self.symbols(&lines, &line)?;
            if !symbols.is_empty() {
                self.meaning.push_all(&mut all, &symbols);
            }
        }
        if all.len() == 0 {
            let sentence = "the file has no symbols; a line looks like 0110100110010110";
            return Err(Failure::input(sentence).in_file(data));
        }
        Ok(all)
    }

    fn description(&self) -> Description {
        Description {
            channels: Vec::new(),
            labels: (0..self.meaning.classes as u32)
                .filter_map(|symbol| char::from_digit(symbol, 36))
                .map(String::from)
                .collect(),
        }
    }

    fn encoding(&self) -> Encoding {
        let mut encoding = Encoding::default();
        encoding.remark(match self.meaning.classes {
            2 => "A step reads a bit, as 0 or 1.".to_owned(),
            classes => format!(
                "A step reads {classes} numbers: 1 at the place of the symbol, 0 elsewhere."
            ),
        });
        let delay = self.meaning.delay;
        encoding.remark(format!(
            "Outputs are the probabilities of the symbol that was read {delay} steps before."
        ));
        encoding.add_names(
            "labels",
            "What the outputs are called.",
            self.description().labels,
        );
        encoding
    }
}
