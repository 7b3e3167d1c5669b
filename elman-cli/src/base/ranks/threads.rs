//! Ranks that are threads of a test, so that what they do together can be tested without a launcher.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::Ranks;
use super::wire::{Parcel, Place, Wire};

enum Packet {
    Words(Vec<u64>),
    Numbers(Vec<f32>),
}

/// One rank, and its channels to and from all.
struct Threads {
    rank: usize,
    to: Vec<Mutex<Sender<Packet>>>,
    from: Vec<Mutex<Receiver<Packet>>>,
}

impl Threads {
    fn send(&self, to: usize, packet: Packet) {
        // Nobody waits for what is sent to a rank that failed.
        let _ = self.to[to].lock().unwrap().send(packet);
    }

    fn receive(&self, from: usize) -> Packet {
        let received = self.from[from].lock().unwrap().recv();
        received.expect("the other rank is there")
    }
}

impl Wire for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn count(&self) -> usize {
        self.to.len()
    }

    fn machine(&self) -> String {
        "a thread".to_owned()
    }

    fn words(&self, parcels: &[Parcel<'_, u64>], places: &mut [Place<'_, u64>]) {
        for &(to, words) in parcels {
            self.send(to, Packet::Words(words.to_vec()));
        }
        for (from, place) in places {
            match self.receive(*from) {
                Packet::Words(words) => place.copy_from_slice(&words),
                Packet::Numbers(_) => panic!("numbers for words"),
            }
        }
    }

    fn numbers(&self, parcels: &[Parcel<'_, f32>], places: &mut [Place<'_, f32>]) {
        for &(to, numbers) in parcels {
            self.send(to, Packet::Numbers(numbers.to_vec()));
        }
        for (from, place) in places {
            match self.receive(*from) {
                Packet::Numbers(numbers) => place.copy_from_slice(&numbers),
                Packet::Words(_) => panic!("words for numbers"),
            }
        }
    }

    fn abort(&self) {}
}

/// Does `work` in so many ranks at once; what each returns.
pub fn side_by_side<R: Send>(count: usize, work: impl Fn(Ranks) -> R + Sync) -> Vec<R> {
    let mut to: Vec<Vec<_>> = (0..count).map(|_| Vec::new()).collect();
    let mut from: Vec<Vec<_>> = (0..count).map(|_| Vec::new()).collect();
    for sender in &mut to {
        for receiver in &mut from {
            let (send, receive) = channel();
            sender.push(Mutex::new(send));
            receiver.push(Mutex::new(receive));
        }
    }
    let work = &work;
    std::thread::scope(|scope| {
        let pairs = to.into_iter().zip(from).enumerate();
        let ranks = pairs.map(|(rank, (to, from))| Ranks::over(Threads { rank, to, from }));
        let handles: Vec<_> = ranks
            .map(|ranks| scope.spawn(move || work(ranks)))
            .collect();
        let ends = handles.into_iter().map(|handle| handle.join());
        ends.map(|end| end.expect("a rank that does not panic"))
            .collect()
    })
}
