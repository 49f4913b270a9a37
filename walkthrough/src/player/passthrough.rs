//! A shell on the ground, on the learner's own terminal: bytes go both ways.

use std::io::{Read, Write, stdin, stdout};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::terminal;
use groundwork::kernel;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::{SIGHUP, SIGTERM};

use crate::ground::{Ground, GroundError, Who};
use crate::stage::pty::open_pty;

/// Runs one until it ends.
///
/// # Errors
/// No pty, or no shell.
pub fn shell(ground: &mut Ground, who: Who) -> Result<(), GroundError> {
    let failed = |error: std::io::Error| GroundError::Guardian(error.to_string());
    let (columns, rows) = terminal::size().unwrap_or((80, 24));
    let (mut master, slave, path) = open_pty(ground, false).map_err(failed)?;
    let _ = kernel::set_terminal_size(&master, rows, columns);
    let pid = ground.own_shell(who, &path)?;
    println!("A shell on this ground. All programs are on PATH; exit comes back.");
    terminal::enable_raw_mode().map_err(failed)?;
    let passed = pass(&mut master, pid);
    let _ = terminal::disable_raw_mode();
    drop(slave);
    passed.map_err(failed)
}

fn pass(master: &mut std::fs::File, pid: u32) -> std::io::Result<()> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&ended))?;
    }
    let (mut bytes, mut size) = ([0; 4096], terminal::size().unwrap_or((80, 24)));
    let mut gone = false;
    while !ended.load(Ordering::Relaxed) {
        let keyboard = stdin();
        let mut ready = [
            PollFd::new(keyboard.as_fd(), PollFlags::POLLIN),
            PollFd::new(master.as_fd(), PollFlags::POLLIN),
        ];
        let _ = poll(&mut ready, PollTimeout::from(200_u16));
        let says = ready.map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
        if says[0].intersects(PollFlags::POLLIN | PollFlags::POLLHUP) {
            match nix::unistd::read(&keyboard, &mut bytes) {
                Ok(0) | Err(_) => return Ok(()),
                Ok(count) => master.write_all(&bytes[..count])?,
            }
        }
        if says[1].intersects(PollFlags::POLLIN | PollFlags::POLLHUP) {
            match master.read(&mut bytes) {
                Ok(count) if count > 0 => {
                    stdout().write_all(&bytes[..count])?;
                    stdout().flush()?;
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                _ => return Ok(()),
            }
        } else if gone {
            // What it has left in the background may hold the terminal for ever.
            return Ok(());
        }
        // Looked at before the next poll: its last words are read first.
        gone = !crate::proc::is_alive(&pid.to_string());
        let now = terminal::size().unwrap_or(size);
        if now != size {
            size = now;
            let _ = kernel::set_terminal_size(&*master, size.1, size.0);
        }
    }
    Ok(())
}
