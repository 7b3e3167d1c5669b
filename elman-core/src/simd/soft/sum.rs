//! A sum of products in integers.

/// Bits of a sum's mantissa below those of an `f32`: they take what is shifted out of the smaller summand, the lowest of them all
/// that lies further down.
const GUARD: u32 = 5;
/// The largest exponent that is computed here: one more by rounding is still finite.
const LARGEST: i32 = 253;
/// The exponent of what is no normal number, far above all others.
const SPECIAL: i32 = 1 << 20;

/// A number to multiply with.
#[derive(Clone, Copy)]
pub(super) struct Split {
    bits: u32,
    /// The 24 bits of the mantissa, from the top of the word downwards; on cores that multiply 32 bits to 32, the upper sixteen
    /// of them in the high half and the lower eight in the low half.
    mantissa: u32,
    /// Biased exponent less 127; [`SPECIAL`] of what is no normal number.
    exponent: i32,
}

/// A number to add to.
#[derive(Clone, Copy)]
pub(super) struct Sum {
    /// ± mantissa · 2^[`GUARD`], a multiple of 2^`GUARD`, the mantissa in 2²³..=2²⁴; the bits of an `f32` if `exponent` is [`SPECIAL`].
    mantissa: i32,
    /// Biased, in 1..=[`LARGEST`], or [`SPECIAL`].
    exponent: i32,
}

/// The biased exponent of an `f32`.
#[inline(always)]
const fn exponent_of(bits: u32) -> u32 {
    bits << 1 >> 24
}

/// Whether an exponent is that of a normal number.
#[inline(always)]
const fn is_normal(exponent: u32) -> bool {
    exponent != 0 && exponent != 255
}

impl Split {
    pub const ZERO: Self = Self {
        bits: 0,
        mantissa: 0,
        exponent: SPECIAL,
    };

    #[inline(always)]
    pub fn of(a: f32) -> Self {
        let bits = a.to_bits();
        let exponent = exponent_of(bits);
        let mantissa = bits << 8 | 1 << 31;
        Self {
            bits,
            mantissa: if cfg!(elman_thumb) {
                mantissa & 0xFFFF_0000 | bits & 0xFF
            } else {
                mantissa
            },
            exponent: match is_normal(exponent) {
                true => exponent as i32 - 127,
                false => SPECIAL,
            },
        }
    }

    /// Whether it is +0.
    #[inline(always)]
    pub fn is_zero(&self) -> bool {
        self.bits == 0
    }

    /// The upper 32 of the 48 bits of the product of mantissas.
    #[inline(always)]
    fn times(&self, b: u32) -> u32 {
        let b = b << 8 | 1 << 31;
        if cfg!(elman_thumb) {
            by_halves(self.mantissa, b)
        } else {
            by_words(self.mantissa, b)
        }
    }
}

#[inline(always)]
pub(super) const fn by_halves(a: u32, b: u32) -> u32 {
    let (high, low) = (a >> 16, a & 0xFF);
    let (b_high, b_low) = (b >> 16, b >> 8 & 0xFF);
    let middle = high * b_low + low * b_high + ((low * b_low) >> 8);
    high * b_high + (middle >> 8)
}

#[inline(always)]
pub(super) const fn by_words(a: u32, b: u32) -> u32 {
    ((a as u64 * b as u64) >> 32) as u32
}

/// The product of the mantissas of `a` and `b` over 2²³ or 2²⁴, if it lies in the middle between two numbers: the even one. Else
/// `above`, which is the upper one.
#[cold]
#[inline(never)]
fn even(a: u32, b: u32, above: u32, halved: u32) -> u32 {
    let mantissa = |bits: u32| bits & 0x7F_FFFF | 0x80_0000;
    let product = mantissa(a).wrapping_mul(mantissa(b));
    let is_tie = product << (9 - halved) == 1 << 31;
    if is_tie { above & !1 } else { above }
}

/// `x / 2^shift` with all that is lost in the lowest bit.
#[inline(always)]
fn shifted(x: i32, shift: u32) -> i32 {
    let high = x >> shift;
    high | i32::from(high << shift != x)
}

/// `x` rounded to a multiple of `2^bits`, to an even one in the middle.
#[inline(always)]
const fn rounded(x: i32, bits: u32) -> i32 {
    let odd = x >> bits & 1;
    (x + ((1 << (bits - 1)) - 1) + odd) >> bits << bits
}

impl Sum {
    pub const ZERO: Self = Self {
        mantissa: 0,
        exponent: SPECIAL,
    };

    #[inline(always)]
    pub fn of(x: f32) -> Self {
        let bits = x.to_bits();
        let exponent = exponent_of(bits) as i32;
        if exponent == 0 || exponent > LARGEST {
            return Self {
                mantissa: bits as i32,
                exponent: SPECIAL,
            };
        }
        let magnitude = ((bits & 0x7F_FFFF | 0x80_0000) << GUARD) as i32;
        Self {
            mantissa: if (bits as i32) < 0 {
                -magnitude
            } else {
                magnitude
            },
            exponent,
        }
    }

    #[inline(always)]
    pub fn number(self) -> f32 {
        if self.exponent == SPECIAL {
            return f32::from_bits(self.mantissa as u32);
        }
        let sign = self.mantissa as u32 & 1 << 31;
        let magnitude = self.mantissa.unsigned_abs() >> GUARD;
        // The mantissa's highest bit, which an f32 leaves out, adds the one that the exponent lacks here.
        f32::from_bits(sign | (((self.exponent - 1) as u32) << 23).wrapping_add(magnitude))
    }

    /// `self = round(self + round(a·b))`
    #[inline(always)]
    pub fn add(&mut self, a: &Split, b: f32) {
        match self.with(a, b.to_bits()) {
            Some(sum) => *self = sum,
            None => *self = self.with_any(a.bits, b),
        }
    }

    /// The same of any numbers.
    #[cold]
    #[inline(never)]
    fn with_any(self, a: u32, b: f32) -> Self {
        let magnitudes = [a, b.to_bits()].map(|bits| bits & 0x7FFF_FFFF);
        let is_zero = magnitudes.contains(&0) && magnitudes.iter().all(|&bits| bits < 0x7F80_0000);
        if is_zero && self.exponent != SPECIAL {
            return self;
        }
        Self::of(f32::from_bits(a) * b + self.number())
    }

    /// The same of normal numbers, if the result is one too.
    #[inline(always)]
    fn with(self, a: &Split, b: u32) -> Option<Self> {
        let b_exponent = exponent_of(b);
        let exponent = a.exponent + b_exponent as i32;
        // Its mantissa may be as much as four, and the exponent one more.
        let is_product_normal = (exponent - 1) as u32 <= (LARGEST - 2) as u32;
        if !is_normal(b_exponent) || !is_product_normal {
            return None;
        }
        let high = a.times(b);
        let halved = high >> 31;
        let (high, exponent) = (high >> halved, exponent + halved as i32);
        let mut mantissa = (high + 64) >> 7;
        if high & 127 == 64 {
            mantissa = even(a.bits, b, mantissa, halved);
        }
        let sign = (a.bits ^ b) as i32 >> 31;
        let product = ((mantissa << GUARD) as i32 ^ sign) - sign;
        self.plus(product, exponent)
    }

    /// `round(self + product)`
    #[inline(always)]
    fn plus(self, product: i32, exponent: i32) -> Option<Self> {
        let distance = self.exponent - exponent;
        let (sum, exponent) = if distance >= 0 {
            if distance > 31 {
                return (self.exponent != SPECIAL).then_some(self); // the product is lost in rounding
            }
            let small = shifted(product, distance as u32);
            (self.mantissa + small, self.exponent)
        } else {
            if distance < -31 {
                return Some(Self {
                    mantissa: product,
                    exponent,
                });
            }
            let small = shifted(self.mantissa, -distance as u32);
            (product + small, exponent)
        };
        // The magnitude, or one less below zero: then a power of two keeps the exponent below its own, and the mantissa 2²⁴.
        let magnitude = sum ^ (sum >> 31);
        match magnitude >> (23 + GUARD) {
            1 => Some(Self {
                mantissa: rounded(sum, GUARD),
                exponent,
            }),
            0 => Self::of_small(sum, exponent),
            _ if exponent == LARGEST => None,
            _ => Some(Self {
                mantissa: rounded(sum, GUARD + 1) >> 1,
                exponent: exponent + 1,
            }),
        }
    }

    /// What is left where leading bits cancel.
    #[inline(always)]
    fn of_small(mut sum: i32, mut exponent: i32) -> Option<Self> {
        if sum == 0 {
            return Some(Self::ZERO);
        }
        while (sum ^ (sum >> 31)) >> (23 + GUARD) == 0 {
            sum <<= 1;
            exponent -= 1;
        }
        (exponent > 0).then_some(Self {
            mantissa: rounded(sum, GUARD),
            exponent,
        })
    }
}

/// `round(round(a·b) + c)`
#[inline(never)]
pub fn mul_add(a: f32, b: f32, c: f32) -> f32 {
    let mut sum = Sum::of(c);
    sum.add(&Split::of(a), b);
    sum.number()
}
