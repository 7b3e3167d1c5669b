#![no_main]
//! See `elman_cli::hostile::tsf`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    elman_cli::hostile::tsf(bytes);
});
