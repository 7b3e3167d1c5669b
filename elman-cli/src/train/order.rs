//! What the first rank tells the others to do.

use crate::base::ranks::Order;

/// Which update it is, and how strongly to learn.
#[derive(Clone, Copy, Debug)]
pub struct Update {
    /// The learning rate.
    pub rate: f64,
    /// Updates so far and this one.
    pub number: u64,
    /// Seed of the run.
    pub seed: u64,
    /// The epoch, and the number of the first batch of the update.
    pub epoch: u64,
    pub batch: usize,
}

/// One thing to do.
#[derive(Clone, Copy, Debug)]
pub enum Duty {
    /// A training job comes, as the text of a configuration file: read its data.
    Prepare,
    /// Say whether the data are those of the first.
    Report,
    /// Parameters, the optimizer's memory and the mean of the parameters come.
    Start,
    /// The states that streams carry come.
    Carry,
    /// Do your part of an update from so many batches.
    Learn(Update, usize),
    /// Send the states that your streams carry.
    Collect,
}

impl Duty {
    /// In words.
    pub const fn order(self) -> Order {
        let mut order = [self.word(), 0, 0, 0, 0, 0];
        if let Self::Learn(update, batches) = self {
            order[1] = update.rate.to_bits();
            order[2] = update.number;
            order[3] = update.epoch;
            order[4] = update.batch as u64;
            order[5] = batches as u64;
        }
        order
    }

    const fn word(self) -> u64 {
        match self {
            Self::Prepare => 1,
            Self::Report => 2,
            Self::Start => 3,
            Self::Carry => 4,
            Self::Learn(..) => 5,
            Self::Collect => 6,
        }
    }

    /// Of a run with this seed; `None` for words that say nothing.
    pub const fn of(order: Order, seed: u64) -> Option<Self> {
        let [word, rate, number, epoch, batch, batches] = order;
        Some(match word {
            1 => Self::Prepare,
            2 => Self::Report,
            3 => Self::Start,
            4 => Self::Carry,
            5 => {
                let update = Update {
                    rate: f64::from_bits(rate),
                    number,
                    seed,
                    epoch,
                    batch: batch as usize,
                };
                Self::Learn(update, batches as usize)
            }
            6 => Self::Collect,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_say_what_was_meant() {
        let update = Update {
            rate: 0.1,
            number: 2,
            seed: 3,
            epoch: 4,
            batch: 5,
        };
        for duty in [
            Duty::Prepare,
            Duty::Report,
            Duty::Start,
            Duty::Carry,
            Duty::Learn(update, 6),
            Duty::Collect,
        ] {
            let found = Duty::of(duty.order(), 3).expect("a duty");
            assert_eq!(format!("{found:?}"), format!("{duty:?}"));
            assert_ne!(duty.order()[0], 0, "which is the end");
        }
        assert!(Duty::of([7; 6], 3).is_none());
    }
}
