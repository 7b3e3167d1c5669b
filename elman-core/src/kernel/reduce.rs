//! Sums with a fixed tree that does not depend on the vector width (promise P1).
//!
//! Number `i` belongs to lane `i mod 16`; each lane is one chain; lanes are folded in halves.

use crate::simd::{Operation, Simd};

/// Sum of squares: f32 within blocks of 1024, f64 across them.
pub(crate) struct SumOfSquares<'a>(pub &'a [f32]);

impl Operation for SumOfSquares<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f64 {
        let mut total = 0.0;
        for block in self.0.chunks(1024) {
            let mut sum = s.splat(0.0);
            let (strips, rest) = block.as_chunks();
            for strip in strips {
                let x = s.load(strip);
                sum = s.mul_add(x, x, sum);
            }
            let x = s.load_part(rest);
            sum = s.mul_add(x, x, sum);
            total += f64::from(s.fold_add(sum));
        }
        total
    }
}

/// `to += from`
pub(crate) struct AddAssign<'a> {
    pub to: &'a mut [f32],
    pub from: &'a [f32],
}

impl Operation for AddAssign<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (to, to_rest) = self.to.as_chunks_mut();
        let (from, from_rest) = self.from.as_chunks();
        for (to, from) in to.iter_mut().zip(from) {
            let sum = s.add(s.load(to), s.load(from));
            s.store(to, sum);
        }
        for (to, from) in to_rest.iter_mut().zip(from_rest) {
            *to += from;
        }
    }
}
