//! Processes that do one work together: ranks, as MPI calls them, that a launcher such as mpirun started side by side, on one
//! machine or on many. The first one leads: it gives orders, and the others carry them out.
//!
//! Nobody above this folder knows MPI: all that it must do is in [`Wire`].

mod chain;
mod launch;
#[cfg(test)]
pub mod threads;
mod wire;
#[cfg(feature = "mpi")]
mod world;

use std::ops::Range;

use crate::base::failure::{Failure, Result};

pub use launch::Launch;
pub use wire::{Parcel, Place, Wire};

/// Words of an order. Its first says what to do; 0 is the end.
pub const ORDER: usize = 6;

/// An order to those that follow.
pub type Order = [u64; ORDER];

/// All ranks, from the side of one. When the first lets go of it, the others end.
pub struct Ranks(Option<Box<dyn Wire>>);

impl Ranks {
    /// A process that stands for itself.
    pub const fn alone() -> Self {
        Self(None)
    }

    /// Joins the ranks that were started with this one. `mark` must be the same in all: whatever decides about results.
    ///
    /// # Errors
    /// Several processes of a build that does not know MPI; ranks whose marks differ.
    pub fn join(launch: Launch, mark: u64) -> Result<Self> {
        if launch.count == 1 {
            return Ok(Self::alone());
        }
        let ranks = Self::wired(launch)?;
        ranks.all().compare(mark)?;
        Ok(ranks)
    }

    #[cfg(feature = "mpi")]
    fn wired(_: Launch) -> Result<Self> {
        Ok(Self(Some(Box::new(world::World::join()?))))
    }

    #[cfg(not(feature = "mpi"))]
    fn wired(launch: Launch) -> Result<Self> {
        Err(Failure::input(format!(
            "{} processes were started side by side, but this build of elman knows no MPI, and each of them would train a net of \
             its own: build it with cargo build --release -p elman-cli --features mpi, or start it without mpirun",
            launch.count
        )))
    }

    /// Over a wire of another kind.
    #[cfg(test)]
    pub fn over(wire: impl Wire + 'static) -> Self {
        Self(Some(Box::new(wire)))
    }

    /// All of them.
    pub fn all(&self) -> Crew<'_> {
        self.some(usize::MAX)
    }

    /// The first ones, at most so many; the others get none of their orders.
    pub fn some(&self, most: usize) -> Crew<'_> {
        let wire = self.0.as_deref();
        Crew {
            wire,
            rank: wire.map_or(0, Wire::rank),
            count: wire.map_or(1, Wire::count).min(most),
        }
    }

    /// Ends all ranks at once.
    pub fn abort(&self) {
        if let Some(wire) = &self.0 {
            wire.abort();
        }
    }
}

impl Drop for Ranks {
    fn drop(&mut self) {
        // Who panics may have left others in the middle of an exchange.
        if std::thread::panicking() {
            self.abort();
        } else if self.all().is_first() {
            self.all().order([0; ORDER]);
        }
    }
}

/// Ranks that work together, from the side of one of all.
#[derive(Clone, Copy)]
pub struct Crew<'r> {
    wire: Option<&'r dyn Wire>,
    rank: usize,
    count: usize,
}

impl Crew<'_> {
    /// Which one this is; not in the crew if that is [`Crew::count`] or more.
    pub const fn rank(&self) -> usize {
        self.rank
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Whether this one leads.
    pub const fn is_first(&self) -> bool {
        self.rank == 0
    }

    /// Whether nobody else is there.
    pub const fn is_alone(&self) -> bool {
        self.count == 1
    }

    /// What a rank has of some units: neighbours, in the order of the ranks.
    pub fn share(&self, rank: usize, units: usize) -> Range<usize> {
        if rank >= self.count {
            return units..units;
        }
        rank * units / self.count..(rank + 1) * units / self.count
    }

    /// Which one this is, and where, for people.
    pub fn name(&self) -> String {
        let machine = self.wire.map_or_else(String::new, Wire::machine);
        format!("rank {} on {machine}", self.rank)
    }

    /// All ranks but this one.
    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let rank = self.rank;
        (0..self.count).filter(move |&other| other != rank)
    }

    /// Gives an order to all that follow.
    pub fn order(&self, order: Order) {
        self.give_words(&order);
    }

    /// Waits for an order; `None` at the end.
    pub fn next_order(&self) -> Option<Order> {
        let mut order = [0; ORDER];
        self.move_words(&[], &mut [(0, &mut order)]);
        (order[0] != 0).then_some(order)
    }

    /// Moves words between this rank and others.
    pub fn move_words(&self, parcels: &[Parcel<'_, u64>], places: &mut [Place<'_, u64>]) {
        if let Some(wire) = self.wire {
            wire.words(parcels, places);
        }
    }

    /// Moves numbers between this rank and others.
    pub fn move_numbers(&self, parcels: &[Parcel<'_, f32>], places: &mut [Place<'_, f32>]) {
        if let Some(wire) = self.wire {
            wire.numbers(parcels, places);
        }
    }

    /// From the first to all that follow.
    fn give_words(&self, words: &[u64]) {
        let parcels: Vec<_> = self.others().map(|other| (other, words)).collect();
        self.move_words(&parcels, &mut []);
    }

    /// Numbers of the first, which all that follow get.
    pub fn hand_out(&self, numbers: &mut [f32]) {
        if self.is_first() {
            let numbers = &*numbers;
            let parcels: Vec<_> = self.others().map(|other| (other, numbers)).collect();
            self.move_numbers(&parcels, &mut []);
        } else {
            self.move_numbers(&[], &mut [(0, numbers)]);
        }
    }

    /// Every rank learns what all have to say, so many words each.
    pub fn exchange(&self, own: &[u64], len: impl Fn(usize) -> usize) -> Vec<Vec<u64>> {
        let mut all: Vec<Vec<u64>> = (0..self.count).map(|rank| vec![0; len(rank)]).collect();
        all[self.rank].copy_from_slice(own);
        let parcels: Vec<_> = self.others().map(|other| (other, own)).collect();
        let places = all.iter_mut().enumerate();
        let places = places.filter(|(other, words)| *other != self.rank && !words.is_empty());
        let mut places: Vec<Place<'_, u64>> =
            places.map(|(r, words)| (r, &mut words[..])).collect();
        let parcels = if own.is_empty() { &[][..] } else { &parcels };
        self.move_words(parcels, &mut places);
        all
    }

    /// A text from one rank to another.
    pub fn send_text(&self, to: usize, text: &str) {
        let words = words_of(text);
        self.move_words(&[(to, &[text.len() as u64])], &mut []);
        self.move_words(&[(to, &words)], &mut []);
    }

    /// What [`Crew::send_text`] sends.
    pub fn receive_text(&self, from: usize) -> String {
        let mut len = [0];
        self.move_words(&[], &mut [(from, &mut len)]);
        let len = len[0] as usize;
        let mut words = vec![0; len.div_ceil(8)];
        self.move_words(&[], &mut [(from, &mut words)]);
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        String::from_utf8_lossy(&bytes[..len]).into_owned()
    }

    /// A text of the first, for all that follow.
    pub fn give_text(&self, text: &str) {
        self.others().for_each(|other| self.send_text(other, text));
    }

    /// # Errors
    /// To the first: another rank has another mark.
    fn compare(&self, mark: u64) -> Result<()> {
        if !self.is_first() {
            self.move_words(&[(0, &[mark])], &mut []);
            return Ok(());
        }
        let mut marks = vec![0; self.count];
        let places = marks.iter_mut().enumerate().skip(1);
        let mut places: Vec<_> = places
            .map(|(r, mark)| (r, std::slice::from_mut(mark)))
            .collect();
        self.move_words(&[], &mut places);
        match marks.iter().skip(1).position(|&other| other != mark) {
            None => Ok(()),
            Some(other) => Err(Failure::run(format!(
                "rank {} runs another version of elman than rank 0, or on a processor without fused multiply-add: the sum would \
                 not be one answer; install the same elman on every machine",
                other + 1
            ))),
        }
    }
}

/// Bytes, eight to a word.
fn words_of(text: &str) -> Vec<u64> {
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    };
    text.as_bytes().chunks(8).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::threads::side_by_side;
    use super::*;

    #[test]
    fn everybody_learns_what_all_have_to_say() {
        for count in 1..=4 {
            side_by_side(count, |ranks| {
                let crew = ranks.all();
                let own = vec![7 + crew.rank() as u64; crew.rank()];
                let all = crew.exchange(&own, |rank| rank);
                for (rank, words) in all.iter().enumerate() {
                    assert_eq!(*words, vec![7 + rank as u64; rank]);
                }
                assert!(crew.compare(5).is_ok());
                if !crew.is_first() {
                    assert_eq!(crew.next_order(), None);
                }
            });
        }
    }

    #[test]
    fn the_first_gives_and_others_get() {
        side_by_side(3, |ranks| {
            let crew = ranks.all();
            let mut numbers = if crew.is_first() {
                [1.0, 2.0]
            } else {
                [0.0; 2]
            };
            crew.hand_out(&mut numbers);
            assert_eq!(numbers, [1.0, 2.0]);
            if crew.is_first() {
                for text in ["", "Löwen", "12345678"] {
                    crew.give_text(text);
                }
                crew.order([4; ORDER]);
            } else {
                let heard = [0; 3].map(|_| crew.receive_text(0));
                assert_eq!(heard, ["", "Löwen", "12345678"]);
                assert_eq!(crew.next_order(), Some([4; ORDER]));
                assert_eq!(crew.next_order(), None);
            }
        });
    }

    #[test]
    fn who_is_not_like_the_first_is_named() {
        side_by_side(3, |ranks| {
            let crew = ranks.all();
            let found = crew.compare((crew.rank() / 2) as u64);
            if crew.is_first() {
                let complaint = found.unwrap_err().to_string();
                assert!(complaint.contains("rank 2"), "{complaint}");
            } else {
                assert_eq!(crew.next_order(), None);
            }
        });
    }

    #[test]
    fn shares_are_neighbours_and_even() {
        for (count, units) in [(1, 5), (3, 16), (4, 3), (4, 16)] {
            let crew = Crew {
                wire: None,
                rank: 0,
                count,
            };
            let shares: Vec<Range<usize>> =
                (0..count).map(|rank| crew.share(rank, units)).collect();
            assert_eq!((shares[0].start, shares[count - 1].end), (0, units));
            assert!(shares.windows(2).all(|pair| pair[0].end == pair[1].start));
            let lens = shares.iter().map(Range::len);
            assert!(lens.clone().max().unwrap() - lens.min().unwrap() <= 1);
            assert!(crew.share(count, units).is_empty());
        }
    }
}
