//! What ranks need of whatever connects them.

/// What is sent to a rank.
pub type Parcel<'a, T> = (usize, &'a [T]);

/// Where to put what a rank sends; both know how long it is.
pub type Place<'a, T> = (usize, &'a mut [T]);

/// How ranks reach each other. Every call carries out all of its moves side by side, and returns when all are done; between two
/// ranks nothing overtakes.
pub trait Wire: Send + Sync {
    /// Which one this is, counted from 0.
    fn rank(&self) -> usize;

    /// How many there are.
    fn count(&self) -> usize;

    /// The machine, for people.
    fn machine(&self) -> String;

    /// Moves words.
    fn words(&self, parcels: &[Parcel<'_, u64>], places: &mut [Place<'_, u64>]);

    /// Moves numbers.
    fn numbers(&self, parcels: &[Parcel<'_, f32>], places: &mut [Place<'_, f32>]);

    /// Ends all ranks at once, since this one is lost.
    fn abort(&self);
}
