//! The command: its user, its terminal or pipes, and its end.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use groundwork::kernel::{self, Gid, Pid, Signal, Uid};
use nix::pty::{Winsize, openpty};
use nix::sys::wait::{WaitStatus, waitpid};

use super::groups::{self, USER};
use super::port::Port;
use crate::machine::wire::{Job, Message, Terminal};

/// Where the machine's programs are.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Tells programs that they run in a machine, where time-outs have to be longer.
pub const EMULATED: &str = "ERA_EMULATED";

/// How many times longer everything may take here: in a machine that is emulated in
/// software, whose init says so, everything takes its time.
pub fn times_slower() -> u32 {
    match std::env::var_os(EMULATED) {
        Some(_) => 6,
        None => 1,
    }
}

/// Runs the command and gives its status, 128 + N for a signal. What it left running ends
/// with it.
///
/// # Errors
/// It could not be started at all.
pub fn run(job: &Job, port: &Port) -> Result<u8, Box<dyn std::error::Error>> {
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0("era-session")
        .arg("__session")
        .arg(serde_json::to_string(job)?);
    let running = match &job.terminal {
        Some(terminal) => on_a_terminal(command, terminal, port)?,
        None => with_pipes(command, port)?,
    };
    Message::Ready.send(&mut port.writer())?;
    let (mut keys, input) = (port.clone(), running.input);
    std::thread::spawn(move || listen(&mut keys, input));
    let status = wait_for(Pid::from_raw(running.child.id() as i32));
    // Who has become a child of init meanwhile would keep the pipes open.
    let _ = kernel::kill(Pid::from_raw(-1), Signal::SIGKILL);
    for relay in running.relays {
        let _ = relay.join();
    }
    Ok(status)
}

struct Running {
    child: Child,
    /// What the host sends goes here, until it says that this was all.
    input: Input,
    relays: Vec<JoinHandle<()>>,
}

enum Input {
    Terminal(File),
    Pipe(Option<File>),
}

fn on_a_terminal(
    mut command: Command,
    terminal: &Terminal,
    port: &Port,
) -> std::io::Result<Running> {
    let size = Winsize {
        ws_row: terminal.rows,
        ws_col: terminal.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let pair = openpty(&size, None)?;
    command
        .stdin(Stdio::from(pair.slave.try_clone()?))
        .stdout(Stdio::from(pair.slave.try_clone()?))
        .stderr(Stdio::from(pair.slave));
    let child = command.spawn()?;
    let reading = pair.master.try_clone()?;
    Ok(Running {
        child,
        input: Input::Terminal(File::from(pair.master)),
        relays: vec![relay(reading, port, Message::Out)],
    })
}

fn with_pipes(mut command: Command, port: &Port) -> std::io::Result<Running> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let gone = || std::io::Error::other("a pipe is not there");
    let out = OwnedFd::from(child.stdout.take().ok_or_else(gone)?);
    let err = OwnedFd::from(child.stderr.take().ok_or_else(gone)?);
    let input = child
        .stdin
        .take()
        .map(|stdin| File::from(OwnedFd::from(stdin)));
    Ok(Running {
        child,
        input: Input::Pipe(input),
        relays: vec![
            relay(out, port, Message::Out),
            relay(err, port, Message::Err),
        ],
    })
}

/// Sends on what is printed, until nobody can print any more (a terminal says EIO then).
fn relay(from: OwnedFd, port: &Port, kind: fn(Vec<u8>) -> Message) -> JoinHandle<()> {
    let (mut from, mut port) = (File::from(from), port.writer());
    std::thread::spawn(move || {
        let mut part = vec![0; 1 << 14];
        loop {
            match from.read(&mut part) {
                Ok(0) => return,
                Ok(count) if kind(part[..count].to_vec()).send(&mut port).is_err() => return,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    })
}

/// What the host sends while the command runs.
fn listen(port: &mut Port, mut input: Input) {
    while let Ok(message) = port.receive() {
        match (message, &mut input) {
            (Message::In(bytes), Input::Terminal(file) | Input::Pipe(Some(file))) => {
                let _ = file.write_all(&bytes);
            }
            (Message::InEnd, Input::Pipe(file)) => *file = None,
            (Message::Size(rows, columns), Input::Terminal(file)) => {
                let _ = kernel::set_terminal_size(file.as_fd(), rows, columns);
            }
            _ => {}
        }
    }
}

/// Init collects everybody who has lost a parent, and waits for one.
fn wait_for(child: Pid) -> u8 {
    loop {
        match waitpid(None, None) {
            Ok(WaitStatus::Exited(pid, status)) if pid == child => return status as u8,
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == child => return 128 + signal as u8,
            Err(nix::errno::Errno::ECHILD) => return 255,
            _ => {}
        }
    }
}

/// `__session JOB`: becomes the user, and then the command.
///
/// # Errors
/// A step of it was refused.
pub fn main(job: &str) -> Result<u8, Box<dyn std::error::Error>> {
    let job: Job = serde_json::from_str(job)?;
    kernel::setsid()?;
    if job.terminal.is_some() {
        kernel::take_terminal(std::io::stdin())?;
    }
    if job.user {
        groups::join(job.v1)?;
        let (user, group) = (Uid::from_raw(USER), Gid::from_raw(USER));
        kernel::setgroups(&[group])?;
        kernel::setgid(group)?;
        kernel::setuid(user)?;
    }
    let error = become_the_command(&job);
    let name = job.command.first().map_or("bash", String::as_str);
    eprintln!("era machine: {name:?} does not start: {error}");
    Ok(if error.kind() == ErrorKind::NotFound {
        127
    } else {
        126
    })
}

fn become_the_command(job: &Job) -> std::io::Error {
    let (name, home) = if job.user {
        ("era", "/home/era")
    } else {
        ("root", "/root")
    };
    let mut command = match job.command.split_first() {
        Some((program, args)) => {
            let mut command = Command::new(program);
            command.args(args);
            command
        }
        None => {
            let mut shell = Command::new("bash");
            shell.arg("--login");
            shell
        }
    };
    let fixed = [
        ("PATH", PATH),
        ("HOME", home),
        ("USER", name),
        ("LOGNAME", name),
        ("SHELL", "/bin/bash"),
        ("LANG", "C.UTF-8"),
        (EMULATED, "1"),
    ];
    let kind = job
        .terminal
        .as_ref()
        .map(|terminal| ("TERM", terminal.kind.as_str()));
    command
        .env_clear()
        .envs(fixed)
        .envs(kind)
        .envs(job.env.iter().cloned())
        .current_dir(home);
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    command.exec()
}
