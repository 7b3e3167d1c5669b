//! AVX-512F: a strip is one register.

use core::arch::x86_64::*;

use super::{Bf16x2, LANES, Operation, Simd, sealed::Sealed};

cpufeatures::new!(cpu, "avx512f", "avx2", "fma");

/// Proof that this CPU (and its operating system) has AVX-512F.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub fn detect() -> Option<Self> {
        cpu::get().then_some(Self(()))
    }

    #[inline(never)] // one copy per operation, however many call it
    #[target_feature(enable = "avx512f,avx2,fma")]
    fn compiled_for<O: Operation>(self, operation: O) -> O::Output {
        operation.run(self)
    }
}

impl Sealed for Avx512 {}

/// One intrinsic on a strip.
macro_rules! strip {
    ($call:expr) => {
        // SAFETY: whoever holds a token has AVX-512F; the intrinsic touches registers only.
        unsafe { $call }
    };
}

/// Folds the lanes in halves.
macro_rules! fold {
    ($v:ident, $eight:ident, $four:ident, $one:ident) => {
        // SAFETY: as in `strip`.
        unsafe {
            let upper = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd($v)));
            super::avx2::fold_half!($eight(_mm512_castps512_ps256($v), upper), $four, $one)
        }
    };
}

/// The lanes below `count`.
#[inline(always)]
fn lanes(count: usize) -> __mmask16 {
    ((1u32 << count) - 1) as __mmask16
}

impl Simd for Avx512 {
    type V = __m512;
    const ACCUMULATORS: usize = 24;
    const TILE_ROWS: usize = 6;
    const LOOKS_UP: bool = true;

    #[inline(always)]
    fn run<O: Operation>(self, operation: O) -> O::Output {
        // SAFETY: the token proves that the features are there.
        unsafe { self.compiled_for(operation) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        strip!(_mm512_set1_ps(x))
    }
    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> __m512 {
        // SAFETY: the token proves AVX-512F; sixteen numbers are read from an array of sixteen.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }
    #[inline(always)]
    fn load_pairs(self, from: &[Bf16x2; LANES]) -> (__m512, __m512) {
        // SAFETY: the token proves AVX-512F; sixteen pairs are read from an array of sixteen.
        let pairs = unsafe { _mm512_loadu_si512(from.as_ptr().cast()) };
        strip!((
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(pairs)),
            _mm512_castsi512_ps(_mm512_and_si512(
                pairs,
                _mm512_set1_epi32(0xFFFF_0000_u32 as i32)
            )),
        ))
    }
    #[inline(always)]
    fn store(self, to: &mut [f32; LANES], v: __m512) {
        // SAFETY: the token proves AVX-512F; sixteen numbers are written to an array of sixteen.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), v) }
    }
    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        strip!(_mm512_add_ps(a, b))
    }
    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        strip!(_mm512_sub_ps(a, b))
    }
    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        strip!(_mm512_mul_ps(a, b))
    }
    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        strip!(_mm512_div_ps(a, b))
    }
    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        strip!(_mm512_fmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn neg_mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        strip!(_mm512_fnmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn sqrt(self, a: __m512) -> __m512 {
        strip!(_mm512_sqrt_ps(a))
    }
    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        strip!(_mm512_min_ps(a, b))
    }
    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        strip!(_mm512_max_ps(a, b))
    }
    #[inline(always)]
    fn abs(self, a: __m512) -> __m512 {
        strip!(_mm512_abs_ps(a))
    }
    #[inline(always)]
    fn with_sign(self, a: __m512, sign: __m512) -> __m512 {
        // Bitwise operations on floats need AVX-512DQ; on integers AVX-512F is enough.
        strip!(_mm512_castsi512_ps(_mm512_or_si512(
            _mm512_castps_si512(a),
            _mm512_and_si512(_mm512_castps_si512(sign), _mm512_set1_epi32(i32::MIN)),
        )))
    }
    #[inline(always)]
    fn if_less(self, a: __m512, b: __m512, then: __m512, otherwise: __m512) -> __m512 {
        strip!(_mm512_mask_blend_ps(
            _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b),
            otherwise,
            then
        ))
    }
    #[inline(always)]
    fn pow2(self, rounded: __m512) -> __m512 {
        strip!(_mm512_castsi512_ps(_mm512_slli_epi32::<23>(
            _mm512_add_epi32(_mm512_castps_si512(rounded), _mm512_set1_epi32(127),)
        )))
    }
    #[inline(always)]
    fn scale(self, p: __m512, rounded: __m512) -> __m512 {
        strip!(_mm512_scalef_ps(
            p,
            _mm512_sub_ps(rounded, _mm512_set1_ps(super::ROUND))
        ))
    }
    #[inline(always)]
    fn index(self, lanes: &[u32; LANES], scale: u32) -> __m512 {
        // SAFETY: the token proves AVX-512F; sixteen numbers are read from an array of sixteen.
        let lanes = unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) };
        strip!(_mm512_castsi512_ps(_mm512_mullo_epi32(
            lanes,
            _mm512_set1_epi32(scale as i32)
        )))
    }
    #[inline(always)]
    fn look_up(self, a: __m512, b: __m512, index: __m512, offset: u32) -> __m512 {
        strip!(_mm512_permutex2var_ps(
            a,
            _mm512_add_epi32(_mm512_castps_si512(index), _mm512_set1_epi32(offset as i32)),
            b
        ))
    }
    #[inline(always)]
    fn fold_add(self, v: __m512) -> f32 {
        fold!(v, _mm256_add_ps, _mm_add_ps, _mm_add_ss)
    }
    #[inline(always)]
    fn fold_max(self, v: __m512) -> f32 {
        fold!(v, _mm256_max_ps, _mm_max_ps, _mm_max_ss)
    }
    #[inline(always)]
    fn load_part(self, from: &[f32]) -> __m512 {
        match from.first_chunk() {
            Some(full) => self.load(full),
            // A masked load of nothing is slow where no memory is, and an empty slice may lie anywhere.
            None if from.is_empty() => self.splat(0.0),
            // SAFETY: the token proves AVX-512F; masked-off lanes are not read, the others lie within `from`.
            None => unsafe { _mm512_maskz_loadu_ps(lanes(from.len()), from.as_ptr()) },
        }
    }
    #[inline(always)]
    fn store_part(self, to: &mut [f32], v: __m512) {
        if let Some(full) = to.first_chunk_mut() {
            return self.store(full, v);
        }
        match to.len() {
            0 => {}
            // What a masked store wrote cannot be forwarded to the next step's load: nets of four hidden units
            // are a fifth faster without one.
            // SAFETY: the token proves AVX-512F; four numbers are written to four.
            4 => unsafe {
                _mm_storeu_ps(to.as_mut_ptr(), _mm512_castps512_ps128(v));
            },
            // SAFETY: the token proves AVX-512F; masked-off lanes are not written, the others lie within `to`.
            count => unsafe { _mm512_mask_storeu_ps(to.as_mut_ptr(), lanes(count), v) },
        }
    }
}
