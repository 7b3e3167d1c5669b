//! One long sequence on all threads of a pool: each computes its share of every step.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use elman_core::{Exchange, Level, Model, Share, Spec};

use crate::base::failure::Result;
use crate::base::team::{self, Claim};
use crate::data::Sequences;
use crate::net::worker::Worker;

/// So many steps are run alone, then as many together, to see which is faster: threads that wait for one another at every step
/// lose on a machine that has other work to do.
const TRIAL: usize = 256;

/// Least recurrent weights of a layer, in bytes: the time that reading them takes has to exceed that of an exchange, several
/// times. (256 units on two cores of a Zen 4: 1.6 times as fast as alone; 128 units: 1.4 times.)
const LEAST_BYTES: usize = 1 << 16;

/// Whether the threads of the pool around it should share a sequence of so many steps.
pub fn is_worth(spec: &Spec, steps: usize) -> bool {
    let layers = spec.layers.as_slice().iter();
    let bytes = layers.map(|l| size_of::<f32>() * l.cell.facts().gates * l.hidden * l.hidden);
    rayon::current_num_threads() > 1 && steps > 4 * TRIAL && bytes.max().unwrap_or(0) >= LEAST_BYTES
}

/// Runs through the only sequence of `sequences`, `steps` steps at a time, on the threads of the pool around it, of which none
/// is waited for by anything else for ever: hence the claim. Hands out the outputs of every window, and the target that belongs to each row of them:
/// the bits of a single thread.
///
/// # Errors
/// Ids that the spec does not know; those of `visit`.
pub fn walk(
    claim: &Claim,
    level: Level,
    model: &Model<'_>,
    sequences: &Sequences,
    steps: usize,
    visit: impl FnMut(&[usize], &[f32]) -> Result<()> + Send,
) -> Result<()> {
    let threads = rayon::current_num_threads();
    let parts: Vec<Mutex<Vec<f32>>> = (0..threads).map(|_| Mutex::default()).collect();
    let walk = Walk {
        level,
        model,
        sequences,
        steps,
        parts: &parts,
        visit: &Mutex::new(visit),
    };
    let mut workers: Vec<Worker> = (0..threads).map(|_| Worker::default()).collect();
    let widest = model.spec().state_len();
    let results = team::run(claim, &mut workers, widest, |worker, share, exchange| {
        walk.take_part(worker, share, exchange)
    });
    results.into_iter().collect()
}

/// How the next window is run.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// By the first thread, while the others wait.
    Alone,
    Together,
    /// By the first thread to the end, or not at all: the others can leave.
    Leave,
}

impl Mode {
    /// What the first thread says.
    fn told(self, share: Share, exchange: &mut dyn Exchange) -> Self {
        let mut word = [f32::from(self as u8)];
        team::told(share, exchange, &mut word);
        match word {
            [0.0] => Self::Alone,
            [1.0] => Self::Together,
            _ => Self::Leave,
        }
    }
}

/// Windows in a row that threads may lose to one: a system takes some milliseconds to move those that it woke on one core apart.
const LOSSES: usize = 3;

/// How fast a thread was alone, and how often threads together were slower since they were faster.
#[derive(Default)]
struct Pace {
    /// Per step.
    alone: Duration,
    losses: usize,
}

impl Pace {
    fn next(&mut self, mode: Mode, took: Duration, steps: usize) -> Mode {
        let step = took / u32::try_from(steps).unwrap_or(u32::MAX).max(1);
        match mode {
            Mode::Leave => return mode,
            Mode::Alone => self.alone = step,
            Mode::Together if step > self.alone => self.losses += 1,
            Mode::Together => self.losses = 0,
        }
        if self.losses < LOSSES {
            Mode::Together
        } else {
            Mode::Leave
        }
    }
}

/// What all threads share.
struct Walk<'a, V> {
    level: Level,
    model: &'a Model<'a>,
    sequences: &'a Sequences,
    steps: usize,
    /// What each thread found in the last window.
    parts: &'a [Mutex<Vec<f32>>],
    visit: &'a Mutex<V>,
}

impl<V: FnMut(&[usize], &[f32]) -> Result<()>> Walk<'_, V> {
    fn take_part(
        &self,
        worker: &mut Worker,
        share: Share,
        exchange: &mut dyn Exchange,
    ) -> Result<()> {
        worker.start(self.model, 1);
        let length = self.sequences.len_of(0);
        let (mut start, mut mode, mut pace) = (0, Mode::Alone, Pace::default());
        while start < length {
            let steps = if start < 2 * TRIAL { TRIAL } else { self.steps };
            let end = length.min(start + steps);
            let begun = Instant::now();
            let result = match mode {
                Mode::Together => self.together(worker, share, exchange, start, end),
                _ if share.is_first() => self.alone(worker, start, end),
                _ => Ok(()),
            };
            let next = match &result {
                Ok(()) => pace.next(mode, begun.elapsed(), end - start),
                Err(_) => Mode::Leave,
            };
            start = end;
            let before = mode;
            if mode != Mode::Leave {
                mode = next.told(share, exchange);
            }
            result?;
            match (before, mode) {
                (Mode::Alone, Mode::Together) => team::told(share, exchange, worker.state()),
                (_, Mode::Leave) if !share.is_first() => return Ok(()),
                _ => {}
            }
        }
        Ok(())
    }

    /// A window by one thread.
    fn alone(&self, worker: &mut Worker, start: usize, end: usize) -> Result<()> {
        worker.gather(self.sequences, &[0], start..end)?;
        worker.run(self.level, self.model, None)?;
        let mut visit = self.visit.lock().expect("the first thread alone");
        visit(worker.places(), worker.outputs())
    }

    /// A window by all.
    fn together(
        &self,
        worker: &mut Worker,
        share: Share,
        exchange: &mut dyn Exchange,
        start: usize,
        end: usize,
    ) -> Result<()> {
        worker.gather(self.sequences, &[0], start..end)?;
        let found = worker.run(self.level, self.model, Some((share, &mut *exchange)))?;
        let mut part = self.parts[share.index()].lock().expect("one thread");
        part.clear();
        part.extend_from_slice(found);
        drop(part);
        // Not before all parts are there.
        team::told(share, exchange, &mut [0.0]);
        if !share.is_first() {
            return Ok(());
        }
        let mut all = Vec::new();
        for part in self.parts {
            all.extend_from_slice(&part.lock().expect("nobody writes"));
        }
        let mut visit = self.visit.lock().expect("the first thread alone");
        visit(worker.places(), &all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::failure::Failure;
    use crate::base::seeds::{self, Purpose};
    use crate::base::threads::on_threads;
    use crate::net::network::Network;
    use elman_core::*;

    /// A net and a sequence that are worth it.
    fn net_and_sequence(cell: Cell) -> (Network, Sequences) {
        let spec = Spec {
            input: Input::Tokens {
                channels: Channels::of([Channel {
                    vocabulary: 5,
                    width: 3,
                }]),
                window: 1,
            },
            layers: Layers::of([
                Layer {
                    cell,
                    ..Layer::tanh(130)
                },
                Layer::tanh(40),
            ]),
            initial_state: InitialState::Trained,
            head: Head {
                kind: HeadKind::Softmax { outputs: 3 },
                read: Read::EveryStep,
            },
            dropout: Dropout::NONE,
        };
        let mut params = vec![0.0; spec.params_len()];
        let mut rng = seeds::generator(1, Purpose::Parameters, &[]);
        initialize(&spec, Init::Pytorch, &mut rng, &mut params).unwrap();
        let mut sequences = Sequences::of_tokens(1);
        (0..2500).for_each(|step| sequences.push_row([step * step % 5], Target::IGNORED));
        sequences.end_sequence();
        (Network::new(spec, params).unwrap(), sequences)
    }

    fn walked(network: &Network, sequences: &Sequences, threads: usize) -> Vec<(usize, [u32; 3])> {
        let mut rows = Vec::new();
        on_threads(threads, || {
            let model = network.model()?;
            walk(
                &team::claim_in_turn(),
                Level::detect(),
                &model,
                sequences,
                700,
                |places, outputs| {
                    let found = places.iter().zip(outputs.chunks_exact(3));
                    rows.extend(
                        found.map(|(&place, row)| (place, [0, 1, 2].map(|i| row[i].to_bits()))),
                    );
                    Ok(())
                },
            )
        })
        .unwrap();
        rows
    }

    #[test]
    fn threads_find_what_one_finds() {
        for cell in [Cell::elman(Activation::Tanh), Cell::lstm(), Cell::gru()] {
            let (network, sequences) = net_and_sequence(cell);
            let whole = on_threads(1, || network.outputs(&sequences)).unwrap();
            for threads in [1, 2, 3] {
                let rows = walked(&network, &sequences, threads);
                assert!(rows.iter().map(|row| row.0).eq(0..2500));
                let numbers = rows.iter().flat_map(|row| row.1);
                assert!(numbers.eq(whole.iter().map(|x| x.to_bits())), "{threads}");
            }
        }
    }

    #[test]
    fn a_visitor_that_fails_ends_the_walk() {
        let (network, sequences) = net_and_sequence(Cell::elman(Activation::Tanh));
        let mut windows = 0;
        let result = on_threads(2, || {
            let model = network.model()?;
            walk(
                &team::claim_in_turn(),
                Level::detect(),
                &model,
                &sequences,
                700,
                |_, _| {
                    windows += 1;
                    if windows == 3 {
                        return Err(Failure::run("enough"));
                    }
                    Ok(())
                },
            )
        });
        assert!(result.is_err());
        assert_eq!(windows, 3);
    }

    #[test]
    fn who_loses_together_goes_on_alone() {
        let mut pace = Pace::default();
        let second = Duration::from_secs(1);
        assert!(pace.next(Mode::Alone, 4 * second, 4) == Mode::Together);
        assert!(pace.next(Mode::Together, 2 * second, 4) == Mode::Together);
        for lost in [false, true, true] {
            let seconds = if lost { 5 } else { 3 };
            assert!(pace.next(Mode::Together, seconds * second, 4) == Mode::Together);
        }
        assert!(pace.next(Mode::Together, 5 * second, 4) == Mode::Leave);
        assert!(pace.next(Mode::Leave, second, 4) == Mode::Leave);
    }
}
