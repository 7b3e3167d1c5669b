//! Rows of which many numbers are zero.

use core::mem::MaybeUninit;

/// Where the numbers of a row lie that are not zero, in the order of k.
pub(crate) struct NonZero<'r> {
    /// All below `depth`, which a product relies on.
    places: &'r [u16],
    depth: usize,
}

/// Room for the places of [`NonZero`]: longer rows are not looked through. Not filled with anything before they are, which would
/// take as long as a tenth of a step of 32 units.
pub(crate) struct Places([MaybeUninit<u16>; 1024]);

impl Places {
    pub const fn new() -> Self {
        Self([const { MaybeUninit::uninit() }; 1024])
    }
}

impl<'r> NonZero<'r> {
    /// Shorter rows have too few products for looking to be worth it.
    pub const LEAST: usize = 64;

    /// Of row `a`, in `room`; `None` for longer rows. Without a branch that depends on the numbers: half of them are zero, in
    /// no order that a processor could foresee.
    #[inline(always)]
    pub fn of(a: &[f32], room: &'r mut Places) -> Option<Self> {
        let (depth, room) = (a.len(), &mut room.0);
        if depth > room.len() {
            return None;
        }
        let mut count = 0;
        for (k, &x) in a.iter().enumerate() {
            if let Some(place) = room.get_mut(count) {
                place.write(k as u16);
            }
            // A NaN is not zero.
            count += usize::from(x != 0.0);
        }
        // SAFETY: before `count` grew past a place, that place was written; and it grew `depth` times at most.
        let places = unsafe { core::slice::from_raw_parts(room.as_ptr().cast(), count) };
        Some(Self { places, depth })
    }

    /// Places within rows of `depth` numbers; none for rows of another length.
    #[inline(always)]
    pub fn places(&self, depth: usize) -> &'r [u16] {
        debug_assert_eq!(self.depth, depth);
        if self.depth == depth {
            self.places
        } else {
            &[]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NonZero, Places};

    #[test]
    fn zeros_of_either_sign_are_left_out_and_nothing_else() {
        let mut room = Places::new();
        let row = [0.0, 1.0, -0.0, f32::NAN, f32::MIN_POSITIVE / 4.0, 0.0, -2.0];
        let found = NonZero::of(&row, &mut room).expect("a short row");
        assert_eq!(found.places(row.len()), [1, 3, 4, 6]);
        for (x, count) in [(0.0, 0), (1.0, 1024)] {
            let found = NonZero::of(&[x; 1024], &mut room).expect("as long as can be");
            assert_eq!(found.places(1024).len(), count);
        }
        assert!(NonZero::of(&[1.0; 1025], &mut room).is_none());
    }
}
