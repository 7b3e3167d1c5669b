//! The rule that tells events best on some recordings: every smoothing, refractory time and threshold of a grid is tried.

use elman_core::feed::Event;
use rayon::prelude::*;

use super::recording::{Recordings, Span};
use super::scores::{Counts, grace};
use crate::base::encoding::EventRule;

/// The newest step weighs from all down to 1/2^6.
const HALVINGS: std::ops::RangeInclusive<i32> = 0..=6;

/// Thresholds, in hundredths.
const THRESHOLDS: [u8; 23] = [
    5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 93, 95, 97, 98, 99,
];

/// One rule and what it comes to.
struct Tried {
    rule: EventRule,
    counts: Counts,
}

impl Tried {
    /// Better is more found and fewer false alarms; then what comes sooner.
    fn is_better(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.counts.f1(), other.counts.f1());
        ours > theirs || ours == theirs && self.counts.mean_delay() < other.counts.mean_delay()
    }

    fn is_as_good(&self, other: &Self) -> bool {
        !self.is_better(other) && !other.is_better(self)
    }
}

/// The best rule where `background` is no event. Of those that are equally good it is one of the least smoothing and the shortest
/// refractory time, with the threshold in the middle. Runs on the threads of the rayon pool around it.
pub fn tune(recordings: &Recordings, background: Option<usize>) -> EventRule {
    let spans: Vec<Vec<Span>> = recordings
        .all
        .iter()
        .map(|recording| recording.spans(background))
        .collect();
    let longest = spans.iter().flatten().map(|span| span.end - span.start);
    let longest = longest.max().unwrap_or(0) as u32;
    let mut pauses = vec![0];
    pauses.extend(
        (0..31)
            .map(|k| 1 << k)
            .take_while(|&pause| pause <= 2 * longest),
    );
    let smoothings: Vec<i32> = HALVINGS.collect();
    let tried: Vec<Vec<Tried>> = smoothings
        .into_par_iter()
        .map(|halvings| {
            let rule = EventRule {
                smoothing: 0.5f32.powi(halvings),
                // Of what is told, classes and probabilities count here, not what fires; above zero, so that an int8 net has
                // probabilities.
                threshold: 1.0,
                refractory: 0,
                background,
            };
            let told = recordings.all.iter();
            let told: Vec<Vec<Event>> = told
                .map(|recording| recording.told(&rule, recordings.names.len()))
                .collect();
            let rules = pauses.iter().flat_map(|&refractory| {
                THRESHOLDS.iter().map(move |&hundredths| EventRule {
                    threshold: f32::from(hundredths) / 100.0,
                    refractory,
                    ..rule
                })
            });
            rules.map(|rule| attempt(rule, &spans, &told)).collect()
        })
        .collect();
    let tried: Vec<Tried> = tried.into_iter().flatten().collect();
    let Some(best) = tried
        .iter()
        .reduce(|best, other| match other.is_better(best) {
            true => other,
            false => best,
        })
    else {
        return EventRule::EVERY;
    };
    let alike = tried.iter().filter(|other| {
        let (a, b) = (&other.rule, &best.rule);
        other.is_as_good(best) && (a.smoothing, a.refractory) == (b.smoothing, b.refractory)
    });
    let alike: Vec<&Tried> = alike.collect();
    alike[alike.len() / 2].rule
}

/// What a rule comes to, where every step's probability is known: as [`elman_core::feed::Events`] fires.
fn attempt(rule: EventRule, spans: &[Vec<Span>], told: &[Vec<Event>]) -> Tried {
    let mut counts = Counts::default();
    for (spans, told) in spans.iter().zip(told) {
        let (mut free, mut held) = (0, None);
        let events = told.iter().enumerate().filter_map(|(step, event)| {
            let is_there = event.probability >= rule.threshold;
            let lasts = is_there && held == Some(event.class);
            let fires = is_there && !lasts && step >= free;
            held = (lasts || fires).then_some(event.class);
            if fires {
                free = step + 1 + rule.refractory as usize;
            }
            fires.then_some((step, event.class))
        });
        counts.add(spans, events, grace(&rule));
    }
    Tried { rule, counts }
}

#[cfg(test)]
mod tests {
    use super::super::recording::Recording;
    use super::*;

    /// What a unit of logits is worth.
    const UNIT: f32 = 0.001;

    /// A class that flickers for a while, three times, as a float net says it, or an int8 net.
    fn recordings(is_int8: bool) -> Recordings {
        let up = |step: usize| matches!(step % 40, 10..20);
        let sure = |step: usize| if step.is_multiple_of(4) { 0.4 } else { 0.9 };
        let p = |step| if up(step) { sure(step) } else { 0.1 };
        let outputs = (0..120).flat_map(|step| [1.0 - p(step), p(step)]);
        let truth = (0..120).map(|step| Some(usize::from(up(step)))).collect();
        let logits = |p: f32| (f64::from(p).ln() / f64::from(UNIT)).round() as i32;
        let recording = match is_int8 {
            false => Recording::new(outputs.collect(), truth),
            true => Recording::of_logits((outputs.map(logits).collect(), UNIT), truth),
        };
        Recordings {
            all: vec![recording],
            names: ["rest", "up"].map(str::to_owned).to_vec(),
            delay: 0,
        }
    }

    /// What a rule comes to as it is tried here, and as core fires.
    fn both(rule: EventRule, recordings: &Recordings) -> [Counts; 2] {
        let recording = &recordings.all[0];
        let quiet = EventRule {
            threshold: 1.0,
            ..rule
        };
        let spans = [recording.spans(Some(0))];
        let tried = attempt(rule, &spans, &[recording.told(&quiet, 2)]).counts;
        let fires = recording.told(&rule, 2);
        let fires = fires.iter().enumerate().filter(|(_, event)| event.fires);
        let mut core = Counts::default();
        let events = fires.map(|(step, event)| (step, event.class));
        core.add(&spans[0], events, grace(&rule));
        [tried, core]
    }

    #[test]
    fn the_best_rule_finds_each_once() {
        for is_int8 in [false, true] {
            let recordings = recordings(is_int8);
            assert_eq!(recordings.commonest(), Some(0));
            assert_eq!(recordings.all[0].spans(Some(0)).len(), 3);
            let rule = tune(&recordings, Some(0));
            let [found, core] = both(rule, &recordings);
            assert_eq!((found.f1(), found), (1.0, core), "{rule:?}");
        }
    }

    #[test]
    fn every_rule_fires_as_core_does() {
        for is_int8 in [false, true] {
            let recordings = recordings(is_int8);
            for (halvings, hundredths, refractory) in
                [(0, 30, 0), (0, 60, 0), (1, 60, 3), (2, 20, 7)]
            {
                let rule = EventRule {
                    smoothing: 0.5f32.powi(halvings),
                    threshold: hundredths as f32 / 100.0,
                    refractory,
                    background: Some(0),
                };
                let [tried, core] = both(rule, &recordings);
                assert_eq!(tried, core, "{rule:?}");
                assert!(core.hits > 0, "{rule:?}");
            }
        }
    }

    /// A probability that is the threshold in whole numbers, and one that lies a unit below.
    #[test]
    fn a_threshold_of_an_int8_net_is_met_to_the_unit() {
        let logits = vec![0, 0];
        let recording = Recording::of_logits((logits, UNIT), vec![Some(1)]);
        let at = |units: u32| EventRule {
            threshold: units as f32 / 32768.0,
            ..EventRule::EVERY
        };
        let half = (32768.0 * recording.told(&at(1), 2)[0].probability) as u32;
        assert!(half.abs_diff(16384) < 32, "{half}");
        let recordings = Recordings {
            all: vec![recording],
            names: ["rest", "up"].map(str::to_owned).to_vec(),
            delay: 0,
        };
        for (units, fires) in [(half, true), (half + 1, false)] {
            let [tried, core] = both(at(units), &recordings);
            assert_eq!(tried, core);
            assert_eq!(tried.hits + tried.false_alarms > 0, fires, "{units}");
        }
    }
}
