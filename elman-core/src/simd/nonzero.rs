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
