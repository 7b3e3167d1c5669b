//! Sums in the order of the ranks, to the bit: what a single process gets that adds one after another.
//!
//! A rank adds what it has to what the rank before it has summed up, and hands it on; the last one has the sum, which goes back
//! the same way. Numbers travel in pieces, so all ranks are at work, each at another piece, and while the first pieces come back
//! the last ones are still on their way. With pieces `p`, ranks `n` and one beat for a piece between neighbours that is
//! `p + 2(n - 1) - 1` beats; every wire carries every number once in either direction, no more than the ring of Patarasuk and
//! Yuan (2009) needs, whose sum however depends on the number of ranks.

use std::ops::Range;

use super::Crew;

/// Numbers of a piece: enough that a beat is not all latency, few enough that ranks soon have something to do.
const PIECE: usize = 1 << 15;

impl Crew<'_> {
    /// Sums over all ranks: `sum` is what the first has to begin with, `add` adds what this rank has of a range of it. All get
    /// the sum.
    pub fn sum_in_order(&self, sum: &mut [f32], add: impl FnMut(Range<usize>, &mut [f32])) {
        self.sum_in_pieces(PIECE, sum, add);
    }

    fn sum_in_pieces(
        &self,
        piece: usize,
        sum: &mut [f32],
        mut add: impl FnMut(Range<usize>, &mut [f32]),
    ) {
        let (rank, last) = (self.rank(), self.count() - 1);
        let (len, pieces) = (sum.len(), sum.len().div_ceil(piece));
        // The piece of a number, which is empty before the first and after the last.
        let range = |number: Option<usize>| match number {
            Some(number) if number < pieces => number * piece..len.min((number + 1) * piece),
            _ => 0..0,
        };
        for beat in 0..(pieces + 2 * last).saturating_sub(usize::from(last > 0)) {
            let to_next = range(beat.checked_sub(rank).filter(|_| rank < last));
            let from_last = range((beat + 1).checked_sub(rank).filter(|_| rank > 0));
            let back = beat + rank;
            let from_next = range((back + 1).checked_sub(2 * last).filter(|_| rank < last));
            let to_last = range(back.checked_sub(2 * last).filter(|_| rank > 0));
            if rank == 0 {
                // With nobody to send to this is all.
                let own = range(Some(beat));
                add(own.clone(), &mut sum[own]);
            }
            let ranges = [to_next, from_last.clone(), from_next, to_last];
            let [to_next, from_last_in, from_next, to_last] = sum
                .get_disjoint_mut(ranges)
                .expect("four pieces, no two the same");
            let parcels = [(rank + 1, &*to_next), (rank.wrapping_sub(1), &*to_last)];
            let places = [(rank.wrapping_sub(1), from_last_in), (rank + 1, from_next)];
            let parcels: Vec<_> = (parcels.into_iter())
                .filter(|(_, piece)| !piece.is_empty())
                .collect();
            let mut places: Vec<_> = (places.into_iter())
                .filter(|(_, piece)| !piece.is_empty())
                .collect();
            self.move_numbers(&parcels, &mut places);
            if !from_last.is_empty() {
                add(from_last.clone(), &mut sum[from_last]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::threads::side_by_side;

    /// Numbers whose sum depends on the order.
    fn number(rank: usize, place: usize) -> f32 {
        let n = (rank * 7919 + place * 104_729) % 1000;
        (n as f32 - 480.0) * 10f32.powi((n % 13) as i32 - 6)
    }

    #[test]
    fn the_sum_is_that_of_one_after_another() {
        for count in 1..=5 {
            for len in [0, 1, 6, 7, 8, 40, 100] {
                let expected: Vec<f32> = (0..len)
                    .map(|place| (0..count).fold(0.5, |sum, rank| sum + number(rank, place)))
                    .collect();
                side_by_side(count, |ranks| {
                    let crew = ranks.all();
                    // What lies there before is of the first alone.
                    let mut sum = vec![if crew.is_first() { 0.5 } else { f32::NAN }; len];
                    crew.sum_in_pieces(7, &mut sum, |range, piece| {
                        for (to, place) in piece.iter_mut().zip(range) {
                            *to += number(crew.rank(), place);
                        }
                    });
                    assert_eq!(sum, expected, "{count} ranks, {len} numbers");
                });
            }
        }
    }
}
