//! Refused: cap_net_bind_service is effective at bind
//! Observed: it was off

use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, exit};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [file, command, arguments @ ..] = words.as_slice() else {
        eprintln!("usage: answer FILE COMMAND [ARGUMENT…]");
        exit(2);
    };
    let text = std::fs::read_to_string(file).expect("a file with a port");
    let port = text.trim().parse().expect("a port is a number");
    let socket = listen(port).unwrap_or_else(|error| {
        eprintln!("answer: cannot listen at port {port}: {error}");
        exit(125)
    });
    let mut child = Command::new(command);
    child.args(arguments).stdin(OwnedFd::from(socket));
    let status = child.status().expect("the command starts");
    let by_signal = || 128 + status.signal().unwrap_or(0);
    exit(status.code().unwrap_or_else(by_signal));
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}
