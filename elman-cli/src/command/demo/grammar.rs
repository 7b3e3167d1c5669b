//! Sentences of two and three words, as in Elman (1990), from a lexicon of our own; and how likely every word is to come
//! next, computed exactly.

use crate::base::seeds::{self, Purpose};

/// Classes of words. A word may belong to two.
const CLASSES: [(&str, &[&str]); 12] = [
    ("person", &["girl", "sailor", "baker"]),
    ("beast", &["horse", "fox", "goat"]),
    ("monster", &["troll", "giant"]),
    ("food", &["apple", "soup", "cheese"]),
    ("brittle", &["vase", "mirror", "bottle"]),
    ("thing", &["stone", "cart", "door"]),
    ("rests", &["sleeps", "dreams"]),
    ("meets", &["follows", "sees"]),
    ("senses", &["smells", "sees"]),
    ("shifts", &["moves", "turns", "cracks"]),
    ("breaks", &["cracks", "smashes"]),
    ("eats", &["eats"]),
];

/// What sentences are made of, all equally likely; so are the words of a class.
const FRAMES: [&[&str]; 16] = [
    &["person", "eats", "food"],
    &["person", "senses", "thing"],
    &["person", "breaks", "brittle"],
    &["person", "rests"],
    &["person", "meets", "person"],
    &["person", "shifts", "thing"],
    &["person", "shifts"],
    &["beast", "eats", "food"],
    &["beast", "meets", "beast"],
    &["beast", "shifts", "thing"],
    &["beast", "rests"],
    &["thing", "shifts"],
    &["monster", "breaks", "brittle"],
    &["monster", "eats", "person"],
    &["monster", "eats", "beast"],
    &["monster", "eats", "food"],
];

/// The words of a class.
fn words_of(class: &str) -> &'static [&'static str] {
    let found = CLASSES.iter().find(|(name, _)| *name == class);
    found.map_or(&[], |(_, words)| words)
}

/// All words, each once.
pub fn words() -> Vec<&'static str> {
    let words = CLASSES.iter().flat_map(|(_, words)| *words);
    let mut words: Vec<&str> = words.copied().collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// So many sentences, one after the other without a sign between them.
pub fn sentences(seed: u64, part: u64, count: usize) -> Vec<&'static str> {
    clauses(seed, part, count).concat()
}

/// So many sentences.
pub fn clauses(seed: u64, part: u64, count: usize) -> Vec<Vec<&'static str>> {
    let mut rng = seeds::generator(seed, Purpose::Demo, &[4, part]);
    let mut clause = || {
        let frame = FRAMES[seeds::below(&mut rng, FRAMES.len())];
        let words = frame.iter().map(|class| {
            let words = words_of(class);
            words[seeds::below(&mut rng, words.len())]
        });
        words.collect()
    };
    (0..count).map(|_| clause()).collect()
}

/// A reader that knows the grammar: which frames may be in use, and how far they have got.
pub struct Expert {
    /// Frame, place, and the probability that the next word stands there, given all words so far.
    places: Vec<(usize, usize, f64)>,
}

impl Expert {
    /// Before the first sentence.
    pub fn new() -> Self {
        let share = 1.0 / FRAMES.len() as f64;
        let starts = (0..FRAMES.len()).map(|frame| (frame, 0, share));
        Self {
            places: starts.collect(),
        }
    }

    /// How likely a word is to come next.
    pub fn likelihood(&self, word: &str) -> f64 {
        let shares = self.places.iter();
        let shares = shares.map(|&(frame, place, share)| share * emission(frame, place, word));
        shares.sum()
    }

    /// Reads the next word.
    pub fn read(&mut self, word: &str) {
        let total = self.likelihood(word);
        let (mut next, mut ended) = (Vec::new(), 0.0);
        for &(frame, place, share) in &self.places {
            let share = share * emission(frame, place, word) / total;
            if place + 1 == FRAMES[frame].len() {
                ended += share;
            } else if share > 0.0 {
                next.push((frame, place + 1, share));
            }
        }
        if ended > 0.0 {
            let share = ended / FRAMES.len() as f64;
            next.extend((0..FRAMES.len()).map(|frame| (frame, 0, share)));
        }
        self.places = next;
    }
}

/// How likely a word is in a place of a frame.
fn emission(frame: usize, place: usize, word: &str) -> f64 {
    let words = words_of(FRAMES[frame][place]);
    if words.contains(&word) {
        1.0 / words.len() as f64
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    #[test]
    fn an_expert_knows_what_may_come() {
        let mut expert = Expert::new();
        // A person begins 7 of 16 frames.
        near(expert.likelihood("girl"), 7.0 / 16.0 / 3.0);
        near(expert.likelihood("eats"), 0.0);
        expert.read("girl");
        near(expert.likelihood("eats"), 1.0 / 7.0);
        // Two frames shift, one breaks.
        near(
            expert.likelihood("cracks"),
            2.0 / 7.0 / 3.0 + 1.0 / 7.0 / 2.0,
        );
        expert.read("eats");
        near(expert.likelihood("apple"), 1.0 / 3.0);
        expert.read("apple");
        near(expert.likelihood("girl"), 7.0 / 16.0 / 3.0);
        expert.read("girl");
        expert.read("moves");
        // Something to move, or a new sentence, which may begin with a thing as well.
        near(expert.likelihood("stone"), 0.5 / 3.0 + 0.5 / 16.0 / 3.0);
    }

    #[test]
    fn likelihoods_are_those_of_the_sentences() {
        let words = words();
        let text = sentences(1, 1, 20_000);
        let share = 1.0 / text.len() as f64;
        let mut expert = Expert::new();
        let (mut expected, mut found) = (vec![0.0; words.len()], vec![0.0; words.len()]);
        for word in &text {
            let likelihoods: Vec<f64> = words.iter().map(|word| expert.likelihood(word)).collect();
            assert!((likelihoods.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            let sums = expected.iter_mut().zip(likelihoods);
            sums.for_each(|(sum, likelihood)| *sum += share * likelihood);
            found[words.iter().position(|known| known == word).unwrap()] += share;
            expert.read(word);
        }
        for (expected, found) in expected.iter().zip(&found) {
            assert!((expected - found).abs() < 0.004, "{expected} {found}");
        }
    }
}
