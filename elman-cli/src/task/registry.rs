//! The tasks whose trained nets can be opened: the one place that names them all.

use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::net::model_file;
use crate::task::classify::{self, ClassModel};
use crate::task::echo::{self, EchoModel};
use crate::task::forecast::{self, ForecastModel};
use crate::task::label::{self, LabelModel};
use crate::task::regress::{self, RegressModel};
use crate::task::text::{self, TextModel};
use crate::task::trained::Trained;
use crate::task::values::{self, ValueModel};

/// A run's best model, whatever its task.
///
/// # Errors
/// A run without a model, or one that is damaged.
pub fn open(run: &Run) -> Result<Box<dyn Trained>> {
    let path = run.trained_model()?;
    match model_file::task_of(&path)?.as_str() {
        label::TASK => Ok(Box::new(LabelModel::open(run)?)),
        classify::TASK => Ok(Box::new(ClassModel::open(run)?)),
        forecast::TASK => Ok(Box::new(ForecastModel::open(run)?)),
        text::TASK => Ok(Box::new(TextModel::open(run)?)),
        echo::TASK => Ok(Box::new(EchoModel::open(run)?)),
        regress::TASK => Ok(Box::new(RegressModel::open(run)?)),
        values::TASK => Ok(Box::new(ValueModel::open(run)?)),
        task => Err(Failure::input(format!(
            "the model was trained for the task {task}, which this version of elman does not know"
        ))
        .in_file(&path)),
    }
}
