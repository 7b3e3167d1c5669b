#![no_main]
//! See `elman_cli::hostile::ts`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    elman_cli::hostile::ts(bytes);
});
