//! `elman generate`: what may be typed.

use std::path::PathBuf;

use clap::Args;

use crate::base::typed::seed;

/// Write text with a trained model
///
/// The text appears as it is made. Where the model learnt from one item per line, every line is an item of its own.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elman generate runs/shakespeare --prompt 'ROMEO:' --length 500
  elman generate runs/names --length 200 --temperature 0.8 --seed 7
  elman generate runs/shakespeare --temperature 0    (the likeliest)")]
pub struct GenerateArgs {
    /// The folder of a training run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// What the text begins with
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub prompt: String,
    /// Tokens to add
    #[arg(long, value_name = "N", default_value = "500")]
    pub length: u64,
    /// How bold: below 1 likely tokens become likelier, above 1 unlikely ones; 0 always takes the likeliest
    #[arg(long, value_name = "X", default_value = "1", value_parser = temperature, allow_negative_numbers = true)]
    pub temperature: f64,
    /// Only the K likeliest tokens [default: all]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub top_k: Option<u32>,
    /// Where all random numbers come from
    #[arg(long, value_name = "N", default_value = "1", allow_negative_numbers = true, value_parser = seed)]
    pub seed: u64,
    /// Print one JSON object at the end: prompt, text, tokens and the nats of each
    #[arg(long)]
    pub json: bool,
}

fn temperature(typed: &str) -> Result<f64, String> {
    match typed.parse() {
        Ok(number) if (0.0..=100.0).contains(&number) => Ok(number),
        _ => Err("it must be a number from 0 to 100".to_owned()),
    }
}
