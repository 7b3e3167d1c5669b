//! What a value of a graph is: a constant, or numbers that flow from the inputs through the layers, with what each of their
//! axes means. So a transposition or a reshaping that would mix up time, batch and units is seen and refused.

use std::rc::Rc;

use crate::base::failure::{Failure, Result};
use crate::exchange::onnx::Constant;

/// No value of a net has more axes than this; without a limit a hostile file could take any time and memory.
pub const MAX_RANK: usize = 8;

/// Directions that may be joined, at most: two of each of eight layers.
const MAX_PARTS: usize = 16;

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    Constant(Rc<Constant>),
    /// A constant that was expanded to sizes which only the data know.
    Spread(Rc<Constant>),
    /// Computed from sizes.
    Unknown,
    Flow(Flow),
    /// The output of an operator that is not supported, and why it is not: an error only if the net needs it.
    Refused(Rc<str>),
}

/// What an axis means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// This axis of the graph's input: time or batch.
    Input(usize),
    /// One entry per part: directions, of one layer or more.
    Directions,
    /// The numbers of a row: all parts that no other axis holds, one after the other.
    Features,
    /// Of size 1.
    One,
}

/// How far numbers have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Ids of a graph's input.
    Ids,
    /// Numbers of a graph's input, or embeddings.
    Inputs,
    /// Hidden units.
    Hidden,
    /// Cells of an LSTM, which nothing reads but the next call.
    Cells,
    /// Behind the head.
    Logits,
    /// Behind a softmax.
    Probabilities,
}

/// One direction of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub layer: usize,
    pub reverse: bool,
}

/// Which steps there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    Every,
    /// The last place in the sequence.
    Last,
    /// The first.
    First,
    /// The step that a direction reaches last.
    End,
}

/// Numbers with known axes.
#[derive(Clone, Debug)]
pub struct Flow {
    pub axes: Vec<(Axis, Option<usize>)>,
    pub stage: Stage,
    /// Whose hidden units they are, or the head's inputs were.
    pub parts: Vec<Part>,
    pub at: At,
}

fn refuse<T>(what: impl Into<String>) -> Result<T> {
    Err(Failure::input(what))
}

/// Refuses lists of axes or sizes that are longer than any that a net needs.
fn check_count(list: &[i64]) -> Result<()> {
    match list.len() {
        0..=MAX_RANK => Ok(()),
        more => refuse(format!("{more} axes, and {MAX_RANK} at most are read")),
    }
}

/// An axis counted from either end.
pub fn axis(axis: i64, rank: usize) -> Result<usize> {
    let from_front = if axis < 0 {
        axis.saturating_add(rank as i64)
    } else {
        axis
    };
    match usize::try_from(from_front) {
        Ok(found) if found < rank => Ok(found),
        _ => refuse(format!("axis {axis} does not exist among {rank}")),
    }
}

impl Flow {
    /// How many axes there are.
    pub const fn rank(&self) -> usize {
        self.axes.len()
    }

    /// The last axis, if it holds the numbers of a row.
    pub fn features(&self) -> Option<Option<usize>> {
        match self.axes.last() {
            Some((Axis::Features, size)) => Some(*size),
            _ => None,
        }
    }

    /// Places in a sequence are where a direction ends, if it is the right one.
    fn settle(mut self) -> Self {
        let all = |reverse| self.parts.iter().all(|part| part.reverse == reverse);
        if (self.at == At::Last && all(false)) || (self.at == At::First && all(true)) {
            self.at = At::End;
        }
        self
    }

    /// `Transpose`
    pub fn transpose(mut self, perm: &[i64]) -> Result<Self> {
        let rank = self.rank();
        check_count(perm)?;
        let places: Vec<usize> = perm
            .iter()
            .map(|&place| axis(place, rank))
            .collect::<Result<_>>()?;
        if places.len() != rank || (0..rank).any(|place| !places.contains(&place)) {
            return refuse(format!("perm {perm:?} is no order of {rank} axes"));
        }
        self.axes = places.iter().map(|&place| self.axes[place]).collect();
        Ok(self)
    }

    /// `Squeeze`; without axes all of size 1.
    pub fn squeeze(mut self, axes: Option<&[i64]>) -> Result<Self> {
        let rank = self.rank();
        check_count(axes.unwrap_or_default())?;
        let places: Vec<usize> = match axes {
            Some(axes) => axes.iter().map(|&a| axis(a, rank)).collect::<Result<_>>()?,
            None => (0..rank).filter(|&a| self.axes[a].1 == Some(1)).collect(),
        };
        if let Some(&place) = places.iter().find(|&&place| self.axes[place].1 != Some(1)) {
            return refuse(format!("axes: axis {place} does not have the size 1"));
        }
        let mut place = 0..;
        self.axes
            .retain(|_| !place.next().is_some_and(|place| places.contains(&place)));
        Ok(self)
    }

    /// `Unsqueeze`
    pub fn unsqueeze(mut self, axes: &[i64]) -> Result<Self> {
        check_count(axes)?;
        let rank = self.rank() + axes.len();
        if rank > MAX_RANK {
            return refuse(format!("more than {MAX_RANK} axes"));
        }
        let mut places: Vec<usize> = axes.iter().map(|&a| axis(a, rank)).collect::<Result<_>>()?;
        places.sort_unstable();
        for place in places {
            if place > self.rank() {
                return refuse(format!("axes {axes:?} name a place twice"));
            }
            self.axes.insert(place, (Axis::One, Some(1)));
        }
        Ok(self)
    }

    /// `Reshape`: axes may be kept, directions and units may become one row, and axes of size 1 may go.
    pub fn reshape(mut self, shape: &[i64]) -> Result<Self> {
        check_count(shape)?;
        let mut rest = &self.axes[..];
        let mut axes = Vec::new();
        for (done, &size) in shape.iter().enumerate() {
            let left = shape.len() - done;
            while let [(_, Some(1)), others @ ..] = rest {
                if size == 1 || rest.len() <= left {
                    break;
                }
                rest = others;
            }
            let is = |known: Option<usize>| known.is_some_and(|known| known as i64 == size);
            // 0 keeps the axis that stood at the same place.
            let is_kept = size == 0 && self.axes.len() - rest.len() == done;
            match rest {
                [first, others @ ..]
                    if is_kept || is(first.1) || (size == -1 && rest.len() == left) =>
                {
                    axes.push(*first);
                    rest = others;
                }
                [
                    (Axis::Directions, Some(d)),
                    (Axis::Features, Some(h)),
                    others @ ..,
                ] if is(d.checked_mul(*h)) || (size == -1 && others.len() + 1 == left) => {
                    axes.push((Axis::Features, d.checked_mul(*h)));
                    rest = others;
                }
                _ => {
                    return refuse(format!(
                        "shape {shape:?} does more than to put the directions of a layer side by side"
                    ));
                }
            }
        }
        if !rest.iter().all(|(_, size)| *size == Some(1)) {
            return refuse(format!("shape {shape:?} leaves axes out"));
        }
        self.axes = axes;
        Ok(self)
    }

    /// `Gather` of one place along an axis; `keeps` leaves an axis of size 1.
    pub fn pick(self, place: usize, index: i64, keeps: bool, time: Option<Axis>) -> Result<Self> {
        let size = self.axes[place].1;
        let last = size.map(|size| size as i64 - 1);
        let is_last = index == -1 || Some(index) == last;
        let end = match is_last {
            true => i64::MAX,
            false => index.saturating_add(1),
        };
        let mut flow = self.cut(place, index, end, time)?;
        if !keeps {
            flow.axes.remove(place);
        }
        Ok(flow)
    }

    /// `Slice` along one axis.
    pub fn cut(mut self, place: usize, start: i64, end: i64, time: Option<Axis>) -> Result<Self> {
        let (kind, size) = self.axes[place];
        // Exporters write the largest numbers for an end that is not known.
        let to_end = end >= i64::from(i32::MAX) || size.is_some_and(|size| end >= size as i64);
        let is_step = Some(kind) == time && size == Some(1);
        if start == 0 && to_end && !is_step {
            return Ok(self);
        }
        if Some(kind) == time && self.at == At::Every {
            let is_last = to_end && (start == -1 || size.is_some_and(|s| start == s as i64 - 1));
            self.at = match (is_last, start, end) {
                (true, ..) => At::Last,
                (_, 0, 1) => At::First,
                _ => return refuse("it takes steps other than the first or the last"),
            };
            self.axes[place] = (Axis::One, Some(1));
            return Ok(self.settle());
        }
        // Where directions have an axis of their own, a row holds one of them.
        let is_split = self.axes.iter().any(|(kind, _)| *kind == Axis::Directions);
        let holds_parts = kind == Axis::Directions || (kind == Axis::Features && !is_split);
        let Some(size) = size.filter(|_| holds_parts) else {
            return refuse("it takes a part of the batch, of the inputs, or of a layer's units");
        };
        let clamp = |at: i64| {
            let at = if at < 0 {
                at.saturating_add(size as i64)
            } else {
                at
            };
            at.clamp(0, size as i64) as usize
        };
        let (start, end) = (clamp(start), if to_end { size } else { clamp(end) });
        let is_edge = |at: usize, width: usize| at.is_multiple_of(width);
        let width = match kind {
            Axis::Directions => 1,
            _ => size / self.parts.len().max(1),
        };
        if self.stage != Stage::Hidden
            || width == 0
            || start >= end
            || !is_edge(start, width)
            || !is_edge(end, width)
            || size != width * self.parts.len()
        {
            return refuse("it takes a part of a row");
        }
        self.parts = self.parts[start / width..end / width].to_vec();
        self.axes[place].1 = Some(end - start);
        Ok(self.settle())
    }

    /// `Concat` of hidden units.
    pub fn join(flows: &[&Self], axis_number: i64) -> Result<Self> {
        let Some((&first, others)) = flows.split_first() else {
            return refuse("it has no inputs");
        };
        let place = axis(axis_number, first.rank())?;
        let mut joined = first.clone();
        for flow in others {
            let mut axes = flow.axes.clone();
            let size = axes.get(place).and_then(|(_, size)| *size);
            if let Some(axis) = axes.get_mut(place) {
                axis.1 = first.axes[place].1;
            }
            let is_state = [first.stage, flow.stage]
                .iter()
                .all(|stage| matches!(stage, Stage::Hidden | Stage::Cells));
            if axes != first.axes || flow.at != first.at || !is_state {
                return refuse("it joins more than the hidden units of the same steps");
            }
            // With cells among them they are the state of a call, which only the next call reads.
            if flow.stage == Stage::Cells {
                joined.stage = Stage::Cells;
            }
            joined.parts.extend(&flow.parts);
            if joined.stage == Stage::Hidden && joined.parts.len() > MAX_PARTS {
                return refuse("it joins more than elman's eight layers have");
            }
            let sum = joined.axes[place].1.zip(size);
            joined.axes[place].1 = sum.and_then(|(a, b)| a.checked_add(b));
        }
        let is_split = joined
            .axes
            .iter()
            .any(|(kind, _)| *kind == Axis::Directions);
        match joined.axes[place].0 {
            Axis::Directions => Ok(joined),
            Axis::Features if !is_split => Ok(joined),
            _ => refuse("it joins along time or batch"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Axis = Axis::Input(0);

    /// (T, D, B, H) of a layer that runs both ways.
    fn hidden() -> Flow {
        let part = |reverse| Part { layer: 0, reverse };
        Flow {
            axes: vec![
                (TIME, None),
                (Axis::Directions, Some(2)),
                (Axis::Input(1), None),
                (Axis::Features, Some(3)),
            ],
            stage: Stage::Hidden,
            parts: vec![part(false), part(true)],
            at: At::Every,
        }
    }

    fn rows() -> Flow {
        hidden()
            .transpose(&[0, 2, 1, 3])
            .unwrap()
            .reshape(&[0, 0, -1])
            .unwrap()
    }

    #[test]
    fn directions_become_one_row_and_nothing_else_does() {
        assert_eq!(rows().features(), Some(Some(6)));
        assert_eq!(rows().axes[..2], [(TIME, None), (Axis::Input(1), None)]);
        assert!(hidden().reshape(&[0, 0, -1]).is_err(), "batch and units");
        assert!(hidden().reshape(&[-1, 6]).is_err(), "time and directions");
        let fixed = hidden()
            .transpose(&[0, 2, 1, 3])
            .unwrap()
            .reshape(&[0, 0, 6]);
        assert_eq!(fixed.unwrap().features(), Some(Some(6)));
    }

    #[test]
    fn the_last_place_is_the_end_of_the_forward_direction_alone() {
        let last = rows().pick(0, -1, false, Some(TIME)).unwrap();
        assert_eq!((last.at, last.rank()), (At::Last, 2));
        let forward = last.clone().cut(1, 0, 3, Some(TIME)).unwrap();
        assert_eq!((forward.at, forward.parts.len()), (At::End, 1));
        assert!(last.cut(1, 0, 2, Some(TIME)).is_err(), "half a direction");
        let reverse = rows().cut(2, 3, i64::MAX, Some(TIME)).unwrap();
        let first = reverse.pick(0, 0, false, Some(TIME)).unwrap();
        let both = Flow::join(&[&forward, &first], 1).unwrap();
        assert_eq!((both.at, both.parts), (At::End, hidden().parts));
        assert!(rows().pick(0, 3, false, Some(TIME)).is_err(), "some step");
        assert!(
            rows().pick(1, 0, false, Some(TIME)).is_err(),
            "some sequence"
        );
    }
}
