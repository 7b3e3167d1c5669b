//! A forecasting net for a firmware: the linear sum and the scales around the net.

use elman_core::feed::{ColumnScale, Readout, Split};

use super::history::{INPUT_LAGS, View};
use super::meaning::{ForecastMeaning, NET_LAGS, WIDEST};
use super::scale::Differencing;
use crate::base::encoding::{Encoding, FED, Numbers, Reads, SeriesTables, Whose, single};

impl ForecastMeaning {
    /// In words and numbers what [`ForecastMeaning::encode`] does around the net.
    pub fn encoding(&self) -> Encoding {
        let mut encoding = Encoding::default();
        self.describe_inputs(&mut encoding);
        self.describe_outputs(&mut encoding);
        let columns = "The target, then the other columns that are read.";
        encoding.add_names("columns", columns, self.columns.clone());
        let fallback = "What each column is where a series begins with a gap.";
        encoding.add_numbers("fallback", fallback, &self.fallback);
        encoding.add_numbers("linear", "w of the linear sum.", &self.linear.weights);
        let intercept = "intercept of the linear sum.";
        encoding.add_numbers("intercept", intercept, &[self.linear.intercept]);
        encoding.add_numbers("means", "Mean of every input of the net.", &self.means);
        encoding.add_numbers(
            "spreads",
            "Spread of every input of the net.",
            &self.spreads,
        );
        let residual = "Unit of the net's output, on the curve.";
        encoding.add_numbers("residual", residual, &[self.residual]);
        encoding.remark(FED);
        encoding.answers = self.numbers();
        encoding
    }

    /// The same as tables in single precision. The target on its curve and the other columns count from what they are where a series
    /// begins with a gap, so that little is lost of series that vary little.
    fn numbers(&self) -> Option<Numbers> {
        let view = &self.view;
        let curve = view.scale.curve;
        let (target, others) = self.fallback.split_first()?;
        let center = curve.apply(*target);
        let read = INPUT_LAGS * others.len();
        let (of_others, of_lags) = self.linear.weights.split_at(read);
        let centers = others.iter().flat_map(|x| [*x; INPUT_LAGS]);
        let terms = of_others.iter().zip(centers.clone());
        let mut offset = self.linear.intercept + terms.map(|(w, x)| w * x).sum::<f64>();
        let base = match view.scale.differencing {
            Differencing::None => {
                offset += of_lags.iter().map(|w| w * center).sum::<f64>() - center;
                None
            }
            Differencing::First => Some(0),
            Differencing::Seasonal(season) => Some(season.saturating_sub(view.horizon)),
        };
        let moments = self.means.iter().zip(&self.spreads);
        let centers = centers.chain([center]).chain(std::iter::repeat(0.0));
        let inputs = moments.zip(centers);
        let inputs =
            inputs.map(|((mean, &spread), center)| ColumnScale::new(mean - center, spread));
        let (curve, start) = curve.single(center);
        let columns = std::iter::once(start).chain(others.iter().copied());
        let numbers = Numbers {
            reads: Reads::Series(SeriesTables {
                curve,
                centers: columns.map(Split::new).collect(),
                weights: self.linear.weights.iter().copied().map(single).collect(),
                inputs: inputs.collect(),
                farthest: WIDEST as f32,
                span: view.scale.differencing.span(),
                base,
                offset: single(offset),
                horizon: view.horizon,
                known: view.known,
            }),
            readouts: vec![Readout {
                curve,
                residual: single(self.residual),
                start: Split::new(start),
            }],
            reaches: Vec::new(),
            errors_of: Whose::Own,
        };
        let reach = |share| Some(vec![self.errors.reach(share).ok()?]);
        numbers.with_reaches(reach).sound()
    }

    /// From values to the net.
    fn describe_inputs(&self, encoding: &mut Encoding) {
        let curve = self.view.scale.curve.formula("value");
        encoding.remark(format!(
            "In double precision, with u[t] the target at step t on its curve: u = {curve}. A missing value is the one before."
        ));
        let (lags, span) = (self.view.lags, self.view.scale.differencing.span());
        let lagged = match span {
            0 => "u[t-k]".to_owned(),
            span => format!("u[t-k] - u[t-k-{span}]"),
        };
        let others = self.columns.len() - 1;
        encoding.remark(format!(
            "Features of the linear sum: of each of {others} other columns the values at {}, then {lagged} for k = 0 to {}.",
            self.steps_read(others),
            lags.saturating_sub(1)
        ));
        let base = match self.view.scale.differencing {
            Differencing::None => "0".to_owned(),
            Differencing::First => "u[t]".to_owned(),
            Differencing::Seasonal(season) => {
                format!("u[t-{}]", season.saturating_sub(self.view.horizon))
            }
        };
        encoding.remark(format!(
            "expected = {base} + intercept + sum of linear[i] * feature[i]"
        ));
        encoding.remark(format!(
            "Inputs of the net: the same values of other columns, u[t], expected - u[t], then u[t-k] - u[t-k-1] for {} steps k; \
             each as (value - means[i]) / spreads[i], cut to -{WIDEST}..{WIDEST} and rounded to float.",
            lags.min(NET_LAGS)
        ));
    }

    /// At which steps other columns are read.
    fn steps_read(&self, others: usize) -> String {
        let View { horizon, known, .. } = self.view;
        let (past, oldest) = (
            format!("t to t-{}", INPUT_LAGS - 1),
            horizon + 1 - INPUT_LAGS,
        );
        match known {
            0 => past,
            known if known == others => format!("t+{horizon} to t+{oldest}"),
            known => format!("{past} (of the last {known} at t+{horizon} to t+{oldest})"),
        }
    }

    /// From the net to a forecast.
    fn describe_outputs(&self, encoding: &mut Encoding) {
        let inverse = self.view.scale.curve.inverse_formula("v");
        encoding.remark(format!(
            "Forecast, {} steps ahead: {inverse}, where v = expected + residual * output.",
            self.view.horizon
        ));
    }
}
