//! What is tried next: values by the tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kégl 2011), which draws where
//! good trials are dense and bad ones are not. One estimator for each setting, of the crate `tpe`.

use rand_core::Rng;
use tpe::density_estimation::DefaultEstimatorBuilder;
use tpe::{TpeOptimizer, TpeOptimizerBuilder};

use super::space::{Dimension, Range, Space, Values};
use crate::base::failure::{Failure, Result};
use crate::base::seeds;

/// So many trials are drawn blindly before there is something to learn from.
pub const BLIND: usize = 10;

/// The share of trials that count as good.
const GOOD: f64 = 0.2;

/// Values drawn blindly.
pub fn blind(space: &Space, rng: &mut impl Rng) -> Values {
    let dimensions = space.dimensions.iter();
    dimensions
        .map(|Dimension { name, range }| {
            let place = f64::from(seeds::unit(rng));
            ((*name).to_owned(), range.value(place))
        })
        .collect()
}

/// An estimator for each setting.
pub struct Estimators(Vec<(Dimension, TpeOptimizer)>);

impl Estimators {
    /// From trials, the best first.
    ///
    /// # Errors
    /// None for ranges that are not empty.
    pub fn of<'a>(space: &Space, ranked: impl Iterator<Item = &'a Values> + Clone) -> Result<Self> {
        let estimator = |dimension: &Dimension| {
            let (builder, width) = match &dimension.range {
                Range::Choice(values) => (tpe::histogram_estimator(), values.len() as f64),
                _ => (tpe::parzen_estimator(), 1.0),
            };
            let mut optimizer = build(builder, width)?;
            for (rank, values) in ranked.clone().enumerate() {
                let value = values.get(dimension.name);
                let place = value.and_then(|value| dimension.range.place(value));
                // What a trial did without says nothing.
                let place = place.map_or(f64::NAN, |place| place * width);
                optimizer.tell(place, rank as f64).map_err(complain)?;
            }
            Ok((dimension.clone(), optimizer))
        };
        let all: Result<_> = space.dimensions.iter().map(estimator).collect();
        Ok(Self(all?))
    }

    /// Values to try.
    ///
    /// # Errors
    /// None for ranges that are not empty.
    pub fn draw(&mut self, rng: &mut impl Rng) -> Result<Values> {
        let mut values = Values::new();
        for (dimension, optimizer) in &mut self.0 {
            let drawn = optimizer.ask(rng).map_err(complain)?;
            let place = match &dimension.range {
                // A choice is drawn by its number.
                Range::Choice(choices) => (drawn.floor() + 0.5) / choices.len() as f64,
                _ => drawn,
            };
            values.insert(dimension.name.to_owned(), dimension.range.value(place));
        }
        Ok(values)
    }
}

fn build(builder: DefaultEstimatorBuilder, width: f64) -> Result<TpeOptimizer> {
    let range = tpe::range(0.0, width).map_err(complain)?;
    let mut optimizer = TpeOptimizerBuilder::new();
    optimizer.gamma(GOOD);
    optimizer.build(builder, range).map_err(complain)
}

fn complain(error: impl std::fmt::Display) -> Failure {
    Failure::run(format!("the search cannot draw its next trial: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::seeds::Purpose;

    fn space() -> Space {
        let usual = [("hidden", "64"), ("cell", "elman"), ("dropout", "0.5")];
        let usual = usual.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Space::around(&["hidden", "cell", "dropout"], &Values::from(usual))
    }

    #[test]
    fn what_was_good_is_drawn_more_often() {
        let space = space();
        let mut rng = seeds::generator(1, Purpose::Search, &[]);
        let mut seen: Vec<Values> = (0..100).map(|_| blind(&space, &mut rng)).collect();
        // Elman's cell and little dropout are good.
        let badness = |values: &Values| {
            let dropout: f64 = values["dropout"].parse().unwrap();
            (f64::from(values["cell"] != "elman") + dropout * 2.0 * 100.0) as u32
        };
        seen.sort_by_key(badness);
        let mut estimators = Estimators::of(&space, seen.iter()).unwrap();
        let drawn: Vec<Values> = (0..100)
            .map(|_| estimators.draw(&mut rng).unwrap())
            .collect();
        let mean = |all: &[Values]| {
            let dropout = |one: &Values| one["dropout"].parse::<f64>().unwrap();
            all.iter().map(dropout).sum::<f64>() / all.len() as f64
        };
        assert!(mean(&drawn) < 0.5 * mean(&seen), "{}", mean(&drawn));
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let space = space();
        let draw = || {
            let mut rng = seeds::generator(7, Purpose::Search, &[3]);
            let seen: Vec<Values> = (0..20).map(|_| blind(&space, &mut rng)).collect();
            let mut estimators = Estimators::of(&space, seen.iter()).unwrap();
            (0..5)
                .map(|_| estimators.draw(&mut rng).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(), draw());
    }
}
