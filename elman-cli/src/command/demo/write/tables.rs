//! Tables of numbers: gestures, a recording, a series, windows, engines.

use std::ops::Range;

use rand_core::Rng;

use super::super::series::{STEPS, chaos, part, risen};
use crate::base::seeds;

/// Noise of this size.
fn noise(rng: &mut impl Rng, size: f64) -> f64 {
    size * f64::from(seeds::normal(rng))
}

/// Up to 1 and down to -1 and back again in `period` steps, in straight lines.
fn zigzag(t: usize, period: usize) -> f64 {
    let place = (t % period) as f64 / period as f64;
    1.0 - 4.0 * (place - 0.5).abs()
}

/// Gestures of twelve steps, three of each in turn: a jerk upwards, downwards or to the left, of which the hand comes to rest.
pub fn gestures(rng: &mut impl Rng) -> String {
    const COUNT: usize = 120;
    const LENGTH: usize = 12;
    let mut text = "seq,t,ax,ay,az,label\n".to_owned();
    for seq in 0..COUNT {
        let (label, ax, az) = [("up", 0.0, 1.0), ("down", 0.0, -1.0), ("left", -1.0, 0.0)][seq % 3];
        let (strength, begins) = (
            2.0 + 2.0 * f64::from(seeds::unit(rng)),
            seeds::below(rng, 5),
        );
        for t in 0..LENGTH {
            // It speeds up, and is braked.
            let jerk = match t.checked_sub(begins) {
                Some(since @ 0..8) => strength * zigzag(since + 2, 8),
                _ => 0.0,
            };
            let [x, y, z] = [ax * jerk, 0.0, 9.8 + az * jerk].map(|value| value + noise(rng, 0.3));
            text += &format!("{seq},{t},{x:.2},{y:.2},{z:.2},{label}\n");
        }
    }
    text
}

/// One long recording of an accelerometer, with what its wearer did at every step: stood, walked or ran.
pub fn recording(rng: &mut impl Rng) -> String {
    const LENGTH: usize = 2400;
    let mut text = "t,ax,az,label\n".to_owned();
    let (mut kind, mut left) = (0, 0);
    for t in 0..LENGTH {
        if left == 0 {
            // Any other than before.
            kind = (kind + 1 + seeds::below(rng, 2)) % 3;
            left = 20 + seeds::below(rng, 40);
        }
        left -= 1;
        let (label, size, period) = [("stand", 0.0, 8), ("walk", 1.5, 16), ("run", 3.0, 8)][kind];
        let x = 0.3 * size * zigzag(t + 3, period) + noise(rng, 0.4);
        let z = 9.8 + size * zigzag(t, period) + noise(rng, 0.4);
        text += &format!("{t},{x:.2},{z:.2},{label}\n");
    }
    text
}

/// The series of `elman demo series`, moved by heat of the step before; and the rows that come after it.
pub fn series(rng: &mut impl Rng) -> (String, String) {
    const LIVE: usize = 40;
    let (mut known, mut live) = ("t,y,heat,split\n".to_owned(), "t,y,heat\n".to_owned());
    let mut before = 0;
    for (step, x) in chaos(STEPS + LIVE).into_iter().enumerate() {
        let y = risen(step, x) + 0.5 * before as f64 + noise(rng, 0.1);
        let heat = seeds::below(rng, 5);
        if step < STEPS {
            known += &format!("{step},{y:.3},{heat},{}\n", part(step));
        } else {
            live += &format!("{step},{y:.3},{heat}\n");
        }
        before = heat;
    }
    (known, live)
}

/// Windows of five successive numbers, from one of `starts` on, every `step`-th; and the square of the one that comes next.
pub fn windows(starts: Range<usize>, step: usize, has_squares: bool) -> String {
    let mut text = if has_squares {
        "seq,t,x,y\n"
    } else {
        "seq,t,x\n"
    }
    .to_owned();
    for (seq, start) in starts.step_by(step).enumerate() {
        for t in 0..5 {
            let square = match has_squares {
                true => format!(",{}", (start + 5).pow(2)),
                false => String::new(),
            };
            text += &format!("{seq},{t},{}{square}\n", start + t);
        }
    }
    text
}

/// Runs of an engine: its cylinders fill some time after the throttle opens, and turn with a force that is greatest at 3500 rpm.
pub fn engine(rng: &mut impl Rng) -> String {
    const RUNS: usize = 30;
    const LENGTH: usize = 40;
    let mut text = "run,t,rpm,throttle,torque,power\n".to_owned();
    for run in 1..=RUNS {
        let mut rpm = 1000.0 + 3000.0 * f64::from(seeds::unit(rng));
        let (mut throttle, mut filling) = (20.0, 0.2);
        for t in 0..LENGTH {
            if t % 8 == 0 {
                throttle = 5.0 + seeds::below(rng, 96) as f64;
            }
            filling += 0.4 * (throttle / 100.0 - filling);
            rpm += 0.15 * (1000.0 + 50.0 * throttle - rpm) + noise(rng, 20.0);
            // Newton metres, and kilowatts.
            let torque =
                220.0 * filling * (1.0 - ((rpm - 3500.0) / 4500.0).powi(2)) + noise(rng, 1.0);
            let power = torque * rpm / 9549.0;
            text += &format!("{run},{t},{rpm:.0},{throttle:.0},{torque:.1},{power:.2}\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zigzag_swings_evenly() {
        let swing: Vec<f64> = (0..9).map(|t| zigzag(t, 8)).collect();
        assert_eq!(swing, [-1.0, -0.5, 0.0, 0.5, 1.0, 0.5, 0.0, -0.5, -1.0]);
    }

    #[test]
    fn the_square_is_that_of_the_next() {
        assert_eq!(
            windows(1..12, 10, true).lines().collect::<Vec<_>>()[..7],
            [
                "seq,t,x,y",
                "0,0,1,36",
                "0,1,2,36",
                "0,2,3,36",
                "0,3,4,36",
                "0,4,5,36",
                "1,0,11,256"
            ]
        );
        assert_eq!(windows(46..1997, 1950, false).lines().count(), 11);
    }
}
