#![no_main]
//! See `elman_cli::hostile::csv`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    elman_cli::hostile::csv(bytes);
});
