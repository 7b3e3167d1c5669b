//! Where functions that are made of two pieces bend: a relu at zero, a limit at ±clip.

/// Which side of every bend a run was on, in the order in which it came by.
#[derive(Clone, Debug, Default)]
pub struct Bends {
    sides: Vec<bool>,
    /// The smallest distance from a bend, as a share of the number's size where that is above one. A number that lies on
    /// the bend itself, such as the sum of nothing but zeros, is there in any precision and does not count.
    nearest: Option<f64>,
}

impl Bends {
    /// A number on its way into a function that bends at `bend`.
    pub fn pass(&mut self, z: f64, bend: f64) {
        self.sides.push(z > bend);
        let distance = (z - bend).abs() / z.abs().max(1.0);
        if distance > 0.0 {
            self.nearest = Some(
                self.nearest
                    .map_or(distance, |nearest| nearest.min(distance)),
            );
        }
    }

    /// Whether two runs were on the same side of everything, so that the loss between them is smooth.
    pub fn same_sides(&self, other: &Self) -> bool {
        self.sides == other.sides
    }

    /// Whether a bend is so near that rounding may put a unit on its other side.
    pub fn within(&self, distance: f64) -> bool {
        self.nearest.is_some_and(|nearest| nearest <= distance)
    }
}
