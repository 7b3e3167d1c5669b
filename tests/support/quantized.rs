//! An int8 net, calibrated on a case.

use elman_core::quantized::{Calibration, QuantizedModel, quantize};
use elman_core::{Batch, Dropout, Error, Level, Model, Spec, Strip, Tape, pack};

use super::case::Case;
use super::rig::inputs;

/// An int8 net.
#[derive(Clone, Debug)]
pub struct Quantized {
    /// Its shape.
    pub spec: Spec,
    /// Its words.
    pub words: Vec<u32>,
}

impl Quantized {
    /// Rounds the net of a case, calibrated on all its sequences.
    ///
    /// # Panics
    /// If core refuses.
    pub fn new(case: &Case) -> Self {
        Self::try_new(case).expect("a net of moderate numbers")
    }

    /// The same for numbers that may be out of all proportion.
    ///
    /// # Errors
    /// Core refuses.
    pub fn try_new(case: &Case) -> Result<Self, Error> {
        let spec = Spec {
            dropout: Dropout::NONE,
            ..case.spec
        };
        let mut packed = vec![Strip::ZERO; spec.packed_len()];
        pack(&spec, &case.params, &mut packed)?;
        let model = Model::new(spec, &case.params, &packed)?;
        let mut numbers = vec![f64::NAN; spec.int8().calibration_len()];
        let mut calibration = Calibration::new(&spec, &mut numbers)?;
        for (b, &steps) in case.lengths.iter().enumerate() {
            let one = case.select(&[b]);
            let batch = Batch::uniform(steps, 1)?;
            let mut buffer = vec![Strip([f32::NAN; 16]); spec.tape_len(steps, 1)];
            let mut tape = Tape::new(&spec, batch, inputs(&one.rows), 0, &mut buffer)?;
            tape.start(&model, None)?;
            tape.record(Level::detect(), &model, 0..steps)?;
            calibration.observe(&tape)?;
        }
        let mut words = vec![u32::MAX; spec.int8().model_len()];
        let mut scratch = vec![f64::NAN; spec.int8().scratch_len()];
        let mut bytes = vec![1; spec.int8().bytes_len()];
        quantize(
            &spec,
            &case.params,
            &calibration,
            &mut words,
            &mut bytes,
            &mut scratch,
        )?;
        Ok(Self { spec, words })
    }

    /// The view that core computes with.
    ///
    /// # Panics
    /// If core refuses.
    pub fn model(&self) -> QuantizedModel<'_> {
        QuantizedModel::new(self.spec, &self.words).expect("words")
    }
}
