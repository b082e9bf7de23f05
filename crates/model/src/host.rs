//! Who a host is: name, machine id, kernel, and whether it is a machine at all.

/// Names a host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostIdentity {
    /// The host name; empty when the host does not say.
    pub name: String,
    /// `/etc/machine-id`, 32 hexadecimal digits, where it is set and valid.
    pub machine_id: Option<String>,
    /// The architecture in Debian's words (`amd64`, `arm64`), or the kernel's where no package
    /// database names one.
    pub architecture: Option<String>,
    /// What the host runs in.
    pub virtualization: Virtualization,
    /// The directory that stood in for `/`; `None` for the live machine.
    pub root: Option<String>,
}

impl HostIdentity {
    /// Returns what tells this host from others across runs: machine id, else name, else root.
    pub fn key(&self) -> String {
        let name = Some(&self.name).filter(|name| !name.is_empty());
        let key = self.machine_id.as_ref().or(name).or(self.root.as_ref());
        key.cloned().unwrap_or_else(|| "unknown".into())
    }
}

/// What a host runs in, as far as it can tell. A hint for people; no verdict depends on it but
/// the kernel's, because a container has no kernel of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Virtualization {
    /// Nothing says that it is not a machine of its own.
    #[default]
    None,
    /// A virtual machine, by the name systemd-detect-virt(1) uses: `kvm`, `amazon`, `vmware` …
    Machine(String),
    /// A container, likewise: `docker`, `podman`, `lxc`, `systemd-nspawn` …
    Container(String),
    /// A directory tree that nobody has booted.
    Tree,
}

impl Virtualization {
    /// Tells whether the running kernel belongs to somebody else.
    pub const fn shares_kernel(&self) -> bool {
        matches!(self, Self::Container(_))
    }
}

/// The kernel that runs and the kernels that could.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kernel {
    /// `uname -r` of the live machine: `6.1.0-28-amd64`. `None` for a directory tree.
    pub running: Option<String>,
    /// The version inside `uname -v` where the distribution puts its package version there
    /// (Debian: `#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)` → `6.1.119-1`); with rpm, apk and
    /// pacman that of the installed package whose kernel calls itself as the running one.
    pub running_package_version: Option<String>,
    /// Release names that have an image in `/boot` or modules in `/lib/modules`, sorted.
    pub installed: Vec<String>,
    /// Live patches that are loaded, by the names of their modules, sorted.
    pub livepatches: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_surest_thing_known() {
        let mut host = HostIdentity::default();
        assert_eq!(host.key(), "unknown");
        host.root = Some("/mnt/image".into());
        assert_eq!(host.key(), "/mnt/image");
        host.name = "web-1".into();
        assert_eq!(host.key(), "web-1");
        host.machine_id = Some("0123456789abcdef0123456789abcdef".into());
        assert_eq!(host.key(), "0123456789abcdef0123456789abcdef");
    }
}
