//! What looking up names needs: nsswitch.conf(5).
//!
//! `ls -l` and `id` turn numbers into names with the C library's getpwuid(3). It reads
//! which services to ask from /etc/nsswitch.conf, and loads a library for each: no ELF
//! file names it.

/// The files that are read whatever the services are.
pub const FILES: &[&str] = &["/etc/passwd", "/etc/group", "/etc/nsswitch.conf"];

/// The databases that programs in a jail look at.
const DATABASES: &[&str] = &["passwd", "group", "hosts"];

/// The libraries of the services that an nsswitch.conf names, `libnss_files.so.2` for
/// `files`. Not all of them exist: glibc has had `files` and `dns` built in since 2.34.
pub fn libraries(nsswitch: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in nsswitch.lines() {
        let line = line.split('#').next().unwrap_or("");
        let Some((database, services)) = line.split_once(':') else {
            continue;
        };
        if !DATABASES.contains(&database.trim()) {
            continue;
        }
        // `[NOTFOUND=return]` between services is what to do, and no service.
        let words = services.split_whitespace();
        for service in words.filter(|word| !word.contains(['[', ']', '='])) {
            let name = format!("libnss_{service}.so.2");
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_of_a_database_has_its_library_once() {
        let text = "passwd: files systemd\ngroup:\tfiles [SUCCESS=merge] systemd # x\n\
                    hosts: files mdns4_minimal [NOTFOUND=return] dns\nnetworks: nis\n";
        let expected = ["files", "systemd", "mdns4_minimal", "dns"]
            .map(|service| format!("libnss_{service}.so.2"));
        assert_eq!(libraries(text), expected);
    }
}
