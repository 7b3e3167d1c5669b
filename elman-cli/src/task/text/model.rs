//! A trained text net at work: how well it foresees a text, token by token.

use std::io::{BufRead, Write};

use elman_core::Target;
use serde::Serialize;

use super::lexicon::{LINE_END, Lexicon};
use super::meaning::{SHORTEST_STREAM, TextMeaning, none_yet};
use super::reader::{Memory, Reader};
use super::scores::measure;
use crate::base::encoding::Encoding;
use crate::base::failure::{Failure, Result};
use crate::base::json;
use crate::base::threads::on_threads;
use crate::data::{DataFile, Format, Lines, Sequences, nfc, text};
use crate::net::gather::longest_first;
use crate::task::args::{EvalArgs, PredictArgs};
use crate::task::paired::{Outcomes, Paired};
use crate::task::trained::{Description, EvalReport, Trained, TrainedNet, no_classes};

/// A trained text net.
pub type TextModel = TrainedNet<TextMeaning>;

/// One line of `predict --json`.
#[derive(Serialize)]
struct TextAnswer<'a> {
    line: &'a str,
    /// Of the whole line, its end included.
    nats: f64,
    tokens: Vec<&'a str>,
    token_nats: Vec<f64>,
}

impl TextModel {
    /// What it writes with.
    pub const fn lexicon(&self) -> &Lexicon {
        &self.meaning.lexicon
    }

    /// Whether every line is an item of its own.
    pub const fn has_items(&self) -> bool {
        self.meaning.lines
    }

    /// Probabilities (R, ids) of every token of a text, before it is seen.
    ///
    /// # Errors
    /// None for any text.
    pub fn foresee(&self, text: &str) -> Result<Vec<f32>> {
        self.network.outputs(&self.meaning.encode(text))
    }

    /// Goes through a text line by line: every line as it stands, in its normal form, and the nats of its tokens and its end.
    fn read_lines(
        &self,
        lines: &mut Lines<impl BufRead>,
        mut visit: impl FnMut(&str, &str, Vec<f64>) -> Result<()>,
    ) -> Result<()> {
        let model = self.network.model()?;
        let mut memory = Memory::of(&model);
        let mut reader = Reader::new(model, &mut memory)?;
        while let Some(line) = lines.next_line()? {
            if self.meaning.lines {
                reader.start_over()?;
            }
            let normal = nfc(line);
            let mut ids = self.meaning.lexicon.ids(&normal);
            ids.push(LINE_END);
            let surprises = ids.iter().map(|&id| reader.surprise(id));
            visit(line, &normal, surprises.collect::<Result<_>>()?)?;
        }
        Ok(())
    }

    fn answer(
        &self,
        mut lines: Lines<impl BufRead>,
        args: &PredictArgs,
        flushes: bool,
        out: &mut dyn Write,
    ) -> Result<()> {
        self.read_lines(&mut lines, |line, normal, token_nats| {
            let nats: f64 = token_nats.iter().sum();
            if args.json {
                let tokens = self.tokens(normal);
                let answer = TextAnswer {
                    line,
                    nats,
                    tokens,
                    token_nats,
                };
                json::write(&mut *out, &answer)?;
                writeln!(out)?;
            } else {
                writeln!(out, "{nats:.4}\t{line}")?;
            }
            if flushes {
                out.flush()?;
            }
            Ok(())
        })
    }

    /// Of a line, known or not, and the line end.
    fn tokens<'a>(&self, line: &'a str) -> Vec<&'a str> {
        let mut tokens = Vec::new();
        self.lexicon().unit().cut(line, |token| tokens.push(token));
        tokens.push("\n");
        tokens
    }
}

impl Trained for TextModel {
    fn runs_quantized(&self) -> bool {
        false
    }

    fn evaluate(&self, args: &EvalArgs) -> Result<EvalReport> {
        no_classes(args.classes.as_deref())?;
        let sequences = self.meaning.encode(&text::load(&args.data)?);
        if sequences.rows() == 0 {
            return Err(Failure::input("the file has nothing but empty lines").in_file(&args.data));
        }
        let scores = on_threads(args.threads.into(), || {
            let order = longest_first(&sequences);
            measure(&self.network.model()?, &sequences, &order)
        })?;
        Ok(EvalReport {
            json: scores.to_json(),
            table: scores.to_table(self.lexicon().unit()),
        })
    }

    fn paired(&self, args: &EvalArgs) -> Result<Paired> {
        no_classes(args.classes.as_deref())?;
        let (mut nats, mut tokens) = (Vec::new(), 0);
        self.read_lines(&mut Lines::open(&args.data)?, |_, _, of_tokens| {
            nats.push(of_tokens.iter().sum());
            tokens += of_tokens.len();
            Ok(())
        })?;
        if nats.is_empty() {
            return Err(Failure::input("the file is empty").in_file(&args.data));
        }
        let noun = self.lexicon().unit().noun();
        Ok(Paired {
            about: format!("the {noun}s of a text"),
            score_name: "nats_per_token",
            score: nats.iter().sum::<f64>() / tokens as f64,
            outcomes: Outcomes::Nats(nats),
        })
    }

    fn predict(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()> {
        self.answer(Lines::open(&args.data)?, args, chunk == 1, out)
    }

    /// Running text in short pieces.
    fn formats(&self) -> &'static [Format] {
        &[Format::Text]
    }

    fn sequences(&self, file: DataFile<'_>) -> Result<Sequences> {
        no_classes(file.classes)?;
        let full = self.meaning.encode(&text::load(file.path)?);
        if self.meaning.lines {
            return Ok(full);
        }
        let mut pieces = none_yet();
        for row in 0..full.rows() {
            let target: Target = full.classes()[row];
            pieces.push_ids(full.ids(row).iter().copied());
            pieces.push_class(target);
            if (row + 1) % SHORTEST_STREAM == 0 || row + 1 == full.rows() {
                pieces.end_sequence();
            }
        }
        Ok(pieces)
    }

    fn description(&self) -> Description {
        let channel = self.meaning.channel(self.network.spec());
        Description {
            channels: channel.into_iter().collect(),
            labels: self.lexicon().names(),
        }
    }

    fn encoding(&self) -> Encoding {
        let (lexicon, noun) = (self.lexicon(), self.lexicon().unit().noun());
        let mut encoding = Encoding::default();
        encoding.remark(format!(
            "A step reads the id of a {noun}: its place in tokens, 0 if it is not there. Outputs are the probabilities of \
             the ids to come next. Start with the line end, id {LINE_END}."
        ));
        if self.meaning.lines {
            encoding.remark("Every line starts from a reset state.");
        }
        let about = "The token of every id, UTF-8; the first stands for all that are unknown.";
        let tokens = (0..lexicon.len() as u32).map(|id| lexicon.token(id).to_owned());
        encoding.add_names("tokens", about, tokens.collect());
        encoding
    }
}
