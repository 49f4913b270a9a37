//! Refused: two lines on stdout, as the task writes them
//! Observed: ,

/// The names by number, as linux/capability.h had them in 2020.
#[rustfmt::skip]
const NAMES: [&str; 41] = [
    "cap_chown", "cap_dac_override", "cap_dac_read_search", "cap_fowner", "cap_fsetid",
    "cap_kill", "cap_setgid", "cap_setuid", "cap_setpcap", "cap_linux_immutable",
    "cap_net_bind_service", "cap_net_broadcast", "cap_net_admin", "cap_net_raw",
    "cap_ipc_lock", "cap_ipc_owner", "cap_sys_module", "cap_sys_rawio",
    "cap_sys_chroot", "cap_sys_ptrace", "cap_sys_pacct", "cap_sys_admin",
    "cap_sys_boot", "cap_sys_nice", "cap_sys_resource", "cap_sys_time",
    "cap_sys_tty_config", "cap_mknod", "cap_lease", "cap_audit_write",
    "cap_audit_control", "cap_setfcap", "cap_mac_override", "cap_mac_admin",
    "cap_syslog", "cap_wake_alarm", "cap_block_suspend", "cap_audit_read",
    "cap_perfmon", "cap_bpf", "cap_checkpoint_restore",
];

fn main() {
    let Some(file) = std::env::args().nth(1) else {
        eprintln!("usage: answer FILE");
        std::process::exit(2);
    };
    let status = std::fs::read(file).expect("a file like /proc/PID/status");
    let status = String::from_utf8_lossy(&status);
    println!("permitted {}", in_words(set(&status, "CapPrm")));
    println!("effective {}", in_words(set(&status, "CapEff")));
}

/// The set that stands behind `key`, one bit for each capability.
fn set(status: &str, key: &str) -> u64 {
    let mut lines = status.lines();
    let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    u64::from_str_radix(value.expect("the line is there").trim(), 16).expect("a set")
}

/// The names with commas; a number where there is no name; `none` for nothing.
fn in_words(set: u64) -> String {
    let held = (0..64).filter(|bit| set >> bit & 1 == 1);
    let name = |bit: usize| match NAMES.get(bit) {
        Some(name) => (*name).to_owned(),
        None => bit.to_string(),
    };
    let names: Vec<String> = held.map(name).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}
