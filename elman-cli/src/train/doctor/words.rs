//! A checkup as lines for the terminal.

use super::checkup::{Checkup, Finding, LayerHealth, Severity};

/// Lags that are printed.
const LAGS: [usize; 8] = [0, 1, 2, 4, 8, 16, 32, 64];

impl Checkup {
    /// The figures in one line, then what they mean.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.figures()];
        lines.extend(self.findings.iter().map(Finding::line));
        lines
    }

    /// The figures in one line.
    pub fn figures(&self) -> String {
        let lags = LAGS
            .iter()
            .filter_map(|&lag| Some((lag, self.gradient_by_lag.get(lag)?)));
        let lags: Vec<String> = lags
            .map(|(lag, norm)| format!("{lag}:{norm:.1e}"))
            .collect();
        let radii: Vec<String> = self
            .layers
            .iter()
            .map(|layer| format!("{:.2}", layer.spectral_radius))
            .collect();
        let units: usize = self.layers.iter().map(|layer| layer.units).sum();
        let saturated: f64 = self
            .layers
            .iter()
            .map(|layer| layer.saturated * layer.units as f64)
            .sum();
        let dead: usize = self.layers.iter().map(|layer| layer.dead).sum();
        let most = self
            .tensors
            .iter()
            .map(|tensor| tensor.update_ratio)
            .fold(0.0, f64::max);
        format!(
            "  doctor  gradient by lag {}  clipped {:.0} %  spectral radius {}  saturated {:.0} %{}  dead {dead} of {units}  \
             update/weights up to {most:.0e}",
            lags.join(" "),
            self.clipped * 100.0,
            radii.join(", "),
            saturated / units.max(1) as f64 * 100.0,
            self.gates(),
        )
    }

    /// Of layers with gates: how much of each is saturated, and how much the forget gate keeps. `  gates i 3 % f 20 % o 1 %
    /// kept 0.81`; empty where no layer has gates.
    fn gates(&self) -> String {
        let layer = |layer: &LayerHealth| {
            let kept = layer.forget_gate()?.mean;
            let gates = layer.gates.iter();
            let gates: Vec<String> = gates
                .map(|gate| format!("{} {:.0} %", gate.name, gate.saturated * 100.0))
                .collect();
            Some(format!("{} kept {kept:.2}", gates.join(" ")))
        };
        let layers: Vec<String> = self.layers.iter().filter_map(layer).collect();
        if layers.is_empty() {
            String::new()
        } else {
            format!("  gates {}", layers.join(", "))
        }
    }
}

impl Finding {
    /// The finding in one line.
    pub fn line(&self) -> String {
        let severity = match self.severity {
            Severity::Fine => "fine",
            Severity::Note => "note",
            Severity::Trouble => "trouble",
        };
        format!("  {severity}  {}: {}", self.about, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::doctor::checkup::GateHealth;

    #[test]
    fn the_figures_fit_a_line() {
        let layer = LayerHealth {
            units: 10,
            spectral_radius: 0.987,
            saturated: 0.05,
            dead: 1,
            ..LayerHealth::default()
        };
        let checkup = Checkup {
            gradient_by_lag: vec![0.5, 0.25, 0.1],
            layers: vec![layer.clone(), layer],
            ..Checkup::default()
        };
        assert_eq!(
            checkup.lines(),
            [
                "  doctor  gradient by lag 0:5.0e-1 1:2.5e-1 2:1.0e-1  clipped 0 %  spectral radius 0.99, 0.99  saturated 5 %  \
              dead 2 of 20  update/weights up to 0e0"
            ]
        );
    }

    #[test]
    fn gates_have_their_place_in_the_line() {
        let gate = |name: &str, mean, saturated, forgets| GateHealth {
            name: name.to_owned(),
            mean,
            saturated,
            forgets,
        };
        let gated = LayerHealth {
            units: 10,
            saturated: 0.25,
            gates: vec![gate("r", 0.5, 0.1, false), gate("z", 0.8125, 0.4, true)],
            ..LayerHealth::default()
        };
        let checkup = Checkup {
            layers: vec![gated.clone(), LayerHealth::default(), gated],
            ..Checkup::default()
        };
        let line = checkup.figures();
        let gates = "r 10 % z 40 % kept 0.81";
        let expected = format!("saturated 25 %  gates {gates}, {gates}  dead 0 of 20");
        assert!(line.contains(&expected), "{line}");
    }
}
