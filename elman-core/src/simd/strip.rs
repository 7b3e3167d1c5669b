//! Sixteen numbers on a cache line of their own.

/// Numbers per strip, on every instruction set.
///
/// ```
/// # use elman_core::{LANES, Strip};
/// assert_eq!(size_of::<Strip>(), LANES * size_of::<f32>());
/// ```
pub const LANES: usize = 16;

/// Sixteen numbers aligned to a cache line. Working buffers are made of strips, so that loads never
/// straddle two lines: `static TAPE: [Strip; N]` on a chip, `vec![Strip::ZERO; n]` on a desktop.
///
/// ```
/// # use elman_core::Strip;
/// let mut strips = vec![Strip::ZERO; Strip::count(20)];
/// Strip::floats_mut(&mut strips)[17] = 1.5;
/// assert_eq!(strips[1].0[1], 1.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Strip(pub [f32; LANES]);

impl Strip {
    /// Sixteen zeros.
    ///
    /// ```
    /// # use elman_core::Strip;
    /// static BUFFER: [Strip; 4] = [Strip::ZERO; 4];
    /// assert_eq!(BUFFER.as_ptr() as usize % 64, 0);
    /// ```
    pub const ZERO: Self = Self([0.0; LANES]);

    /// The same memory as numbers.
    ///
    /// ```
    /// # use elman_core::Strip;
    /// assert_eq!(Strip::floats(&[Strip([1.5; 16]); 2]), [1.5; 32]);
    /// ```
    pub const fn floats(strips: &[Self]) -> &[f32] {
        // SAFETY: a Strip is exactly sixteen f32 without padding (size 64, align 64), so a slice of
        // strips is 16 times as many initialised f32 in one allocation, aligned for f32.
        unsafe { core::slice::from_raw_parts(strips.as_ptr().cast(), strips.len() * LANES) }
    }

    /// The same memory as numbers.
    ///
    /// ```
    /// # use elman_core::Strip;
    /// let mut strips = [Strip::ZERO; 2];
    /// Strip::floats_mut(&mut strips)[16] = 1.5;
    /// assert_eq!(strips[1].0[0], 1.5);
    /// ```
    pub const fn floats_mut(strips: &mut [Self]) -> &mut [f32] {
        // SAFETY: as in `floats`; any bit pattern written through the f32 view is a valid Strip, and
        // the exclusive borrow is carried over.
        unsafe { core::slice::from_raw_parts_mut(strips.as_mut_ptr().cast(), strips.len() * LANES) }
    }

    /// The same memory as strips; `None` unless it begins on a cache line and ends on one.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<&[Self]> {
        // SAFETY: every bit pattern is a valid Strip (sixteen f32), and `align_to` only calls Strip what is
        // aligned and whole.
        let (before, strips, after) = unsafe { bytes.align_to::<Self>() };
        (before.is_empty() && after.is_empty()).then_some(strips)
    }

    /// The same memory as bits.
    pub(crate) const fn words(strips: &[Self]) -> &[u32] {
        // SAFETY: a Strip is exactly sixteen f32 without padding, each as large and as aligned as a u32, for
        // which every bit pattern is valid.
        unsafe { core::slice::from_raw_parts(strips.as_ptr().cast(), strips.len() * LANES) }
    }

    /// The same memory as signed numbers.
    pub(crate) const fn integers(strips: &[Self]) -> &[i32] {
        // SAFETY: as in `words`: an i32 is as large and as aligned, and every bit pattern is one.
        unsafe { core::slice::from_raw_parts(strips.as_ptr().cast(), strips.len() * LANES) }
    }

    /// The same memory as numbers of 16 bits.
    pub(crate) const fn halves(strips: &[Self]) -> &[i16] {
        // SAFETY: a Strip is exactly sixteen f32 without padding, each twice as large as an i16 and aligned for one, for which every bit
        // pattern is valid.
        unsafe { core::slice::from_raw_parts(strips.as_ptr().cast(), strips.len() * 2 * LANES) }
    }

    /// Strips that hold `floats` numbers.
    ///
    /// ```
    /// # use elman_core::Strip;
    /// assert_eq!([0, 1, 16, 17].map(Strip::count), [0, 1, 1, 2]);
    /// ```
    pub const fn count(floats: usize) -> usize {
        floats.div_ceil(LANES)
    }
}

const _: () = assert!(size_of::<Strip>() == 4 * LANES);

/// Two bfloat16 of neighbouring `k`, the earlier in the low half.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub(crate) struct Bf16x2(pub u32);

/// Anything on a cache line of its own: what [`Image::read`](crate::Image::read) asks of the bytes of an image.
///
/// ```
/// use elman_core::Aligned;
/// // static IMAGE: &Aligned<[u8]> = &Aligned(*include_bytes!("net.image"));
/// static IMAGE: &Aligned<[u8]> = &Aligned([1, 2, 3]);
/// assert_eq!(IMAGE.0.as_ptr() as usize % 64, 0);
/// assert_eq!(IMAGE.0.len(), 3);
/// ```
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Aligned<T: ?Sized>(pub T);

/// Sixteen pairs of weights in bfloat16, on a cache line of their own: of two neighbouring `k` the first
/// in the low halves, the second in the high ones. So one load serves two multiply-adds, and widening is a
/// shift for the one and a mask for the other.
///
/// Lost against it: IEEE half precision, three more bits of accuracy, but its conversion instruction is
/// as slow as reading twice the memory (measured: no gain at all over single precision).
///
/// ```
/// # use elman_core::{PairStrip, Spec, Strip};
/// // What a net of 128 inputs, 128 units and 10 outputs reads at every step: about half.
/// const SPEC: Spec = Spec::dense(128, 128, 10);
/// assert_eq!(size_of::<PairStrip>(), size_of::<Strip>());
/// assert_eq!((SPEC.packed_len(), SPEC.pairs_len()), (2185, 1097));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct PairStrip(pub(crate) [u32; LANES]);

impl PairStrip {
    /// Sixteen pairs of zeros.
    ///
    /// ```
    /// # use elman_core::{PairStrip, Spec};
    /// const SPEC: Spec = Spec::dense(128, 128, 10);
    /// static PAIRS: [PairStrip; SPEC.pairs_len()] = [PairStrip::ZERO; SPEC.pairs_len()];
    /// ```
    pub const ZERO: Self = Self([0; LANES]);

    /// The same memory as pairs.
    pub(crate) const fn pairs(strips: &[Self]) -> &[Bf16x2] {
        // SAFETY: a PairStrip is exactly sixteen u32 without padding (size 64, align 64), so a slice of
        // strips is 16 times as many initialised u32 in one allocation, aligned for u32, which Bf16x2 is transparently.
        unsafe { core::slice::from_raw_parts(strips.as_ptr().cast(), strips.len() * LANES) }
    }
}

const _: () = assert!(size_of::<PairStrip>() == 4 * LANES);
