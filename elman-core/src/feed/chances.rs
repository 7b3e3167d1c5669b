//! The softmax of an int8 net, without a float.

/// From logits to probabilities in units of 2^-15. Each is within 2^-11 of the softmax in exact arithmetic, of up to 256 classes.
///
/// ```text
/// d = the largest logit less this one              0 beyond `farthest`
/// t = ⌊⌊d / 2^shift⌋ · multiplier / 2¹⁶⌋           octaves, in units of 2^-11
/// e = ⌊2¹⁵·2^-fraction(t)⌋ / 2^⌊t⌋                  by a polynomial of degree three
/// p = e / Σ e                                       by one division: ⌊e·⌊2³¹ / ⌊Σ e / 2^n⌋⌋ / 2^(16+n)⌋, n so that the divisor has 16 bits
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegerSoftmax {
    /// A logit that lies so many units or more below the largest is nothing.
    pub farthest: u32,
    /// Low bits of a distance that do not count.
    pub shift: u32,
    /// What one unit of what is left is worth in octaves, in units of 2^-27.
    pub multiplier: u32,
}

/// What all probabilities are divided by.
#[derive(Clone, Copy)]
struct Divisor {
    largest: i32,
    factor: u32,
    shift: u32,
}

impl IntegerSoftmax {
    /// Of logits of which one unit is worth [`QuantizedModel::unit`](crate::quantized::QuantizedModel::unit).
    ///
    /// ```
    /// # use elman_core::feed::IntegerSoftmax;
    /// let softmax = IntegerSoftmax::new(0.001);
    /// // Two equal ones, and one that is a thousandth as likely.
    /// let logits = [500, 500, 500 - 6908];
    /// assert_eq!(softmax.probability(&logits, 0), 16376);
    /// assert_eq!(softmax.probability(&logits, 2), 15);
    /// ```
    pub fn new(unit: f32) -> Self {
        const OCTAVES: f64 = 16.0;
        const MOST: f64 = u32::MAX as f64;
        let octaves = f64::from(unit) * core::f64::consts::LOG2_E;
        let farthest = libm::ceil((OCTAVES / octaves).min(MOST)).max(1.0) as u32;
        let shift = (32 - (farthest - 1).leading_zeros()).saturating_sub(16);
        let worth = libm::floor(libm::ldexp(octaves, 27 + shift as i32));
        Self {
            farthest,
            shift,
            multiplier: worth.min(f64::from(1u32 << 31)) as u32,
        }
    }

    /// Whether no distance overflows.
    pub(crate) fn is_sound(self) -> bool {
        let most = self.farthest.saturating_sub(1).checked_shr(self.shift);
        most.is_some_and(|most| most.checked_mul(self.multiplier).is_some())
    }

    /// `2¹⁵·exp(-distance)`
    #[inline]
    fn part(self, distance: u32) -> u32 {
        if distance >= self.farthest {
            return 0;
        }
        let octaves = ((distance >> self.shift) * self.multiplier) >> 16;
        let f = octaves & 0x7ff;
        // Within 1.3e-4 of 2^-f, and a half where the next octave begins.
        let slope = 22657 - (((7555 - ((1282 * f) >> 11)) * f) >> 11);
        (32768 - ((slope * f) >> 11)) >> (octaves >> 11)
    }

    fn divisor(self, logits: &[i32]) -> Divisor {
        let largest = logits.iter().fold(i32::MIN, |most, &y| most.max(y));
        let parts = logits.iter().map(|y| self.part(largest.abs_diff(*y)));
        // At least 2^15, the part of the largest itself.
        let mut sum = parts.fold(0, u32::wrapping_add).max(1 << 15);
        let mut shift = 16;
        while sum >= 1 << 16 {
            sum >>= 1;
            shift += 1;
        }
        Divisor {
            largest,
            factor: (1 << 31) / sum,
            shift,
        }
    }

    /// `2¹⁵·p` of a class.
    pub fn probability(self, logits: &[i32], class: usize) -> u32 {
        let divisor = self.divisor(logits);
        logits
            .get(class)
            .map_or(0, |&logit| self.share(divisor, logit))
    }

    #[inline]
    fn share(self, divisor: Divisor, logit: i32) -> u32 {
        let part = self.part(divisor.largest.abs_diff(logit));
        (part * divisor.factor) >> divisor.shift
    }

    /// `2¹⁵·p` of every class.
    pub(super) fn probabilities(self, logits: &[i32]) -> impl Iterator<Item = u32> {
        let divisor = self.divisor(logits);
        logits.iter().map(move |&logit| self.share(divisor, logit))
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::numbers;
    use super::*;

    #[test]
    fn probabilities_are_as_near_as_they_say() {
        let mut random = numbers();
        let mut next = || random.next().unwrap();
        let mut nearest = f64::MAX;
        for round in 0..20_000 {
            let unit = 10f64.powf(-4.0 + 4.0 * next()) as f32;
            let classes = if round % 100 == 0 {
                256
            } else {
                1 + round % 12
            };
            let softmax = IntegerSoftmax::new(unit);
            let spread = 10f64.powf(1.5 * next());
            let mut logits = [0; 256];
            let logits = &mut logits[..classes];
            logits.fill_with(|| (spread * next() / f64::from(unit)) as i32);
            let weight = |&y: &i32| (f64::from(y) * f64::from(unit)).exp();
            let sum: f64 = logits.iter().map(weight).sum();
            for (class, found) in softmax.probabilities(logits).enumerate() {
                let exact = weight(&logits[class]) / sum;
                let off = (f64::from(found) / 32768.0 - exact).abs();
                assert!(off < 2f64.powi(-11), "{unit} {logits:?}: {off}");
                nearest = nearest.min(2f64.powi(-11) - off);
                assert_eq!(softmax.probability(logits, class), found);
            }
        }
        assert!(
            nearest < 3e-4,
            "a bound that is far away says little: {nearest}"
        );
    }

    #[test]
    fn what_is_certain_is_one() {
        for unit in [1e-30f32, 1e-9, 0.01, 3.0, 1e9] {
            let softmax = IntegerSoftmax::new(unit);
            assert_eq!(softmax.probability(&[7], 0), 32768);
            let far = softmax.probability(&[i32::MIN, i32::MAX], 1);
            assert!(far == 32768 || unit < 1e-8, "{unit}: {far}");
            assert_eq!(softmax.probability(&[7], 1), 0);
        }
    }
}
