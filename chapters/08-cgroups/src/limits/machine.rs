//! What the machine has, so that a limit which limits nobody is told and not taken.

use groundwork::host::Facts;

use super::{Cpu, CpuSet, Limit, Limits};
use crate::error::{Error, Result};

/// What there is to be limited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Memory, in bytes.
    pub memory: u64,
    /// Swap, in bytes.
    pub swap: u64,
    /// The CPUs that are online.
    pub cpus: CpuSet,
    /// The size of a page of memory.
    pub page: u64,
}

impl Machine {
    /// From /proc/meminfo, proc_meminfo(5), and the CPUs that are online.
    pub fn read(facts: &Facts) -> Machine {
        let online = facts.read("/sys/devices/system/cpu/online");
        let cpus = online.and_then(|list| list.parse().ok());
        let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE);
        Machine {
            memory: facts.meminfo("MemTotal").unwrap_or(u64::MAX >> 10) << 10,
            swap: facts.meminfo("SwapTotal").unwrap_or(0) << 10,
            cpus: cpus.unwrap_or(CpuSet(vec![0])),
            page: page.ok().flatten().map_or(4096, |page| page as u64),
        }
    }

    /// Whether the machine has as much as these limits leave to a group, and each is enough
    /// to run at all.
    ///
    /// # Errors
    /// It names the first that is not.
    pub fn check(&self, limits: &Limits) -> Result<()> {
        if let Some(Limit::Bytes(bytes)) = limits.memory {
            self.check_memory(bytes)?;
        }
        if let Some(Limit::Bytes(bytes)) = limits.swap {
            if bytes > self.swap {
                let why = match self.swap {
                    0 => "this machine has no swap".to_owned(),
                    swap => format!("this machine has {} of swap", super::size(swap)),
                };
                return Err(bad("limit of swap", &Limit::Bytes(bytes), why));
            }
        }
        if let Some(cpu @ Cpu::Quota { quota, period }) = limits.cpu {
            let count = self.cpus.0.len() as u64;
            if quota > count * period {
                let why = format!("this machine has {count} CPUs, {}% of one", count * 100);
                return Err(bad("share of a CPU", &cpu, why));
            }
        }
        match &limits.cpuset {
            Some(cpus) if cpus.0.iter().any(|cpu| !self.cpus.0.contains(cpu)) => {
                let why = format!("this machine has the CPUs {}", self.cpus);
                Err(bad("list of CPUs", cpus, why))
            }
            _ => Ok(()),
        }
    }

    fn check_memory(&self, bytes: u64) -> Result<()> {
        let limit = Limit::Bytes(bytes);
        if bytes > self.memory {
            let why = format!("this machine has {} of memory", super::size(self.memory));
            return Err(bad("limit of memory", &limit, why));
        }
        if bytes < self.page {
            let why = format!("a page of memory has {} bytes", self.page);
            return Err(bad("limit of memory", &limit, why));
        }
        Ok(())
    }
}

fn bad(what: &str, text: &dyn std::fmt::Display, why: String) -> Error {
    Error::BadLimit {
        what: what.to_owned(),
        text: text.to_string(),
        why,
    }
}
