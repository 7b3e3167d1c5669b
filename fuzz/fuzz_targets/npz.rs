#![no_main]
//! See `elman_cli::hostile::npz`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    elman_cli::hostile::npz(bytes);
});
