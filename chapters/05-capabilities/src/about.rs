//! What each capability allows, and what it has been abused for: capabilities(7), the man
//! pages of the calls that ask for it, and the advisories that are named.

use crate::set::Cap;

/// What there is to know about one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Its number.
    pub number: u8,
    /// The kernel that had it first.
    pub since: &'static str,
    /// What the kernel lets its holder do.
    pub allows: &'static str,
    /// How far that reaches in bad hands.
    pub abuse: &'static str,
}

/// What is known about a capability; nothing about one that is younger than this table.
pub fn about(cap: Cap) -> Option<&'static About> {
    TABLE.get(usize::from(cap.number()))
}

const fn row(number: u8, since: &'static str, allows: &'static str, abuse: &'static str) -> About {
    About {
        number,
        since,
        allows,
        abuse,
    }
}

/// By number.
pub const TABLE: &[About] = &[
    row(
        0,
        "2.2",
        "change the owner and group of any file",
        "enough to be root: /etc/shadow becomes one's own, is edited, and given back",
    ),
    row(
        1,
        "2.2",
        "read, write and enter what the permission bits forbid",
        "enough to be root: a line is written into /etc/passwd or a crontab",
    ),
    row(
        2,
        "2.2",
        "read every file, enter every directory, and open files by handle: \
         open_by_handle_at(2)",
        "reads /etc/shadow and private keys. In 2014 the program \"shocker\" read the host's \
         files from a Docker container by guessed handles; Docker no longer gave it away after \
         that",
    ),
    row(
        3,
        "2.2",
        "do with everybody's files what their owner may: chmod, utime, ACLs, deletion from \
         sticky directories",
        "enough to be root: chmod makes /etc/shadow writable for all",
    ),
    row(
        4,
        "2.2",
        "keep set-user-ID and set-group-ID bits where a write or a chmod would clear them",
        "with write access to a set-user-ID program of root's, its content is replaced and the \
         bit stays",
    ),
    row(
        5,
        "2.2",
        "send signals to everybody's processes",
        "stops the machine's services, the one that watches for intruders included; gives no \
         further rights",
    ),
    row(
        6,
        "2.2",
        "take any group and any list of groups, and map groups in user namespaces",
        "groups such as shadow, disk or docker are nearly root: group disk reads and writes \
         the disk itself",
    ),
    row(
        7,
        "2.2",
        "become any user, send any uid over a socket, and map users in user namespaces",
        "enough to be root: setuid(0). In 2000, up to kernel 2.2.15, the other way round: \
         anybody could start sendmail without it, which then failed to drop root and did not \
         notice",
    ),
    row(
        8,
        "2.2",
        "take from one's own bounding set, make inheritable what is in it, and set securebits",
        "gives nothing that the bounding set has not; before 2.6.33 and without file \
         capabilities it gave any process any of its own",
    ),
    row(
        9,
        "2.2",
        "set and clear the flags immutable and append-only of files",
        "opens logs and programs that were locked against change, or locks one's own against \
         removal",
    ),
    row(
        10,
        "2.2",
        "bind ports below 1024",
        "poses as a trusted service of the machine after that one has stopped; among the \
         smallest of all",
    ),
    row(
        11,
        "2.2",
        "nothing: the kernel asks for it nowhere",
        "none is known",
    ),
    row(
        12,
        "2.2",
        "configure interfaces, addresses, routes, firewalls and traffic control",
        "redirects and reads other people's traffic, and opens the firewall's code to attack: \
         CVE-2022-25636 and CVE-2024-1086 in netfilter led from it to the whole kernel",
    ),
    row(
        13,
        "2.2",
        "open raw and packet sockets, bind to any address for transparent proxying",
        "reads and forges packets on the local network (ARP, DNS), from a container too; \
         CVE-2020-14386 in packet sockets led from it to the kernel",
    ),
    row(
        14,
        "2.2",
        "lock memory without limit: mlock(2), huge pages",
        "uses up the machine's memory, past limits that are counted for swappable pages",
    ),
    row(
        15,
        "2.2",
        "pass the permissions of System V shared memory, semaphores and message queues",
        "reads and changes what other programs share, such as a database's buffers",
    ),
    row(
        16,
        "2.2",
        "load and unload kernel modules",
        "is the kernel: a module does what it wants, rootkits come this way",
    ),
    row(
        17,
        "2.2",
        "talk to hardware: I/O ports, /dev/mem, /dev/kmem, raw disk commands",
        "writes the kernel's memory or the disk from underneath; the kernel can be replaced \
         through it",
    ),
    row(
        18,
        "2.2",
        "call chroot(2), and enter another mount namespace (with CAP_SYS_ADMIN)",
        "gets out of a chroot, by a second chroot; fools set-user-ID programs with a root that \
         has a passwd file of its own",
    ),
    row(
        19,
        "2.2",
        "look into and change everybody's processes: ptrace(2), process_vm_writev(2), \
         /proc/PID/mem",
        "enough to be root: code is written into a process that is. A container that sees the \
         host's processes leaves by it",
    ),
    row(
        20,
        "2.2",
        "switch process accounting on and off: acct(2)",
        "hides what was run, or fills a disk",
    ),
    row(
        21,
        "2.2",
        "mount and unmount, set hostname and quotas, enter namespaces, and some hundred other \
         things: \"the new root\"",
        "enough to be root in most ways. From a container: mounting the host's disk, or a \
         cgroup v1 release_agent that the host runs (the check came with CVE-2022-0492)",
    ),
    row(
        22,
        "2.2",
        "restart the machine: reboot(2), and load another kernel: kexec_load(2)",
        "stops everything, or starts a kernel of its own in place of this one",
    ),
    row(
        23,
        "2.2",
        "raise priorities, set real-time scheduling, CPU affinity and NUMA placement of others",
        "a real-time loop starves everybody else on its CPUs",
    ),
    row(
        24,
        "2.2",
        "pass resource limits, disk quotas, reserved blocks, and raise hard limits",
        "undoes the limits that were to keep a program from using up the machine",
    ),
    row(
        25,
        "2.2",
        "set the clock: settimeofday(2), adjtimex(2)",
        "certificates, tickets and one-time passwords of another day count again; time stamps \
         in logs lie",
    ),
    row(
        26,
        "2.2",
        "hang up terminals and configure virtual ones: vhangup(2)",
        "throws others off their terminals",
    ),
    row(
        27,
        "2.4",
        "make device nodes: mknod(2)",
        "a node for the disk reads the host's files, where no device cgroup forbids to open it; \
         a container and an ordinary user outside can play into each other's hands",
    ),
    row(
        28,
        "2.4",
        "take leases on everybody's files: fcntl(2)",
        "holds up, for as long as the break time lasts, whoever opens them",
    ),
    row(
        29,
        "2.6.11",
        "write records into the kernel's audit log",
        "forges entries, or buries real ones under many",
    ),
    row(
        30,
        "2.6.11",
        "switch auditing on and off, and change its rules",
        "blinds whoever watches",
    ),
    row(
        31,
        "2.6.24",
        "give capabilities to files, and map the parent's root into a user namespace (5.12)",
        "enough to be root: a copy of a shell gets all of them, as far as the bounding set \
         goes for whoever runs it",
    ),
    row(
        32,
        "2.6.25",
        "pass mandatory access control, with Smack",
        "what the policy forbids, file by file; others such as SELinux do not ask for it",
    ),
    row(
        33,
        "2.6.25",
        "change the policy of mandatory access control, with Smack and AppArmor",
        "loads a policy that forbids nothing",
    ),
    row(
        34,
        "2.6.37",
        "read the kernel's log and its addresses: syslog(2), kptr_restrict",
        "the addresses tell an exploit where to aim, the log much about the machine",
    ),
    row(
        35,
        "3.0",
        "set timers that wake the machine: CLOCK_BOOTTIME_ALARM",
        "empties the battery",
    ),
    row(
        36,
        "3.5",
        "keep the machine from going to sleep: /proc/sys/wake_lock, epoll(7)",
        "empties the battery",
    ),
    row(
        37,
        "3.16",
        "read the audit log from a multicast socket",
        "learns what everybody does, command lines with passwords among it",
    ),
    row(
        38,
        "5.8",
        "measure the whole machine: perf_event_open(2), some BPF",
        "watches other processes and the kernel, down to addresses and side channels; perf has \
         had holes of its own, such as CVE-2013-2094",
    ),
    row(
        39,
        "5.8",
        "load BPF programs of most types and make maps of all",
        "the checker of BPF programs has been wrong before: CVE-2020-8835, CVE-2021-3490 and \
         others gave the kernel away. With CAP_PERFMON it reads kernel memory by right",
    ),
    row(
        40,
        "5.9",
        "choose PIDs of new processes, read others' memory maps: what checkpoint and restore \
         needs",
        "takes the place of a process that others know by its PID",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use groundwork::kernel;

    #[test]
    fn every_capability_with_a_name_stands_at_its_number() {
        assert_eq!(TABLE.len(), kernel::capability_names().len());
        for (at, row) in TABLE.iter().enumerate() {
            assert_eq!(usize::from(row.number), at);
            assert!(!row.allows.is_empty() && !row.abuse.is_empty());
        }
    }
}
