//! Pictures of digits, a step for every row of pixels.

use rand_core::Rng;

use crate::base::seeds;

/// The ten digits in 5 x 7 dots, as character displays show them; the highest of five bits is the leftmost dot.
const FONT: [[u8; 7]; 10] = [
    [
        0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110,
    ],
    [
        0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110,
    ],
    [
        0b01110, 0b10001, 0b00001, 0b00010, 0b00100, 0b01000, 0b11111,
    ],
    [
        0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110,
    ],
    [
        0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010,
    ],
    [
        0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110,
    ],
    [
        0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110,
    ],
    [
        0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000,
    ],
    [
        0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110,
    ],
    [
        0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100,
    ],
];

/// Rows of a picture, and pixels of a row.
const SIZE: usize = 8;

/// From white to black.
const INK: f32 = 16.0;

/// So many pictures as CSV: `seq,t,x1..x8` and, where it is known, the digit as `label`. All digits are equally frequent.
pub fn table(rng: &mut impl Rng, count: usize, has_labels: bool) -> String {
    let pixels: Vec<String> = (1..=SIZE).map(|x| format!("x{x}")).collect();
    let label = if has_labels { ",label" } else { "" };
    let mut text = format!("seq,t,{}{label}\n", pixels.join(","));
    let mut digits: Vec<usize> = (0..count).map(|number| number % 10).collect();
    seeds::shuffle(rng, &mut digits);
    for (seq, digit) in digits.into_iter().enumerate() {
        for (t, row) in picture(rng, digit).iter().enumerate() {
            let label = if has_labels {
                format!(",{digit}")
            } else {
                String::new()
            };
            let row: Vec<String> = row.iter().map(u8::to_string).collect();
            text += &format!("{seq},{t},{}{label}\n", row.join(","));
        }
    }
    text
}

/// A digit somewhere in the picture, with a pen that is more or less black, on paper that is not quite white.
fn picture(rng: &mut impl Rng, digit: usize) -> [[u8; SIZE]; SIZE] {
    let (right, down) = (seeds::below(rng, 4), seeds::below(rng, 2));
    let pen = INK * (0.6 + 0.4 * seeds::unit(rng));
    let mut picture = [[0; SIZE]; SIZE];
    for (y, row) in picture.iter_mut().enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let bits = y.checked_sub(down).and_then(|y| FONT[digit].get(y));
            let column = x.checked_sub(right).filter(|&x| x < 5);
            let is_inked = bits
                .zip(column)
                .is_some_and(|(bits, x)| bits >> (4 - x) & 1 == 1);
            let ink = if is_inked { pen } else { 0.0 };
            *pixel = (ink + 3.5 * seeds::normal(rng)).round().clamp(0.0, INK) as u8;
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::seeds::Purpose;

    /// Pixels in which a picture is not as the dots of a digit in this place.
    fn differences(
        picture: &[[u8; SIZE]; SIZE],
        dots: &[u8; 7],
        right: usize,
        down: usize,
    ) -> usize {
        let differs = |&at: &usize| {
            let (y, x) = (at / SIZE, at % SIZE);
            let within = (down..down + 7).contains(&y) && (right..right + 5).contains(&x);
            let dot = within && dots[y - down] >> (4 + right - x) & 1 == 1;
            (f32::from(picture[y][x]) > INK * 0.4) != dot
        };
        (0..SIZE * SIZE).filter(differs).count()
    }

    #[test]
    fn most_digits_can_be_read_dot_by_dot() {
        let rng = &mut seeds::generator(1, Purpose::Demo, &[]);
        let is_read = |&number: &usize| {
            let picture = picture(rng, number % 10);
            let nearest = (0..10).min_by_key(|&digit| {
                let places = (0..8).map(|place| (place / 2, place % 2));
                let counts = places.map(|(x, y)| differences(&picture, &FONT[digit], x, y));
                counts.min()
            });
            nearest == Some(number % 10)
        };
        let count = (0..100).filter(is_read).count();
        assert!(count >= 98, "{count} of 100");
    }

    #[test]
    fn every_digit_comes_as_often_as_another() {
        let text = table(&mut seeds::generator(1, Purpose::Demo, &[]), 30, true);
        assert_eq!(text.lines().count(), 1 + 30 * SIZE);
        for digit in 0..10 {
            let rows = text
                .lines()
                .filter(|row| row.ends_with(&format!(",{digit}")));
            assert_eq!(rows.count(), 3 * SIZE);
        }
    }
}
