//! `--int8`: the net in whole numbers answers in place of the float net.

use crate::base::encoding::Whose;
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::base::tell::tell;
use crate::net::int8_file;
use crate::task::trained::Trained;

/// Loads what `elman quantize` made of the run; says of which net intervals are, if somebody asks for these.
///
/// # Errors
/// A net that is not quantized, or several runs; a file that is missing, damaged or of another net.
pub fn answers(trained: &mut dyn Trained, runs: &[Run], has_intervals: bool) -> Result<()> {
    trained.must_run_quantized()?;
    let [run] = runs else {
        return Err(Failure::input(
            "--int8 measures one net in whole numbers: name one run",
        ));
    };
    let int8 = int8_file::load(&run.quantized(), trained.network())?;
    let whose = trained.set_int8(int8)?;
    if has_intervals && trained.knows_intervals() && whose == Whose::Float {
        tell!(
            "elman: note: intervals follow from the errors of the float net, since those of the net in whole numbers were not measured; elman \
             quantize does so, where the run has its data"
        );
    }
    Ok(())
}
