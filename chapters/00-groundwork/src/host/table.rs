//! Every probe: its name, its sort, what it means for which page, and its function.

use super::{Facts, Probe, Seen, Sort};
use super::{
    filter, folder, groups, guest, machine, mounts, network, peers, place, spaces, tools, users,
};

type Run = fn(&Facts) -> Seen;

const fn entry(sort: Sort, name: &'static str, means: &'static str, run: Run) -> Probe {
    Probe {
        name,
        means,
        sort,
        run,
    }
}

const fn kernel(name: &'static str, means: &'static str, run: Run) -> Probe {
    entry(Sort::Kernel, name, means, run)
}

const fn tool(name: &'static str, means: &'static str, run: Run) -> Probe {
    entry(Sort::Tool, name, means, run)
}

const fn fact(name: &'static str, means: &'static str, run: Run) -> Probe {
    entry(Sort::Fact, name, means, run)
}

pub(super) const PROBES: &[Probe] = &[
    kernel(
        "userns",
        "root of a sandbox: every # command",
        users::user_namespaces,
    ),
    kernel(
        "subuid",
        "many users in a sandbox: 06 --map-auto",
        users::subuid,
    ),
    kernel("mountns", "its own mounts: 00, 06", spaces::mount),
    kernel("utsns", "its own host name: 00, 06", spaces::uts),
    kernel("ipcns", "its own message queues: 06", spaces::ipc),
    kernel("pidns", "its own process numbers: 00, 06", spaces::pid),
    kernel("netns", "its own network: 00, 06", spaces::net),
    kernel("cgroupns", "its own view of groups: 06", spaces::cgroup),
    kernel("timens", "its own uptime: 06", spaces::time),
    kernel("clone3", "a child in new namespaces: 00, 06", users::clone3),
    kernel(
        "proc-mount",
        "ps inside: 00, 06 --mount-proc",
        mounts::proc_mount,
    ),
    kernel(
        "overlay",
        "layers of images, as real root: 10",
        mounts::overlay,
    ),
    kernel(
        "overlay-userns",
        "layers of images: 10",
        mounts::overlay_userns,
    ),
    kernel("seccomp", "filters for system calls: 07", filter::seccomp),
    kernel("cgroup-v1", "limits in v1's files: 08", groups::v1),
    kernel("cgroup-v2", "limits in v2's files: 08", groups::v2),
    kernel("cgroup-hybrid", "both at once: 08", groups::hybrid),
    kernel(
        "cgroup-delegated",
        "limits without root: 08",
        groups::delegated,
    ),
    kernel("kvm", "virtual machines at full speed: 02", guest::kvm),
    kernel("nft", "published ports: 09, 10", network::nft),
    kernel("low-ports", "port 80 without root: 10", network::low_ports),
    kernel("swap", "a memory limit slows first: 08", folder::swap),
    kernel(
        "workdir",
        "where grounds and images lie: all",
        folder::workdir,
    ),
    kernel(
        "ptrace",
        "strace beside our narration: key v; 07 record",
        place::ptrace,
    ),
    tool("bash", "the shells of the tour: all", tools::bash),
    tool("cc", "cargo's linker: building, exercises", tools::cc),
    tool("cargo", "building, exercises", tools::cargo),
    tool(
        "strace",
        "the kernel calls, seen by another: key v",
        tools::strace,
    ),
    tool("git", "programs in a jail: 04", tools::git),
    tool(
        "setcap",
        "capabilities by the system's own tools: 05",
        tools::setcap,
    ),
    tool("tmux", "two terminals for a class: present", tools::tmux),
    tool(
        "libseccomp",
        "tests: what a peer makes of 07's rules",
        peers::libseccomp,
    ),
    tool(
        "seccomp-sim",
        "tests: another's reading of 07's programs",
        peers::simulator,
    ),
    tool(
        "engine-profiles",
        "tests: Docker's and Podman's rules for 07",
        peers::profiles,
    ),
    tool("sudo", "#! commands: real root, after asking", tools::sudo),
    tool(
        "machine",
        "a kernel of your own to play with: --machine",
        machine::machine,
    ),
    fact("root", "whether #! commands need no sudo", place::root),
    fact("arch", "02's guest and 07's tables", place::arch),
    fact("kernel", "the oldest we try is 5.10", place::kernel),
    fact("distribution", "names of packages", place::distribution),
    fact(
        "container",
        "who may forbid things from outside",
        place::container,
    ),
    fact("wsl", "Linux inside Windows", place::wsl),
    fact(
        "chroot",
        "where the kernel makes no user namespace",
        place::chroot,
    ),
    fact("ci", "no question is asked there", place::ci),
];
