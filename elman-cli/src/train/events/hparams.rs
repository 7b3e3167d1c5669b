//! The settings of a run as TensorBoard's HParams plugin reads them: the parts of its `plugin_data.proto` and `api.proto` that
//! say which settings and figures there are, what they are in this run, and how it ended; field numbers are those of these
//! files.

use std::collections::BTreeMap;

use prost::Message;

/// Of the plugin, and of its records.
pub const PLUGIN: &str = "hparams";
const EXPERIMENT: &str = "_hparams_/experiment";
const START: &str = "_hparams_/session_start_info";
const END: &str = "_hparams_/session_end_info";

/// A setting, by its name, as text, number, or yes and no.
pub type Settings = BTreeMap<String, Setting>;

/// `google.protobuf.Value`
#[derive(Clone, PartialEq, Message)]
pub struct Setting {
    #[prost(oneof = "Kind", tags = "2, 3, 4")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Kind {
    #[prost(double, tag = "2")]
    Number(f64),
    #[prost(string, tag = "3")]
    Text(String),
    #[prost(bool, tag = "4")]
    Bool(bool),
}

/// `tensorboard.hparams.HParamsPluginData`
#[derive(Clone, PartialEq, Message)]
struct PluginData {
    #[prost(int32, tag = "1")]
    version: i32,
    #[prost(oneof = "Data", tags = "2, 3, 4")]
    data: Option<Data>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Data {
    #[prost(message, tag = "2")]
    Experiment(Experiment),
    #[prost(message, tag = "3")]
    Start(SessionStart),
    #[prost(message, tag = "4")]
    End(SessionEnd),
}

/// `tensorboard.hparams.Experiment`
#[derive(Clone, PartialEq, Message)]
struct Experiment {
    #[prost(message, repeated, tag = "4")]
    settings: Vec<SettingInfo>,
    #[prost(message, repeated, tag = "5")]
    metrics: Vec<MetricInfo>,
}

/// `tensorboard.hparams.HParamInfo`
#[derive(Clone, PartialEq, Message)]
struct SettingInfo {
    #[prost(string, tag = "1")]
    name: String,
    /// 1 text, 2 yes or no, 3 number
    #[prost(int32, tag = "4")]
    kind: i32,
}

/// `tensorboard.hparams.MetricInfo`
#[derive(Clone, PartialEq, Message)]
struct MetricInfo {
    #[prost(message, optional, tag = "1")]
    name: Option<MetricName>,
    #[prost(string, tag = "3")]
    shown: String,
    /// 1 training, 2 validation
    #[prost(int32, tag = "5")]
    data: i32,
}

/// `tensorboard.hparams.MetricName`
#[derive(Clone, PartialEq, Message)]
struct MetricName {
    #[prost(string, tag = "2")]
    tag: String,
}

/// `tensorboard.hparams.SessionStartInfo`
#[derive(Clone, PartialEq, Message)]
struct SessionStart {
    #[prost(btree_map = "string, message", tag = "1")]
    settings: Settings,
    #[prost(double, tag = "5")]
    seconds: f64,
}

/// `tensorboard.hparams.SessionEndInfo`
#[derive(Clone, PartialEq, Message)]
struct SessionEnd {
    #[prost(int32, tag = "1")]
    status: i32,
    #[prost(double, tag = "2")]
    seconds: f64,
}

/// How a session ended: `tensorboard.hparams.Status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Success = 1,
    Failure = 2,
}

/// A record of the plugin: its tag and its content.
pub type Record = (&'static str, Vec<u8>);

/// A setting as it stands in `config.toml`.
pub fn setting(value: &str) -> Setting {
    let kind = match (value, value.parse::<f64>()) {
        ("true" | "false", _) => Kind::Bool(value == "true"),
        (_, Ok(number)) if number.is_finite() => Kind::Number(number),
        _ => Kind::Text(value.to_owned()),
    };
    Setting { kind: Some(kind) }
}

/// At the beginning of a file: which settings and figures there are, and what they are in this run.
pub fn start(settings: &Settings, score: &str, seconds: f64) -> [Record; 2] {
    let info = |(name, setting): (&String, &Setting)| SettingInfo {
        name: name.clone(),
        kind: match setting.kind {
            Some(Kind::Bool(_)) => 2,
            Some(Kind::Number(_)) => 3,
            Some(Kind::Text(_)) | None => 1,
        },
    };
    let metric = |tag: String, shown: &str, data| MetricInfo {
        name: Some(MetricName { tag }),
        shown: shown.to_owned(),
        data,
    };
    let experiment = Experiment {
        settings: settings.iter().map(info).collect(),
        metrics: vec![
            metric(format!("score/{score}"), score, 2),
            metric("loss/valid".to_owned(), "validation loss", 2),
            metric("loss/train".to_owned(), "training loss", 1),
        ],
    };
    let session = SessionStart {
        settings: settings.clone(),
        seconds,
    };
    [
        (EXPERIMENT, encode(Data::Experiment(experiment))),
        (START, encode(Data::Start(session))),
    ]
}

/// At the end of a run.
pub fn end(how: End, seconds: f64) -> Record {
    let session = SessionEnd {
        status: how as i32,
        seconds,
    };
    (END, encode(Data::End(session)))
}

fn encode(data: Data) -> Vec<u8> {
    let data = PluginData {
        version: 0,
        data: Some(data),
    };
    data.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_as_what_they_are() {
        let settings: Settings = [
            ("lr", "0.01"),
            ("watch", "false"),
            ("cell", "gru"),
            ("train", "nan"),
        ]
        .map(|(name, value)| (name.to_owned(), setting(value)))
        .into();
        let [(tag, experiment), (_, session)] = start(&settings, "f1", 7.5);
        assert_eq!(tag, "_hparams_/experiment");
        let Some(Data::Experiment(experiment)) = PluginData::decode(&experiment[..]).unwrap().data
        else {
            panic!("no experiment");
        };
        let kinds: Vec<(&str, i32)> = (experiment.settings.iter())
            .map(|info| (info.name.as_str(), info.kind))
            .collect();
        assert_eq!(kinds, [("cell", 1), ("lr", 3), ("train", 1), ("watch", 2)]);
        assert_eq!(experiment.metrics[0].name.as_ref().unwrap().tag, "score/f1");
        let Some(Data::Start(session)) = PluginData::decode(&session[..]).unwrap().data else {
            panic!("no session");
        };
        assert_eq!((session.settings, session.seconds), (settings, 7.5));
    }
}
