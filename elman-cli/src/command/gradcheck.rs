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
mod tests {
    use super::*;
    use crate::data::{Rows, Targets};
    use elman_core::*;

    const TANH: Cell = Cell::elman(Activation::Tanh);

    fn network(cells: [Cell; 2], direction: Direction) -> Network {
        let layer = |hidden, cell| Layer {
            hidden,
            direction,
            cell,
        };
        let spec = Spec {
            input: Input::Tokens {
                channels: Channels::of([
                    Channel {
                        vocabulary: 5,
                        width: 3,
                    },
                    Channel {
                        vocabulary: 2,
                        width: 2,
                    },
                ]),
                window: 3,
            },
            layers: Layers::of([layer(4, cells[0]), layer(3, cells[1])]),
            initial_state: InitialState::Trained,
            head: Head {
                kind: HeadKind::Softmax { outputs: 3 },
                read: Read::EveryStep,
            },
            dropout: Dropout {
                input: 0.5,
                hidden: 0.5,
                head: 0.5,
                recurrent: 0.5,
            },
        };
        let mut params = vec![0.0; spec.params_len()];
        initialize(
            &spec,
            Init::Pytorch,
            &mut seeds::generator(3, Purpose::Parameters, &[]),
            &mut params,
        )
        .unwrap();
        Network::new(spec, params).unwrap()
    }

    fn sequences() -> Sequences {
        let mut sequences = Sequences::of_tokens(2);
        for length in [4, 2, 5] {
            (0..length).for_each(|step| {
                let target = if step == 1 {
                    Target::IGNORED
                } else {
                    Target::class((step + length) % 3)
                };
                sequences.push_row([(step * length) % 5, step % 2], target);
            });
            sequences.end_sequence();
        }
        sequences
    }

    #[test]
    fn core_and_textbook_agree() {
        let limited = |activation| Cell::Elman {
            activation,
            clip: 0.6,
        };
        let [relu, identity] = [Activation::Relu, Activation::Identity].map(limited);
        let (gru, lstm) = (Cell::Gru { clip: 0.6 }, Cell::Lstm { clip: 0.6 });
        for cells in [
            [TANH, TANH],
            [relu, relu],
            [identity, identity],
            [Cell::gru(), Cell::lstm()],
            [Cell::lstm(), relu],
            [gru, lstm],
        ] {
            for direction in [Direction::Forward, Direction::Both] {
                for verdict in check(&network(cells, direction), &sequences(), 1000).unwrap() {
                    assert!(
                        verdict.worst_relative_error <= TOLERANCE,
                        "{cells:?} {direction:?} {verdict:?}"
                    );
                    assert!(verdict.checked > 0);
                }
            }
        }
    }

    /// Nets of relu as training starts them, over rows that begin with zeros: units lie on their bends, and differences
    /// cross others.
    #[test]
    fn nets_that_bend_are_right_and_what_is_left_out_is_said() {
        let relu = |hidden| Layer {
            cell: Cell::elman(Activation::Relu),
            ..Layer::tanh(hidden)
        };
        let spec = Spec {
            input: Input::Dense { width: 2 },
            layers: Layers::of([relu(32), relu(32)]),
            initial_state: InitialState::Trained,
            head: Head {
                kind: HeadKind::Linear { outputs: 1 },
                read: Read::EveryStep,
            },
            dropout: Dropout::NONE,
        };
        let mut left_out = 0;
        for seed in 0..49 {
            let mut rng = seeds::generator(seed, Purpose::Parameters, &[]);
            let mut params = vec![0.0; spec.params_len()];
            initialize(&spec, Init::Orthogonal, &mut rng, &mut params).unwrap();
            let mut data = Sequences::new(Rows::numbers(2), Targets::numbers(1), Read::EveryStep);
            for _ in 0..6 {
                for step in 0..30 {
                    let mut number = || {
                        if step == 0 {
                            0.0
                        } else {
                            seeds::unit(&mut rng) - 0.5
                        }
                    };
                    data.push_numbers([number(), number()]);
                    data.push_goal([number()]);
                }
                data.end_sequence();
            }
            let network = Network::new(spec, params).unwrap();
            let (chosen, bent) = choose(&network, &data, 4);
            let report = GradcheckReport::of(check(&network, &chosen, 16).unwrap(), bent);
            assert!(report.passed, "seed {seed}: {report:?}");
            let entries: usize = report.tensors.iter().map(|tensor| tensor.bent).sum();
            if entries > 0 {
                left_out += 1;
                let mut text = Vec::new();
                print(&report, &mut text).unwrap();
                let sentence = format!("left out: {entries} of ");
                assert!(String::from_utf8(text).unwrap().contains(&sentence));
            }
        }
        assert!(left_out > 0, "no difference crosses a bend");
    }

    /// What a net computes that was imported without a head.
    #[test]
    fn a_net_without_a_head_is_checked() {
        for layer in [Layer::tanh(3), Layer::lstm(3)] {
            let spec = Spec {
                input: Input::Dense { width: 2 },
                layers: Layers::of([layer]),
                initial_state: InitialState::Zero,
                head: Head {
                    kind: HeadKind::None,
                    read: Read::EveryStep,
                },
                dropout: Dropout::NONE,
            };
            let mut rng = seeds::generator(3, Purpose::Parameters, &[]);
            let mut params = vec![0.0; spec.params_len()];
            initialize(&spec, Init::Pytorch, &mut rng, &mut params).unwrap();
            let mut data = Sequences::new(Rows::numbers(2), Targets::numbers(3), Read::EveryStep);
            for step in 0..4 {
                data.push_numbers([0.3 * step as f32, 0.5]);
                data.push_goal([0.1, -0.2, 0.2 * step as f32]);
            }
            data.end_sequence();
            let network = Network::new(spec, params).unwrap();
            let verdicts = check(&network, &data, 1000).unwrap();
            assert_eq!(verdicts.len(), 3);
            let report = GradcheckReport::of(verdicts, 0);
            assert!(report.passed, "{report:?}");
            assert_eq!(report.left_out(), None);
        }
    }

    #[test]
    fn numbers_at_the_last_step_are_checked_too() {
        let layer = Layer {
            direction: Direction::Both,
            ..Layer::tanh(4)
        };
        let spec = Spec {
            input: Input::Dense { width: 2 },
            layers: Layers::of([layer]),
            initial_state: InitialState::Zero,
            head: Head {
                kind: HeadKind::Linear { outputs: 2 },
                read: Read::LastStep,
            },
            dropout: Dropout::NONE,
        };
        let mut sequences = Sequences::new(Rows::numbers(2), Targets::numbers(2), Read::LastStep);
        for (length, missing) in [(3, 0.5), (5, f32::NAN), (4, -1.0)] {
            (0..length).for_each(|step| {
                sequences.push_numbers([step as f32 * 0.3, 1.0 - missing.max(0.0)])
            });
            sequences.push_goal([missing, 0.25]);
            sequences.end_sequence();
        }
        let mut params = vec![0.0; spec.params_len()];
        let mut rng = seeds::generator(3, Purpose::Parameters, &[]);
        initialize(&spec, Init::Pytorch, &mut rng, &mut params).unwrap();
        let network = Network::new(spec, params).unwrap();
        for verdict in check(&network, &sequences, 1000).unwrap() {
            assert!(verdict.worst_relative_error <= TOLERANCE, "{verdict:?}");
            assert!(verdict.checked > 0);
        }
    }

    #[test]
    fn a_wrong_gradient_is_found() {
        let network = network([TANH; 2], Direction::Both);
        let spec = Spec {
            dropout: Dropout::NONE,
            ..*network.spec()
        };
        let mut analytic = gradients(&spec, &network, &sequences()).unwrap();
        let tensor = spec
            .tensors()
            .find(|tensor| tensor.kind == TensorKind::HeadBias)
            .unwrap();
        analytic[tensor.offset] *= 1.1;
        let mut textbook = Textbook::new(&spec, network.params());
        let verdict = check_tensor(&tensor, &analytic, &mut textbook, &sequences(), 10);
        assert!(verdict.worst_relative_error > TOLERANCE);
    }

    #[test]
    fn short_sequences_come_first_but_see_time() {
        let network = network([TANH; 2], Direction::Both);
        let (chosen, bent) = choose(&network, &sequences(), 2);
        assert_eq!([chosen.len_of(0), chosen.len_of(1), bent], [4, 5, 0]);
    }
}
