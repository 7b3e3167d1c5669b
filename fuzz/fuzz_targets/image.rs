#![no_main]
//! See `elman_cli::hostile::image`. A checksum keeps out whoever does not know it, so it is made right for half of the bytes.

/// Where the image's length and its checksum lie.
const LENGTH: std::ops::Range<usize> = 12..16;
const CRC: std::ops::Range<usize> = 16..20;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    elman_cli::hostile::image(bytes);
    let mut forged = bytes[..bytes.len() / 64 * 64].to_vec();
    if forged.len() < 256 {
        return;
    }
    let length = forged.len() as u32;
    forged[LENGTH].copy_from_slice(&length.to_le_bytes());
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
    let mut digest = crc.digest();
    digest.update(&forged[..CRC.start]);
    digest.update(&forged[CRC.end..]);
    let sum = digest.finalize();
    forged[CRC].copy_from_slice(&sum.to_le_bytes());
    elman_cli::hostile::image(&forged);
});
