//! An ONNX file: a net that `elman export` wrote is read from its metadata, one of another program from its graph.

use super::follow::is_standard;
use super::net::{Foreign, blame_file};
use super::reader::Reader;
use crate::base::failure::{Failure, Result};
use crate::exchange::onnx::{self, Model, weights};
use crate::net::cell;
use crate::net::model_file::About;

/// The operator sets that are read.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=22;

/// A net that `elman export` wrote: what is known about it, and its parameters.
///
/// # Errors
/// `elman export` wrote it, and it was changed since.
pub fn ours(model: &Model) -> Result<Option<(About, Vec<f32>)>> {
    let mut entries = model.metadata_props.iter();
    let json = entries.find(|entry| entry.key == onnx::KEY);
    let (Some(json), Some(graph), true) =
        (json, &model.graph, model.producer_name == onnx::PRODUCER)
    else {
        return Ok(None);
    };
    let about = About::parse(&json.value)?;
    let spec = about.spec.restore().map_err(blame_file)?;
    let layers = graph
        .node
        .iter()
        .filter(|node| cell::of_operator(&node.op_type).is_some())
        .count();
    if layers != spec.layers.len() {
        return Err(Failure::input(format!(
            "the graph has {layers} layers, and the metadata say {}: the file was changed",
            spec.layers.len()
        )));
    }
    let params = weights::read(&spec, &graph.initializer)?;
    Ok(Some((about, params)))
}

/// A net of another program.
///
/// # Errors
/// What elman cannot run, by the names of node and attribute.
pub fn read(model: &Model) -> Result<Foreign> {
    let graph = model
        .graph
        .as_ref()
        .ok_or_else(|| Failure::input("no ONNX file: it has no graph"))?;
    let standard = model
        .opset_import
        .iter()
        .find(|set| is_standard(&set.domain));
    let opset = standard.map_or(1, |set| set.version);
    if !OPSETS.contains(&opset) {
        return Err(Failure::input(format!(
            "opset_import: the operator set {opset} is not read; {} to {} are",
            OPSETS.start(),
            OPSETS.end()
        )));
    }
    let mut reader = Reader::new(graph, opset);
    for node in &graph.node {
        reader.follow(node)?;
    }
    reader.finish(graph)
}
