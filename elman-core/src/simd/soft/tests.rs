use super::*;
use crate::simd::activation::tanh;
use crate::simd::{Level, Operation, Simd};

/// Pseudo-random words.
struct Words(u64);

impl Words {
    fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    /// Bits of a number, corners more often than they would come up by themselves.
    fn bits(&mut self) -> u32 {
        let (sign, word) = (self.next() & 1 << 31, self.next());
        let mantissa = match word >> 29 {
            0 => [
                0, 1, 2, 0x40_0000, 0x3F_FFFF, 0x40_0001, 0x7F_FFFE, 0x7F_FFFF,
            ][word as usize % 8],
            1 => 1 << (word % 23),
            2 => 0x7F_FFFF << (word % 23) & 0x7F_FFFF,
            _ => word & 0x7F_FFFF,
        };
        let exponent = match self.next() {
            word if word & 7 == 0 => [0, 1, 2, 253, 254, 255, 127, 150][word as usize >> 8 & 7],
            word if word & 7 == 1 => word >> 8 & 0xFF,
            word => 120 + (word >> 8) % 16,
        };
        sign | exponent << 23 | mantissa
    }

    fn number(&mut self) -> f32 {
        f32::from_bits(self.bits())
    }
}

/// The same bits, or both NaN.
fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

#[track_caller]
fn check(a: f32, b: f32, c: f32) {
    let (found, expected) = (mul_add(a, b, c), a * b + c);
    assert!(
        same(found, expected),
        "{a:e}·{b:e} + {c:e} = {expected:e}, found {found:e}; bits {:08x} {:08x} {:08x}",
        a.to_bits(),
        b.to_bits(),
        c.to_bits(),
    );
}

#[test]
fn random_numbers_and_corners() {
    let mut words = Words(1);
    for _ in 0..10_000_000 {
        check(words.number(), words.number(), words.number());
    }
}

/// Every pair of what is special, zero or next to a border, and sums that cancel to the last bits.
#[test]
fn corners_with_corners() {
    let magnitudes = [
        0,
        1,
        2,
        0x40_0000,
        0x7F_FFFF,
        0x80_0000,
        0x80_0001,
        0xFF_FFFF,
        0x100_0000,
        0x3F7F_FFFF,
        0x3F80_0000,
        0x3F80_0001,
        0x3FFF_FFFF,
        0x4000_0000,
        0x4B00_0000,
        0x7E7F_FFFF,
        0x7E80_0000,
        0x7EFF_FFFF,
        0x7F00_0000,
        0x7F7F_FFFF,
        0x7F80_0000,
        0x7FC0_0000,
        0x1F80_0000,
        0x1FFF_FFFF,
        0x2000_0000,
        0x5F00_0000,
        0x5F7F_FFFF,
    ];
    let numbers = || {
        magnitudes
            .into_iter()
            .flat_map(|bits| [bits, bits | 1 << 31])
            .map(f32::from_bits)
    };
    for a in numbers() {
        for b in numbers() {
            let product = a * b;
            for c in numbers() {
                check(a, b, c);
            }
            for step in -70..70_i32 {
                let near = f32::from_bits(product.to_bits().wrapping_add_signed(step));
                check(a, b, -near);
                check(a, b, near);
            }
        }
    }
}

#[test]
fn sums_of_every_distance() {
    let mut words = Words(2);
    for distance in -40..=40_i32 {
        for _ in 0..100_000 {
            let a = f32::from_bits(words.bits() & 0x807F_FFFF | 127 << 23);
            let b = f32::from_bits(words.bits() & 0x807F_FFFF | 127 << 23);
            let exponent = (127 + distance) as u32;
            check(
                a,
                b,
                f32::from_bits(words.bits() & 0x807F_FFFF | exponent << 23),
            );
        }
    }
}

/// On cores that multiply 32 bits to 32 and on others, the upper half of a product is the same.
#[test]
fn halves_of_products() {
    let mut words = Words(3);
    for _ in 0..1_000_000 {
        let [a, b] = [words.next() | 1 << 31, words.next() | 1 << 31].map(|word| word & !0xFF);
        assert_eq!(
            sum::by_halves(a & 0xFFFF_0000 | a >> 8 & 0xFF, b),
            sum::by_words(a, b)
        );
    }
}

/// A row by strips, wanted in part, with and without zeros, beside the naive loop.
#[test]
fn dot_is_the_naive_loop() {
    let mut words = Words(4);
    for (depth, other, width) in [
        (0, 1, 3_usize),
        (1, 0, 16),
        (16, 17, 5),
        (40, 3, 32),
        (33, 70, 37),
    ] {
        for skips in [false, true] {
            let strips = width.div_ceil(LANES);
            let (mut rows, mut matrices, mut start) =
                ([[0.0; 70]; 2], [[[0.0; LANES]; 210]; 2], [[0.0; LANES]; 3]);
            let all = matrices.as_flattened_mut().iter_mut().chain(&mut start);
            for number in all.flatten().chain(rows.as_flattened_mut()) {
                *number = words.next() as i32 as f32 / 2e9;
            }
            for number in rows.as_flattened_mut().iter_mut().step_by(3) {
                *number = 0.0;
            }
            let depths = [depth, other];
            let mut products = [0, 1].map(|i| {
                let data = matrices[i].as_flattened();
                let b = View {
                    data,
                    outer: depths[i] * LANES,
                    inner: LANES,
                };
                Product::new(&rows[i][..depths[i]], b, strips)
            });
            let mut to = [f32::NAN; 48];
            let start = start.as_flattened();
            dot(
                View::rows(start, LANES),
                &mut products,
                &mut to[..width],
                skips,
            );
            for (column, &to) in to[..width].iter().enumerate() {
                let (strip, lane) = (column / LANES, column % LANES);
                let mut sum = start[column];
                for (i, depth) in depths.into_iter().enumerate() {
                    for k in 0..depth {
                        sum += rows[i][k] * matrices[i][strip * depth + k][lane];
                    }
                }
                assert!(
                    same(sum, to),
                    "column {column} of {width}: {sum}, found {to}"
                );
            }
            assert!(
                to[width..].iter().all(|to| to.is_nan()),
                "written behind the end"
            );
        }
    }
}

struct Tanh([f32; LANES]);

impl Operation for Tanh {
    type Output = [f32; LANES];

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> [f32; LANES] {
        let mut y = [0.0; LANES];
        s.store(&mut y, tanh(s, s.load(&self.0)));
        y
    }
}

#[test]
fn tanh_is_that_of_vectors() {
    let mut words = Words(5);
    for i in 0..50_000 {
        let x = core::array::from_fn(|lane| match (i, lane) {
            (0, 0) => -0.0,
            (0, 1) => f32::NAN,
            (0, 2) => f32::NEG_INFINITY,
            _ if lane % 2 == 0 => words.number(),
            _ => words.next() as i32 as f32 / 2e8,
        });
        let expected = Level::PORTABLE.run(Tanh(x));
        let mut y = [0.0; LANES];
        tanh_row(&x, &mut y);
        for (lane, (found, expected)) in y.into_iter().zip(expected).enumerate() {
            assert!(
                same(found, expected),
                "tanh({}) = {expected}, found {found}",
                x[lane]
            );
        }
    }
}
