//! `elman quantize`: a run's net in int8, and what the rounding costs on the user's data.

use std::io::Write;
use std::path::Path;

use elman_core::quantized::{Calibration, QuantizedModel, Saturated, quantize};
use elman_core::{Batch, Dropout, Level, Model, Spec, Strip, Tape};
use serde::Serialize;

use crate::args::{QuantizeArgs, Visitor, parse_run};
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::base::tell::tell;
use crate::base::threads::on_threads;
use crate::data::{DataFile, Format, Sequences};
use crate::net::cost::Memory;
use crate::net::int8::SequenceRows;
use crate::net::int8_file::{self, Int8Net};
use crate::net::network::Network;
use crate::task::registry;
use crate::task::trained::Trained;
use crate::train::task::{Meaning, Task};
use crate::train::{Job, has_data_of};

/// Rows that calibration looks at, spread over the data: more make no difference, but take longer.
const ROWS: usize = 1 << 14;
/// Steps that it looks at of one sequence.
const STEPS: usize = 1 << 12;
/// Steps of the sequence whose memory is shown of a net that reads both ways.
const SHOWN_STEPS: usize = 32;

/// What is printed.
#[derive(Serialize)]
struct QuantizeReport {
    file: String,
    /// Scores of the float net and of the int8 net, as `elman eval --json` prints them.
    before: serde_json::Value,
    after: serde_json::Value,
    calibration_steps: usize,
    ranges: Vec<Range>,
    saturated_inputs: usize,
    saturated_states: usize,
    flash_bytes: [usize; 2],
    ram_bytes: [usize; 2],
}

/// How far the numbers of a layer reach.
#[derive(Serialize)]
struct Range {
    of: String,
    /// The largest that calibration saw.
    seen: f64,
    /// The largest that 16 bits hold.
    limit: f64,
}

/// The command.
///
/// # Errors
/// A run or a file that is missing or does not fit; tasks that it does not know yet.
pub fn run(args: &QuantizeArgs) -> Result<()> {
    let run = Run::open(&args.run)?;
    let mut trained = registry::open(&run)?;
    trained.must_run_quantized()?;
    if args.part.is_some() && !trained.reads_tables() {
        return Err(Failure::input(
            "--part is for tables with a column that says train, dev or test; this net is measured on a whole file",
        ));
    }
    Format::check(args.format, trained.formats())?;
    let doubt = |failure| Format::doubt(args.format, &args.data, failure);
    let eval = args.eval();
    let before = trained.evaluate(&eval).map_err(doubt)?;
    let sequences = trained
        .sequences(DataFile {
            part: None,
            ..eval.file()
        })
        .map_err(doubt)?;
    let (words, seen) = rounded(trained.network(), &sequences)?;
    let path = args.out.clone().unwrap_or_else(|| run.quantized());
    trained.network_mut().set_quantized(words.clone())?;
    let mut int8 = with_findings(&path, trained.network(), words);
    measure(&mut int8, &run, trained.as_ref(), args.threads.into());
    int8_file::save(&path, trained.network(), &int8)?;
    let after = trained.evaluate(&eval).map_err(doubt)?;
    let report = report(trained.as_ref(), &seen, &path.display().to_string());
    let text = if args.json {
        let parsed = |json: &str| serde_json::from_str(json).unwrap_or_default();
        let report = QuantizeReport {
            before: parsed(&before.json),
            after: parsed(&after.json),
            ..report
        };
        serde_json::to_string(&report).expect("numbers and names are valid JSON") + "\n"
    } else {
        format!(
            "in floating point\n{}\nin whole numbers\n{}\n{}",
            before.table,
            after.table,
            table(&report)
        )
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// The words, with what was found out of those that were there before if they are the same: a rule of events and errors are those of the
/// answers that they were found on.
fn with_findings(path: &Path, network: &Network, words: Vec<u32>) -> Int8Net {
    // A file that is missing, or of another net, has nothing to keep.
    match int8_file::load(path, network) {
        Ok(before) if before.words == words => return before,
        Ok(before) if before.events.is_some() => tell!(
            "elman: note: the net that was in {} told events by a rule of its own, which is gone with it: elman eval RUN --events --int8 finds \
             that of the new one",
            path.display()
        ),
        _ => {}
    }
    Int8Net {
        words,
        events: None,
        errors: Vec::new(),
    }
}

/// Measures how far off the net in whole numbers is on the validation data of its run, target by target: what intervals follow from. Where
/// those data are not there any more, or others, what is known already stays.
fn measure(int8: &mut Int8Net, run: &Run, trained: &dyn Trained, threads: usize) {
    if !trained.knows_intervals() {
        return;
    }
    let found = parse_run(&run.config())
        .and_then(|task| on_threads(threads, || task.visit(Held(run, trained.network()))));
    match found {
        Ok(errors) => int8.errors = errors,
        Err(failure) if int8.errors.is_empty() => tell!(
            "elman: note: intervals of the net in whole numbers will follow from the errors of the float net, since the data of the run cannot \
             be read ({failure})"
        ),
        Err(_) => {}
    }
}

/// A run, and its net in whole numbers.
struct Held<'a>(&'a Run, &'a Network);

impl Visitor for Held<'_> {
    type Output = Result<Vec<Vec<f64>>>;

    /// The net's errors on the data that were held out; none where the float net knows none of its own, as there were no such data.
    fn visit<J: Job>(self, job: &J) -> Self::Output {
        let Self(run, network) = self;
        let (_, meaning) = <J::Task as Task>::Meaning::open(run)?;
        if meaning.errors().iter().all(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let task = job.load()?;
        if !has_data_of(&run.checkpoint(), &task)? {
            return Err(Failure::input("they are not what they were"));
        }
        let found = task.calibrated(network, meaning)?;
        Ok(found.map_or_else(Vec::new, |meaning| meaning.errors()))
    }
}

/// What calibration saw.
pub struct Seen {
    steps: usize,
    input: f64,
    /// Of every layer, what calibration saw of its state and what 16 bits hold.
    hidden: Vec<[f64; 2]>,
    /// Of every layer, what calibration saw of its cell state and what 16 bits hold; none where it has none.
    cells: Vec<Option<[f64; 2]>>,
    saturated: Saturated,
}

/// The words of a net, calibrated on sequences that are spread over the data.
pub fn rounded(network: &Network, sequences: &Sequences) -> Result<(Vec<u32>, Seen)> {
    let spec = Spec {
        dropout: Dropout::NONE,
        ..*network.spec()
    };
    let model = Model::new(spec, network.params(), network.packed())?;
    let chosen = chosen(sequences);
    let mut numbers = vec![0.0; spec.int8().calibration_len()];
    let mut calibration = Calibration::new(&spec, &mut numbers)?;
    let mut steps = 0;
    for &sequence in &chosen {
        steps += on_tape(&model, sequences, sequence, |tape| {
            Ok(calibration.observe(tape)?)
        })?;
    }
    if steps == 0 {
        return Err(Failure::input("the data hold nothing to calibrate on"));
    }
    let mut words = vec![0; spec.int8().model_len()];
    let mut scratch = vec![0.0; spec.int8().scratch_len()];
    let mut bytes = vec![0; spec.int8().bytes_len()];
    quantize(
        &spec,
        network.params(),
        &calibration,
        &mut words,
        &mut bytes,
        &mut scratch,
    )?;
    let int8_net = QuantizedModel::new(spec, &words)?;
    let mut saturated = Saturated::default();
    for sequence in 0..sequences.len() {
        on_tape(&model, sequences, sequence, |tape| {
            let found = Calibration::saturated(tape, &int8_net);
            saturated.inputs += found.inputs;
            saturated.hidden += found.hidden;
            Ok(())
        })?;
    }
    let seen = Seen {
        steps,
        input: calibration.input_range(),
        hidden: (spec.layers.as_slice().iter().enumerate())
            .map(|(layer, l)| {
                let held = 32767.0 * f64::from(int8_net.state_unit(layer));
                let bound = l.cell.bound();
                [
                    calibration.hidden_range(layer),
                    bound.map_or(held, f64::from),
                ]
            })
            .collect(),
        cells: (0..spec.layers.len())
            .map(|layer| match f64::from(int8_net.cell_unit(layer)) {
                0.0 => None,
                unit => Some([calibration.cell_range(layer), 32767.0 * unit]),
            })
            .collect(),
        saturated,
    };
    Ok((words, seen))
}

/// Sequences of about [`ROWS`] steps together.
fn chosen(sequences: &Sequences) -> Vec<usize> {
    let stride = sequences.rows().div_ceil(ROWS).max(1);
    (0..sequences.len()).step_by(stride).collect()
}

/// Records the float net on a sequence; gives its steps.
fn on_tape(
    model: &Model<'_>,
    sequences: &Sequences,
    sequence: usize,
    look: impl FnOnce(&Tape<'_>) -> Result<()>,
) -> Result<usize> {
    let spec = model.spec();
    let (inputs, steps) = SequenceRows::of(sequences, sequence, STEPS);
    if steps == 0 {
        return Ok(0);
    }
    let mut buffer = vec![Strip::ZERO; spec.tape_len(steps, 1)];
    let batch = Batch::uniform(steps, 1)?;
    let mut tape = Tape::new(spec, batch, inputs.view(), 0, &mut buffer)?;
    tape.start(model, None)?;
    tape.record(Level::detect(), model, 0..steps)?;
    look(&tape)?;
    Ok(steps)
}

fn report(trained: &dyn Trained, seen: &Seen, file: &str) -> QuantizeReport {
    let spec = trained.network().spec();
    let mut ranges = vec![Range {
        of: "inputs".to_owned(),
        seen: seen.input,
        limit: 2.0 * seen.input,
    }];
    if spec.input.channel_count() > 0 {
        ranges.clear(); // every embedding is known, and fits
    }
    for (layer, &[range, limit]) in seen.hidden.iter().enumerate() {
        ranges.push(Range {
            of: format!("layer {layer}"),
            seen: range,
            limit,
        });
        if let Some(&Some([seen, limit])) = seen.cells.get(layer) {
            let of = format!("layer {layer}, c");
            ranges.push(Range { of, seen, limit });
        }
    }
    let float = Memory::of_strips(spec, SHOWN_STEPS);
    let int8 = Memory::of_words(spec, SHOWN_STEPS);
    QuantizeReport {
        file: file.to_owned(),
        before: serde_json::Value::Null,
        after: serde_json::Value::Null,
        calibration_steps: seen.steps,
        ranges,
        saturated_inputs: seen.saturated.inputs,
        saturated_states: seen.saturated.hidden,
        flash_bytes: [float.flash_bytes, int8.flash_bytes],
        ram_bytes: [float.ram_bytes(), int8.ram_bytes()],
    }
}

fn table(report: &QuantizeReport) -> String {
    let mut text = format!("calibrated on  {} steps\n", report.calibration_steps);
    for Range { of, seen, limit } in &report.ranges {
        text += &format!("{of:13}  up to {seen:.3}; 16 bits hold {limit:.3}\n");
    }
    let ([flash, flash_8], [ram, ram_8]) = (report.flash_bytes, report.ram_bytes);
    text += &format!(
        "saturated      {} inputs, {} states\nflash          {flash} bytes, in whole numbers {flash_8} (code: about 1.4 KB and 9 KB on a \
         Cortex-M4F)\nRAM            {ram} bytes, in whole numbers {ram_8}\nwritten        {}\n",
        report.saturated_inputs, report.saturated_states, report.file
    );
    text
}
