//! Directories in which nothing is installed on this host.

use super::walk::Bounds;

/// Kernel file systems and volatile places; `sysroot` of an ostree host is the same host again.
const NOT_ENTERED: [&str; 6] = ["proc", "sys", "dev", "run", "lost+found", "sysroot"];
/// Directories that no installed package lives in, wherever they are: histories, whose files are
/// compressed, compiled Python, and file system snapshots, which are the same host again.
const NAMES_NOT_ENTERED: [&str; 5] = [".git", ".hg", ".svn", "__pycache__", ".snapshots"];
/// The storage of other systems on this one: their packages are not this host's.
const CONTAINERS: [&str; 17] = [
    "snap",
    "var/lib/snapd",
    "var/snap",
    "var/lib/flatpak",
    "var/lib/docker",
    "var/lib/containerd",
    "var/lib/containers",
    "var/lib/kubelet/pods",
    "var/lib/rancher/k3s/agent/containerd",
    "var/lib/rancher/rke2/agent/containerd",
    "var/lib/k0s/containerd",
    "var/lib/lxc",
    "var/lib/lxd",
    "var/lib/incus",
    "var/lib/machines",
    "var/lib/portables",
    "var/lib/buildkit",
];
/// The same, below a user's home.
const USERS_CONTAINERS: [&str; 3] = [".local/share/containers", ".local/share/docker", ".local/share/flatpak"];
/// What lies below a user's home unpacked and is not installed.
const USERS_NOT_ENTERED: [&str; 3] = [".cache/uv", ".cache/pip", ".local/share/Trash"];

/// Tells whether the walk enters a directory; those above it are not asked about.
pub(super) fn is_entered(path: &str, bounds: Bounds) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let users = |ends: &[&str]| ends.iter().any(|end| path.strip_suffix(end).is_some_and(|home| home.ends_with('/')));
    if NOT_ENTERED.contains(&path) || NAMES_NOT_ENTERED.contains(&name) || users(&USERS_NOT_ENTERED) {
        return false;
    }
    bounds.containers || !(CONTAINERS.contains(&path) || users(&USERS_CONTAINERS))
}

/// Tells whether the walk enters a directory and all of those above it.
pub(super) fn is_reached(path: &str, bounds: Bounds) -> bool {
    let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
    above.chain([path]).all(|directory| is_entered(directory, bounds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_others_is_not_entered() {
        let bounds = Bounds::default();
        for path in ["usr", "usr/proc", "home/u/snap", "var/lib", "var/lib/docker2", ".cache/uv", "home/u/.cache"] {
            assert!(is_entered(path, bounds), "{path}");
        }
        for path in ["proc", "snap", "var/lib/docker", "home/u/.cache/uv", "usr/src/x/.git", ".snapshots"] {
            assert!(!is_entered(path, bounds), "{path}");
        }
        assert!(is_entered("var/lib/docker", Bounds { containers: true, ..bounds }));
        assert!(is_entered("var/lib/docker/volumes", bounds) && !is_reached("var/lib/docker/volumes", bounds));
        assert!(is_reached("srv/x", bounds) && is_reached("", bounds));
    }
}
