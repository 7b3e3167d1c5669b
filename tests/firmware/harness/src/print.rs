//! Lines of `name value` for the script that reads them. `core::fmt` would link the panic machinery.

use semihosting::sys::arm_compat::sys_writec;

/// Writes a text.
pub fn text(text: &str) {
    text.bytes().for_each(sys_writec);
}

/// Writes a whole number.
pub fn number(n: u32) {
    let mut power = 1_000_000_000_u32;
    let (mut rest, mut begun) = (n, false);
    while power > 0 {
        let mut digit = b'0';
        while rest >= power {
            rest -= power;
            digit += 1;
        }
        begun |= digit > b'0' || power == 1;
        if begun {
            sys_writec(digit);
        }
        power /= 10;
    }
}

/// Writes the bits of a number as eight hexadecimal digits.
pub fn hex(bits: u32) {
    for nibble in (0..8).rev() {
        let digit = (bits >> (4 * nibble)) as u8 & 15;
        sys_writec(digit + if digit < 10 { b'0' } else { b'a' - 10 });
    }
}

/// Writes `name value`.
pub fn line(name: &str, value: u32) {
    text(name);
    text(" ");
    number(value);
    text("\n");
}

/// What a firmware found: prints every check, and remembers whether one failed.
pub struct Report {
    good: bool,
}

impl Report {
    /// Nothing checked yet.
    #[expect(clippy::new_without_default, reason = "one name is enough")]
    pub const fn new() -> Self {
        Self { good: true }
    }

    /// Writes `name ok`, or `name FAILED`, which ends the firmware with a bad status.
    pub fn check(&mut self, name: &str, holds: bool) {
        text(name);
        text(if holds { " ok\n" } else { " FAILED\n" });
        self.good &= holds;
    }

    /// Ends the emulator.
    pub fn exit(self) -> ! {
        crate::exit(self.good)
    }
}
