//! Sessions and their controlling terminal: setsid(2), ioctl_tty(2).

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;
use nix::libc;
use nix::unistd::Pid;

use super::{Result, call};

/// Starts a session of its own, without a terminal: setsid(2).
#[track_caller]
pub fn setsid() -> Result<Pid> {
    call("setsid", "setsid(2)", Vec::new, nix::unistd::setsid)
}

/// Makes `terminal` the controlling terminal of this session: TIOCSCTTY in ioctl_tty(2).
#[track_caller]
pub fn take_terminal(terminal: impl AsFd) -> Result<()> {
    let fd = terminal.as_fd().as_raw_fd();
    call(
        "ioctl",
        "ioctl_tty(2)",
        || vec![fd.to_string(), "TIOCSCTTY".to_owned(), "0".to_owned()],
        || {
            // SAFETY: TIOCSCTTY takes a number; the descriptor is borrowed and open.
            #[allow(unsafe_code)]
            let result = unsafe { libc::ioctl(fd, libc::TIOCSCTTY, 0) };
            Errno::result(result).map(drop)
        },
    )
}

/// Tells a terminal how large it is: TIOCSWINSZ in ioctl_tty(2).
#[track_caller]
pub fn set_terminal_size(terminal: impl AsFd, rows: u16, columns: u16) -> Result<()> {
    let fd = terminal.as_fd().as_raw_fd();
    let size = libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    call(
        "ioctl",
        "ioctl_tty(2)",
        || {
            vec![
                fd.to_string(),
                "TIOCSWINSZ".to_owned(),
                format!("{rows}x{columns}"),
            ]
        },
        || {
            // SAFETY: TIOCSWINSZ reads one winsize, which lives here.
            #[allow(unsafe_code)]
            let result = unsafe { libc::ioctl(fd, libc::TIOCSWINSZ, &size) };
            Errno::result(result).map(drop)
        },
    )
}

/// How many columns a terminal has: TIOCGWINSZ in ioctl_tty(2). None if it is none. Not
/// narrated: it makes no container.
pub fn terminal_columns(terminal: impl AsFd) -> Option<usize> {
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCGWINSZ writes one winsize, which lives here.
    #[allow(unsafe_code)]
    let result = unsafe { libc::ioctl(terminal.as_fd().as_raw_fd(), libc::TIOCGWINSZ, &mut size) };
    let columns = usize::from(size.ws_col);
    (result == 0 && columns > 0).then_some(columns)
}
