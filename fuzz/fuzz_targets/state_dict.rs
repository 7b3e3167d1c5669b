#![no_main]
//! See `elman_cli::hostile::state_dict`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    elman_cli::hostile::state_dict(bytes);
});
