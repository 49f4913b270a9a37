//! `era-caps serve`: a page on a port.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use capabilities::serve::{self, Ended, Powers, Request, Server};
use clap::Args;
use indoc::{formatdoc, indoc};
use serde::Serialize;

use super::RUN_FAILED as FAILED;
use crate::explain::Explain;
use crate::{failure, result};

pub(super) const EXAMPLES: &str = indoc! {"
    Examples:
      era-caps serve 8080
      era-caps serve 80 --raise --once

    SIGTERM or SIGINT (Ctrl-C) ends it, with status 0. The book: 05-capabilities"};

const OUT_OF_REACH: &str = "lo is down here, so nobody can reach this page: ip link set lo up";

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The port; 0 takes one that is free
    #[arg(value_name = "PORT")]
    port: u16,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Switch CAP_NET_BIND_SERVICE on for the one call that wants it, if it is permitted
    #[arg(long)]
    raise: bool,
    /// End after one request
    #[arg(long)]
    once: bool,
    /// Take the port, tell, and end
    #[arg(long, conflicts_with = "once")]
    check: bool,
    /// Tell in JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    explain: Explain,
}

impl Serve {
    pub(super) fn main(self) -> u8 {
        self.explain.install();
        let wanted = serve::Serve {
            address: SocketAddr::new(self.address, self.port),
            raise: self.raise,
        };
        let served = wanted.bind().and_then(|server| self.serve(&server));
        served.unwrap_or_else(|error| {
            failure::print(&error);
            FAILED
        })
    }

    /// The result is told before the first caller can come.
    fn serve(&self, server: &Server) -> capabilities::error::Result<u8> {
        let told = result::print(&self.told(server), 0, FAILED);
        if server.is_out_of_reach {
            result::aside(format_args!("warning: {OUT_OF_REACH}"));
        }
        if self.check || told != 0 {
            return Ok(told);
        }
        let ended = server.run(self.once, |request| result::aside(line(request)))?;
        if let Ended::BySignal(signal) = ended {
            result::aside(format_args!("ended by {signal}"));
        }
        Ok(0)
    }

    fn told(&self, server: &Server) -> String {
        let told = Told {
            uid: server.uid,
            before: Shown::from(server.before),
            at_bind: Shown::from(server.at_bind),
            after: Shown::from(server.after),
            address: server.address.to_string(),
        };
        match self.json {
            true => serde_json::to_string(&told).expect("plain data"),
            false => told.text(),
        }
    }
}

/// What is told of a server, by program or person.
#[derive(Serialize)]
struct Told {
    uid: u32,
    before: Shown,
    at_bind: Shown,
    after: Shown,
    address: String,
}

#[derive(Serialize)]
struct Shown {
    permitted: String,
    effective: String,
}

impl From<Powers> for Shown {
    fn from(powers: Powers) -> Self {
        Shown {
            permitted: powers.permitted.to_string(),
            effective: powers.effective.to_string(),
        }
    }
}

impl Told {
    fn text(&self) -> String {
        let width = [&self.before, &self.at_bind, &self.after].map(|set| set.permitted.len());
        let width = width.into_iter().max().unwrap_or(0).max("permitted".len());
        let row = |set: &Shown| format!("{:<width$}  {}", set.permitted, set.effective);
        formatdoc! {"
            uid {}
                     {:<width$}  effective
            before   {}
            at bind  {}
            after    {}
            http://{}/
            ",
            self.uid, "permitted", row(&self.before), row(&self.at_bind), row(&self.after),
            self.address,
        }
    }
}

fn line(request: &Request) -> String {
    let line = request.line.as_deref().unwrap_or("no request of HTTP");
    format!("{line}: {}", request.status)
}
