//! Tanh of fixed-point numbers, `h = tanh(t / 2¹⁴)·2¹⁵`: 256 straight lines between 0 and 8, and the sign. The result is off by at
//! most 2.6 units (8·10⁻⁵), an odd function, and never falls.

use super::pair;

/// Fractional bits of the argument.
const ARGUMENT_BITS: u32 = 14;
/// Bits of the argument within a line: lines are 1/32 long.
const LINE_BITS: u32 = 9;
const LINES: usize = 256;
/// The largest argument that the lines reach; beyond it nothing changes.
pub(crate) const LARGEST_ARGUMENT: u32 = ((LINES as u32) << LINE_BITS) - 1;
/// What 1.0 is among the results; the largest result is one less.
const ONE: i32 = 1 << 15;

/// Line `i`: its start, near `tanh(i/32)·2¹⁵`, in the low half, its rise in the high half.
///
/// The ends lie a little above tanh, so that a line is as far below it in its middle as above it at its ends: the
/// error is half of what ends on the curve would give.
pub(crate) static TABLE: [u32; LINES] = {
    let mut table = [0; LINES];
    let mut i = 0;
    let mut from = 0;
    while i < LINES {
        let to = end(i + 1);
        table[i] = from | (to - from) << 16;
        from = to;
        i += 1;
    }
    table
};

/// The end of a line, in units of the result.
const fn end(i: usize) -> u32 {
    let length = (1 << LINE_BITS) as f64 / (1 << ARGUMENT_BITS) as f64;
    let tanh = tanh(i as f64 * length);
    let bend = 2.0 * tanh * (1.0 - tanh * tanh);
    let raised = (tanh + bend * length * length / 16.0) * ONE as f64 + 0.5;
    let most = (ONE - 1) as f64;
    (if raised < most { raised } else { most }) as u32
}

/// `tanh(x)` for `x ≥ 0` in f64, at compile time: `e = exp(-2x)` by its series at `x / 2¹⁰`, squared ten times.
const fn tanh(x: f64) -> f64 {
    let r = -2.0 * x / 1024.0;
    let (mut e, mut term, mut n) = (1.0, 1.0, 1);
    while n < 12 {
        term *= r / n as f64;
        e += term;
        n += 1;
    }
    let mut squared = 0;
    while squared < 10 {
        e *= e;
        squared += 1;
    }
    (1.0 - e) / (1.0 + e)
}

/// `tanh(t / 2¹⁴)·2¹⁵` of the `t` within ±`largest` that is nearest; `largest` is at most [`LARGEST_ARGUMENT`].
#[inline(always)]
pub(crate) fn tanh_within(t: i32, largest: u32) -> i32 {
    let magnitude = t.unsigned_abs().min(largest);
    let line = TABLE[(magnitude >> LINE_BITS) as usize % LINES];
    let rise = ((line >> 16) * (magnitude & 511) + 256) >> 9;
    let h = ((line & 0xffff) + rise) as i32;
    if t < 0 { -h } else { h }
}

/// `tanh(z / 2^shift / 2¹⁴)·2¹⁵` of four numbers, two in a word. `z / 2^shift` is rounded down; |z| is below 2³¹.
#[inline(always)]
pub(crate) fn tanh_four(z: [i32; 4], shift: u32) -> [u32; 2] {
    let [a, b, c, d] = z.map(|z| tanh_within(z >> shift, LARGEST_ARGUMENT));
    [pair(a, b), pair(c, d)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tanh_fixed(t: i32) -> i32 {
        tanh_within(t, LARGEST_ARGUMENT)
    }

    #[test]
    fn every_argument_is_as_near_as_promised() {
        let (mut worst, mut before) = (0.0f64, 0);
        for t in 0..=1 << 19 {
            let h = tanh_fixed(t);
            assert!(h >= before, "tanh falls at {t}");
            assert_eq!(tanh_fixed(-t), -h);
            before = h;
            let exact = libm::tanh(f64::from(t) / f64::from(1 << ARGUMENT_BITS));
            worst = worst.max((f64::from(h) / f64::from(ONE) - exact).abs());
        }
        assert!(worst > 4e-5 && worst < 8e-5, "{worst}");
        assert_eq!(
            [0, i32::MAX, -i32::MAX].map(tanh_fixed),
            [0, ONE - 1, 1 - ONE]
        );
    }
}
