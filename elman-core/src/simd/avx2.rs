//! AVX2 with FMA: a strip is two registers.

use core::arch::x86_64::*;

use super::{Bf16x2, LANES, Operation, Simd, sealed::Sealed};

cpufeatures::new!(cpu, "avx2", "fma");

/// Proof that this CPU (and its operating system) has AVX2 and FMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub fn detect() -> Option<Self> {
        cpu::get().then_some(Self(()))
    }

    #[inline(never)] // one copy per operation, however many call it
    #[target_feature(enable = "avx2,fma")]
    fn compiled_for<O: Operation>(self, operation: O) -> O::Output {
        operation.run(self)
    }
}

impl Sealed for Avx2 {}

type V = [__m256; 2];

/// The same intrinsic on both halves of a strip.
macro_rules! both {
    ($intrinsic:ident $(::<$constant:tt>)? ($($v:expr),*)) => {
        // SAFETY: whoever holds a token has AVX2 and FMA; the intrinsic touches registers only.
        unsafe { [$intrinsic $(::<{ $constant }>)? ($($v[0]),*), $intrinsic $(::<{ $constant }>)? ($($v[1]),*)] }
    };
}

/// Folds eight lanes in halves.
macro_rules! fold_half {
    ($v:expr, $four:ident, $one:ident) => {{
        let v = $v;
        let v = $four(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
        let v = $four(v, _mm_movehl_ps(v, v));
        _mm_cvtss_f32($one(v, _mm_movehdup_ps(v)))
    }};
}
pub(super) use fold_half;

#[inline(always)]
fn splat_i32(x: i32) -> [__m256i; 2] {
    // SAFETY: as in `both`: only reached through a token.
    unsafe { [_mm256_set1_epi32(x); 2] }
}

/// `2^n`
#[inline(always)]
fn pow2(n: [__m256i; 2]) -> V {
    let biased = both!(_mm256_add_epi32(n, splat_i32(127)));
    let shifted = both!(_mm256_slli_epi32::<23>(biased));
    both!(_mm256_castsi256_ps(shifted))
}

/// The number of eight that the low three bits of each index say.
#[inline(always)]
fn of_eight(eight: __m256, index: [__m256i; 2]) -> V {
    let eight = [eight; 2];
    both!(_mm256_permutevar8x32_ps(eight, index))
}

/// All bits of the lanes below `count`.
#[inline(always)]
fn lanes(count: usize) -> [__m256i; 2] {
    // SAFETY: as in `both`: only reached through a token.
    unsafe {
        let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        [0, 8].map(|first| _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32 - first), lane))
    }
}

impl Simd for Avx2 {
    type V = V;
    const ACCUMULATORS: usize = 6;
    const TILE_ROWS: usize = 6;
    const LOOKS_UP: bool = true;
    const PACKS_OUTER: bool = true;

    #[inline(always)]
    fn run<O: Operation>(self, operation: O) -> O::Output {
        // SAFETY: the token proves that the features are there.
        unsafe { self.compiled_for(operation) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> V {
        // SAFETY: the token proves AVX.
        unsafe { [_mm256_set1_ps(x); 2] }
    }
    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> V {
        // SAFETY: the token proves AVX; both halves lie within the sixteen numbers.
        unsafe {
            [
                _mm256_loadu_ps(from.as_ptr()),
                _mm256_loadu_ps(from.as_ptr().add(8)),
            ]
        }
    }
    #[inline(always)]
    fn load_pairs(self, from: &[Bf16x2; LANES]) -> (V, V) {
        let from: *const __m256i = from.as_ptr().cast();
        // SAFETY: the token proves AVX2; both halves lie within the sixteen pairs.
        let pairs = unsafe { [_mm256_loadu_si256(from), _mm256_loadu_si256(from.add(1))] };
        let low = both!(_mm256_slli_epi32::<16>(pairs));
        let mask = splat_i32(0xFFFF_0000_u32 as i32);
        let high = both!(_mm256_and_si256(pairs, mask));
        (
            both!(_mm256_castsi256_ps(low)),
            both!(_mm256_castsi256_ps(high)),
        )
    }
    #[inline(always)]
    fn store(self, to: &mut [f32; LANES], v: V) {
        // SAFETY: the token proves AVX; both halves lie within the sixteen numbers.
        unsafe {
            _mm256_storeu_ps(to.as_mut_ptr(), v[0]);
            _mm256_storeu_ps(to.as_mut_ptr().add(8), v[1]);
        }
    }
    #[inline(always)]
    fn add(self, a: V, b: V) -> V {
        both!(_mm256_add_ps(a, b))
    }
    #[inline(always)]
    fn sub(self, a: V, b: V) -> V {
        both!(_mm256_sub_ps(a, b))
    }
    #[inline(always)]
    fn mul(self, a: V, b: V) -> V {
        both!(_mm256_mul_ps(a, b))
    }
    #[inline(always)]
    fn div(self, a: V, b: V) -> V {
        both!(_mm256_div_ps(a, b))
    }
    #[inline(always)]
    fn mul_add(self, a: V, b: V, c: V) -> V {
        both!(_mm256_fmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn neg_mul_add(self, a: V, b: V, c: V) -> V {
        both!(_mm256_fnmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn sqrt(self, a: V) -> V {
        both!(_mm256_sqrt_ps(a))
    }
    #[inline(always)]
    fn min(self, a: V, b: V) -> V {
        both!(_mm256_min_ps(a, b))
    }
    #[inline(always)]
    fn max(self, a: V, b: V) -> V {
        both!(_mm256_max_ps(a, b))
    }
    #[inline(always)]
    fn abs(self, a: V) -> V {
        let sign = self.splat(-0.0);
        both!(_mm256_andnot_ps(sign, a))
    }
    #[inline(always)]
    fn with_sign(self, a: V, sign: V) -> V {
        let mask = self.splat(-0.0);
        let sign = both!(_mm256_and_ps(sign, mask));
        both!(_mm256_or_ps(a, sign))
    }
    #[inline(always)]
    fn if_less(self, a: V, b: V, then: V, otherwise: V) -> V {
        let less = both!(_mm256_cmp_ps::<_CMP_LT_OQ>(a, b));
        both!(_mm256_blendv_ps(otherwise, then, less))
    }
    #[inline(always)]
    fn constant_if_less(self, a: V, b: V, then: f32, otherwise: f32) -> V {
        // A table that the mask's low bits look up: blends compete with multiply-adds for their ports, shuffles do not.
        let less = both!(_mm256_cmp_ps::<_CMP_LT_OQ>(a, b));
        let less = both!(_mm256_castps_si256(less));
        // SAFETY: the token proves AVX.
        let table = unsafe {
            [_mm256_setr_ps(
                otherwise, otherwise, otherwise, then, otherwise, otherwise, otherwise, then,
            ); 2]
        };
        both!(_mm256_permutevar_ps(table, less))
    }
    #[inline(always)]
    fn zero_if_less(self, a: V, b: V, otherwise: V) -> V {
        let less = both!(_mm256_cmp_ps::<_CMP_LT_OQ>(a, b));
        both!(_mm256_andnot_ps(less, otherwise))
    }
    #[inline(always)]
    fn index(self, lanes: &[u32; LANES], scale: u32) -> V {
        let from: *const __m256i = lanes.as_ptr().cast();
        // SAFETY: the token proves AVX2; both halves lie within the sixteen lanes.
        let lanes = unsafe { [_mm256_loadu_si256(from), _mm256_loadu_si256(from.add(1))] };
        let scaled = both!(_mm256_mullo_epi32(lanes, splat_i32(scale as i32)));
        both!(_mm256_castsi256_ps(scaled))
    }
    #[inline(always)]
    fn look_up(self, a: V, b: V, index: V, offset: u32) -> V {
        let index = both!(_mm256_castps_si256(index));
        let index = both!(_mm256_add_epi32(index, splat_i32(offset as i32)));
        // Bits 3 and 4 of the index, where a blend looks for them.
        let upper = both!(_mm256_slli_epi32::<28>(index));
        let upper = both!(_mm256_castsi256_ps(upper));
        let second = both!(_mm256_slli_epi32::<27>(index));
        let second = both!(_mm256_castsi256_ps(second));
        let of_a = both!(_mm256_blendv_ps(
            of_eight(a[0], index),
            of_eight(a[1], index),
            upper
        ));
        let of_b = both!(_mm256_blendv_ps(
            of_eight(b[0], index),
            of_eight(b[1], index),
            upper
        ));
        both!(_mm256_blendv_ps(of_a, of_b, second))
    }
    #[inline(always)]
    fn pow2(self, rounded: V) -> V {
        pow2(both!(_mm256_castps_si256(rounded)))
    }
    #[inline(always)]
    fn scale(self, p: V, rounded: V) -> V {
        let n = both!(_mm256_castps_si256(rounded));
        let n = both!(_mm256_sub_epi32(
            n,
            splat_i32(super::ROUND.to_bits() as i32)
        ));
        let half = both!(_mm256_srai_epi32::<1>(n));
        let rest = both!(_mm256_sub_epi32(n, half));
        self.mul(self.mul(p, pow2(half)), pow2(rest))
    }
    #[inline(always)]
    fn fold_add(self, v: V) -> f32 {
        // SAFETY: as in `both`.
        unsafe { fold_half!(_mm256_add_ps(v[0], v[1]), _mm_add_ps, _mm_add_ss) }
    }
    #[inline(always)]
    fn fold_max(self, v: V) -> f32 {
        // SAFETY: as in `both`.
        unsafe { fold_half!(_mm256_max_ps(v[0], v[1]), _mm_max_ps, _mm_max_ss) }
    }
    #[inline(always)]
    fn load_part(self, from: &[f32]) -> V {
        match from.first_chunk() {
            Some(full) => self.load(full),
            // A masked load of nothing is slow where no memory is (47 ns on Zen 3), and an empty slice may lie anywhere.
            None if from.is_empty() => self.splat(0.0),
            // SAFETY: the token proves AVX2; masked loads touch only the lanes below `from.len()`, and the second half is
            // asked for only where it has some.
            None => unsafe {
                let [low, high] = lanes(from.len());
                let rest = from.get(8..).filter(|rest| !rest.is_empty());
                [
                    _mm256_maskload_ps(from.as_ptr(), low),
                    match rest {
                        Some(rest) => _mm256_maskload_ps(rest.as_ptr(), high),
                        None => _mm256_setzero_ps(),
                    },
                ]
            },
        }
    }
    #[inline(always)]
    fn store_part(self, to: &mut [f32], v: V) {
        if let Some(full) = to.first_chunk_mut() {
            return self.store(full, v);
        }
        if to.is_empty() {
            return;
        }
        // SAFETY: as in `load_part`.
        unsafe {
            let [low, high] = lanes(to.len());
            _mm256_maskstore_ps(to.as_mut_ptr(), low, v[0]);
            if let Some(rest) = to.get_mut(8..).filter(|rest| !rest.is_empty()) {
                _mm256_maskstore_ps(rest.as_mut_ptr(), high, v[1]);
            }
        }
    }
}
