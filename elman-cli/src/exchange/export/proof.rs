//! Golden vectors from the user's own data: what the artefact must compute wherever it runs.

use elman_core::{
    Batch, Golden, Input, Inputs, Level, Model, Read, SelfTest, Spec, Stream, Strip, Target,
    forward,
};
use rand_core::Rng;

use super::feed::FeedProof;
use super::numbers::NumberProof;
use crate::args::ExportArgs;
use crate::args::{Visitor, parse_run};
use crate::base::encoding::Encoding;
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::base::seeds::{self, Purpose};
use crate::base::tell::tell;
use crate::data::{Format, Rows, Sequences, Targets};
use crate::net::network::Network;
use crate::task::trained::Trained;
use crate::train::Job;
use crate::train::task::Task;

/// Where multiply-adds are not fused, outputs may be off by this share of the largest of them (and of one): a
/// wrong weight or a wrong order of operations is off by far more.
const TOLERANCE: f32 = 1e-4;

/// A net that is not stable amplifies rounding; what was measured on this machine may be exceeded this many times.
const MARGIN: f32 = 4.0;

/// Golden vectors and where they come from. Laid out as [`Golden`] says.
#[derive(Debug)]
pub struct Proof {
    lengths: Vec<u32>,
    inputs: Rows,
    outputs: Vec<f32>,
    tolerance: f32,
    /// For people: a file, or a generator.
    pub source: String,
    /// The same from raw samples to events, where the net streams classes.
    pub feed: Option<FeedProof>,
    /// The same from raw samples to numbers in the units of the data.
    pub numbers: Option<NumberProof>,
}

impl Proof {
    /// From the data that the command line names; else from the run's validation data; else from a fixed generator,
    /// and standard error says so.
    ///
    /// # Errors
    /// Data that were named and cannot be read; a processor without fused multiply-add.
    pub fn collect(
        args: &ExportArgs,
        run: &Run,
        trained: &dyn Trained,
        encoding: &Encoding,
    ) -> Result<Self> {
        let network = trained.network();
        let (sequences, source) = match args.file() {
            Some(file) => {
                Format::check(args.data_format, trained.formats())?;
                let sequences = trained
                    .sequences(file)
                    .map_err(|failure| Format::doubt(args.data_format, file.path, failure))?;
                let name = file.path.file_name().unwrap_or(file.path.as_os_str());
                (sequences, format!("the file {}", name.to_string_lossy()))
            }
            None => default_sequences(run, network.spec()),
        };
        let proof = Self::of(network, (&sequences, args.golden), source, encoding)?;
        proof.check(network)?;
        Ok(proof)
    }

    /// Of inputs that a generator makes.
    #[cfg(test)]
    pub fn made_up(network: &Network, seed: u64, steps: usize) -> Result<Self> {
        let around = Encoding::default();
        Self::made_up_raw(network, seed, steps, &around)
    }

    /// The same of raw samples.
    #[cfg(test)]
    pub fn made_up_raw(
        network: &Network,
        seed: u64,
        steps: usize,
        encoding: &Encoding,
    ) -> Result<Self> {
        Self::of_raw(network, &generated(network.spec(), seed), steps, encoding)
    }

    /// The same of some sequences.
    #[cfg(test)]
    pub fn of_raw(
        network: &Network,
        sequences: &Sequences,
        steps: usize,
        encoding: &Encoding,
    ) -> Result<Self> {
        let source = "a generator".to_owned();
        Self::of(network, (sequences, steps), source, encoding)
    }

    /// Of the first `steps` steps of some sequences.
    fn of(
        network: &Network,
        (sequences, steps): (&Sequences, usize),
        source: String,
        encoding: &Encoding,
    ) -> Result<Self> {
        let spec = network.spec();
        let cut = first_steps(sequences, steps);
        let lengths: Vec<u32> = cut.iter().map(|rows| rows.len() as u32).collect();
        let feed = FeedProof::of(encoding.front.as_ref(), spec, sequences, &cut);
        let numbers = NumberProof::of(encoding.answers.as_ref(), spec, sequences, &cut);
        let fed = match (&feed, &numbers) {
            (Some(feed), _) => Some(feed.inputs(&lengths)?),
            (None, Some(numbers)) => Some(numbers.inputs(&lengths)?),
            (None, None) => None,
        };
        let mut proof = Self {
            inputs: match fed {
                Some(numbers) => Rows::Numbers {
                    width: spec.input_width(),
                    numbers,
                },
                None => inputs(spec, sequences, &cut),
            },
            lengths,
            outputs: Vec::new(),
            tolerance: 0.0,
            source,
            feed,
            numbers,
        };
        let model = network.model()?;
        let level = Level::detect();
        if !level.is_fused() {
            return Err(Failure::run(
                "this processor has no fused multiply-add, so golden vectors made here would not be those of a chip that has it",
            ));
        }
        proof.outputs = proof.run(level, &model)?;
        if let Some(feed) = &mut proof.feed {
            feed.tell(&proof.lengths, &proof.outputs, spec.output_width());
        }
        let largest = proof
            .outputs
            .iter()
            .fold(1.0, |top: f32, y| top.max(y.abs()));
        let unfused = proof.run(Level::PORTABLE, &model)?;
        let pairs = unfused.iter().zip(&proof.outputs);
        let measured = pairs.fold(0.0, |most: f32, (a, b)| most.max((a - b).abs()));
        proof.tolerance = (TOLERANCE * largest).max(MARGIN * measured);
        if let Some(numbers) = &mut proof.numbers {
            numbers.answer(&proof.lengths, &proof.outputs, proof.tolerance)?;
        }
        if proof.outputs.iter().all(|y| y.is_finite()) {
            Ok(proof)
        } else {
            Err(Failure::run(
                "the net's outputs are not finite: it has nothing to prove",
            ))
        }
    }

    /// What the artefact holds.
    pub fn golden(&self) -> Golden<'_> {
        Golden {
            lengths: &self.lengths,
            inputs: self.rows(),
            outputs: &self.outputs,
            tolerance: self.tolerance,
        }
    }

    fn rows(&self) -> Inputs<'_> {
        match &self.inputs {
            Rows::Numbers { numbers, .. } => Inputs::Dense(numbers),
            Rows::Ids { ids, .. } => Inputs::Tokens(ids),
        }
    }

    /// Steps of all sequences.
    pub fn steps(&self) -> usize {
        self.lengths.iter().map(|&length| length as usize).sum()
    }

    /// Bytes of lengths, inputs and outputs: four each, but so many per number that is read.
    pub fn bytes(&self, per_number: usize) -> usize {
        let inputs = match &self.inputs {
            Rows::Numbers { numbers, .. } => per_number * numbers.len(),
            Rows::Ids { ids, .. } => 4 * ids.len(),
        };
        4 * (self.lengths.len() + self.outputs.len()) + inputs
    }

    /// A few rows of inputs from a row on.
    fn part(&self, start: usize, len: usize) -> Inputs<'_> {
        match self.rows() {
            Inputs::Dense(numbers) => Inputs::Dense(&numbers[start..start + len]),
            Inputs::Tokens(ids) => Inputs::Tokens(&ids[start..start + len]),
        }
    }

    /// What comes out.
    pub fn run(&self, level: Level, model: &Model<'_>) -> Result<Vec<f32>> {
        let spec = model.spec();
        let width = spec.golden_width();
        let mut state = vec![0.0; spec.state_len()];
        let longest = self.golden().longest();
        let mut scratch = vec![Strip::ZERO; spec.self_test_scratch(longest)];
        let (mut outputs, mut at) = (Vec::new(), 0);
        for &length in &self.lengths {
            let length = length as usize;
            if spec.is_bidirectional() {
                let mut of_sequence = vec![0.0; spec.output_rows(length, 1) * spec.output_width()];
                let batch = Batch::uniform(length, 1)?;
                model.reset(&mut state);
                let inputs = self.part(at, length * width);
                forward(
                    level,
                    model,
                    &batch,
                    inputs,
                    &mut state,
                    &mut scratch,
                    &mut of_sequence,
                )?;
                outputs.extend(of_sequence);
            } else {
                let mut stream = Stream::new(level, *model, &mut state, &mut scratch)?;
                let mut row = vec![0.0; spec.output_width()];
                for step in 0..length {
                    stream.step(self.part(at + step * width, width), &mut row)?;
                    outputs.extend_from_slice(&row);
                }
            }
            at += length * width;
        }
        Ok(outputs)
    }

    /// What the chip will do, done here.
    fn check(&self, network: &Network) -> Result<()> {
        let (golden, spec) = (self.golden(), network.spec());
        let longest = golden.longest();
        let wrong = golden.check(
            Level::detect(),
            &network.model()?,
            SelfTest {
                state: &mut vec![0.0; spec.state_len()],
                scratch: &mut vec![Strip::ZERO; spec.self_test_scratch(longest)],
                outputs: &mut vec![0.0; spec.self_test_outputs(longest)],
            },
        )?;
        match wrong {
            None => Ok(()),
            Some(index) => Err(Failure::run(format!(
                "the golden output {index} is not the same twice"
            ))),
        }
    }
}

/// What a run is validated on, as its net reads it.
///
/// # Errors
/// Its data cannot be read any more.
pub fn validation(run: &Run) -> Result<Sequences> {
    struct Validation;
    impl Visitor for Validation {
        type Output = Result<Sequences>;
        fn visit<J: Job>(self, job: &J) -> Result<Sequences> {
            Ok(job.load()?.valid().clone())
        }
    }
    parse_run(&run.config())?.visit(Validation)
}

/// The run's validation data, or numbers from a generator.
fn default_sequences(run: &Run, spec: &Spec) -> (Sequences, String) {
    let why = match validation(run) {
        Ok(sequences) if fits(&sequences, spec) => {
            return (sequences, "the validation data of the run".to_owned());
        }
        Ok(_) => "they no longer fit the net".to_owned(),
        Err(failure) => failure.to_string(),
    };
    tell!(
        "elman: the golden vectors are made by a fixed generator, since the data of the run cannot be read ({why}); name others \
         by --data FILE"
    );
    (generated(spec, 1), "a fixed generator".to_owned())
}

/// Whether a net reads these rows.
fn fits(sequences: &Sequences, spec: &Spec) -> bool {
    sequences.rows() > 0
        && match &spec.input {
            Input::Dense { width } => sequences.numbers(0).len() == *width,
            Input::Tokens { channels, .. } => {
                let channels = channels.as_slice();
                let known = |row| {
                    let ids = sequences.ids(row).iter().zip(channels);
                    ids.into_iter()
                        .all(|(&id, channel)| id as usize <= channel.vocabulary)
                };
                sequences.channels() == channels.len() && (0..sequences.rows()).all(known)
            }
        }
}

/// Steps of a sequence that is made up.
const GENERATED: usize = 16;

/// Two sequences of numbers between -2 and 2, or of any tokens.
pub fn generated(spec: &Spec, seed: u64) -> Sequences {
    let mut rng = seeds::generator(seed, Purpose::Sample, &[]);
    let rows = match &spec.input {
        Input::Dense { width } => Rows::numbers(*width),
        Input::Tokens { channels, .. } => Rows::ids(channels.len()),
    };
    let mut sequences = Sequences::new(rows, Targets::classes(), spec.head.read);
    for _ in 0..2 {
        for step in 0..GENERATED {
            if spec.head.read == Read::EveryStep || step == 0 {
                sequences.push_class(Target::IGNORED);
            }
            match &spec.input {
                Input::Dense { width } => {
                    let number = |_| (rng.next_u32() >> 8) as f32 / (1 << 22) as f32 - 2.0;
                    sequences.push_numbers((0..*width).map(number));
                }
                Input::Tokens { channels, .. } => {
                    let channels = channels.as_slice().iter();
                    let ids = channels.map(|c| seeds::below(&mut rng, c.vocabulary) as u32);
                    sequences.push_ids(ids.collect::<Vec<u32>>());
                }
            }
        }
        sequences.end_sequence();
    }
    sequences
}

/// Rows of the first sequences, `steps` in all; the last may be cut short.
fn first_steps(sequences: &Sequences, steps: usize) -> Vec<std::ops::Range<usize>> {
    let (mut left, mut cut) = (steps, Vec::new());
    for sequence in 0..sequences.len() {
        let rows = sequences.rows_of(sequence);
        let len = rows.len().min(left);
        if len > 0 {
            cut.push(rows.start..rows.start + len);
        }
        left -= len;
    }
    cut
}

/// Rows as [`Golden`] wants them.
fn inputs(spec: &Spec, sequences: &Sequences, cut: &[std::ops::Range<usize>]) -> Rows {
    match &spec.input {
        Input::Dense { width } => {
            let rows = cut.iter().cloned().flatten();
            Rows::Numbers {
                width: *width,
                numbers: rows
                    .flat_map(|row| sequences.numbers(row))
                    .copied()
                    .collect(),
            }
        }
        Input::Tokens { channels, .. } => {
            let reach = (spec.golden_width() / channels.len() / 2) as isize;
            let padding: Vec<u32> = channels
                .as_slice()
                .iter()
                .map(|c| c.vocabulary as u32)
                .collect();
            let mut ids = Vec::new();
            for rows in cut {
                for row in rows.clone() {
                    for neighbour in -reach..=reach {
                        let neighbour = row.checked_add_signed(neighbour);
                        let inside = neighbour.filter(|row| rows.contains(row));
                        ids.extend(inside.map_or(padding.as_slice(), |row| sequences.ids(row)));
                    }
                }
            }
            Rows::Ids {
                channels: spec.golden_width(),
                ids,
            }
        }
    }
}
