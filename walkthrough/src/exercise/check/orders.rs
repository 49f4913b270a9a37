//! What a witness is told to do, and when it stops: see witness/main.rs.

use std::time::{Duration, Instant};

use groundwork::kernel;
use nix::libc;

use super::Checked;
use super::events::Event;
use super::run::{Run, STARTED};
use super::witness::Witness;

impl Run {
    /// Gives the witness an order, and waits until it has done it.
    ///
    /// # Errors
    /// It is gone, or never done.
    pub fn order(&mut self, witness: Witness, order: &str) -> Checked {
        self.send(witness, order)?;
        while self.stop_of(witness)? != libc::SIGTRAP {}
        Ok(())
    }

    /// Gives the witness an order, and lets it go.
    ///
    /// # Errors
    /// It is gone.
    pub fn send(&mut self, witness: Witness, order: &str) -> Checked {
        witness.write_order(order)?;
        // Runners: see witness/main.rs.
        if order.starts_with('u') {
            let programs = self.actors.iter().map(|(_, program)| *program);
            self.hidden.expect(programs.collect());
        }
        self.release();
        kernel::trace_go(witness.pid, 0);
        Ok(())
    }

    /// Waits until the witness gets a signal, which it is not given, and holds it.
    ///
    /// # Errors
    /// It is gone, or none comes.
    pub fn stop_of(&mut self, witness: Witness) -> Checked<i32> {
        loop {
            match self.step()? {
                Event::Stops(pid, signal) if pid == witness.pid => return Ok(signal),
                Event::Gone if !self.family.contains_key(&witness.pid) => {
                    return Err(STARTED.broken("it runs on", "it was ended before its time"));
                }
                _ => {}
            }
        }
    }

    /// As [`Run::stop_of`], but not for ever: none if no signal comes.
    ///
    /// # Errors
    /// The answer ran somebody else's program.
    pub fn signal_of(&mut self, witness: Witness, patience: Duration) -> Checked<Option<i32>> {
        let until = Instant::now() + patience;
        while Instant::now() < until && self.family.contains_key(&witness.pid) {
            if let Event::Stops(_, signal) = self.step()? {
                return Ok(Some(signal));
            }
        }
        Ok(None)
    }
}
