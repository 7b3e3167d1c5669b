//! A trained text net at work: how well it foresees a text, token by token.

use std::io::{BufRead, Write};

use elman_core::{Inputs, Level, Model, Stream, Strip, Target};
use serde::Serialize;

use super::lexicon::{LINE_END, Lexicon};
use super::task::measure;
use super::{SHORTEST_STREAM, Texting, none_yet};
use crate::base::encoding::Encoding;
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::base::threads::on_threads;
use crate::data::{DataFile, Format, Lines, Sequences, text};
use crate::net::gather::longest_first;
use crate::net::network::Network;
use crate::task::args::{EvalArgs, PredictArgs};
use crate::task::label::nats;
use crate::task::trained::{Description, Report, Trained, no_classes};

/// A trained text net.
pub struct Writer {
    network: Network,
    texting: Texting,
}

/// A net that reads token by token and always knows what may come next.
pub struct Reader<'a> {
    stream: Stream<'a>,
    /// Of every token to come next.
    pub next: Vec<f32>,
}

/// What a [`Reader`] needs beside the net.
pub struct Memory {
    state: Vec<f32>,
    scratch: Vec<Strip>,
}

/// One line of `predict --json`.
#[derive(Serialize)]
struct Answer<'a> {
    line: &'a str,
    /// Of the whole line, its end included.
    nats: f64,
    tokens: Vec<&'a str>,
    token_nats: Vec<f64>,
}

impl Memory {
    /// For a net.
    pub fn of(model: &Model<'_>) -> Self {
        let spec = model.spec();
        Self {
            state: vec![0.0; spec.state_len()],
            scratch: vec![Strip::ZERO; spec.stream_len()],
        }
    }
}

impl<'a> Reader<'a> {
    /// At the start of a line.
    ///
    /// # Errors
    /// None for a net of this task.
    pub fn new(model: Model<'a>, memory: &'a mut Memory) -> Result<Self> {
        let next = vec![0.0; model.spec().output_width()];
        let (state, scratch) = (&mut memory.state, &mut memory.scratch);
        let stream = Stream::new(Level::detect(), model, state, scratch)?;
        let mut reader = Self { stream, next };
        reader.read(LINE_END)?;
        Ok(reader)
    }

    /// Reads a token.
    ///
    /// # Errors
    /// An id that the net does not know.
    pub fn read(&mut self, id: u32) -> Result<()> {
        Ok(self.stream.step(Inputs::Tokens(&[id]), &mut self.next)?)
    }

    /// Forgets everything, as at the start of a line.
    ///
    /// # Errors
    /// None for a net of this task.
    pub fn start_over(&mut self) -> Result<()> {
        self.stream.reset();
        self.read(LINE_END)
    }

    /// How surprising a token is, in nats; reads it.
    fn surprise(&mut self, id: u32) -> Result<f64> {
        let surprise = nats(self.next[id as usize]);
        self.read(id)?;
        Ok(surprise)
    }
}

impl Writer {
    /// A run's best model.
    ///
    /// # Errors
    /// A run without a model, or one of another task.
    pub fn open(run: &Run) -> Result<Self> {
        let (network, texting) = Texting::open(run)?;
        Ok(Self { network, texting })
    }

    /// What it writes with.
    pub const fn lexicon(&self) -> &Lexicon {
        &self.texting.lexicon
    }

    /// Whether every line is an item of its own.
    pub const fn has_items(&self) -> bool {
        self.texting.lines
    }

    /// Probabilities (R, ids) of every token of a text, before it is seen.
    ///
    /// # Errors
    /// None for any text.
    pub fn foresee(&self, text: &str) -> Result<Vec<f32>> {
        self.network.outputs(&self.texting.encode(text))
    }

    fn answer(
        &self,
        mut lines: Lines<impl BufRead>,
        args: &PredictArgs,
        flushes: bool,
        out: &mut dyn Write,
    ) -> Result<()> {
        let model = self.network.model()?;
        let mut memory = Memory::of(&model);
        let mut reader = Reader::new(model, &mut memory)?;
        while let Some(line) = lines.next_line()? {
            if self.texting.lines {
                reader.start_over()?;
            }
            let mut ids = self.texting.lexicon.ids(line);
            ids.push(LINE_END);
            let surprises = ids.iter().map(|&id| reader.surprise(id));
            let token_nats = surprises.collect::<Result<Vec<f64>>>()?;
            let nats: f64 = token_nats.iter().sum();
            if args.json {
                let tokens = self.tokens(line);
                let answer = Answer {
                    line,
                    nats,
                    tokens,
                    token_nats,
                };
                serde_json::to_writer(&mut *out, &answer).map_err(std::io::Error::from)?;
                writeln!(out)?;
            } else {
                writeln!(out, "{nats:.4}\t{line}")?;
            }
            if flushes {
                out.flush()?;
            }
        }
        Ok(())
    }

    /// As they stand in the line, known or not, and the line end.
    fn tokens<'a>(&self, line: &'a str) -> Vec<&'a str> {
        let mut tokens = Vec::new();
        self.lexicon().unit().cut(line, |token| tokens.push(token));
        tokens.push("\n");
        tokens
    }
}

impl Trained for Writer {
    fn network(&self) -> &Network {
        &self.network
    }

    fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    fn runs_quantized(&self) -> bool {
        false
    }

    fn evaluate(&self, args: &EvalArgs) -> Result<Report> {
        no_classes(args.classes.as_deref())?;
        let sequences = self.texting.encode(&text::load(&args.data)?);
        if sequences.rows() == 0 {
            return Err(Failure::input("the file has nothing but empty lines").in_file(&args.data));
        }
        let scores = on_threads(args.threads.into(), || {
            let order = longest_first(&sequences);
            measure(&self.network.model()?, &sequences, &order)
        })?;
        Ok(Report {
            json: scores.to_json(),
            table: scores.to_table(self.lexicon().unit()),
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
        let whole = self.texting.encode(&text::load(file.path)?);
        if self.texting.lines {
            return Ok(whole);
        }
        let mut pieces = none_yet();
        for row in 0..whole.rows() {
            let target: Target = whole.classes()[row];
            pieces.push_ids(whole.ids(row).iter().copied());
            pieces.push_class(target);
            if (row + 1) % SHORTEST_STREAM == 0 || row + 1 == whole.rows() {
                pieces.end_sequence();
            }
        }
        Ok(pieces)
    }

    fn description(&self) -> Description {
        let channel = self.texting.channel(self.network.spec());
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
        if self.texting.lines {
            encoding.remark("Every line starts from a reset state.");
        }
        let about = "The token of every id, UTF-8; the first stands for all that are unknown.";
        let tokens = (0..lexicon.len() as u32).map(|id| lexicon.token(id).to_owned());
        encoding.add_names("tokens", about, tokens.collect());
        encoding
    }
}
