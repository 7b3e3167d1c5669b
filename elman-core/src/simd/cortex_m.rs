//! Cortex-M4F, M7, M33, M55: an FPU with fused multiply-add and thirty-two registers, one number each.
//!
//! Stable Rust does not reach `vfma` there, and `asm!` takes no FPU registers as operands. So the loops that count are
//! whole in assembly ([`dot`], [`tanh`]), each the same operations in the same order as the portable source; what is
//! rarer goes strip by strip through memory.
//!
//! The FPU must round to nearest and keep subnormal numbers (`FPSCR` as it is after reset, `FZ` and `RMode` zero); NaN
//! payloads are not promised, so `DN` may be either. Helium flushes subnormal numbers nevertheless: `helium` says what that asks for.

mod dot;
#[cfg(elman_mve)]
mod helium;
mod sigmoid;
mod tanh;

use core::arch::asm;
use core::mem::MaybeUninit;

use super::{Bf16x2, LANES, Operands, Operation, Product, Simd, Sums, View, sealed::Sealed};

/// The compile target has the FPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CortexM;

impl Sealed for CortexM {}

type V = [f32; LANES];

/// Functions of strips: `$name(a, b, …)`, code of its own, since inlined, sixteen numbers a time would fill the flash. What it
/// returns is written where it is wanted, so that no strip that is still in use is copied before. (Naked functions are
/// shorter by their frames, and their callers longer by more copies.)
macro_rules! strips {
    ($name:ident($($from:ident $register:tt),+; $to:tt): $part:expr; $($saved:tt)*) => {
        #[inline(never)]
        fn $name($($from: &V),+) -> V {
            let mut to = MaybeUninit::<V>::uninit();
            // SAFETY: reads sixteen numbers of each strip, and writes all sixteen of `to`.
            unsafe {
                asm!(
                    $part,
                    $part,
                    $(inout($register) $from.as_ptr() => _,)+
                    inout($to) to.as_mut_ptr() => _,
                    out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                    out("d4") _, out("d5") _, out("d6") _, out("d7") _, $($saved)*
                    options(raw, nostack),
                );
                to.assume_init()
            }
        }
    };
}
/// Half a strip.
macro_rules! of_two {
    ($instruction:literal) => {
        concat!(
            "vldmia r0!, {s0-s7}\nvldmia r1!, {s8-s15}\n",
            $instruction,
            " s0, s0, s8\n",
            $instruction,
            " s1, s1, s9\n",
            $instruction,
            " s2, s2, s10\n",
            $instruction,
            " s3, s3, s11\n",
            $instruction,
            " s4, s4, s12\n",
            $instruction,
            " s5, s5, s13\n",
            $instruction,
            " s6, s6, s14\n",
            $instruction,
            " s7, s7, s15\n",
            "vstmia r2!, {s0-s7}",
        )
    };
}
macro_rules! of_three {
    ($instruction:literal) => {
        concat!(
            "vldmia r0!, {s0-s7}\nvldmia r1!, {s8-s15}\nvldmia r2!, {s16-s23}\n",
            $instruction,
            " s16, s0, s8\n",
            $instruction,
            " s17, s1, s9\n",
            $instruction,
            " s18, s2, s10\n",
            $instruction,
            " s19, s3, s11\n",
            $instruction,
            " s20, s4, s12\n",
            $instruction,
            " s21, s5, s13\n",
            $instruction,
            " s22, s6, s14\n",
            $instruction,
            " s23, s7, s15\n",
            "vstmia r3!, {s16-s23}",
        )
    };
}
strips!(add(a "r0", b "r1"; "r2"): of_two!("vadd.f32"););
strips!(subtract(a "r0", b "r1"; "r2"): of_two!("vsub.f32"););
strips!(times(a "r0", b "r1"; "r2"): of_two!("vmul.f32"););
strips!(divide(a "r0", b "r1"; "r2"): of_two!("vdiv.f32"););
// `c + a·b` and `c - a·b`, rounded once
strips!(fuse(a "r0", b "r1", c "r2"; "r3"): of_three!("vfma.f32"); out("d8") _, out("d9") _, out("d10") _, out("d11") _,);
strips!(fuse_negated(a "r0", b "r1", c "r2"; "r3"): of_three!("vfms.f32"); out("d8") _, out("d9") _, out("d10") _, out("d11") _,);

/// `a < b ? then : otherwise`
#[inline(never)]
fn pick(a: &V, b: &V, then: &V, otherwise: &V) -> V {
    let mut picked = *otherwise;
    // SAFETY: reads sixteen numbers of `a`, `b` and `then`, and writes some of the sixteen of `picked`.
    unsafe {
        asm!(
            "2:",
            "vldmia r0!, {s0}",
            "vldmia r1!, {s1}",
            "ldr r5, [r2], #4",
            "vcmp.f32 s0, s1",
            "vmrs APSR_nzcv, FPSCR",
            "it mi",
            "strmi r5, [r3]",
            "adds r3, r3, #4",
            "subs r4, r4, #1",
            "bne 2b",
            inout("r0") a.as_ptr() => _,
            inout("r1") b.as_ptr() => _,
            inout("r2") then.as_ptr() => _,
            inout("r3") picked.as_mut_ptr() => _,
            inout("r4") LANES => _,
            out("r5") _,
            out("d0") _,
            options(raw, nostack),
        );
    }
    picked
}

/// `a ← f(a, b)`, number by number. (`from_fn` with indices keeps its bounds checks where little is inlined.)
#[inline(always)]
fn with_each(mut a: V, b: &V, f: impl Fn(f32, f32) -> f32) -> V {
    for (a, &b) in a.iter_mut().zip(b) {
        *a = f(*a, b);
    }
    a
}

/// Folds sixteen lanes in halves, not by a loop over them, of which the compiler would make vectors that flush what is subnormal.
#[cfg(elman_mve)]
fn fold_with(mut v: V, combine: impl Fn(&V, &V) -> V) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        let mut high = [0.0; LANES];
        for (to, &x) in high.iter_mut().zip(v.iter().skip(half)) {
            *to = x;
        }
        v = combine(&v, &high);
        half /= 2;
    }
    v[0]
}

/// The square root of every number.
#[inline(never)]
fn roots(a: &mut V) {
    // SAFETY: reads and writes sixteen numbers.
    unsafe {
        asm!(
            "2:",
            "vldr s0, [r0]",
            "vsqrt.f32 s0, s0",
            "vstmia r0!, {s0}",
            "subs r1, r1, #1",
            "bne 2b",
            inout("r0") a.as_mut_ptr() => _,
            inout("r1") LANES => _,
            out("d0") _,
            options(raw, nostack),
        );
    }
}

/// `2^n`
fn pow2(n: u32) -> f32 {
    f32::from_bits(n.wrapping_add(127) << 23)
}

impl Simd for CortexM {
    type V = V;
    // Half of the registers are one strip of sums; the weights on their way need the others.
    const ACCUMULATORS: usize = 1;
    const TILE_ROWS: usize = 1;
    const OWN_DOT: bool = true;

    #[inline(never)] // one copy per operation, however many call it
    fn run<O: Operation>(self, operation: O) -> O::Output {
        operation.run(self)
    }
    #[inline(always)]
    fn splat(self, x: f32) -> V {
        [x; LANES]
    }
    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> V {
        *from
    }
    #[inline(always)]
    fn load_pairs(self, from: &[Bf16x2; LANES]) -> (V, V) {
        (
            from.map(|Bf16x2(pair)| f32::from_bits(pair << 16)),
            from.map(|Bf16x2(pair)| f32::from_bits(pair & 0xFFFF_0000)),
        )
    }
    #[inline(always)]
    fn store(self, to: &mut [f32; LANES], v: V) {
        *to = v;
    }
    #[inline(always)]
    fn add(self, a: V, b: V) -> V {
        add(&a, &b)
    }
    #[inline(always)]
    fn sub(self, a: V, b: V) -> V {
        subtract(&a, &b)
    }
    #[inline(always)]
    fn mul(self, a: V, b: V) -> V {
        times(&a, &b)
    }
    #[inline(always)]
    fn div(self, a: V, b: V) -> V {
        divide(&a, &b)
    }
    #[inline(always)]
    fn mul_add(self, a: V, b: V, c: V) -> V {
        fuse(&a, &b, &c)
    }
    #[inline(always)]
    fn neg_mul_add(self, a: V, b: V, c: V) -> V {
        fuse_negated(&a, &b, &c)
    }
    #[inline(always)]
    fn sqrt(self, mut a: V) -> V {
        roots(&mut a);
        a
    }
    #[inline(always)]
    fn min(self, a: V, b: V) -> V {
        pick(&a, &b, &a, &b)
    }
    #[inline(always)]
    fn max(self, a: V, b: V) -> V {
        pick(&b, &a, &a, &b)
    }
    #[inline(always)]
    fn abs(self, a: V) -> V {
        a.map(f32::abs)
    }
    #[inline(always)]
    fn with_sign(self, a: V, sign: V) -> V {
        with_each(a, &sign, |a, sign| {
            f32::from_bits(a.to_bits() | (sign.to_bits() & 0x8000_0000))
        })
    }
    #[inline(always)]
    fn if_less(self, a: V, b: V, then: V, otherwise: V) -> V {
        pick(&a, &b, &then, &otherwise)
    }
    #[inline(always)]
    fn pow2(self, rounded: V) -> V {
        rounded.map(|rounded| pow2(rounded.to_bits()))
    }
    #[inline(always)]
    fn scale(self, p: V, rounded: V) -> V {
        if cfg!(elman_mve) {
            // The products below would become vectors, which flush what is subnormal (see `helium`).
            let n = rounded.map(|rounded| rounded.to_bits().wrapping_sub(super::ROUND.to_bits()));
            let half = n.map(|n| pow2(((n as i32) >> 1) as u32));
            let other = n.map(|n| pow2(n.wrapping_sub(((n as i32) >> 1) as u32)));
            return times(&times(&p, &half), &other);
        }
        with_each(p, &rounded, |p, rounded| {
            let n = rounded.to_bits().wrapping_sub(super::ROUND.to_bits());
            let half = ((n as i32) >> 1) as u32;
            (p * pow2(half)) * pow2(n.wrapping_sub(half))
        })
    }
    #[inline(always)]
    fn multiply<const ROWS: usize, const STRIPS: usize>(
        self,
        operands: Operands<f32, ROWS, STRIPS>,
        sums: &mut Sums<Self, ROWS, STRIPS>,
    ) {
        for (r, sums) in sums.iter_mut().enumerate() {
            for (j, sum) in sums.iter_mut().enumerate() {
                let start = *sum;
                dot::one(&start, operands.product(r, j), sum);
            }
        }
    }
    #[inline(always)]
    fn dot(self, start: View<f32>, mut products: [Product<'_, f32>; 2], to: &mut [f32]) {
        dot::run(start.data, start.outer, &mut products, to);
    }
    #[inline(always)]
    fn dot_some(self, start: View<f32>, mut products: [Product<'_, f32>; 2], to: &mut [f32]) {
        let (mut start, mut to) = (start, to);
        if products.iter().all(Product::is_packed) {
            let (strips, rest) = to.as_chunks_mut();
            dot::run_some(start.data, start.outer, &mut products, strips);
            (start, to) = (start.from(strips.len(), 0), rest);
        }
        // What is no full strip: not from within, whose frame would lie below this one's.
        if !to.is_empty() {
            self.dot(start, products, to);
        }
    }
    #[cfg(elman_mve)]
    #[inline(always)]
    fn fold_add(self, v: V) -> f32 {
        fold_with(v, |low, high| add(low, high))
    }
    #[cfg(elman_mve)]
    #[inline(always)]
    fn fold_max(self, v: V) -> f32 {
        fold_with(v, |low, high| pick(high, low, low, high))
    }
    #[inline(always)]
    fn own_tanh(self, v: V) -> Option<V> {
        Some(tanh::of(&v))
    }
    #[inline(always)]
    fn own_sigmoid(self, v: V) -> Option<V> {
        Some(sigmoid::of(&v))
    }
    #[inline(always)]
    fn tanh_into(self, from: &[f32], to: &mut [f32]) {
        tanh::run(from, to);
    }
}
