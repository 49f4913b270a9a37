//! What belongs to the whole machine: its swap, its links, its power. Only the init of a
//! small virtual machine calls these: swapon(2), netdevice(7), reboot(2).

use std::ffi::CString;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use super::{Result, call, quoted};

/// Lets the kernel move memory to a device or file that mkswap(8) has prepared: swapon(2).
#[track_caller]
pub fn swapon(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    call(
        "swapon",
        "swapon(2)",
        || vec![quoted(path), "0".to_owned()],
        || {
            let name = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
            // SAFETY: the name ends in zero and lives here; the flags are a number.
            #[allow(unsafe_code)]
            let result = unsafe { libc::swapon(name.as_ptr(), 0) };
            Errno::result(result).map(drop)
        },
    )
}

/// Switches a network link of this network namespace on: SIOCSIFFLAGS with IFF_UP in
/// netdevice(7).
#[track_caller]
pub fn link_up(name: &str) -> Result<()> {
    call(
        "ioctl",
        "netdevice(7)",
        || {
            let request = format!("{{{name:?}, IFF_UP}}");
            vec!["socket".to_owned(), "SIOCSIFFLAGS".to_owned(), request]
        },
        || {
            let socket = socket(
                AddressFamily::Inet,
                SockType::Datagram,
                SockFlag::SOCK_CLOEXEC,
                None,
            )?;
            // SAFETY: an ifreq is plain numbers and bytes, for which zero is a value.
            #[allow(unsafe_code)]
            let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
            if name.len() >= request.ifr_name.len() {
                return Err(Errno::ENODEV);
            }
            for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
                *to = from as libc::c_char;
            }
            request.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
            // SAFETY: the kernel reads one ifreq, which lives here.
            #[allow(unsafe_code)]
            let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &request) };
            Errno::result(result).map(drop)
        },
    )
}

/// Ends the machine: reboot(2) with RB_POWER_OFF. Everything that is not on a disk is gone.
#[track_caller]
pub fn power_off() -> Result<()> {
    call(
        "reboot",
        "reboot(2)",
        || vec!["RB_POWER_OFF".to_owned()],
        || nix::sys::reboot::reboot(nix::sys::reboot::RebootMode::RB_POWER_OFF).map(|_| ()),
    )
}
