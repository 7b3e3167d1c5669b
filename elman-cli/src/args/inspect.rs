//! `elman inspect`: what may be typed.

use std::path::PathBuf;

use clap::Args;

/// Show the net of a run: its score and settings, tensors, parameters, memory on a chip, work per step
#[derive(Args, Debug)]
#[command(after_help = "\
Flash and RAM are exact, for elman-core and images; elman export prints those of its own artefacts, with golden vectors. Code
comes on top. Instructions are estimates from counts in QEMU, and no cycles.

Examples:
  elman inspect runs/names
  elman inspect runs/names --train-steps 8   (RAM of training on the chip)
  elman inspect runs/names --json | jq .parameters
  elman inspect runs/names --json | jq .run.score")]
pub struct InspectArgs {
    /// The folder of a training run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Steps of a sequence, where RAM depends on them: nets that read both ways need the whole sequence
    #[arg(long, value_name = "N", default_value = "32", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub steps: u32,
    /// Steps that gradients flow back through, where the net is trained on the chip
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub train_steps: u32,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
