//! Which instruction set runs: found once, passed around as a `Copy` value.

use core::fmt;

#[cfg(not(cortex_m_fpu))]
use super::portable::Portable;
use super::{Operation, Simd};

#[cfg(cortex_m_fpu)]
use super::cortex_m::CortexM;

#[cfg(target_arch = "x86_64")]
use super::{avx2::Avx2, avx512::Avx512};

/// An instruction set that this CPU is known to have. It can only be made by detection.
///
/// ```
/// use elman_core::Level;
/// let best = Level::detect();
/// assert!(Level::available().any(|level| level == best));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(Token);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    #[cfg(not(cortex_m_fpu))]
    Portable(Portable),
    #[cfg(cortex_m_fpu)]
    CortexM(CortexM),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Level {
    /// What every chip of the compile target has: `wide` on SSE2, NEON or WebAssembly, the FPU of a Cortex-M4F, M7, M33
    /// or M55, plain code elsewhere.
    ///
    /// ```
    /// # use elman_core::Level;
    /// // Level::detect() is the fastest; this one is everywhere.
    /// assert!(Level::available().any(|level| level == Level::PORTABLE));
    /// ```
    #[cfg(not(cortex_m_fpu))]
    pub const PORTABLE: Self = Self(Token::Portable(Portable));
    /// What every chip of the compile target has: its FPU.
    #[cfg(cortex_m_fpu)]
    pub const PORTABLE: Self = Self(Token::CortexM(CortexM));

    /// The fastest level of this CPU.
    ///
    /// ```
    /// # use elman_core::Level;
    /// assert_eq!(Some(Level::detect()), Level::available().last());
    /// ```
    pub fn detect() -> Self {
        Self::available().last().unwrap_or(Self::PORTABLE)
    }

    /// Every level of this CPU, slowest first.
    ///
    /// ```
    /// # use elman_core::Level;
    /// let names: Vec<&str> = Level::available().map(Level::name).collect();
    /// assert_eq!(names[0], Level::PORTABLE.name());
    /// ```
    pub fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let detected = [
            Avx2::detect().map(Token::Avx2),
            Avx512::detect().map(Token::Avx512),
        ];
        #[cfg(not(target_arch = "x86_64"))]
        let detected: [Option<Token>; 0] = [];
        core::iter::once(Self::PORTABLE).chain(detected.into_iter().flatten().map(Self))
    }

    /// `portable`, `cortex-m`, `avx2` or `avx512`.
    ///
    /// ```
    /// # use elman_core::Level;
    /// println!("running on {}", Level::detect().name());
    /// # assert!(["portable", "avx2", "avx512"].contains(&Level::detect().name()));
    /// ```
    pub const fn name(self) -> &'static str {
        match self.0 {
            #[cfg(not(cortex_m_fpu))]
            Token::Portable(_) => "portable",
            #[cfg(cortex_m_fpu)]
            Token::CortexM(_) => "cortex-m",
            #[cfg(target_arch = "x86_64")]
            Token::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Token::Avx512(_) => "avx512",
        }
    }

    /// Whether multiply-add rounds once: all levels for which this holds compute the same bits.
    ///
    /// ```
    /// # use elman_core::{math, Level};
    /// let tanh_of = |level| { let mut x = [0.3]; math::tanh(level, &mut x); x[0].to_bits() };
    /// let mut fused = Level::available().filter(|level| level.is_fused()).map(tanh_of);
    /// let first = fused.next();
    /// assert!(fused.all(|bits| Some(bits) == first));
    /// ```
    pub const fn is_fused(self) -> bool {
        match self.0 {
            #[cfg(not(cortex_m_fpu))]
            Token::Portable(_) => Portable::FUSED,
            #[cfg(cortex_m_fpu)]
            Token::CortexM(_) => true,
            #[cfg(target_arch = "x86_64")]
            Token::Avx2(_) | Token::Avx512(_) => true,
        }
    }

    /// The one dispatch: runs the operation compiled for this level.
    #[inline]
    pub(crate) fn run<O: Operation>(self, operation: O) -> O::Output {
        match self.0 {
            #[cfg(not(cortex_m_fpu))]
            Token::Portable(token) => token.run(operation),
            #[cfg(cortex_m_fpu)]
            Token::CortexM(token) => token.run(operation),
            #[cfg(target_arch = "x86_64")]
            Token::Avx2(token) => token.run(operation),
            #[cfg(target_arch = "x86_64")]
            Token::Avx512(token) => token.run(operation),
        }
    }

    /// The same, compiled into its caller where the level needs no features of its own: constants of the caller drop
    /// the code that they do not need.
    #[inline(always)]
    pub(crate) fn run_inlined<O: Operation>(self, operation: O) -> O::Output {
        match self.0 {
            #[cfg(not(cortex_m_fpu))]
            Token::Portable(token) => operation.run(token),
            #[cfg(cortex_m_fpu)]
            Token::CortexM(token) => operation.run(token),
            #[cfg(target_arch = "x86_64")]
            Token::Avx2(token) => token.run(operation),
            #[cfg(target_arch = "x86_64")]
            Token::Avx512(token) => token.run(operation),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
