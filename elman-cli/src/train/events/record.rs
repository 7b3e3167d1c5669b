//! What an event is: the part of TensorFlow's `event.proto` and `summary.proto` that scalars and histograms need,
//! with the field numbers of those files.

use prost::Message;

use super::histogram::Histogram;

/// What every file must say first.
const VERSION: &str = "brain.Event:2";

/// `tensorflow.SessionLog.SessionStatus.START`
const START: i32 = 1;

/// `tensorflow.Event`
#[derive(Clone, PartialEq, Message)]
pub struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5, 7")]
    what: Option<What>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
    #[prost(message, tag = "7")]
    SessionLog(SessionLog),
}

/// `tensorflow.SessionLog`
#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// `tensorflow.Summary`
#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    values: Vec<Value>,
}

/// `tensorflow.Summary.Value`
#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(oneof = "Content", tags = "2, 5")]
    content: Option<Content>,
    /// Of values that a plugin reads.
    #[prost(message, optional, tag = "9")]
    metadata: Option<Metadata>,
}

/// `tensorflow.SummaryMetadata`
#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(message, optional, tag = "1")]
    plugin: Option<PluginData>,
}

/// `tensorflow.SummaryMetadata.PluginData`
#[derive(Clone, PartialEq, Message)]
struct PluginData {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(bytes = "vec", tag = "2")]
    content: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Content {
    #[prost(float, tag = "2")]
    Scalar(f32),
    #[prost(message, tag = "5")]
    Histogram(HistogramProto),
}

/// `tensorflow.HistogramProto`
#[derive(Clone, PartialEq, Message)]
struct HistogramProto {
    #[prost(double, tag = "1")]
    min: f64,
    #[prost(double, tag = "2")]
    max: f64,
    #[prost(double, tag = "3")]
    num: f64,
    #[prost(double, tag = "4")]
    sum: f64,
    #[prost(double, tag = "5")]
    sum_squares: f64,
    #[prost(double, repeated, tag = "6")]
    bucket_limit: Vec<f64>,
    #[prost(double, repeated, tag = "7")]
    bucket: Vec<f64>,
}

impl Event {
    /// The head of a file.
    pub fn version(wall_time: f64) -> Self {
        let what = What::FileVersion(VERSION.to_owned());
        Self::new(wall_time, 0, what)
    }

    /// From here on steps are counted from `step`; whatever was said about it and later steps is void.
    pub fn start(wall_time: f64, step: usize) -> Self {
        let what = What::SessionLog(SessionLog { status: START });
        Self::new(wall_time, step, what)
    }

    /// Scalars and histograms of a step.
    pub fn summary(
        wall_time: f64,
        step: usize,
        scalars: &[(String, f64)],
        histograms: &[(String, Histogram)],
    ) -> Self {
        let value = |tag: &String, content| Value {
            tag: tag.clone(),
            content: Some(content),
            metadata: None,
        };
        let scalars = scalars
            .iter()
            .map(|(tag, scalar)| value(tag, Content::Scalar(*scalar as f32)));
        let histograms = histograms
            .iter()
            .map(|(tag, histogram)| value(tag, Content::Histogram(histogram.into())));
        let values = scalars.chain(histograms).collect();
        Self::new(wall_time, step, What::Summary(Summary { values }))
    }

    /// What a plugin of TensorBoard reads, under a tag.
    pub fn plugin(wall_time: f64, name: &str, (tag, content): (&str, Vec<u8>)) -> Self {
        let plugin = PluginData {
            name: name.to_owned(),
            content,
        };
        let value = Value {
            tag: tag.to_owned(),
            content: None,
            metadata: Some(Metadata {
                plugin: Some(plugin),
            }),
        };
        let values = vec![value];
        Self::new(wall_time, 0, What::Summary(Summary { values }))
    }

    fn new(wall_time: f64, step: usize, what: What) -> Self {
        Self {
            wall_time,
            step: step as i64,
            what: Some(what),
        }
    }

    /// As protobuf.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode_to_vec()
    }
}

impl From<&Histogram> for HistogramProto {
    fn from(histogram: &Histogram) -> Self {
        Self {
            min: histogram.min,
            max: histogram.max,
            num: histogram.count,
            sum: histogram.sum,
            sum_squares: histogram.sum_of_squares,
            bucket_limit: histogram.limits.clone(),
            bucket: histogram.counts.clone(),
        }
    }
}

/// What tests read.
#[cfg(test)]
impl Event {
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::decode(bytes).ok()
    }

    pub fn file_version(&self) -> Option<&str> {
        match &self.what {
            Some(What::FileVersion(version)) => Some(version),
            _ => None,
        }
    }

    pub fn started_at(&self) -> Option<i64> {
        match &self.what {
            Some(What::SessionLog(SessionLog { status: START })) => Some(self.step),
            _ => None,
        }
    }

    fn values(&self) -> &[Value] {
        match &self.what {
            Some(What::Summary(summary)) => &summary.values,
            _ => &[],
        }
    }

    pub fn scalars(&self) -> Vec<(&str, f32)> {
        let scalar = |value: &'_ Value| match value.content {
            Some(Content::Scalar(scalar)) => Some(scalar),
            _ => None,
        };
        let values = self.values().iter();
        values
            .filter_map(|value| Some((value.tag.as_str(), scalar(value)?)))
            .collect()
    }

    /// Tag and plugin of every value that a plugin reads.
    pub fn plugins(&self) -> Vec<(&str, &str)> {
        let values = self.values().iter();
        values
            .filter_map(|value| {
                let plugin = value.metadata.as_ref()?.plugin.as_ref()?;
                Some((value.tag.as_str(), plugin.name.as_str()))
            })
            .collect()
    }

    /// How many numbers each holds.
    pub fn histograms(&self) -> Vec<(&str, f64)> {
        let count = |value: &'_ Value| match &value.content {
            Some(Content::Histogram(histogram)) => Some(histogram.num),
            _ => None,
        };
        let values = self.values().iter();
        values
            .filter_map(|value| Some((value.tag.as_str(), count(value)?)))
            .collect()
    }
}
