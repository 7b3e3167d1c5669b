//! What `elman eval --events --int8` scores is what an int8 export tells.

use elman_core::feed::{
    IntegerEvent, IntegerRule, QuantizedFeed, QuantizedFeedBuffers, Rule, Samples,
};
use elman_core::quantized::{QuantizedModel, QuantizedStream};

use super::feed::{TUNED, nets, parts};
use super::network;
use super::words;
use crate::base::encoding::EventRule;
use crate::exchange::export::feed::IntegerFeed;
use crate::exchange::export::proof::generated;
use crate::net::samples::{self, Entrance};
use crate::task::events::Recordings;

/// Step, class and whether it fires, of every step that is told while samples come.
fn fed(feed: &mut QuantizedFeed<'_>, raw: &[f32], columns: usize) -> Vec<IntegerEvent> {
    feed.reset();
    let samples = raw.chunks_exact(columns);
    let told = samples.filter_map(|sample| feed.feed(sample).unwrap());
    told.collect()
}

#[test]
fn what_is_scored_is_what_a_chip_tells() {
    for (seed, (name, spec, front)) in nets().into_iter().enumerate() {
        let mut network = network(&spec, seed as u64);
        let words = words(&network);
        network.set_quantized(words.clone()).unwrap();
        let sequences = generated(&spec, 9);
        let names = ["none", "up", "down"].map(str::to_owned).to_vec();
        let recordings = Recordings::of(&network, &front, &sequences, names).unwrap();
        assert_eq!(recordings.delay, front.window / 2);

        let model = QuantizedModel::new(spec, &words).unwrap();
        let proof = parts(&network, &front).proof.feed.unwrap();
        let Entrance {
            scale, farthest, ..
        } = IntegerFeed::new(&proof, &model).entrance;
        let (mut state, mut scratch) = (
            vec![0; spec.int8().state_len()],
            vec![0; spec.int8().stream_len()],
        );
        for rule in [EventRule::EVERY, TUNED] {
            let stream = QuantizedStream::new(model, &mut state, &mut scratch).unwrap();
            let buffers = QuantizedFeedBuffers {
                rows: &mut vec![0; Samples::rows_len(scale.len(), front.window)],
                logits: &mut [0; 3],
                smooth: &mut [0; 3],
            };
            let integer = IntegerRule::new(&Rule::from(&rule), model.unit());
            let scale = (&scale[..], farthest, front.window);
            let mut feed = QuantizedFeed::new(stream, scale, integer, buffers).unwrap();
            let mut fired = 0;
            for (sequence, recording) in recordings.all.iter().enumerate() {
                let rows = sequences.rows_of(sequence);
                let steps = rows.len();
                let raw = samples::raw(&front, &sequences, rows);
                let told = recording.told(&rule, 3);
                assert_eq!(told.len(), steps, "{name}");
                let on_chip = fed(&mut feed, &raw, front.scale.len());
                assert_eq!(on_chip.len(), steps - recordings.delay, "{name}");
                for (event, told) in on_chip.iter().zip(&told) {
                    let expected = (event.step, event.class, event.fires);
                    assert_eq!((told.step, told.class, told.fires), expected, "{name}");
                    fired += usize::from(event.fires);
                }
            }
            assert!(fired > 0, "{name} {rule:?}");
        }
    }
}
