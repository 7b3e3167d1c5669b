//! `elman inspect`: the net of a run in numbers – what it holds, and what it costs on a chip.

mod chip;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use elman_core::{InitialState, Spec};
use serde::Serialize;

use chip::ChipReport;

use super::runs::Listed;
use crate::args::InspectArgs;
use crate::base::failure::Result;
use crate::base::folder::Run;
use crate::base::json;
use crate::data::features::NamedChannel;
use crate::net::cost::{self, Code, HeadTraining, Instructions, Int8, Memory, Training};
use crate::net::describe;
use crate::task::registry;
use crate::task::trained::Description;

/// Everything that is printed.
#[derive(Debug, Serialize)]
struct InspectReport {
    /// None for a net that lies alone in its folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Origin>,
    input: String,
    channels: Vec<NamedChannel>,
    layers: Vec<String>,
    initial_state: &'static str,
    head: String,
    labels: Vec<String>,
    /// Learnt scores of what label may follow what, beside the parameters of the net.
    #[serde(skip_serializing_if = "Option::is_none")]
    transitions: Option<usize>,
    tensors: Vec<TensorReport>,
    parameters: usize,
    /// Tables and packed weights.
    flash_bytes: usize,
    /// State, scratch and outputs.
    ram_bytes: usize,
    state_bytes: usize,
    scratch_bytes: usize,
    output_bytes: usize,
    /// Steps in memory at once: 1 for streaming nets.
    ram_steps: usize,
    /// Multiply-accumulate operations.
    macs_per_step: usize,
    /// Estimates.
    instructions_per_step: Instructions,
    #[serde(skip)]
    code: Code,
    /// With weights in eight bits, where there is such a form.
    int8: Int8,
    /// On the chip itself.
    training: Training,
    #[serde(skip_serializing_if = "Option::is_none")]
    head_training: Option<HeadTraining>,
    /// The one that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    chip: Option<ChipReport>,
}

/// Where the net comes from.
#[derive(Debug, Serialize)]
struct Origin {
    /// The score on the validation data that the net is kept for.
    #[serde(skip_serializing_if = "Option::is_none")]
    score_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    /// The epoch that it is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    best_epoch: Option<usize>,
    /// Epochs done.
    epochs: usize,
    settings: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct TensorReport {
    name: String,
    shape: Vec<usize>,
    parameters: usize,
}

/// The command.
///
/// # Errors
/// A run that is missing or damaged.
pub fn run(args: &InspectArgs) -> Result<()> {
    let run = Run::open(&args.run)?;
    let trained = registry::open(&run)?;
    let Description { channels, labels } = trained.description();
    let spec = trained.network().spec();
    let chip = args
        .chip
        .map(|chip| ChipReport::of(spec, args.steps as usize, chip, args.route));
    let report = InspectReport {
        chip: chip.transpose()?,
        run: Origin::of(&run)?,
        channels,
        labels,
        transitions: trained.network().transitions().map(<[f32]>::len),
        ..InspectReport::of(spec, args.steps as usize, args.train_steps as usize)
    };
    let text = match &report.chip {
        _ if args.json => report.to_json(),
        Some(chip) => chip.lines(),
        None => report.to_table(),
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

impl Origin {
    fn of(run: &Run) -> Result<Option<Self>> {
        let Listed {
            score_name,
            score,
            best_epoch,
            epochs,
            settings,
            ..
        } = Listed::of(run)?;
        Ok((!settings.is_empty()).then_some(Self {
            score_name,
            score,
            best_epoch,
            epochs,
            settings,
        }))
    }

    /// A line per setting.
    fn add_settings(&self, text: &mut String) {
        *text += "\nsettings of the run\n";
        let width = self.settings.keys().map(String::len).max().unwrap_or(0);
        for (name, value) in &self.settings {
            let _ = writeln!(text, "{name:width$}  {value}");
        }
    }

    /// The score in a sentence; nothing for a net that was trained elsewhere.
    fn score(&self) -> Option<String> {
        let (name, score) = self.score_name.as_ref().zip(self.score)?;
        let epoch = self.best_epoch.unwrap_or(self.epochs);
        Some(format!(
            "{name} {score:.4} on the validation data, after epoch {epoch} of {}",
            self.epochs
        ))
    }
}

impl InspectReport {
    fn of(spec: &Spec, steps: usize, train_steps: usize) -> Self {
        let memory = Memory::of_strips(spec, steps);
        Self {
            run: None,
            input: describe::input(&spec.input),
            channels: Vec::new(),
            layers: spec.layers.as_slice().iter().map(describe::layer).collect(),
            initial_state: if spec.initial_state == InitialState::Trained {
                "trained"
            } else {
                "zero"
            },
            head: describe::head(spec),
            labels: Vec::new(),
            transitions: None,
            tensors: tensors(spec),
            parameters: spec.params_len(),
            flash_bytes: memory.flash_bytes,
            ram_bytes: memory.ram_bytes(),
            state_bytes: memory.state_bytes,
            scratch_bytes: memory.scratch_bytes,
            output_bytes: memory.output_bytes,
            ram_steps: memory.steps,
            macs_per_step: cost::macs(spec),
            instructions_per_step: Instructions::of(spec),
            code: Code::of(spec),
            int8: Int8::of(spec, steps),
            training: Training::of(spec, train_steps),
            head_training: HeadTraining::of(spec),
            chip: None,
        }
    }

    fn to_json(&self) -> String {
        json::text(self) + "\n"
    }

    fn to_table(&self) -> String {
        let score = self.run.as_ref().and_then(Origin::score);
        let mut text = score.map_or_else(String::new, |score| format!("score          {score}\n"));
        text += &format!("input          {}\n", self.input);
        let channel = |NamedChannel { name, width, ids }: &_| {
            format!("{name} ({ids} ids of {width} numbers)")
        };
        let channels: Vec<String> = self.channels.iter().map(channel).collect();
        if !channels.is_empty() {
            text += &format!("channels       {}\n", channels.join(", "));
        }
        for (i, layer) in self.layers.iter().enumerate() {
            text += &format!("layer {i}        {layer}\n");
        }
        text += &format!(
            "initial state  {}\nhead           {}\n",
            self.initial_state, self.head,
        );
        if !self.labels.is_empty() {
            text += &format!("labels         {}\n", self.labels.join(", "));
        }
        if let Some(scores) = self.transitions {
            text +=
                &format!("transitions    {scores} learnt scores of which label follows which\n");
        }
        text.push('\n');
        let width = self
            .tensors
            .iter()
            .map(|tensor| tensor.name.len())
            .max()
            .unwrap_or(0);
        for TensorReport {
            name,
            shape,
            parameters,
        } in &self.tensors
        {
            let shape = shape
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" x ");
            let _ = writeln!(text, "{name:width$}  {shape:>14}  {parameters:>10}");
        }
        let ram = match self.ram_steps {
            1 => "streaming, step by step".to_owned(),
            steps => format!("for a sequence of {steps} steps, which this net reads both ways"),
        };
        let _ = write!(
            text,
            "\nparameters     {}\nflash          {} bytes (tables and packed weights)\n\
             RAM            {} bytes ({ram}): state {}, scratch {}, outputs {}\nMACs per step  {}\n",
            self.parameters,
            self.flash_bytes,
            self.ram_bytes,
            self.state_bytes,
            self.scratch_bytes,
            self.output_bytes,
            self.macs_per_step,
        );
        self.add_chips(&mut text);
        self.run.iter().for_each(|run| run.add_settings(&mut text));
        text
    }

    /// What only matters on a chip.
    fn add_chips(&self, text: &mut String) {
        let Instructions {
            m4f_f32,
            m4f_int8,
            m0_f32,
            m0_int8,
        } = self.instructions_per_step;
        let training = &self.training;
        let [code, softmax, code_int8, code_m0] = [
            self.code.f32,
            self.code.softmax,
            self.code.int8,
            self.code.m0_int8,
        ]
        .map(kilobytes);
        let Int8 {
            flash_bytes,
            state_bytes,
            scratch_bytes,
        } = self.int8;
        let _ = write!(
            text,
            "\nin int8        flash {flash_bytes} bytes; RAM: state {state_bytes}, scratch {scratch_bytes}\n\
                 instructions   about {m4f_f32} per step on Cortex-M4F, {m0_f32} on Cortex-M0 (FixedStream, opt-level 3); in int8 up to the\n\
                \x20              logits {m4f_int8} and {m0_int8} (step_integers; step adds scaling and softmax in f32: dear without an FPU)\n\
                 code           about {code} on Cortex-M4F (a softmax: {softmax} more); in int8 {code_int8}, on Cortex-M0 {code_m0}\n"
        );
        let _ = writeln!(
            text,
            "training       {} bytes of RAM for {} steps at a time with Adam: weights {}, tape {}, scratch {}, gradients {}, \
             optimizer {} (momentum {}, SGD {})",
            training.most(),
            training.steps,
            training.weights_bytes,
            training.tape_bytes,
            training.scratch_bytes,
            training.gradients_bytes,
            training.adam_bytes,
            training.momentum_bytes,
            training.sgd_bytes,
        );
        if let Some(head) = &self.head_training {
            let _ = writeln!(
                text,
                "of the head    {} bytes of RAM with Adam (elman_core::head): weights {}, gradients {}, a row {}, optimizer {} (SGD {}); \
                 {} bytes to keep",
                head.most(),
                head.weights_bytes,
                head.gradients_bytes,
                head.row_bytes,
                head.adam_bytes,
                head.sgd_bytes,
                4 * head.parameters,
            );
        }
    }
}

/// Bytes of code for people, who need no more than two digits.
fn kilobytes(bytes: usize) -> String {
    let tenths = (bytes as f64 / 102.4).round() / 10.0;
    format!("{tenths} KB")
}

fn tensors(spec: &Spec) -> Vec<TensorReport> {
    let report = |tensor: elman_core::Tensor| TensorReport {
        name: tensor.kind.to_string(),
        shape: match (tensor.is_vector(), tensor.is_transposed_in_pytorch()) {
            (true, _) => vec![tensor.columns],
            (false, true) => vec![tensor.columns, tensor.rows],
            (false, false) => vec![tensor.rows, tensor.columns],
        },
        parameters: tensor.rows * tensor.columns,
    };
    spec.tensors().map(report).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use elman_core::{Direction, Layer, Layers};

    #[test]
    fn figures_of_a_small_net() {
        let spec = Spec::dense(6, 32, 5);
        let report = InspectReport::of(&spec, 9, 16);
        assert_eq!(
            (report.macs_per_step, report.parameters, report.ram_steps),
            (1376, 1376 + 37, 1)
        );
        assert_eq!(report.flash_bytes, spec.packed_len() * 64);
        let parts = report.state_bytes + report.scratch_bytes + report.output_bytes;
        assert_eq!((report.ram_bytes, report.state_bytes), (parts, 128));
        assert_eq!(report.tensors[0].shape, [32, 6]);
        // 33·5 parameters: themselves, in 33 strips, their gradients, twice in Adam; 32 hidden units and 5 outputs.
        let head = report.head_training.expect("a head");
        assert_eq!(head.most(), 4 * 165 + 64 * 33 + 4 * 165 + 8 * 165 + 4 * 37);
        assert!(report.to_table().contains("660 bytes to keep"));
        let layer = Layer {
            direction: Direction::Both,
            ..Layer::tanh(32)
        };
        let both = InspectReport::of(
            &Spec {
                layers: Layers::of([layer]),
                ..spec
            },
            9,
            16,
        );
        assert_eq!(
            (both.macs_per_step, both.ram_steps),
            (2 * (6 * 32 + 32 * 32) + 64 * 5, 9)
        );
        assert!(both.to_table().contains("sequence of 9 steps"));
    }
}
