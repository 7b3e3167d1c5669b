#![no_main]
//! See `elman_cli::hostile::any_table`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    elman_cli::hostile::any_table(bytes);
});
