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
