//! The order in which words get their ids.

use std::cmp::Reverse;

/// The most frequent first, of equals in alphabetical order. Beside every word lie its first letters, so that hardly any
/// comparison has to fetch the word itself: a million of them lie in no cache.
pub fn most_frequent_first<S: AsRef<str>>(
    words: impl Iterator<Item = (S, usize)>,
) -> Vec<(S, usize)> {
    let with_letters = |(word, count): (S, usize)| {
        let letters = first_letters(word.as_ref());
        (Reverse(count), letters, word)
    };
    let mut words: Vec<_> = words.map(with_letters).collect();
    words.sort_unstable_by(|a, b| {
        let order = (a.0, a.1).cmp(&(b.0, b.1));
        order.then_with(|| a.2.as_ref().cmp(b.2.as_ref()))
    });
    let words = words.into_iter();
    words
        .map(|(Reverse(count), _, word)| (word, count))
        .collect()
}

/// The first eight bytes as a number that is ordered as they are; of shorter words zeros follow.
fn first_letters(word: &str) -> u64 {
    let mut letters = [0; 8];
    let known = word.len().min(letters.len());
    letters[..known].copy_from_slice(&word.as_bytes()[..known]);
    u64::from_be_bytes(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_whole_words() {
        let words = [
            "b",
            "",
            "a",
            "a\0",
            "\0",
            "abcdefgh",
            "abcdefghz",
            "abcdefgha",
            "é",
            "z",
            "abcdefg",
            "éa",
        ];
        let mut expected = words.map(|word| (word, 1));
        expected.sort_unstable();
        let often = [("rare", 2), ("zebra", 3), ("ant", 3)];
        let found = most_frequent_first(words.map(|word| (word, 1)).into_iter().chain(often));
        assert_eq!(found[..3], [("ant", 3), ("zebra", 3), ("rare", 2)]);
        assert_eq!(found[3..], expected);
    }
}
