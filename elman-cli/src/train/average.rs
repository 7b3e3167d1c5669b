//! The mean of the parameters over the latest updates: it lies where the noise of single batches cancels out, and
//! usually judges new data better than the last parameters do (Polyak and Juditsky 1992).

/// The parameters that are judged and kept, beside those that are learnt.
pub struct Average {
    /// The share that an update leaves of the mean before it; 0 where nothing is averaged.
    decay: f64,
    /// The mean; empty where nothing is averaged.
    pub params: Vec<f32>,
}

impl Average {
    /// Of so many parameters, all zero.
    pub fn new(decay: f64, params: usize) -> Self {
        Self {
            decay,
            params: vec![0.0; Self::len(decay, params)],
        }
    }

    /// Numbers that it holds.
    pub fn len(decay: f64, params: usize) -> usize {
        if decay > 0.0 { params } else { 0 }
    }

    /// Begins with the first parameters.
    pub fn start(&mut self, params: &[f32]) {
        if self.decay > 0.0 {
            self.params.copy_from_slice(params);
        }
    }

    /// Takes the parameters after an update in, counted from 1.
    pub fn follow(&mut self, params: &[f32], update: u64) {
        let weight = self.weight(update);
        for (mean, &new) in self.params.iter_mut().zip(params) {
            *mean += weight * (new - *mean);
        }
    }

    /// What the newest parameters weigh: at first more, so that the mean reaches back no farther than about a tenth of
    /// the training and short trainings forget where they began.
    fn weight(&self, update: u64) -> f32 {
        (1.0 - self.decay).max(9.0 / (9.0 + update as f64)) as f32
    }

    /// The mean, or what is learnt where nothing is averaged.
    pub fn of<'a>(&'a self, learnt: &'a [f32]) -> &'a [f32] {
        if self.decay > 0.0 {
            &self.params
        } else {
            learnt
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_lags_behind_by_a_tenth_and_then_by_the_decay() {
        let mut average = Average::new(0.9, 1);
        average.start(&[7.0]);
        average.follow(&[2.0], 1);
        assert!((average.of(&[0.0])[0] - 2.5).abs() < 1e-6);
        average.params[0] = 0.0;
        average.follow(&[1.0], 81);
        assert!((average.params[0] - 0.1).abs() < 1e-6);
        average.follow(&[1.0], 1 << 40);
        assert!((average.params[0] - 0.19).abs() < 1e-6);
        // Parameters that grow by 1: the mean is that of about the latest ninth.
        let mut average = Average::new(0.99999, 1);
        average.start(&[0.0]);
        (1..=1000).for_each(|update| average.follow(&[update as f32], update));
        assert!(
            (900.0..910.0).contains(&average.params[0]),
            "{}",
            average.params[0]
        );
    }

    #[test]
    fn without_decay_there_is_no_mean() {
        let mut average = Average::new(0.0, 2);
        average.start(&[1.0, 2.0]);
        average.follow(&[3.0, 4.0], 1);
        assert_eq!(
            (average.params.len(), average.of(&[3.0, 4.0])),
            (0, &[3.0, 4.0][..])
        );
    }
}
