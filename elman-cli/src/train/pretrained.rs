//! `--init`: training that starts from the net of another run. What that net knew – tokens, labels, columns and their scale – keeps
//! its place, and what is new comes behind it; optimizer and epochs begin anew.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use elman_core::{InitialState, Input, Spec, Tensor, TensorKind, crf};

use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::net::cell::{self, CellName};
use crate::net::describe;
use crate::net::network::Network;
use crate::train::settings::Settings;
use crate::train::task::{Meaning, TaskData};

/// A net to start from, and what its numbers mean.
pub struct Pretrained<M> {
    pub network: Network,
    pub meaning: M,
    folder: PathBuf,
}

impl<M: Meaning> Pretrained<M> {
    /// The net that the settings name, if they do.
    ///
    /// # Errors
    /// No run, one without a model, or one of another task.
    pub fn of(settings: &Settings) -> Result<Option<Self>> {
        settings.init.as_deref().map(Self::open).transpose()
    }

    fn open(folder: &Path) -> Result<Self> {
        let (network, meaning) = M::open(&Run::open(folder)?)?;
        Ok(Self {
            network,
            meaning,
            folder: folder.to_owned(),
        })
    }

    /// The shape of the net as flags, so that nobody has to type it again.
    ///
    /// # Errors
    /// As [`Self::of`]; a net that no flags make.
    pub fn flags(settings: &Settings) -> Result<Vec<OsString>> {
        let Some(from) = Self::of(settings)? else {
            return Ok(Vec::new());
        };
        let spec = from.network.spec();
        let layers = spec.layers.as_slice();
        let [first, rest @ ..] = layers else {
            return Ok(Vec::new());
        };
        let clips = first.cell.limit().is_some();
        if clips
            || rest
                .iter()
                .any(|layer| layer.cell != first.cell || layer.hidden != first.hidden)
        {
            return Err(from.refuse(
                "its layers differ in cell or size, or clip their sums, and elman train makes none of that",
            ));
        }
        let mut flags: Vec<(&str, String)> = vec![
            ("hidden", first.hidden.to_string()),
            ("layers", layers.len().to_string()),
            ("cell", CellName::of(first.cell).word().to_owned()),
            ("bidirectional", (first.directions() == 2).to_string()),
            (
                "train-initial-state",
                (spec.initial_state == InitialState::Trained).to_string(),
            ),
        ];
        if cell::activation(first).is_some() {
            flags.push(("activation", cell::word(first).to_owned()));
        }
        if let Input::Tokens { channels, window } = &spec.input {
            flags.push(("window", window.to_string()));
            let widths = channels.as_slice().first().map(|channel| channel.width);
            flags.extend(widths.map(|width| ("embedding", width.to_string())));
        }
        flags.extend(from.meaning.flags());
        if from.network.transitions().is_some() {
            flags.push(("transitions", "true".to_owned()));
        }
        Ok((flags.into_iter())
            .map(|(name, value)| format!("--{name}={value}").into())
            .collect())
    }

    /// What data bring along, behind what a net knows already, if there is one.
    ///
    /// # Errors
    /// As `extend`; the run is named.
    pub fn extended<T>(
        from: Option<&Self>,
        own: T,
        extend: impl FnOnce(&M, &T) -> Result<T>,
    ) -> Result<T> {
        let Some(from) = from else {
            return Ok(own);
        };
        extend(&from.meaning, &own).map_err(|failure| from.refuse(failure))
    }

    /// A failure that names the run.
    pub fn refuse(&self, why: impl std::fmt::Display) -> Failure {
        Failure::input(format!("--init {}: {why}", self.folder.display()))
    }

    /// Lets training start from the net.
    ///
    /// # Errors
    /// The settings make a net of another shape.
    pub fn into_data(self, data: &mut TaskData<M>) -> Result<()> {
        let (own, new) = (self.network.spec(), &data.spec);
        if !is_alike(own, new) {
            return Err(self.refuse(format!(
                "that net is {}, and these settings make {}; leave out what says how large the net is: it is that of the run",
                describe::line(own),
                describe::line(new)
            )));
        }
        data.pretrained = Some(self.network);
        Ok(())
    }
}

/// Whether a net is another one, perhaps with more tokens and more outputs.
fn is_alike(own: &Spec, new: &Spec) -> bool {
    let inputs = match (&own.input, &new.input) {
        (Input::Dense { width }, Input::Dense { width: other }) => width == other,
        (
            Input::Tokens { channels, window },
            Input::Tokens {
                channels: others,
                window: other,
            },
        ) => {
            let widths = |channels: &elman_core::Channels| -> Vec<usize> {
                channels
                    .as_slice()
                    .iter()
                    .map(|channel| channel.width)
                    .collect()
            };
            window == other && widths(channels) == widths(others)
        }
        _ => false,
    };
    inputs
        && own.layers == new.layers
        && own.initial_state == new.initial_state
        && own.head.read == new.head.read
        && own.output_width() <= new.output_width()
}

/// Copies what a net has learnt to its places in one that may have more tokens and outputs: `net` as
/// [`Spec::tensors`] of `spec` has it, `scores` as [`crf::Transitions`] has them, empty where there are none.
pub fn copy(from: &Network, spec: &Spec, net: &mut [f32], scores: &mut [f32]) {
    let own = from.params();
    for (old, new) in from.spec().tensors().zip(spec.tensors()) {
        let (source, target) = (&own[old.range()], &mut net[new.range()]);
        copy_rows(source, &old, target, &new);
    }
    let (old, new) = (from.spec().output_width(), spec.output_width());
    let Some(known) = from
        .transitions()
        .filter(|_| scores.len() == crf::params_len(new))
    else {
        return;
    };
    let rows = known
        .chunks_exact(old)
        .zip([0..old, new..new + 2].into_iter().flatten());
    for (row, place) in rows {
        scores[place * new..][..old].copy_from_slice(row);
    }
}

/// Rows and columns that both have; the padding row of an embedding table is the last of either.
fn copy_rows(source: &[f32], old: &Tensor, target: &mut [f32], new: &Tensor) {
    let has_padding = matches!(new.kind, TensorKind::Embedding { .. });
    for (row, numbers) in source.chunks_exact(old.columns).enumerate() {
        let is_last = row + 1 == old.rows;
        let place = if has_padding && is_last {
            new.rows - 1
        } else {
            row
        };
        target[place * new.columns..][..old.columns].copy_from_slice(numbers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use elman_core::{Channel, Channels, Head, HeadKind, Read};

    fn spec(vocabulary: usize, outputs: usize) -> Spec {
        Spec {
            input: Input::Tokens {
                channels: Channels::of([Channel {
                    vocabulary,
                    width: 2,
                }]),
                window: 1,
            },
            head: Head {
                kind: HeadKind::Softmax { outputs },
                read: Read::EveryStep,
            },
            ..Spec::dense(1, 3, 1)
        }
    }

    #[test]
    fn tokens_labels_and_transitions_keep_their_places() {
        let (old, new) = (spec(3, 2), spec(5, 3));
        let learnt: Vec<f32> = (1..=old.params_len() + crf::params_len(2))
            .map(|i| i as f32)
            .collect();
        let network = Network::new(old, learnt.clone()).unwrap();
        assert!(is_alike(&old, &new) && !is_alike(&new, &old));
        let mut net = vec![0.0; new.params_len()];
        let mut scores = vec![0.0; crf::params_len(3)];
        copy(&network, &new, &mut net, &mut scores);
        // Ids 0 to 2, two new ones, padding.
        assert_eq!(
            net[..12],
            [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0, 0.0, 0.0, 0.0, 7.0, 8.0]
        );
        let head = |spec: &Spec, params: &[f32]| -> Vec<Vec<f32>> {
            let tensors = spec.tensors();
            let tensors = tensors
                .filter(|t| matches!(t.kind, TensorKind::HeadWeights | TensorKind::HeadBias));
            let rows = tensors.flat_map(|t| {
                params[t.range()]
                    .chunks_exact(t.columns)
                    .map(<[f32]>::to_vec)
                    .collect::<Vec<_>>()
            });
            rows.collect()
        };
        let wider: Vec<Vec<f32>> = head(&old, &learnt)
            .into_iter()
            .map(|row| [&row[..], &[0.0]].concat())
            .collect();
        assert_eq!(head(&new, &net), wider);
        let t = &learnt[old.params_len()..];
        assert_eq!(
            scores[..9],
            [t[0], t[1], 0.0, t[2], t[3], 0.0, 0.0, 0.0, 0.0]
        );
        assert_eq!(scores[9..], [t[4], t[5], 0.0, t[6], t[7], 0.0]);
    }
}
