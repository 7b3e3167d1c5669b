//! Raw numbers in the whole numbers that an int8 net reads, without a float.

use super::samples::{Column, ColumnScale};

/// How far an offset may be from 0.
const FARTHEST: u64 = 1 << 56;

/// How a column comes to the whole numbers of an int8 net: `⌊(⌊x·multiplier / 2^shift⌋ + offset) / 2¹⁶⌋`, cut.
///
/// `x` is a raw number exactly as it is, a float or a whole number, and only integers are computed with, so every machine has the same number.
/// It is at most one unit away from [`QuantizedModel::integer`](crate::quantized::QuantizedModel::integer) of what [`ColumnScale::apply`]
/// gives, for a mean of at most 2^20 deviations. A subnormal `x` counts as zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntegerScale {
    /// 2^15 to 2^16 - 1; 0 for a column that has no deviation.
    pub multiplier: u16,
    /// How far the product is shifted right, left where this is negative; within -100 and 63.
    pub shift: i8,
    /// Half a unit less the mean, in 2^-16 units; within ±2^56.
    pub offset: i64,
}

impl IntegerScale {
    /// The scale of a column for a net with this [`QuantizedModel::input_scale`](crate::quantized::QuantizedModel::input_scale).
    ///
    /// ```
    /// # use elman_core::feed::*;
    /// // Two raw units make one deviation, and that is 1000 units of the net's.
    /// let scale = IntegerScale::new(&ColumnScale::new(20.0, 2.0), 1000.0);
    /// assert_eq!(scale.whole(23, 10_000), 1500);
    /// assert_eq!(scale.apply(23.0625, 10_000), Some(1531)); // 1531.25
    /// assert_eq!(scale.apply(-9e9, 10_000), Some(-10_000));
    /// assert_eq!(scale.apply(f32::NAN, 10_000), None);
    /// ```
    pub fn new(column: &ColumnScale, input_scale: f32) -> Self {
        const MOST: f64 = FARTHEST as f64;
        const HALF: f64 = 32768.0;
        let slope = f64::from(column.factor) * f64::from(input_scale) * 65536.0;
        let exponent = (slope.to_bits() >> 52 & 0x7ff) as i32 - 1023;
        // Slopes beyond both ends are those of columns that do not move, or by nothing that a float can tell.
        let shift = (15 - exponent).clamp(-100, 63);
        let exact = libm::rint(libm::ldexp(slope, shift)).min(65536.0);
        let (multiplier, shift) = match exact as u32 {
            65536 if shift > -100 => (32768, shift - 1),
            most => (most.min(65535) as u16, shift),
        };
        let mean = f64::from(column.mean) + f64::from(column.rest);
        let moved = libm::ldexp(mean * f64::from(multiplier), -shift);
        Self {
            multiplier,
            shift: shift as i8,
            offset: libm::rint(HALF - moved).clamp(-MOST, MOST) as i64,
        }
    }

    /// As it lies in an image: the offset's low half, its high half, multiplier and shift.
    pub(crate) const fn words(self) -> [u32; 3] {
        let offset = self.offset.cast_unsigned();
        let shift = (self.shift.cast_unsigned() as u32) << 16;
        [
            offset as u32,
            (offset >> 32) as u32,
            self.multiplier as u32 | shift,
        ]
    }

    /// From an image; what lies there may be anything.
    pub(crate) const fn from_words([low, high, rest]: [u32; 3]) -> Self {
        Self {
            multiplier: rest as u16,
            shift: (rest >> 16) as i8,
            offset: ((high as u64) << 32 | low as u64).cast_signed(),
        }
    }

    /// Whether no number overflows on this scale.
    pub(crate) const fn is_sound(self) -> bool {
        self.offset.unsigned_abs() <= FARTHEST && self.shift >= -100 && self.shift <= 63
    }

    /// A raw whole number on the scale, cut to ±`farthest`: what [`Column::apply`] gives for it as a float.
    #[inline]
    pub fn whole(self, x: i16, farthest: i16) -> i16 {
        let product = i64::from(x) * i64::from(self.multiplier);
        match self.shift {
            // The product is below 2^31.
            shift @ -27.. => self.moved(product, shift.into(), farthest),
            _ => self.apply(x.into(), farthest).unwrap_or(0),
        }
    }

    /// A product that is still to be shifted, at the most by 27 where it is that of a whole number.
    #[inline(always)]
    fn moved(self, product: i64, shift: i32, farthest: i16) -> i16 {
        let product = if shift >= 0 {
            product >> shift.min(63)
        } else {
            product << -shift
        };
        let units = (product + self.offset) >> 16;
        let farthest = i64::from(farthest);
        units.min(farthest).max(-farthest) as i16
    }
}

impl Column for IntegerScale {
    type Number = i16;

    #[inline]
    fn apply(self, x: f32, farthest: i16) -> Option<i16> {
        let bits = x.to_bits();
        let (exponent, fraction) = ((bits >> 23 & 0xff) as i32, i64::from(bits & 0x7f_ffff));
        let magnitude = match exponent {
            0xff => return None,
            0 => 0,
            _ => fraction | 0x80_0000,
        };
        let product = magnitude * i64::from(self.multiplier);
        let product = if x.is_sign_negative() {
            -product
        } else {
            product
        };
        // A product of 2^38 or more that is shifted left by 20 is far beyond any offset.
        let shift = i32::from(self.shift) - (exponent - 150);
        Some(self.moved(product, shift.max(-20), farthest))
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::numbers;
    use super::*;

    /// What a float does: the scale of training, then the quantiser.
    fn rounded(column: ColumnScale, x: f32, input_scale: f32) -> i32 {
        let z = column.apply(x, 1e9).unwrap();
        let scaled = z * input_scale;
        let half = if scaled < 0.0 { -0.5 } else { 0.5 };
        ((scaled + half) as i32).clamp(-0x7fff, 0x7fff)
    }

    #[test]
    fn whole_numbers_are_as_near_to_the_floats_as_it_says() {
        let mut random = numbers();
        let mut next = || random.next().unwrap();
        let (mut same, mut apart) = (0, 0);
        for _ in 0..100_000 {
            let input_scale = (500.0 * 10f64.powf(1.0 + next())) as f32;
            let deviation = 10f64.powf(next() * 6.0);
            let mean = deviation * next() * 2f64.powf(20.0 * next().abs());
            let column = ColumnScale::new(mean, deviation);
            let scale = IntegerScale::new(&column, input_scale);
            let x = (mean + 9.0 * deviation * next()) as f32;
            let found = i32::from(scale.apply(x, 0x7fff).unwrap());
            match (found - rounded(column, x, input_scale)).abs() {
                0 => same += 1,
                1 => apart += 1,
                far => panic!("{x} {mean} {deviation} {input_scale}: {far} units apart"),
            }
        }
        assert!(same > 4 * apart, "{apart} of {same} are apart");
    }

    #[test]
    fn a_whole_number_is_what_it_is_as_a_float() {
        let mut random = numbers();
        let mut next = || random.next().unwrap();
        for _ in 0..20_000 {
            let deviation = 10f64.powf(next() * 9.0);
            let mean = 40_000.0 * next();
            let column = ColumnScale::new(mean, deviation);
            let scale = IntegerScale::new(&column, 3000.0);
            let x = (32767.5 * next()).floor() as i16;
            let as_float = scale.apply(x.into(), 9000);
            assert_eq!(
                Some(scale.whole(x, 9000)),
                as_float,
                "{x} {mean} {deviation}"
            );
        }
    }

    #[test]
    fn columns_of_any_kind_stay_within_the_cut() {
        let columns = [
            ColumnScale::new(7.0, f64::MAX),
            ColumnScale::new(7.0, f64::INFINITY),
            ColumnScale::new(1e300, 1e-300),
            ColumnScale::new(-1e30, 1.0),
            ColumnScale::new(0.0, 1e-20),
        ];
        for column in columns {
            for input_scale in [1e-3, 3000.0, f32::MAX] {
                let scale = IntegerScale::new(&column, input_scale);
                for x in [0.0, -0.0, 1.0, -1.0, f32::MAX, f32::MIN, 1e-45, 7.0] {
                    let found = scale.apply(x, 900).unwrap();
                    assert!((-900..=900).contains(&found), "{column:?} {x}");
                }
                for x in [i16::MIN, -1, 0, 1, i16::MAX] {
                    let found = scale.whole(x, 900);
                    assert!((-900..=900).contains(&found), "{column:?} {x}");
                }
                assert_eq!(scale.apply(f32::NEG_INFINITY, 900), None);
            }
        }
        // One that never moves says nothing.
        let still = IntegerScale::new(&ColumnScale::new(7.0, f64::INFINITY), 3000.0);
        assert_eq!((still.apply(8.0, 900), still.whole(-3, 900)), (Some(0), 0));
    }
}
