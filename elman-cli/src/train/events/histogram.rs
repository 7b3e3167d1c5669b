//! Many numbers as a few buckets.

/// Buckets of a histogram: as many as TensorBoard draws.
const BUCKETS: usize = 30;

/// How numbers are spread.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    pub min: f64,
    pub max: f64,
    /// How many numbers.
    pub count: f64,
    pub sum: f64,
    pub sum_of_squares: f64,
    /// Upper ends of the buckets, rising; the last is `max`.
    pub limits: Vec<f64>,
    /// Numbers per bucket.
    pub counts: Vec<f64>,
}

impl Histogram {
    /// Of all finite numbers; `None` if there are none.
    pub fn of(numbers: &[f32]) -> Option<Self> {
        let finite = || {
            let numbers = numbers.iter().map(|&number| f64::from(number));
            numbers.filter(|number| number.is_finite())
        };
        let min = finite().reduce(f64::min)?;
        let max = finite().reduce(f64::max)?;
        let width = (max - min) / BUCKETS as f64;
        // Equal numbers, or numbers so close that buckets between them would have no width, share one bucket.
        let buckets = if min + width > min && max - width < max {
            BUCKETS
        } else {
            1
        };
        let mut histogram = Self {
            min,
            max,
            count: 0.0,
            sum: 0.0,
            sum_of_squares: 0.0,
            limits: (1..buckets)
                .map(|bucket| min + width * bucket as f64)
                .chain([max])
                .collect(),
            counts: vec![0.0; buckets],
        };
        for number in finite() {
            histogram.count += 1.0;
            histogram.sum += number;
            histogram.sum_of_squares += number * number;
            // 0/0 where all are equal casts to bucket 0.
            let bucket = ((number - min) / width) as usize;
            histogram.counts[bucket.min(buckets - 1)] += 1.0;
        }
        Some(histogram)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_number_is_in_one_bucket() {
        let numbers: Vec<f32> = (0..=300).map(|i| i as f32).chain([f32::NAN]).collect();
        let histogram = Histogram::of(&numbers).unwrap();
        assert_eq!((histogram.min, histogram.max), (0.0, 300.0));
        assert_eq!(histogram.limits[..2], [10.0, 20.0]);
        assert_eq!(histogram.counts[0], 10.0);
        // The last bucket holds its upper end as well.
        assert_eq!(histogram.counts[BUCKETS - 1], 11.0);
        assert_eq!(histogram.counts.iter().sum::<f64>(), histogram.count);
        assert_eq!(histogram.sum, 45_150.0);
    }

    #[test]
    fn equal_numbers_share_a_bucket_and_none_make_no_histogram() {
        let histogram = Histogram::of(&[2.0, 2.0]).unwrap();
        assert_eq!(histogram.limits, [2.0]);
        assert_eq!(
            (histogram.counts, histogram.sum_of_squares),
            (vec![2.0], 8.0)
        );
        assert_eq!(Histogram::of(&[f32::INFINITY]), None);
        assert_eq!(Histogram::of(&[]), None);
    }
}
