//! Files of nets that are not read, named by what they are.

use std::io::Cursor;

/// How an archive begins.
const ZIP: &[u8] = b"PK\x03\x04";

/// What a file is and how to save the net instead; none where it may be one that is read.
pub fn name(content: &[u8]) -> Option<&'static str> {
    if content.starts_with(b"\x89HDF\r\n\x1a\n") {
        return Some(KERAS);
    }
    if content.starts_with(ZIP) {
        let archive = zip::ZipArchive::new(Cursor::new(content)).ok();
        let holds = |end: &str| {
            let mut names = archive
                .iter()
                .flat_map(|archive| archive.file_names().flatten());
            names.any(|name| name.ends_with(end))
        };
        return Some(if holds("model.weights.h5") {
            KERAS
        } else if holds(".npy") {
            "this is an archive of NumPy arrays; write the net by safetensors.numpy.save_file(arrays, FILE) under PyTorch's names, \
             or as ONNX"
        } else {
            PICKLE
        });
    }
    if content.get(4..8) == Some(b"TFL3") {
        return Some(
            "this is a TensorFlow Lite model; export the net it was made of to ONNX: python -m tf2onnx.convert",
        );
    }
    // Protocols 2 to 5 of pickle; an ONNX file cannot begin like this.
    matches!(content, [0x80, 2..=5, ..]).then_some(PICKLE)
}

const KERAS: &str = "this is a Keras model or its weights (HDF5); export it to ONNX: python -m tf2onnx.convert, or model.export(FILE, \
                     format=\"onnx\")";

const PICKLE: &str = "this is a pickle, of torch.save, joblib or scikit-learn, which runs code when it is opened; write the net by \
                      safetensors.torch.save_file(net.state_dict(), FILE)";

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn files_are_named_by_their_first_bytes() {
        let names =
            |content: &[u8], word: &str| name(content).is_some_and(|name| name.contains(word));
        assert!(names(b"\x89HDF\r\n\x1a\n...", "Keras"));
        let zip = |name: &str, content: &[u8]| {
            let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
            let stored = zip::write::SimpleFileOptions::default()
                .compression_method(zip::CompressionMethod::Stored);
            zip.start_file(name, stored).unwrap();
            zip.write_all(content).unwrap();
            zip.finish().unwrap().into_inner()
        };
        assert!(names(&zip("model.weights.h5", b""), "Keras"));
        assert!(names(
            &zip("archive/data.pkl", b"of data.npy"),
            "torch.save"
        ));
        assert!(names(&zip("w.npy", b""), "NumPy"));
        assert!(names(b"PK\x03\x04 broken off", "torch.save"));
        assert!(names(
            b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.more",
            "torch.save"
        ));
        assert!(names(b"\x1c\0\0\0TFL3", "TensorFlow"));
        assert_eq!(name(b"\x08\x08\x12\x07pytorch"), None);
        assert_eq!(name(b"\x40\0\0\0\0\0\0\0{\"a\":{}}"), None);
    }
}
