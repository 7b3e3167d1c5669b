#![no_main]
//! Int8 nets: rounded from any numbers, with any words changed, on any inputs. What is accepted runs, and
//! what was rounded here gives the same numbers step by step and all at once.

use arbitrary::{Result, Unstructured};
use elman_core::quantized::{QuantizedModel, QuantizedStream};
use elman_core::{Dropout, Read};
use elman_fuzz::{bits, case, spoil};
use elman_tests::{Quantized, Rows, inputs};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = run(&mut Unstructured::new(bytes));
});

fn run(bytes: &mut Unstructured<'_>) -> Result<()> {
    let mut case = case(bytes)?;
    case.carried = None;
    case.spec.dropout = Dropout::NONE;
    let spec = case.spec;
    let mut spoilt = case.clone();
    spoil(&mut spoilt, bytes)?;
    let Ok(mut quantized) = Quantized::try_new(&spoilt) else {
        return Ok(());
    };
    // Both ways agree where padding is zero; changed words may fill it, and must only be safe.
    let changes = bytes.int_in_range(0..=6)?;
    for _ in 0..changes {
        let place = bytes.choose_index(quantized.words.len())?;
        quantized.words[place] = bytes.arbitrary()?;
    }
    let Ok(model) = QuantizedModel::new(spec, &quantized.words) else {
        return Ok(());
    };
    for b in 0..case.lengths.len() {
        let (one, steps) = (spoilt.select(&[b]), case.lengths[b]);
        let mut state = vec![u32::MAX; spec.int8().state_len()];
        model.reset(&mut state);
        let mut workspace = vec![u32::MAX; spec.int8().workspace_len(steps)];
        let mut outputs = vec![f32::NAN; spec.output_rows(steps, 1) * spec.output_width()];
        model
            .forward(
                inputs(&one.rows),
                steps,
                &mut state,
                &mut workspace,
                &mut outputs,
            )
            .expect("words that were checked");
        let Rows::Dense(numbers) = &one.rows else {
            continue;
        };
        if spec.is_bidirectional() {
            continue;
        }
        let mut states = vec![u32::MAX; spec.int8().state_len()];
        let mut scratch = vec![u32::MAX; spec.int8().stream_len()];
        let mut stream = QuantizedStream::new(model, &mut states, &mut scratch).expect("a stream");
        let (mut told, width) = (Vec::new(), spec.input.width());
        for t in 0..steps {
            let mut row = vec![f32::NAN; spec.output_width()];
            let step = Rows::Dense(numbers[t * width..][..width].to_vec());
            stream.step(inputs(&step), &mut row).expect("a step");
            match spec.head.read {
                Read::EveryStep => told.extend(row),
                Read::LastStep => told = row,
            }
        }
        if changes == 0 {
            assert_eq!(bits(&told), bits(&outputs), "sequence {b}");
            assert_eq!(states, state, "state of sequence {b}");
        }
    }
    Ok(())
}
