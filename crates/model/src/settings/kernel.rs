//! Memory protection by kernel and processor.

use crate::settings::Setting;

/// Address space layout randomization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aslr {
    /// `kernel.randomize_va_space` of the running kernel; `None` for a directory tree.
    pub live: Option<Setting<i64>>,
    /// What the sysctl configuration sets at boot, or the kernel's default where nobody sets it.
    pub configured: Setting<i64>,
}

/// Non-executable memory pages (NX, DEP).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nx {
    /// The kind of processor.
    pub architecture: Architecture,
    /// Whether every x86 processor shows the flag `nx`; the value quotes the first that decides.
    pub cpu: Option<Setting<bool>>,
    /// Boot parameters that turn the protection off: `noexec=off`, `noexec32=off`.
    pub turned_off: Vec<Setting<()>>,
}

/// The kind of processor, as far as the rule needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Architecture {
    /// x86, 32 or 64 bits.
    X86,
    /// ARM, 32 or 64 bits.
    Arm,
    /// Another one.
    Other,
}
