//! Chips without an FPU: multiply-adds in integers, with the two roundings of the [portable](super::portable) level.
//!
//! ```text
//! for lane { sum = start[lane]; for product { for k { sum = round(round(a[k]·b[k][lane]) + sum) } } to[lane] = sum }
//! ```
//!
//! 1. A sum stays unpacked from its bias to its end, and numbers of `a` are unpacked once for sixteen lanes.
//! 2. Signs live in two's complement, in which rounding to even is what it is for magnitudes.
//! 3. What is not a normal number (zeros, subnormals, infinities, NaN, anything near the largest) takes the compiler's operations.
//!
//! Lost: a k at a time for sixteen lanes, which unpacks `a` as seldom but loads, unpacks, packs and stores every sum.

mod sum;
mod tanh;

use super::{LANES, Product, View};
pub use sum::mul_add;
use sum::{Split, Sum};
pub use tanh::run as tanh_row;

/// Numbers of `a` that are unpacked at a time.
const CHUNK: usize = 16;

/// `to = start + Σ products`, strip by strip; those with zeros are left out if it `skips` them. What is not wanted of the last
/// strip is not computed. Products were made for as many strips as `to` has.
#[inline(never)]
pub fn dot(start: View, products: &mut [Product<f32>; 2], to: &mut [f32], skips: bool) {
    for (strip, to) in to.chunks_mut(LANES).enumerate() {
        let mut sums = [Sum::ZERO; LANES];
        for (sum, &start) in sums.iter_mut().zip(start.from(strip, 0).data) {
            *sum = Sum::of(start);
        }
        for product in products.iter() {
            add_product(product, strip, &mut sums, to.len(), skips);
        }
        for (to, sum) in to.iter_mut().zip(sums) {
            *to = sum.number();
        }
    }
}

/// `sums += product`, of the first `lanes` lanes of a strip.
#[inline(always)]
fn add_product(
    product: &Product<f32>,
    strip: usize,
    sums: &mut [Sum; LANES],
    lanes: usize,
    skips: bool,
) {
    let mut chunk = [Split::ZERO; CHUNK];
    let mut first = 0;
    while first < product.depth {
        let len = CHUNK.min(product.depth - first);
        for (i, split) in chunk.iter_mut().take(len).enumerate() {
            *split = Split::of(product.a_at(first + i));
        }
        for (lane, sum) in sums.iter_mut().take(lanes).enumerate() {
            let mut b = product.column(strip, lane, first);
            for a in chunk.iter().take(len) {
                // SAFETY: `len` numbers of the column from `first` on lie within the product's depth.
                let b = unsafe { b.next() };
                if !(skips && a.is_zero()) {
                    sum.add(a, b);
                }
            }
        }
        first += len;
    }
}

#[cfg(test)]
mod tests;
