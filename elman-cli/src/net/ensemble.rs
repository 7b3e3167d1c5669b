//! Several nets that answer together: a mean of their outputs. Each may read the data in its own way, as long as rows are
//! rows.

use crate::base::failure::{Failure, Result};
use crate::data::Sequences;
use crate::net::judge::{Judge, judge_rows};
use crate::net::network::Network;

/// Sequences whose outputs are held at once.
const CHUNK: usize = 1024;

/// A net, and the data as it reads them.
pub type Member<'a> = (&'a Network, &'a Sequences);

/// What is averaged, and what is made of the mean.
pub trait Pool: Sync {
    /// Of the outputs (R, O) of one net, counted from 0.
    fn prepare(&self, net: usize, outputs: Vec<f32>) -> Vec<f64>;

    /// From the mean (R, O) to outputs.
    fn finish(&self, mean: Vec<f64>) -> Vec<f32>;
}

/// The mean of what the nets put out (R, O), for every row of their sequences.
///
/// # Errors
/// They do not read as many rows, or put out different numbers; as [`Network::outputs`].
pub fn outputs(members: &[Member<'_>], pool: &impl Pool) -> Result<Vec<f32>> {
    let share = 1.0 / members.len().max(1) as f64;
    let mut sums: Vec<f64> = Vec::new();
    for (number, (network, sequences)) in members.iter().enumerate() {
        let found = pool.prepare(number, network.outputs(sequences)?);
        if number == 0 {
            sums.resize(found.len(), 0.0);
        }
        if sums.len() != found.len() {
            return Err(Failure::input(
                "the runs read these data in rows of different numbers, so their answers cannot be averaged",
            ));
        }
        let pairs = sums.iter_mut().zip(found);
        pairs.for_each(|(sum, found)| *sum += share * found);
    }
    Ok(pool.finish(sums))
}

/// What a judge of the first net's sequences says of the mean outputs, sequence by sequence.
///
/// # Errors
/// As [`outputs`].
pub fn judge<J: Judge>(
    members: &[Member<'_>],
    pool: &impl Pool,
    judge: &J,
) -> Result<Vec<J::Verdict>> {
    let Some((network, first)) = members.first() else {
        return Ok(Vec::new());
    };
    let width = network.spec().output_width();
    let mut verdicts = Vec::with_capacity(first.len());
    for start in (0..first.len()).step_by(CHUNK) {
        let chosen = start..(start + CHUNK).min(first.len());
        let parts: Vec<Sequences> = members
            .iter()
            .map(|(_, sequences)| sequences.select(chosen.clone()))
            .collect();
        let part: Vec<Member<'_>> = (members.iter().zip(&parts))
            .map(|((network, _), part)| (*network, part))
            .collect();
        let found = outputs(&part, pool)?;
        for (number, sequence) in chosen.enumerate() {
            let rows = parts[0].outputs_of(number, 0..usize::MAX);
            let rows = &found[rows.start * width..rows.end * width];
            verdicts.push(judge_rows(judge, first, sequence, rows));
        }
    }
    Ok(verdicts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::seeds::{self, Purpose};
    use crate::net::judge::Keep;
    use elman_core::{Init, Spec, Target, initialize};

    /// Averages outputs as they are.
    struct Plain;

    impl Pool for Plain {
        fn prepare(&self, _: usize, outputs: Vec<f32>) -> Vec<f64> {
            outputs.into_iter().map(f64::from).collect()
        }

        fn finish(&self, mean: Vec<f64>) -> Vec<f32> {
            mean.into_iter().map(|sum| sum as f32).collect()
        }
    }

    fn network(seed: u64) -> Network {
        let spec = Spec::dense(1, 3, 2);
        let mut params = vec![0.0; spec.params_len()];
        let mut rng = seeds::generator(seed, Purpose::Parameters, &[]);
        initialize(&spec, Init::Pytorch, &mut rng, &mut params).unwrap();
        Network::new(spec, params).unwrap()
    }

    /// `scale` is how a net reads the numbers.
    fn sequences(count: usize, scale: f32) -> Sequences {
        use crate::data::{Rows, Targets};
        let read = elman_core::Read::EveryStep;
        let mut all = Sequences::new(Rows::numbers(1), Targets::classes(), read);
        for sequence in 0..count {
            for step in 0..1 + sequence % 3 {
                all.push_numbers([scale * (sequence + step) as f32 / 900.0]);
                all.push_class(Target::class(0));
            }
            all.end_sequence();
        }
        all
    }

    #[test]
    fn outputs_are_means_and_every_row_is_judged_once() {
        let (one, two) = (network(1), network(2));
        let (data, scaled) = (sequences(CHUNK + 7, 1.0), sequences(CHUNK + 7, 2.0));
        let [of_one, of_two] = [one.outputs(&data), two.outputs(&scaled)].map(Result::unwrap);
        let members = [(&one, &data), (&two, &scaled)];
        let found = outputs(&members, &Plain).unwrap();
        for (i, mean) in found.iter().enumerate() {
            let expected = f64::from(of_one[i]) / 2.0 + f64::from(of_two[i]) / 2.0;
            assert_eq!(*mean, expected as f32);
        }
        let verdicts = judge(&members, &Plain, &Keep).unwrap();
        let (targets, rows): (Vec<usize>, Vec<Vec<f32>>) = verdicts.into_iter().flatten().unzip();
        assert_eq!(rows.concat(), found);
        assert_eq!(targets, (0..data.rows()).collect::<Vec<_>>());
        assert_eq!(outputs(&members[..1], &Plain).unwrap(), of_one);
        assert!(outputs(&[(&one, &data), (&two, &sequences(3, 1.0))], &Plain).is_err());
    }
}
