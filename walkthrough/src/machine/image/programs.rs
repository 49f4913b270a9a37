//! Which of this machine's programs the guest has: those that pages, tests and a person at a
//! shell use. One that is not here is not there either.

/// By what they are for.
pub const PROGRAMS: &[&str] = &[
    // The shell, and what no shell does without: coreutils.
    "bash sh dash [ base64 basename cat chgrp chmod chown chroot cksum comm cp cut date dd df dir",
    "dirname du echo env expand expr factor false fmt fold groups head hostid id install join link",
    "ln logname ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc numfmt od paste pathchk",
    "pr printenv printf ptx pwd readlink realpath rm rmdir runcon seq sha256sum shred shuf sleep",
    "sort split stat stdbuf stty sum sync tac tail tee test timeout touch tr true truncate tsort tty",
    "uname unexpand uniq unlink users vdir wc who whoami yes",
    // Text and files.
    "awk mawk gawk grep egrep fgrep sed find xargs diff cmp tar gzip gunzip zcat which less more",
    "hexdump column clear tput reset infocmp script nano busybox",
    // Processes.
    "ps pgrep pkill pidof pidwait top free uptime vmstat kill sysctl watch w tload slabtop pmap",
    "strace ltrace taskset chrt ionice prlimit renice flock setsid setpriv",
    // Mounts, namespaces, devices, links.
    "mount umount findmnt lsblk losetup mkswap swapon swapoff blkid mountpoint unshare nsenter lsns",
    "newuidmap newgidmap ipcs ipcmk ipcrm dmesg hostname switch_root pivot_root fallocate lscpu",
    "ip ss bridge nft ping nc getent ldd ldconfig fuser lsof insmod rmmod lsmod modprobe",
    "zramctl mke2fs mkfs.ext4 mkfs e2fsck chcpu lsmem logger getopt rev cal col namei",
    // Users and capabilities.
    "su login capsh getcap setcap getpcaps pscap netcap filecap captest",
];

/// Programs with the folders that they read when they run.
pub const WITH_FOLDERS: &[&str] = &["perl", "python3"];

/// Parts of paths that no program here reads: what is there to be compiled against, and tables
/// of character sets that nobody uses any more.
pub const LEFT_OUT: &[&str] = &[
    "/config-3.",
    "/gconv/",
    "/idlelib/",
    "/lib2to3/",
    "/pydoc_data/",
    "/test/",
    "/tkinter/",
    "/usr/include/",
];

/// Programs that need root's identity to do their work, whatever a host does instead: file
/// capabilities do not travel in an initramfs.
pub const SET_USER_ID: &[&str] = &["newuidmap", "newgidmap", "su", "mount", "umount"];

/// Folders that programs read, and nobody names: what a terminal can do, and characters.
pub const TREES: &[&str] = &[
    "/lib/terminfo",
    "/usr/libexec/coreutils",
    "/usr/lib/locale/C.utf8",
    "/usr/share/terminfo/x",
    "/usr/share/terminfo/s",
    "/usr/share/terminfo/t",
    "/usr/share/terminfo/l",
];

/// Files that a page or a probe looks at, as they are here.
pub const FILES: &[&str] = &[
    "/etc/os-release",
    "/etc/debian_version",
    "/etc/bash.bashrc",
    "/etc/protocols",
    "/etc/services",
    "/etc/nsswitch.conf",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
];
