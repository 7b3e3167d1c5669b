//! Instruction sets behind one small trait; the only unsafe code of the crate.
//!
//! A token (`Portable`, `Avx2`, `Avx512`, `CortexM`) is a zero-size value that can only be made where detection
//! found the CPU feature, so kernels that hold one are safe code. Every token computes on *strips* of
//! sixteen numbers, whatever the register width: one AVX-512 register, two of AVX2, four of `wide`.
//! That makes tails, packing and reduction trees the same for every instruction set (promise P1).

pub(crate) mod activation;
#[cfg(cortex_m_fpu)]
mod cortex_m;
mod floats;
pub(crate) mod int8;
mod level;
mod nonzero;
mod operands;
#[cfg(not(cortex_m_fpu))]
mod portable;
#[cfg(any(elman_soft, test))]
mod soft;
mod strip;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

pub(crate) use floats::{of_floats, to_floats};
pub use level::Level;
pub(crate) use nonzero::{NonZero, Places};
pub(crate) use operands::{
    Element, Operands, Product, Sums, View, add_product, load_rows, load_tile, store_rows,
};
pub(crate) use strip::Bf16x2;
pub use strip::{Aligned, LANES, PairStrip, Strip};

mod sealed {
    pub trait Sealed {}
}

/// Work that is generic over the instruction set: [`Simd::run`] compiles it once per token.
pub(crate) trait Operation {
    type Output;
    /// Must be `#[inline(always)]`, or the work is compiled without the token's features.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Proof of a CPU feature, and arithmetic on strips of sixteen `f32` with it.
///
/// Operations round as IEEE 754 says. [`Simd::mul_add`] rounds once where the token [is fused](Level::is_fused).
pub(crate) trait Simd: Copy + sealed::Sealed {
    /// Sixteen numbers in registers.
    type V: Copy;
    /// Strips that fit the register file as accumulators of a matmul tile; the loop needs one more
    /// strip and a broadcast beside them.
    const ACCUMULATORS: usize;
    /// Most rows of a matmul tile.
    const TILE_ROWS: usize;
    /// Whether [`Simd::look_up`] is as quick as a load: kernels for few units are worth it then.
    const LOOKS_UP: bool = false;

    /// Whether large outer products read packed copies of their operands.
    const PACKS_OUTER: bool = false;

    /// Whether sums cannot stay in registers from one call to the next, so that the token has code of its own
    /// for whole dot products ([`Simd::dot`]) and whole rows of tanh ([`Simd::tanh_into`]).
    const OWN_DOT: bool = false;

    /// Runs the operation compiled for this token's instruction set, as one function call.
    fn run<O: Operation>(self, operation: O) -> O::Output;

    fn splat(self, x: f32) -> Self::V;
    fn load(self, from: &[f32; LANES]) -> Self::V;
    /// The low and the high halves of sixteen pairs of bfloat16, exactly.
    fn load_pairs(self, from: &[Bf16x2; LANES]) -> (Self::V, Self::V);
    fn store(self, to: &mut [f32; LANES], v: Self::V);
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a·b + c`
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `c - a·b`
    fn neg_mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    fn sqrt(self, a: Self::V) -> Self::V;
    /// `a < b ? a : b`, so a NaN in `b` stays.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a > b ? a : b`, so a NaN in `b` stays.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    fn abs(self, a: Self::V) -> Self::V;
    /// `a` with the sign of `sign`; `a` is not negative.
    fn with_sign(self, a: Self::V, sign: Self::V) -> Self::V;
    /// `a < b ? then : otherwise`
    fn if_less(self, a: Self::V, b: Self::V, then: Self::V, otherwise: Self::V) -> Self::V;
    /// `a < b ? then : otherwise`
    #[inline(always)]
    fn constant_if_less(self, a: Self::V, b: Self::V, then: f32, otherwise: f32) -> Self::V {
        self.if_less(a, b, self.splat(then), self.splat(otherwise))
    }
    /// `a < b ? 0 : otherwise`
    #[inline(always)]
    fn zero_if_less(self, a: Self::V, b: Self::V, otherwise: Self::V) -> Self::V {
        self.if_less(a, b, self.splat(0.0), otherwise)
    }
    /// `2^n` for whole `n` in -126..=127, given `n + ROUND`.
    fn pow2(self, rounded: Self::V) -> Self::V;
    /// `p·2^n` for whole `n` in -252..=254 rounded once, given `n + ROUND`; `p` lies in 0.5..=2.
    fn scale(self, p: Self::V, rounded: Self::V) -> Self::V;

    /// Lanes to take with [`Simd::look_up`]: `scale` times these. Only where it [is quick](Simd::LOOKS_UP).
    #[inline(always)]
    fn index(self, lanes: &[u32; LANES], scale: u32) -> Self::V {
        self.load(&lanes.map(|lane| f32::from_bits(lane * scale)))
    }

    /// Lane `i` of the result is number `index[i] + offset` of the 32 in `a` and `b`, modulo 32.
    #[inline(always)]
    fn look_up(self, a: Self::V, b: Self::V, index: Self::V, offset: u32) -> Self::V {
        let (mut numbers, mut lanes) = ([[0.0; LANES]; 2], [0.0; LANES]);
        self.store(&mut numbers[0], a);
        self.store(&mut numbers[1], b);
        self.store(&mut lanes, index);
        self.load(&lanes.map(|lane| {
            let at = (lane.to_bits() + offset) as usize % (2 * LANES);
            numbers[at / LANES][at % LANES]
        }))
    }

    /// `sums += A·B` over all of `k`, ascending.
    #[inline(always)]
    fn multiply<const ROWS: usize, const STRIPS: usize>(
        self,
        mut operands: Operands<f32, ROWS, STRIPS>,
        sums: &mut Sums<Self, ROWS, STRIPS>,
    ) {
        // SAFETY: every call takes one number of A, of which there are as many as steps of B.
        while let Some((a, b)) = unsafe { operands.next() } {
            let mut strips = [self.splat(0.0); STRIPS];
            for j in 0..STRIPS {
                strips[j] = self.load(b[j]);
            }
            add_product(self, a, strips, sums);
        }
    }

    /// `to = start + Σ a·B`, strip by strip, `start` holding as many; only where the token says [`Simd::OWN_DOT`].
    #[inline(always)]
    fn dot(self, _start: View<f32>, _products: [Product<'_, f32>; 2], _to: &mut [f32]) {}

    /// The same of rows and packed weights, without the products with zeros: +0 at least, -0 perhaps.
    #[inline(always)]
    fn dot_some(self, start: View<f32>, products: [Product<'_, f32>; 2], to: &mut [f32]) {
        self.dot(start, products, to);
    }

    /// tanh in the token's own code, which gives the bits of the kernel; `None` where there is none.
    #[inline(always)]
    fn own_tanh(self, _v: Self::V) -> Option<Self::V> {
        None
    }

    /// sigmoid in the token's own code, which gives the bits of the kernel; `None` where there is none.
    #[inline(always)]
    fn own_sigmoid(self, _v: Self::V) -> Option<Self::V> {
        None
    }

    /// `to = tanh(from)`, as many numbers as both have; only where the token says [`Simd::OWN_DOT`].
    #[inline(always)]
    fn tanh_into(self, _from: &[f32], _to: &mut [f32]) {}

    /// Adds up the lanes: `((0+8)+(4+12)) + …`, in halves.
    #[inline(always)]
    fn fold_add(self, v: Self::V) -> f32 {
        let mut lanes = [0.0; LANES];
        self.store(&mut lanes, v);
        fold(lanes, |a, b| a + b)
    }

    /// The largest lane, in the same tree.
    #[inline(always)]
    fn fold_max(self, v: Self::V) -> f32 {
        let mut lanes = [0.0; LANES];
        self.store(&mut lanes, v);
        fold(lanes, |a, b| if a > b { a } else { b })
    }

    /// The first numbers of a strip, the others zero.
    #[inline(always)]
    fn load_part(self, from: &[f32]) -> Self::V {
        match from.first_chunk() {
            Some(full) => self.load(full),
            None => {
                let mut strip = [0.0; LANES];
                for (lane, &x) in strip.iter_mut().zip(from) {
                    *lane = x;
                }
                self.load(&strip)
            }
        }
    }

    /// Writes the first numbers of a strip, as many as `to` takes.
    #[inline(always)]
    fn store_part(self, to: &mut [f32], v: Self::V) {
        match to.first_chunk_mut() {
            Some(full) => self.store(full, v),
            None => {
                let mut strip = [0.0; LANES];
                self.store(&mut strip, v);
                for (x, &lane) in to.iter_mut().zip(&strip) {
                    *x = lane;
                }
            }
        }
    }
}

/// Whether products of one row list the numbers first that are not zero, which takes two kilobytes of stack.
pub(crate) const LISTS_ZEROS: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

/// Whether a step asks before each product whether it is one with zero: chips lose little by a branch and have no room for a list.
pub(crate) const ASKS_ZEROS: bool = cfg!(any(target_arch = "arm", target_arch = "riscv32"));

/// Adding this rounds a number below 2^22 to the nearest integer, ties to even, and leaves that
/// integer in the low mantissa bits: 1.5·2^23.
pub(crate) const ROUND: f32 = 12_582_912.0;

/// Folds sixteen lanes in halves.
#[inline(always)]
fn fold(mut lanes: [f32; LANES], combine: impl Fn(f32, f32) -> f32) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        if let Some((low, high)) = lanes.split_at_mut_checked(half) {
            for (a, &b) in low.iter_mut().zip(high.iter()) {
                *a = combine(*a, b);
            }
        }
        half /= 2;
    }
    lanes[0]
}
