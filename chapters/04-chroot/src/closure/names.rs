//! What looking up names needs: nsswitch.conf(5).
//!
//! `ls -l` and `id` turn numbers into names with the C library's getpwuid(3). It reads
//! which services to ask from /etc/nsswitch.conf, and loads a library for each: no ELF
//! file names it.

use memchr::memmem;

/// The files that are read whatever the services are.
pub const FILES: &[&str] = &["/etc/passwd", "/etc/group", "/etc/nsswitch.conf"];

/// The databases that programs in a jail look at.
const DATABASES: &[&str] = &["passwd", "group", "initgroups", "hosts"];

/// The services that an nsswitch.conf names, each once. The library of `sss` is
/// `libnss_sss.so.2`.
pub fn services(nsswitch: &str) -> Vec<String> {
    let mut services: Vec<String> = Vec::new();
    for line in nsswitch.lines() {
        let line = line.split('#').next().unwrap_or("");
        let Some((database, rest)) = line.split_once(':') else {
            continue;
        };
        if !DATABASES.contains(&database.trim()) {
            continue;
        }
        // "[NOTFOUND=return]" between services is what to do, and no service.
        let mut action = false;
        for word in rest.split_whitespace() {
            action |= word.starts_with('[');
            if !action && !services.iter().any(|known| known == word) {
                services.push(word.to_owned());
            }
            action &= !word.ends_with(']');
        }
    }
    services
}

/// Whether this C library has a service in itself, as glibc has `files` and `dns` since
/// 2.34. Their functions are then among its names.
pub fn is_built_in(service: &str, libc: &[u8]) -> bool {
    let functions = ["getpwnam_r", "gethostbyname3_r"];
    functions.iter().any(|function| {
        let name = format!("_nss_{service}_{function}");
        memmem::find(libc, name.as_bytes()).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_of_a_database_is_named_once() {
        let text = "passwd: files systemd\ngroup:\tfiles [SUCCESS=merge] systemd # x\n\
                    hosts: files mdns4_minimal [ NOTFOUND = return ] dns\nnetworks: nis\n";
        let expected = ["files", "systemd", "mdns4_minimal", "dns"];
        assert_eq!(services(text), expected);
    }

    #[test]
    fn a_service_is_built_in_if_libc_has_its_functions() {
        assert!(is_built_in("files", b"x\0_nss_files_getpwnam_r\0y"));
        assert!(!is_built_in("sss", b"x\0_nss_files_getpwnam_r\0y"));
    }
}
