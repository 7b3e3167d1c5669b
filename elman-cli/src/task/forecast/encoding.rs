//! A forecasting net for a firmware: the linear sum and the scales around the net.

use super::history::{INPUT_LAGS, View};
use super::meaning::{ForecastMeaning, NET_LAGS, WIDEST};
use super::scale::Differencing;
use crate::base::encoding::Encoding;

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
        encoding
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
