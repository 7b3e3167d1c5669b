//! The wire that is MPI.

use std::thread::{sleep, yield_now};
use std::time::{Duration, Instant};

use mpi::Threading;
use mpi::environment::{Universe, processor_name};
use mpi::point_to_point::{Destination, Source};
use mpi::request::{LocalScope, Request, scope};
use mpi::topology::{Communicator, Rank};
use mpi::traits::Equivalence;

use super::wire::{Parcel, Place, Wire};
use crate::base::failure::{Failure, Result};

/// Words and numbers never meet, even if ranks misunderstood one another.
const WORDS: i32 = 1;
const NUMBERS: i32 = 2;

/// So long a rank asks again and again whether a message is there; then it sleeps between its questions, since the others are
/// busy with something long, perhaps on the same core.
const EAGER: Duration = Duration::from_millis(5);
const NAP: Duration = Duration::from_micros(100);

/// All processes that MPI started with this one.
pub struct World(Universe);

impl World {
    /// Joins them. Must be let go of by the same thread.
    ///
    /// # Errors
    /// An MPI library that lets one thread only speak.
    pub fn join() -> Result<Self> {
        // The thread that trains is not the first of the process.
        match mpi::initialize_with_threading(Threading::Serialized) {
            Some((universe, given)) if given >= Threading::Serialized => Ok(Self(universe)),
            Some(_) => Err(Failure::run(
                "this MPI library was built without support for threads; elman needs MPI_THREAD_SERIALIZED",
            )),
            None => Err(Failure::run("MPI was started before")),
        }
    }

    fn carry<T: Equivalence>(
        &self,
        parcels: &[Parcel<'_, T>],
        places: &mut [Place<'_, T>],
        tag: i32,
    ) {
        let world = self.0.world();
        scope(|scope| {
            let places = places.iter_mut().map(|(from, place)| {
                let from = world.process_at_rank(*from as Rank);
                from.immediate_receive_into_with_tag(scope, &mut **place, tag)
            });
            let mut open: Vec<_> = places.collect();
            open.extend(parcels.iter().map(|(to, parcel)| {
                let to = world.process_at_rank(*to as Rank);
                to.immediate_send_with_tag(scope, *parcel, tag)
            }));
            wait(open);
        });
    }
}

/// Until all is done. MPI itself would keep a core busy meanwhile.
fn wait<'a, T: 'a>(mut open: Vec<Request<'a, [T], &LocalScope<'a>>>) {
    let began = Instant::now();
    loop {
        open = open
            .into_iter()
            .filter_map(|request| request.test().err())
            .collect();
        if open.is_empty() {
            return;
        }
        if began.elapsed() < EAGER {
            yield_now();
        } else {
            sleep(NAP);
        }
    }
}

impl Wire for World {
    fn rank(&self) -> usize {
        self.0.world().rank() as usize
    }

    fn count(&self) -> usize {
        self.0.world().size() as usize
    }

    fn machine(&self) -> String {
        processor_name().unwrap_or_else(|_| "a machine without a name".to_owned())
    }

    fn words(&self, parcels: &[Parcel<'_, u64>], places: &mut [Place<'_, u64>]) {
        self.carry(parcels, places, WORDS);
    }

    fn numbers(&self, parcels: &[Parcel<'_, f32>], places: &mut [Place<'_, f32>]) {
        self.carry(parcels, places, NUMBERS);
    }

    fn abort(&self) {
        self.0.world().abort(1);
    }
}
