//! The capabilities by name and number: capabilities(7), `linux/capability.h`.

#![allow(unsafe_code)]

use std::sync::OnceLock;

use nix::libc;

/// One line a capability, in the order of the numbers: a constant, and a row of [`NAMES`].
macro_rules! capabilities {
    ($($name:ident $number:literal $may:literal)*) => {
        $(
            #[doc = $may]
            pub const $name: u8 = $number;
        )*
        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

capabilities! {
    CAP_CHOWN 0 "May give files away."
    CAP_DAC_OVERRIDE 1 "May pass the permission bits of files."
    CAP_DAC_READ_SEARCH 2 "May read every file and enter every directory."
    CAP_FOWNER 3 "May do what only the owner of a file may."
    CAP_FSETID 4 "Keeps set-user-id bits where a change would clear them."
    CAP_KILL 5 "May signal everybody's processes."
    CAP_SETGID 6 "May take any group."
    CAP_SETUID 7 "May become any user."
    CAP_SETPCAP 8 "May take from its own bounding set, and set its securebits."
    CAP_LINUX_IMMUTABLE 9 "May make a file immutable."
    CAP_NET_BIND_SERVICE 10 "May bind a port below 1024."
    CAP_NET_BROADCAST 11 "Unused."
    CAP_NET_ADMIN 12 "May configure the network."
    CAP_NET_RAW 13 "May send and receive raw packets."
    CAP_IPC_LOCK 14 "May lock memory."
    CAP_IPC_OWNER 15 "May use everybody's System V objects."
    CAP_SYS_MODULE 16 "May load code into the kernel."
    CAP_SYS_RAWIO 17 "May talk to hardware directly."
    CAP_SYS_CHROOT 18 "May call chroot(2)."
    CAP_SYS_PTRACE 19 "May look into everybody's processes."
    CAP_SYS_PACCT 20 "May turn accounting on."
    CAP_SYS_ADMIN 21 "May mount, and much else."
    CAP_SYS_BOOT 22 "May restart the machine."
    CAP_SYS_NICE 23 "May raise priorities."
    CAP_SYS_RESOURCE 24 "May pass resource limits."
    CAP_SYS_TIME 25 "May set the clock."
    CAP_SYS_TTY_CONFIG 26 "May hang up terminals."
    CAP_MKNOD 27 "May make device nodes."
    CAP_LEASE 28 "May take leases on everybody's files."
    CAP_AUDIT_WRITE 29 "May write into the audit log."
    CAP_AUDIT_CONTROL 30 "May control auditing."
    CAP_SETFCAP 31 "May give capabilities to files, and map root."
    CAP_MAC_OVERRIDE 32 "May pass mandatory access control."
    CAP_MAC_ADMIN 33 "May configure mandatory access control."
    CAP_SYSLOG 34 "May read the kernel's log, and its addresses."
    CAP_WAKE_ALARM 35 "May set an alarm that wakes the machine."
    CAP_BLOCK_SUSPEND 36 "May keep the machine awake."
    CAP_AUDIT_READ 37 "May read the audit log."
    CAP_PERFMON 38 "May measure the whole machine."
    CAP_BPF 39 "May load BPF programs."
    CAP_CHECKPOINT_RESTORE 40 "May checkpoint and restore processes."
}

/// The name of a capability, as in capabilities(7); its number if it is younger than this
/// list.
pub fn capability_name(capability: u8) -> String {
    match NAMES.get(usize::from(capability)) {
        Some(name) => (*name).to_owned(),
        None => capability.to_string(),
    }
}

/// Every name that is known, in the order of the numbers.
pub fn capability_names() -> &'static [&'static str] {
    NAMES
}

/// The number of the youngest capability that this kernel knows.
pub fn last_capability() -> u8 {
    // No kernel learns another one while it runs.
    static LAST: OnceLock<u8> = OnceLock::new();
    *LAST.get_or_init(|| {
        let file = std::fs::read_to_string("/proc/sys/kernel/cap_last_cap");
        let told = file.ok().and_then(|text| text.trim().parse().ok());
        // In a root of its own there may be no /proc: then each number is asked for.
        told.unwrap_or_else(|| (1..64).take_while(|number| is_known(*number)).count() as u8)
    })
}

/// Whether the kernel knows this number: PR_CAPBSET_READ says EINVAL if not, prctl(2).
fn is_known(capability: u8) -> bool {
    // SAFETY: PR_CAPBSET_READ takes a number.
    unsafe { libc::prctl(libc::PR_CAPBSET_READ, libc::c_ulong::from(capability)) >= 0 }
}

/// Every capability that this kernel knows, bit N for capability N.
pub fn every_capability() -> u64 {
    u64::MAX >> (63 - last_capability())
}

/// A set as narration shows it: `CAP_CHOWN|CAP_KILL`, `0`, `all`, or `all but CAP_SYS_CHROOT`.
pub fn capability_list(set: u64) -> String {
    let every = every_capability();
    let names = |set: u64| {
        let held = (0..64).filter(|number| set >> number & 1 == 1);
        held.map(capability_name).collect::<Vec<_>>().join("|")
    };
    let missing = every & !set;
    match (set, missing) {
        (0, _) => "0".to_owned(),
        (_, 0) => "all".to_owned(),
        _ if missing.count_ones() < set.count_ones() => format!("all but {}", names(missing)),
        _ => names(set),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_stands_at_its_number() {
        assert_eq!(NAMES.len(), usize::from(CAP_CHECKPOINT_RESTORE) + 1);
        assert_eq!(capability_name(CAP_SYS_CHROOT), "CAP_SYS_CHROOT");
        assert_eq!(capability_name(CAP_BPF), "CAP_BPF");
        assert_eq!(capability_name(63), "63");
    }

    #[test]
    fn the_kernel_says_the_same_with_and_without_proc() {
        assert!(is_known(last_capability()));
        assert!(!is_known(last_capability() + 1));
    }

    #[test]
    fn a_set_is_shown_by_what_is_shorter() {
        let every = every_capability();
        assert_eq!(capability_list(0), "0");
        assert_eq!(capability_list(every), "all");
        assert_eq!(capability_list(0b100001), "CAP_CHOWN|CAP_KILL");
        let but = every & !(1 << CAP_SYS_CHROOT);
        assert_eq!(capability_list(but), "all but CAP_SYS_CHROOT");
    }
}
