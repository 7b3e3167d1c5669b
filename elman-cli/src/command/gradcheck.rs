//! `elman gradcheck`: the gradients that training uses against finite differences of the [textbook](crate::net::textbook).

use std::collections::BTreeSet;
use std::io::Write;

use elman_core::{
    Dropout, Level, Model, Spec, Strip, Tape, Tensor, TensorKind, Window, pack_transposed,
};
use serde::Serialize;

use crate::args::GradcheckArgs;
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::base::seeds::{self, Purpose};
use crate::data::{Format, Sequences};
use crate::net::gather::{ALL_STEPS, Gathered, longest_first};
use crate::net::network::Network;
use crate::net::textbook::{Bends, Textbook};
use crate::task::registry;

/// Beyond this a gradient is wrong, not just rounded.
const TOLERANCE: f64 = 1e-3;
/// Half the distance between the two losses of a difference.
const STEP: f64 = 1e-5;
/// An entry far smaller than the largest of its tensor is judged as if it were this share of it: its `f32` sum has
/// the rounding of the large terms that cancelled.
const SMALL: f64 = 1e-2;

/// Where the net is sure of itself, core subtracts a probability near one from one, and knows the difference no better
/// than the spacing of `f32` there. An error of that size is rounding, whatever the gradient.
const ROUNDING: f64 = f32::EPSILON as f64 / 2.0;

/// The sums of core are those of the textbook within about this share: nearer to a bend of a relu or a clip, core may be
/// on its other side.
const NEAR: f64 = 2e-6;

/// The worst entry of a tensor.
#[derive(Debug, Serialize)]
struct Verdict {
    tensor: String,
    checked: usize,
    /// Entries left out: the two losses of their differences lie on different sides of a bend, so that the quotient is no
    /// slope.
    bent: usize,
    worst_relative_error: f64,
    analytic: f64,
    numeric: f64,
}

/// All tensors together, as `--json` prints them.
#[derive(Debug, Serialize)]
struct GradcheckReport {
    tensors: Vec<Verdict>,
    /// Sequences left out: a unit comes so near to a bend that rounding decides on which side it is.
    bent_sequences: usize,
    /// Name of the tensor with the largest error.
    worst: Option<String>,
    passed: bool,
}

impl GradcheckReport {
    fn of(tensors: Vec<Verdict>, bent_sequences: usize) -> Self {
        let error = |verdict: &&Verdict| verdict.worst_relative_error;
        let worst = tensors.iter().max_by(|a, b| error(a).total_cmp(&error(b)));
        Self {
            worst: worst.map(|worst| worst.tensor.clone()),
            passed: tensors.iter().all(|tensor| error(&tensor) <= TOLERANCE),
            tensors,
            bent_sequences,
        }
    }

    /// What was left out and why; none where nothing was.
    fn left_out(&self) -> Option<String> {
        let bent: usize = self.tensors.iter().map(|tensor| tensor.bent).sum();
        let tried = bent
            + self
                .tensors
                .iter()
                .map(|tensor| tensor.checked)
                .sum::<usize>();
        let entries = format!(
            "{bent} of {tried} entries, as a relu or a clip bends between the two losses of their differences"
        );
        let count = self.bent_sequences;
        let noun = if count == 1 { "sequence" } else { "sequences" };
        let sequences = format!(
            "{count} {noun}, as a unit is so near to a bend that rounding decides on its side"
        );
        let parts: Vec<String> = [(bent, entries), (count, sequences)]
            .into_iter()
            .filter_map(|(count, part)| (count > 0).then_some(part))
            .collect();
        (!parts.is_empty()).then(|| format!("left out: {}", parts.join("; ")))
    }
}

/// The command.
///
/// # Errors
/// A run or a file that does not fit; a gradient that is wrong.
pub fn run(args: &GradcheckArgs) -> Result<()> {
    let trained = registry::open(&Run::open(&args.run)?)?;
    Format::check(args.format, trained.formats())?;
    if trained.network().transitions().is_some() {
        return Err(Failure::input(
            "gradcheck knows the loss of single steps, and this net learnt transitions between labels: train it without \
             --transitions to check its gradients",
        ));
    }
    let sequences = trained
        .sequences(args.file())
        .map_err(|failure| Format::doubt(args.format, &args.data, failure))?;
    let network = trained.network();
    let (sequences, bent) = choose(network, &sequences, args.sequences.into());
    let report = GradcheckReport::of(check(network, &sequences, args.entries.into())?, bent);
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut out, &report).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        print(&report, &mut out)?;
    }
    match report
        .tensors
        .iter()
        .find(|verdict| verdict.worst_relative_error > TOLERANCE)
    {
        None => Ok(()),
        Some(Verdict {
            tensor,
            worst_relative_error: error,
            ..
        }) => Err(Failure::run(format!(
            "the gradient of {tensor} is off by {error:.1e}, more than {TOLERANCE:.0e}"
        ))),
    }
}

/// The shortest sequences of more than one step: enough to see time, cheap in the textbook. Those that come too near to
/// a bend are passed over; the second number counts them. Where all do, as very long ones may, they are checked all the
/// same: few entries show it when one unit is on its other side.
fn choose(network: &Network, sequences: &Sequences, count: usize) -> (Sequences, usize) {
    let textbook = Textbook::new(network.spec(), network.params());
    let (mut chosen, mut bent) = (Vec::new(), Vec::new());
    for sequence in shortest(sequences) {
        if chosen.len() == count {
            break;
        }
        let (_, bends) = textbook.loss(&sequences.select([sequence]));
        let place = if bends.within(NEAR) {
            &mut bent
        } else {
            &mut chosen
        };
        place.push(sequence);
    }
    if chosen.is_empty() {
        bent.truncate(count);
        return (sequences.select(bent), 0);
    }
    (sequences.select(chosen), bent.len())
}

/// All sequences, the shortest first, those of fewer than three steps last.
fn shortest(sequences: &Sequences) -> Vec<usize> {
    let mut order = longest_first(sequences);
    order.reverse();
    order.sort_by_key(|&sequence| sequences.len_of(sequence) < 3);
    order
}

fn check(network: &Network, sequences: &Sequences, entries: usize) -> Result<Vec<Verdict>> {
    let spec = Spec {
        dropout: Dropout::NONE,
        ..*network.spec()
    };
    let analytic = gradients(&spec, network, sequences)?;
    let mut textbook = Textbook::new(&spec, network.params());
    let tensors: Vec<Tensor> = spec.tensors().collect();
    Ok(tensors
        .iter()
        .map(|tensor| check_tensor(tensor, &analytic, &mut textbook, sequences, entries))
        .collect())
}

/// What training would compute for these sequences as one batch.
fn gradients(spec: &Spec, network: &Network, sequences: &Sequences) -> Result<Vec<f32>> {
    let level = Level::detect();
    let plain = Network::new(*spec, network.params().to_vec())?;
    let model: Model<'_> = plain.model()?;
    let mut transposed = vec![Strip::ZERO; spec.transposed_len()];
    pack_transposed(spec, network.params(), &mut transposed)?;
    let mut gathered = Gathered::default();
    gathered.fill(sequences, &longest_first(sequences), ALL_STEPS)?;
    let (batch, inputs) = (gathered.batch()?, gathered.inputs());
    let mut buffer = vec![Strip::ZERO; spec.tape_len(batch.rows(), batch.sequences())];
    let mut scratch = vec![Strip::ZERO; spec.scratch_len(batch.rows(), batch.sequences())];
    let mut gradients = vec![0.0; spec.params_len()];
    let steps = 0..batch.steps();
    let objective = gathered.objective(0..gathered.places().len(), None, 0.0);
    let mut tape = Tape::new(spec, batch, inputs, 0, &mut buffer)?;
    tape.start(&model, None)?;
    tape.record(level, &model, steps.clone())?;
    let outputs = tape.outputs(steps.clone());
    let (width, total) = (spec.output_width(), objective.total());
    objective.learn(level, outputs, width, total, &mut Vec::new())?;
    let window = Window {
        losses: steps,
        back_to: 0,
    };
    tape.backward(
        level,
        &model,
        &transposed,
        &window,
        &mut scratch,
        &mut gradients,
    )?;
    Ok(gradients)
}

fn check_tensor(
    tensor: &Tensor,
    analytic: &[f32],
    textbook: &mut Textbook<'_>,
    sequences: &Sequences,
    entries: usize,
) -> Verdict {
    let scale = analytic[tensor.range()]
        .iter()
        .fold(0.0, |scale: f64, g| scale.max(f64::from(g.abs())));
    let mut verdict = Verdict {
        tensor: tensor.kind.to_string(),
        checked: 0,
        bent: 0,
        worst_relative_error: 0.0,
        analytic: 0.0,
        numeric: 0.0,
    };
    for entry in sample(tensor, sequences, entries) {
        let analytic = f64::from(analytic[entry]);
        let Some(numeric) = difference(textbook, sequences, entry) else {
            verdict.bent += 1;
            continue;
        };
        let error = relative_error(analytic, numeric, (SMALL * scale).max(ROUNDING / TOLERANCE));
        verdict.checked += 1;
        if verdict.checked == 1 || error > verdict.worst_relative_error {
            verdict = Verdict {
                worst_relative_error: error,
                analytic,
                numeric,
                ..verdict
            };
        }
    }
    verdict
}

/// How far apart two numbers are, as a share of the larger or of `least`. A NaN is as far as can be.
fn relative_error(analytic: f64, numeric: f64, least: f64) -> f64 {
    let error = (analytic - numeric).abs() / analytic.abs().max(numeric.abs()).max(least);
    if error.is_nan() { f64::INFINITY } else { error }
}

/// Entries of a tensor to look at; of an embedding table only rows that the sequences use.
fn sample(tensor: &Tensor, sequences: &Sequences, entries: usize) -> Vec<usize> {
    let rows: BTreeSet<usize> = match tensor.kind {
        TensorKind::Embedding { channel } => {
            let used = (0..sequences.rows()).map(|row| sequences.ids(row)[channel] as usize);
            used.chain([tensor.rows - 1]).collect()
        }
        _ => (0..tensor.rows).collect(),
    };
    let entries_of = |row: usize| {
        (0..tensor.columns).map(move |column| tensor.offset + row * tensor.columns + column)
    };
    let mut candidates: Vec<usize> = rows.into_iter().flat_map(entries_of).collect();
    seeds::shuffle(
        &mut seeds::generator(tensor.offset as u64, Purpose::Sample, &[]),
        &mut candidates,
    );
    candidates.truncate(entries);
    candidates
}

/// `(loss(p + step) - loss(p - step)) / (2 step)`; `None` where a relu or a clip bends in between.
fn difference(textbook: &mut Textbook<'_>, sequences: &Sequences, entry: usize) -> Option<f64> {
    let before = textbook.params[entry];
    let mut loss_at = |p: f64| -> (f64, Bends) {
        textbook.params[entry] = p;
        textbook.loss(sequences)
    };
    let (above, bends_above) = loss_at(before + STEP);
    let (below, bends_below) = loss_at(before - STEP);
    textbook.params[entry] = before;
    bends_above
        .same_sides(&bends_below)
        .then(|| (above - below) / (2.0 * STEP))
}

fn print(report: &GradcheckReport, out: &mut impl Write) -> Result<()> {
    let width = report
        .tensors
        .iter()
        .map(|verdict| verdict.tensor.len())
        .max()
        .unwrap_or(0);
    writeln!(
        out,
        "{:width$}  checked  worst relative error      analytic       numeric",
        "tensor"
    )?;
    for Verdict {
        tensor,
        checked,
        worst_relative_error: error,
        analytic,
        numeric,
        ..
    } in &report.tensors
    {
        writeln!(
            out,
            "{tensor:width$}  {checked:>7}  {error:>20.2e}  {analytic:>12.4e}  {numeric:>12.4e}"
        )?;
    }
    if let Some(left_out) = report.left_out() {
        writeln!(out, "{left_out}")?;
    }
    let verdict = if report.passed {
        "passed: every"
    } else {
        "failed: not every"
    };
    Ok(writeln!(
        out,
        "{verdict} tensor is within {TOLERANCE:.0e} of the finite differences"
    )?)
}

#[cfg(test)]
mod tests;
