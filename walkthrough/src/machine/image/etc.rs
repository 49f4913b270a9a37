//! The files of /etc that make a system out of programs: who there is, and what they may map.

/// Path, permission bits, text.
pub const FILES: &[(&str, u32, &str)] = &[
    (
        "/etc/passwd",
        0o644,
        "root:x:0:0:root:/root:/bin/bash\n\
         daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n\
         era:x:1000:1000:the ordinary user:/home/era:/bin/bash\n\
         nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    ),
    (
        "/etc/group",
        0o644,
        "root:x:0:\ndaemon:x:1:\ntty:x:5:\nera:x:1000:\nnogroup:x:65534:\n",
    ),
    (
        "/etc/shadow",
        0o640,
        "root:*:19000:0:99999:7:::\nera:*:19000:0:99999:7:::\n",
    ),
    ("/etc/subuid", 0o644, "era:100000:65536\n"),
    ("/etc/subgid", 0o644, "era:100000:65536\n"),
    ("/etc/hostname", 0o644, "machine\n"),
    (
        "/etc/hosts",
        0o644,
        "127.0.0.1 localhost machine\n::1 localhost\n",
    ),
    (
        "/etc/profile",
        0o644,
        "[ -z \"$BASH\" ] || PS1='\\u@\\h:\\w\\$ '\numask 022\n",
    ),
    (
        "/etc/login.defs",
        0o644,
        "SUB_UID_COUNT 65536\nSUB_GID_COUNT 65536\n",
    ),
];

/// Folders that are empty, and their permission bits.
pub const FOLDERS: &[(&str, u32)] = &[
    ("/dev", 0o755),
    ("/home", 0o755),
    ("/mnt", 0o755),
    ("/out", 0o1777),
    ("/proc", 0o555),
    ("/root", 0o700),
    ("/run", 0o755),
    ("/sys", 0o555),
    ("/tmp", 0o1777),
    ("/usr/share", 0o755),
    ("/var", 0o755),
    ("/var/lib", 0o755),
    ("/var/lib/era", 0o711),
    ("/var/tmp", 0o1777),
];
