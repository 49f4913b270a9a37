//! Another way: the digits are read one by one, from the right, four bits each.

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
    let file = std::env::args().nth(1).expect("a file");
    let bytes = std::fs::read(file).unwrap();
    for (word, key) in [("permitted", "CapPrm:\t"), ("effective", "CapEff:\t")] {
        let mut lines = bytes.split(|byte| *byte == b'\n');
        let line = lines.find(|line| line.starts_with(key.as_bytes())).unwrap();
        let mut names = Vec::new();
        for (place, digit) in line[key.len()..].iter().rev().enumerate() {
            let value = char::from(*digit).to_digit(16).unwrap();
            for bit in (0..4).rev().filter(|bit| value & (1 << bit) != 0) {
                let number = 4 * place + bit;
                let known = NAMES.get(number).map(|name| name.to_string());
                names.insert(0, known.unwrap_or(format!("{number}")));
            }
        }
        if names.is_empty() {
            names.push(String::from("none"));
        }
        println!("{word} {}", names.join(","));
    }
}
