//! Tables to train on, and nets for them that train in a moment.

pub const CLASSIFY: &str = "--hidden 8 --epochs 2 --patience 0 --dropout 0 --noise 0 --threads 1";
pub const FORECAST: &str = "--target y --epochs 1 --threads 1";

/// A table of sequences: rising ones are `up`, falling ones `down`.
pub fn sequences(
    count: usize,
    header: &str,
    row: impl Fn(usize, usize, f64, &str) -> String,
) -> String {
    let mut text = header.to_owned();
    for seq in 0..count {
        let (sign, label) = if seq % 2 == 0 {
            (1.0, "up")
        } else {
            (-1.0, "down")
        };
        for t in 0..5 {
            let x = sign * t as f64 + (seq % 7) as f64 / 8.0;
            text += &row(seq, t, x, label);
        }
    }
    text
}

pub fn plain(count: usize) -> String {
    sequences(count, "seq,t,x,label\n", |seq, t, x, label| {
        format!("{seq},{t},{x},{label}\n")
    })
}

/// A series in which `row` writes step and value.
pub fn series(header: &str, row: impl Fn(usize, f64) -> String) -> String {
    let value = |t: usize| 10.0 + (t % 4) as f64 + t as f64 / 16.0;
    (0..60).fold(header.to_owned(), |text, t| text + &row(t, value(t)))
}

/// Nets for numbers that train in a moment.
pub const SMALL: &str = "--hidden 6 --batch 8 --lr 0.02 --patience 0 --threads 1";

/// Sequences of two classes that lie a little apart: the first column rises or falls.
pub fn gestures(sequences: usize, salt: usize) -> String {
    let mut text = "seq,t,x,z,label\n".to_owned();
    for i in 0..sequences {
        let (label, slope) = if i % 2 == 0 {
            ("up", 1.0)
        } else {
            ("down", -1.0)
        };
        for t in 0..6 {
            let wave = ((i * 31 + salt * 17 + t * 7) % 13) as f64 / 4.0 - 1.5;
            let x = slope * t as f64 / 3.0 + wave;
            text += &format!("{i},{t},{x:.3},{:.3},{label}\n", -wave / 2.0);
        }
    }
    text
}

/// A wave with a rhythm that a line does not foresee.
pub fn wave(steps: usize) -> String {
    let mut text = "t,y,split\n".to_owned();
    let mut x = 0.3f64;
    for t in 0..steps {
        x = 3.7 * x * (1.0 - x);
        let part = if t * 10 < steps * 6 {
            "train"
        } else if t * 10 < steps * 8 {
            "dev"
        } else {
            "test"
        };
        text += &format!("{t},{x:.6},{part}\n");
    }
    text
}

/// Recordings at rest, in which a pulse comes now and then: six rows of a higher or a lower number, with some noise.
pub fn pulses(seed: u32) -> String {
    let mut text = "seq,t,a,b,label\n".to_owned();
    let mut noise = seed;
    for seq in 0..12 {
        for t in 0..60 {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let shake = f64::from(noise >> 20) / 4096.0 - 0.5;
            let (label, a) = match (t + 5 * seq) % 30 {
                10..16 => ("up", 3.0),
                20..26 => ("down", -3.0),
                _ => ("rest", 0.0),
            };
            text += &format!("{seq},{t},{:.4},{:.4},{label}\n", a + shake, 100.0 + shake);
        }
    }
    text
}
