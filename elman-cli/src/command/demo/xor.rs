//! `elman demo xor`: the temporal exclusive or of Elman (1990). Of three bits two are drawn at random, and the third
//! tells whether they differ. The net sees one bit after the other, and must foresee the next.

use std::io::Write;

use super::texts::{Texts, learn};
use crate::args::DemoArgs;
use crate::base::failure::Result;
use crate::base::folder::Run;
use crate::base::seeds::{self, Purpose};
use crate::task::text::TextModel;

/// Bits to learn from, as in the paper; and to validate and test on.
const TRAIN: usize = 3000;
const OTHERS: usize = 2400;

const FLAGS: &[(&str, &str)] = &[
    ("hidden", "16"),
    ("embedding", "2"),
    ("dropout", "0"),
    ("batch", "10"),
    ("k1", "15"),
    ("lr", "0.01"),
    ("epochs", "60"),
];

/// The story.
///
/// # Errors
/// A folder that exists or cannot be written.
pub fn run(args: &DemoArgs) -> Result<()> {
    let run = Run::create(args.out.as_deref(), "demo-xor")?;
    let part = |number, count| bits(args.seed, number, count);
    let texts = Texts {
        train: part(1, TRAIN),
        valid: part(2, OTHERS),
        test: part(3, OTHERS),
    };
    writeln!(
        std::io::stdout(),
        "Two random bits, then their exclusive or, and so on: {}…\n{} reads {TRAIN} such bits one at a time and \
         must foresee the next.\nOnly every third can be known.\n",
        &texts.train[..24],
        args.cell.net()
    )?;
    learn(args, &run, &texts, FLAGS)?;
    show(&run, &texts.test)
}

/// Two random bits and their exclusive or, again and again, as text.
fn bits(seed: u64, part: u64, count: usize) -> String {
    let mut rng = seeds::generator(seed, Purpose::Demo, &[3, part]);
    let mut text = String::new();
    while text.len() < count {
        let [a, b] = [0; 2].map(|_| seeds::below(&mut rng, 2));
        for bit in [a, b, a ^ b] {
            text.push(if bit == 1 { '1' } else { '0' });
        }
    }
    text
}

/// Root of the mean squared error of the probability of a one, by the place in a round of twelve bits.
fn errors(text: &str, ones: &[f32]) -> [f64; 12] {
    let (mut squares, mut counts) = ([0.0; 12], [0.0f64; 12]);
    for ((place, bit), &one) in text.bytes().enumerate().zip(ones) {
        let error = f64::from(one) - f64::from(u8::from(bit == b'1'));
        squares[place % 12] += error * error;
        counts[place % 12] += 1.0;
    }
    std::array::from_fn(|place| (squares[place] / counts[place].max(1.0)).sqrt())
}

fn show(run: &Run, test: &str) -> Result<()> {
    let writer = TextModel::open(run)?;
    let lexicon = writer.lexicon();
    let [zero, one] = ["0", "1"].map(|bit| lexicon.id(bit) as usize);
    let outputs = writer.foresee(test)?;
    let rows = outputs.chunks_exact(lexicon.len());
    let ones: Vec<f32> = rows.map(|row| row[one] / (row[zero] + row[one])).collect();
    let errors = errors(test, &ones);
    let mut out = std::io::stdout().lock();
    let count = test.len();
    writeln!(
        out,
        "\nError (root mean square) at each of twelve successive bits, over {count} new ones:\n"
    )?;
    for (place, error) in errors.iter().enumerate() {
        let bar = "█".repeat((error * 60.0).round() as usize);
        let kind = if place % 3 == 2 { "xor" } else { "random" };
        writeln!(out, "{:>4}  {kind:6}  {error:.3}  {bar}", place + 1)?;
    }
    let mean = |kind: usize| errors.iter().skip(kind).step_by(3).sum::<f64>() / 4.0;
    let folder = run.folder().display();
    Ok(writeln!(
        out,
        "\nBy position mod 3: {:.3} and {:.3} for the random bits, where nobody can do better than 0.5; {:.3} for their \
         exclusive or.\n\nNext:\n  elman generate {folder} --prompt 01 --length 1 --temperature 0      the 1 that must follow\n  \
         elman inspect {folder}",
        mean(0),
        mean(1),
        mean(2)
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_third_bit_is_the_exclusive_or() {
        let text = bits(1, 1, 300);
        assert_eq!(text.len(), 300);
        for triple in text.as_bytes().chunks(3) {
            assert_eq!(triple[2] == b'1', triple[0] != triple[1]);
        }
        assert_ne!(text, bits(1, 2, 300));
    }

    #[test]
    fn errors_are_told_apart_by_place() {
        let found = errors("000000000000", &[0.5, 0.0, 1.0].repeat(4));
        assert_eq!(found[..4], [0.5, 0.0, 1.0, 0.5]);
    }
}
