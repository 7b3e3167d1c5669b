//! Threads that run one sequence together: each computes its share of every step and learns the rest from the others.

use std::hint::spin_loop;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::yield_now;

use elman_core::{Exchange, Share};

/// Turns of waiting before a thread lets others have its core: some microseconds, more than an even share of a step differs.
const SPINS: usize = 300;

/// Whether a team is at work.
static AT_WORK: AtomicBool = AtomicBool::new(false);

/// The right to be the team at work: two in one pool could wait for each other's threads for ever.
pub struct Claim(());

/// The claim, if no team of this process is at work.
pub fn claim() -> Option<Claim> {
    let claimed = AT_WORK.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
    claimed.is_ok().then_some(Claim(()))
}

impl Drop for Claim {
    fn drop(&mut self) {
        AT_WORK.store(false, Ordering::Release);
    }
}

/// The claim, once others have done: tests run side by side, each with a pool of its own.
#[cfg(test)]
pub fn claim_in_turn() -> Claim {
    loop {
        match claim() {
            Some(claim) => return claim,
            None => yield_now(),
        }
    }
}

/// Runs `work` for every member at the same time, on the threads of the rayon pool around it, of which there must be as many, and
/// hands out what they return, in order. Rows that are exchanged have at most `widest` numbers.
///
/// Members should stay for as long as there is work: threads that are woken for a few hundred microseconds often find themselves on
/// one core, and give way to one another at every step.
pub fn run<T: Send, R: Send>(
    _claim: &Claim,
    members: &mut [T],
    widest: usize,
    work: impl Fn(&mut T, Share, &mut dyn Exchange) -> R + Sync,
) -> Vec<R> {
    let count = members.len();
    assert_eq!(count, rayon::current_num_threads(), "a member is a thread");
    let board = Board::new(count, widest);
    let members: Vec<Mutex<&mut T>> = members.iter_mut().map(Mutex::new).collect();
    rayon::broadcast(|thread| {
        let index = thread.index();
        let share = Share::new(index, count).expect("a thread of the pool");
        let mut member = members[index].lock().expect("one thread per member");
        let mut seat = Seat {
            board: &board,
            index,
            turn: 0,
        };
        work(&mut member, share, &mut seat)
    })
}

/// What the first member says, told to all.
pub fn told(share: Share, exchange: &mut dyn Exchange, numbers: &mut [f32]) {
    let all = numbers.len();
    let own = if share.is_first() { 0..all } else { all..all };
    exchange.exchange(numbers, own);
}

/// A cache line of its own, so that no thread waits for a line that another one writes for someone else.
#[derive(Default)]
#[repr(align(128))]
struct Padded(AtomicUsize);

/// Where members put what they computed.
struct Board {
    /// Pairs of numbers of one row. Rows take turns: whoever writes one knows that all have read the row before it, since all have
    /// put theirs beside it.
    rows: [Vec<AtomicU64>; 2],
    /// Rows that each member has put here; more than there will ever be once it is gone, so that nobody waits for it.
    done: Vec<Padded>,
}

impl Board {
    fn new(members: usize, widest: usize) -> Self {
        let row = || (0..widest.div_ceil(2)).map(|_| AtomicU64::new(0)).collect();
        Self {
            rows: [row(), row()],
            done: (0..members).map(|_| Padded::default()).collect(),
        }
    }

    /// Until every member has put `turn` rows.
    fn wait(&self, turn: usize) {
        for done in &self.done {
            let mut spins = 0;
            while done.0.load(Ordering::Acquire) < turn {
                if spins < SPINS {
                    spins += 1;
                    spin_loop();
                } else {
                    yield_now();
                }
            }
        }
    }
}

/// One member's place at the board.
struct Seat<'b> {
    board: &'b Board,
    index: usize,
    /// Rows exchanged so far.
    turn: usize,
}

impl Exchange for Seat<'_> {
    fn exchange(&mut self, row: &mut [f32], own: Range<usize>) {
        let pairs = &self.board.rows[self.turn % 2];
        self.turn += 1;
        // Shares begin at multiples of sixteen, so pairs belong to one member.
        for (pair, numbers) in pairs[own.start / 2..]
            .iter()
            .zip(row[own.clone()].chunks(2))
        {
            let [low, high] = [0, 1].map(|i| numbers.get(i).map_or(0, |x| u64::from(x.to_bits())));
            pair.store(low | high << 32, Ordering::Relaxed);
        }
        self.board.done[self.index]
            .0
            .store(self.turn, Ordering::Release);
        self.board.wait(self.turn);
        for others in [0..own.start, own.end..row.len()] {
            let pairs = pairs[others.start / 2..].iter();
            for (numbers, pair) in row[others].chunks_mut(2).zip(pairs) {
                let pair = pair.load(Ordering::Relaxed);
                for (x, bits) in numbers.iter_mut().zip([pair as u32, (pair >> 32) as u32]) {
                    *x = f32::from_bits(bits);
                }
            }
        }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let gone = &self.board.done[self.index].0;
        gone.store(usize::MAX, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::threads::on_threads;

    #[test]
    fn everybody_learns_every_row() {
        for threads in [1, 2, 3] {
            let mut rows = vec![vec![0.0f32; 37]; threads];
            on_threads(threads, || {
                run(&claim_in_turn(), &mut rows, 37, |row, share, exchange| {
                    for turn in 0..1000 {
                        let own = share.units(37);
                        own.clone().for_each(|i| row[i] += (i + turn) as f32);
                        exchange.exchange(row, own);
                    }
                    let mut word = [if share.is_first() { 5.0 } else { 0.0 }; 3];
                    told(share, exchange, &mut word);
                    assert_eq!(word, [5.0; 3]);
                });
                Ok(())
            })
            .unwrap();
            let sum = |i: usize| (0..1000).map(|turn| (i + turn) as f32).sum::<f32>();
            let expected: Vec<f32> = (0..37).map(sum).collect();
            assert!(rows.iter().all(|row| *row == expected), "{threads} threads");
        }
    }

    #[test]
    fn nobody_waits_for_one_who_failed() {
        let mut members = [(), ()];
        let result = std::panic::catch_unwind(move || {
            on_threads(2, || {
                run(&claim_in_turn(), &mut members, 32, |(), share, exchange| {
                    assert!(!share.is_first(), "the first member panics");
                    exchange.exchange(&mut [0.0; 32], share.units(32));
                });
                Ok(())
            })
        });
        assert!(result.is_err());
    }

    #[test]
    fn there_is_one_team_at_a_time() {
        let first = claim_in_turn();
        assert!(claim().is_none());
        drop(first);
        drop(claim_in_turn());
    }
}
