//! A terminal with `era` in it, as a learner has it: keys go in, a screen of
//! 80x24 comes out.

#![allow(dead_code)] // each test target uses a part

use std::fs::{File, Permissions};
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::termios::{Termios, tcgetattr};

/// How long anything may take before a test gives up on it.
const DEADLINE: Duration = Duration::from_secs(20);

/// A state folder that the learner of a root's tour may pass, too.
pub fn state() -> tempfile::TempDir {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
    folder
}

/// What is in the folder of grounds.
pub fn grounds(state: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(state.join("grounds"))
        .into_iter()
        .flatten()
        .flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Processes whose environment names one of these grounds.
pub fn processes(grounds: &[String]) -> Vec<String> {
    let marked = |pid: &String| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let environment = String::from_utf8_lossy(&environment).into_owned();
        grounds
            .iter()
            .any(|ground| environment.contains(&format!("ERA_GROUND={ground}")))
    };
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names
        .filter(|name| name.parse::<u32>().is_ok())
        .filter(marked)
        .collect()
}

/// A path in walkthrough/testdata.
pub fn page(name: &str) -> String {
    format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn size_of(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

/// `era` in a terminal.
pub struct Terminal {
    era: Child,
    master: File,
    screen: vt100::Parser,
    /// The last bytes: a frame stands between two marks.
    recent: Vec<u8>,
}

impl Terminal {
    /// Starts it, with the terminal as its controlling one.
    pub fn start(state: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(&size, None).unwrap();
        fcntl(
            &pty.master,
            FcntlArg::F_SETFL(OFlag::O_RDWR | OFlag::O_NONBLOCK),
        )
        .unwrap();
        fcntl(
            &pty.master,
            FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC),
        )
        .unwrap();
        let slave = || Stdio::from(pty.slave.try_clone().unwrap());
        // setsid(1) becomes the program that it starts: its process is era's.
        let era = Command::new("setsid")
            .args(["--ctty", env!("CARGO_BIN_EXE_era")])
            .args(arguments)
            .env("ERA_STATE", state)
            .env("XDG_RUNTIME_DIR", state)
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .envs(environment.iter().copied())
            .stdin(slave())
            .stdout(slave())
            .stderr(slave())
            .spawn()
            .unwrap();
        Self {
            era,
            master: File::from(pty.master),
            screen: vt100::Parser::new(size_of(24), size_of(80), 0),
            recent: Vec::new(),
        }
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// The screen as text.
    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Whether the program has taken the second screen.
    pub fn is_taken(&self) -> bool {
        self.screen.screen().alternate_screen()
    }

    /// Whether anything on the screen has a colour of its own.
    pub fn has_colour(&self) -> bool {
        let screen = self.screen.screen();
        let (rows, columns) = (screen.size().0.get(), screen.size().1.get());
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let mut cells = cells.filter_map(|(row, column)| screen.cell(row, column));
        cells.any(|cell| cell.fgcolor() != vt100::Color::Default || cell.inverse())
    }

    /// Another size; the kernel tells era.
    pub fn resize(&mut self, rows: u16, columns: u16) {
        self.screen
            .screen_mut()
            .set_size(size_of(rows), size_of(columns));
        groundwork::kernel::set_terminal_size(&self.master, rows, columns).unwrap();
    }

    /// Reads until the screen shows `wanted`.
    #[track_caller]
    pub fn sees(&mut self, wanted: &str) {
        let shown = self.reads_until(|terminal| terminal.text().contains(wanted));
        assert!(
            shown,
            "never saw {wanted:?}; the screen is\n{}",
            self.text()
        );
    }

    /// As [`Terminal::sees`], for what has to start another kernel first.
    #[track_caller]
    pub fn waits(&mut self, wanted: &str) {
        for _ in 0..4 {
            if self.reads_until(|terminal| terminal.text().contains(wanted)) {
                return;
            }
        }
        self.sees(wanted);
    }

    /// How the terminal treats keys now: termios(3).
    pub fn modes(&self) -> Termios {
        tcgetattr(&self.master).unwrap()
    }

    /// Reads until the screen is as wanted, or the deadline.
    pub fn reads_until(&mut self, wanted: impl Fn(&Self) -> bool) -> bool {
        let until = Instant::now() + DEADLINE;
        while self.is_half_drawn() || !wanted(self) {
            if Instant::now() > until || !self.read() {
                return wanted(self);
            }
        }
        true
    }

    /// Whether a frame has begun and not ended (synchronized output).
    fn is_half_drawn(&self) -> bool {
        let last = |mark: &[u8]| {
            self.recent
                .windows(mark.len())
                .rposition(|window| window == mark)
        };
        last(b"\x1b[?2026h") > last(b"\x1b[?2026l")
    }

    /// Reads what there is; false when nobody will write any more.
    fn read(&mut self) -> bool {
        let mut ready = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        poll(&mut ready, PollTimeout::from(100_u16)).unwrap();
        let mut bytes = [0; 4096];
        match self.master.read(&mut bytes) {
            Ok(count) => {
                self.screen.process(&bytes[..count]);
                self.recent.extend_from_slice(&bytes[..count]);
                let old = self.recent.len().saturating_sub(16_384);
                self.recent.drain(..old);
            }
            Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
        }
        true
    }

    /// Sends era a signal.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(self.era.id() as i32);
        nix::sys::signal::kill(pid, signal).unwrap();
    }

    /// Reads on until era has ended.
    pub fn ends(&mut self) -> ExitStatus {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.era.try_wait().unwrap() {
                while self.read()
                    && Instant::now() < until
                    && self.screen.screen().alternate_screen()
                {}
                return status;
            }
            self.read();
            assert!(
                Instant::now() < until,
                "era does not end; the screen is\n{}",
                self.text()
            );
        }
    }

    /// Loses the terminal, as when its window is closed.
    pub fn close(self) -> Child {
        self.era
    }
}

/// Waits until `gone` is true: what a guardian does takes a moment.
#[track_caller]
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < until, "never: {what}");
        std::thread::yield_now();
    }
}

/// Refuses unshare(2) with CLONE_NEWUSER, as many an outer container does, and nothing else.
pub fn without_user_namespaces<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let step = |code: u32, jt, jf, k| groundwork::kernel::Instruction {
        code: code as u16,
        jt,
        jf,
        k,
    };
    use nix::libc;
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let verdict = libc::BPF_RET | libc::BPF_K;
    let unshare = libc::SYS_unshare as u32;
    let eperm = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    // struct seccomp_data: the number is at 0, the first argument at 16.
    let filter = [
        step(load, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 3, unshare),
        step(load, 0, 0, 16),
        step(
            libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K,
            0,
            1,
            libc::CLONE_NEWUSER as u32,
        ),
        step(verdict, 0, 0, eperm),
        step(verdict, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let filtered = move || {
        groundwork::kernel::prctl_set_no_new_privs().unwrap();
        groundwork::kernel::seccomp_set_mode_filter(&[], &filter).unwrap();
        run()
    };
    std::thread::spawn(filtered).join().unwrap()
}
