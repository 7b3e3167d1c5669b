//! A list that a constant can hold.

use crate::error::Error;

/// Short list with a fixed capacity, so that [`Spec`](super::Spec) can be a `const`.
///
/// ```
/// # use elman_core::{Layer, List};
/// const LAYERS: List<Layer, 8> = List::of([Layer::tanh(32)]);
/// assert_eq!(LAYERS.as_slice(), [Layer::tanh(32)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct List<T, const CAPACITY: usize> {
    items: [T; CAPACITY],
    len: usize,
}

impl<T: Copy, const CAPACITY: usize> List<T, CAPACITY> {
    /// The given items; between 1 and `CAPACITY` of them, checked when the program is compiled.
    ///
    /// ```
    /// use elman_core::{Layer, Layers};
    /// const LAYERS: Layers = Layers::of([Layer::tanh(32), Layer::tanh(16)]);
    /// assert_eq!(LAYERS.as_slice().len(), 2);
    /// ```
    pub const fn of<const N: usize>(given: [T; N]) -> Self {
        const {
            assert!(
                N >= 1 && N <= CAPACITY,
                "a list takes between 1 and CAPACITY items"
            )
        };
        let mut items = [given[0]; CAPACITY];
        let mut i = 0;
        while i < N && i < CAPACITY {
            items[i] = given[i];
            i += 1;
        }
        Self { items, len: N }
    }

    /// The items of a slice whose length is only known at run time.
    ///
    /// # Errors
    /// [`Error::Spec`] if the slice is empty or longer than `CAPACITY`.
    ///
    /// ```
    /// # use elman_core::{Layer, Layers};
    /// assert_eq!(Layers::from_slice(&[Layer::tanh(8); 3]).map(|layers| layers.len()), Ok(3));
    /// ```
    pub fn from_slice(given: &[T]) -> Result<Self, Error> {
        let Some(&first) = given.first() else {
            return Err(Error::Spec("a list of layers or channels is empty"));
        };
        if given.len() > CAPACITY {
            return Err(Error::Spec("more than 8 layers or channels"));
        }
        let mut items = [first; CAPACITY];
        for (item, &value) in items.iter_mut().zip(given) {
            *item = value;
        }
        Ok(Self {
            items,
            len: given.len(),
        })
    }

    /// The items.
    ///
    /// ```
    /// # use elman_core::{Layer, Layers};
    /// let hidden = Layers::of([Layer::tanh(32), Layer::tanh(16)]).as_slice().iter().map(|layer| layer.hidden).sum::<usize>();
    /// assert_eq!(hidden, 48);
    /// ```
    pub const fn as_slice(&self) -> &[T] {
        match self.items.split_at_checked(self.len) {
            Some((used, _)) => used,
            None => &[],
        }
    }

    /// Item `index`; past the end one of the others.
    #[inline(always)]
    pub(crate) const fn get(&self, index: usize) -> T {
        self.items[if index < CAPACITY { index } else { 0 }]
    }

    /// How many items there are.
    ///
    /// ```
    /// # use elman_core::{Layer, Layers};
    /// assert_eq!(Layers::of([Layer::tanh(32), Layer::tanh(16)]).len(), 2);
    /// ```
    #[expect(clippy::len_without_is_empty, reason = "a list is never empty")]
    #[inline(always)]
    pub const fn len(&self) -> usize {
        self.len
    }
}
