//! Files of images that were changed by somebody who knows how they are made.

use elman_core::Aligned;

/// Room for every image of the tests, on a cache line.
pub const ROOM: usize = 1 << 15;

/// An image, and behind it whatever lay there.
pub type File = Box<Aligned<[u8; ROOM]>>;

const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// Makes the checksum right again, as somebody would who means harm.
pub fn forge(file: &mut [u8], length: usize) {
    let mut digest = CRC.digest();
    digest.update(&file[..16]);
    digest.update(&file[20..length]);
    file[16..20].copy_from_slice(&digest.finalize().to_le_bytes());
}

/// Puts numbers of every size into each word of the header, and hands over what comes of it.
pub fn with_huge_words(file: &File, length: usize, survives: impl Fn(&[u8])) {
    for word in (2..64).filter(|&word| word != 4) {
        for value in [
            0,
            1,
            2,
            255,
            0xFFFF,
            1 << 24,
            (1 << 24) + 1,
            0x7FFF_FFFF,
            u32::MAX,
        ] {
            let mut file = file.clone();
            file.0[4 * word..][..4].copy_from_slice(&value.to_le_bytes());
            forge(&mut file.0, length);
            survives(&file.0[..length]);
            // As long as the whole slice, so that lengths are believed.
            file.0[12..16].copy_from_slice(&(ROOM as u32).to_le_bytes());
            forge(&mut file.0, ROOM);
            survives(&file.0);
        }
    }
}

/// Names no columns, but what leads from raw samples to numbers.
pub fn without_columns(file: &mut File, length: usize) {
    file.0[8] = 1;
    for word in [57, 58] {
        file.0[4 * word..][..4].fill(0);
    }
    forge(&mut file.0, length);
}

/// Every truncation, and every byte with one bit changed.
pub fn with_damage(file: &mut File, length: usize, is_refused: impl Fn(&[u8]) -> bool) {
    for short in 0..length {
        assert!(is_refused(&file.0[..short]), "{short} of {length} bytes");
    }
    for at in 0..length {
        let flip = 1 << (at % 8);
        file.0[at] ^= flip;
        assert!(is_refused(&file.0[..length]), "byte {at} changed");
        file.0[at] ^= flip;
    }
    assert!(!is_refused(&file.0));
}
