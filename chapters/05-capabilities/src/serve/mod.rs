//! A web page on a low port: for forty years only root could offer one, and only one of
//! root's powers was ever needed for it.
//!
//! - [`Serve`] (here): takes the port, with the one bit raised for one call.
//! - [`page`]: the page, and as much of HTTP as it needs.
//! - [`answer`]: waits for callers until a signal says that it is enough.
//! - [`why`]: why a port was refused.

use std::net::{SocketAddr, TcpListener};

use groundwork::kernel::{self, CapabilitySets, Uid};
use groundwork::step;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::error::{Error, Result};
use crate::set::{Cap, CapSet};

mod answer;
mod page;
pub(crate) mod why;

pub use answer::{Ended, Request};

/// The number of CAP_NET_BIND_SERVICE in capabilities(7).
pub(crate) const NET_BIND_SERVICE: u8 = 10;

/// How many callers may wait while one is answered.
const WAITING: u8 = 16;

/// A page to be served.
#[derive(Debug, Clone, Copy)]
pub struct Serve {
    /// Where.
    pub address: SocketAddr,
    /// Switch the capability on for the one call that asks for it.
    pub raise: bool,
}

/// Two of a process's sets: what is checked, and what may be switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Powers {
    /// What is on.
    pub effective: CapSet,
    /// What may be switched on.
    pub permitted: CapSet,
}

/// Somebody who has the port.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    /// What ends it: SIGTERM and SIGINT.
    signals: SignalFd,
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether nobody can come there: it is the loopback interface, and that is down.
    pub is_out_of_reach: bool,
    /// Who it is.
    pub uid: u32,
    /// Before it touched anything,
    pub before: Powers,
    /// when it took the port,
    pub at_bind: Powers,
    /// and from then on.
    pub after: Powers,
}

impl Serve {
    // ANCHOR: serve
    /// Takes the port. The capability is on for one call only.
    pub fn bind(&self) -> Result<Server> {
        let signals = held_signals()?;
        step("What may this process do?");
        let sets = kernel::capget().map_err(Error::Sets)?;
        let before = Powers::from(sets);

        if self.raise {
            step("Permitted is what may be on, effective is what is on: switch one on");
            kernel::capset(raised(sets)).map_err(Error::Raise)?;
        }
        let at_bind = Powers::now()?;
        let bound = self.listen();
        if self.raise {
            step("The port is ours for good: the power to take one can go off again");
            kernel::capset(sets).map_err(Error::Raise)?;
        }
        let (listener, address) = bound?;
        Ok(Server {
            listener,
            signals,
            address,
            is_out_of_reach: address.ip().is_loopback() && why::loopback_is_down(),
            uid: Uid::effective().as_raw(),
            before,
            at_bind,
            after: Powers::now()?,
        })
    }

    fn listen(&self) -> Result<(TcpListener, SocketAddr)> {
        let refused = |call| Error::Port {
            address: self.address,
            call,
        };
        step("Take the port: this is the call that is checked");
        let socket = kernel::socket_stream(self.address).map_err(refused)?;
        kernel::reuse_address(&socket).map_err(refused)?;
        kernel::bind(&socket, self.address).map_err(refused)?;
        kernel::listen(&socket, WAITING).map_err(refused)?;
        let listener = TcpListener::from(socket);
        // Of port 0 the kernel has made one that was free.
        let address = listener.local_addr().unwrap_or(self.address);
        Ok((listener, address))
    }
    // ANCHOR_END: serve
}

/// The same sets with the one bit on.
fn raised(sets: CapabilitySets) -> CapabilitySets {
    CapabilitySets {
        effective: sets.effective | 1 << NET_BIND_SERVICE,
        ..sets
    }
}

impl Powers {
    fn now() -> Result<Self> {
        kernel::capget().map(Powers::from).map_err(Error::Sets)
    }
}

impl From<CapabilitySets> for Powers {
    fn from(sets: CapabilitySets) -> Self {
        Powers {
            effective: CapSet::from_bits(sets.effective),
            permitted: CapSet::from_bits(sets.permitted),
        }
    }
}

/// The one capability that a low port wants.
pub fn wanted() -> Cap {
    Cap::new(NET_BIND_SERVICE).expect("as old as capabilities are")
}

/// Held back from the start, so that none is lost between two waits.
fn held_signals() -> Result<SignalFd> {
    let ending: SigSet = [Signal::SIGTERM, Signal::SIGINT].into_iter().collect();
    let held = ending.thread_block();
    held.and_then(|()| SignalFd::with_flags(&ending, SfdFlags::SFD_CLOEXEC))
        .map_err(|errno| Error::wait("signalfd", errno))
}
