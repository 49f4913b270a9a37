//! Who hides from the tracer: clone(2) with CLONE_UNTRACED makes a process, or a thread, of
//! which ptrace(2) never says a word. It is seen in the cell's own list of processes, where
//! nobody can hide.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::{Duration, Instant};

use groundwork::kernel::Pid;

use super::witness::{Inode, Witness};
use crate::proc;

/// How often threads are looked at, and how soon again for somebody who was no stranger.
const PAUSE: Duration = Duration::from_millis(2);

/// Threads of so many processes are looked at: a larger crowd is wrong by itself soon.
const FEW: usize = 16;

/// What is known of a cell's processes, and its list of them.
#[derive(Debug)]
pub(super) struct Hidden {
    init: Witness,
    /// The cell's /proc, held open: whatever is mounted there later, this stays.
    list: Option<File>,
    /// The numbers in the cell of all whom the tracer has reported.
    known: BTreeSet<u32>,
    /// The witness, once it makes runners that nobody can trace: it is none of the answer's.
    runner: Vec<Inode>,
    /// When threads were last looked at, and when for a stranger in vain.
    looked: [Instant; 2],
}

impl Hidden {
    /// Nobody but PID 1, which is `init`.
    pub(super) fn new(init: Witness) -> Self {
        Hidden {
            init,
            list: None,
            known: BTreeSet::from([1]),
            runner: Vec::new(),
            looked: [Instant::now(); 2],
        }
    }

    /// The cell is furnished: from now on its list is there.
    pub(super) fn open(&mut self) -> io::Result<()> {
        self.list = Some(File::open(self.init.path("root/proc"))?);
        Ok(())
    }

    /// From now on these programs may run untraced.
    pub(super) fn expect(&mut self, programs: Vec<Inode>) {
        self.runner = programs;
    }

    /// The tracer has reported a process.
    pub(super) fn reported(&mut self, pid: Pid) {
        let numbers = Witness { pid }.numbers().unwrap_or_default();
        self.known.extend(numbers.get(1));
    }

    /// A process or thread that nobody traces, if there is one.
    pub(super) fn found<'a>(&mut self, family: impl Iterator<Item = &'a Pid>) -> Option<u32> {
        let [threads, strangers] = self.looked.map(|looked| looked.elapsed() > PAUSE);
        if threads {
            self.looked[0] = Instant::now();
            let family: Vec<u32> = family.map(|pid| pid.as_raw() as u32).collect();
            let mut threads = family.iter().take(FEW).flat_map(|pid| tasks(*pid));
            let hides = |pid: u32, tid| is_untraced(pid, tid) && !self.is_runner(pid);
            if let Some((_, thread)) = threads.find(|(pid, tid)| hides(*pid, *tid)) {
                return Some(thread);
            }
        }
        if !strangers || self.numbers().all(|number| self.known.contains(&number)) {
            return None;
        }
        // One that the tracer will report in a moment is traced from its first moment on.
        let all = descendants(self.init.pid.as_raw() as u32);
        let mut strangers = all.into_iter().filter(|pid| self.is_stranger(*pid));
        let found = strangers.find(|pid| is_untraced(*pid, *pid) && !self.is_runner(*pid));
        if found.is_none() {
            self.looked[1] = Instant::now();
        }
        found
    }

    fn is_runner(&self, pid: u32) -> bool {
        !self.runner.is_empty()
            && match Inode::of(format!("/proc/{pid}/exe")) {
                Ok(program) => self.runner.contains(&program),
                // Of one that has just gone, proc says that we may not look.
                Err(error) => error.kind() == io::ErrorKind::NotFound || !is_untraced(pid, pid),
            }
    }

    fn is_stranger(&self, pid: u32) -> bool {
        let one = Witness {
            pid: Pid::from_raw(pid as i32),
        };
        let numbers = one.numbers().unwrap_or_default();
        numbers
            .get(1)
            .is_some_and(|number| !self.known.contains(number))
    }

    fn numbers(&self) -> impl Iterator<Item = u32> {
        let list = self.list.as_ref();
        let entries = list.map(|list| fs::read_dir(format!("/proc/self/fd/{}", list.as_raw_fd())));
        let entries = entries.and_then(Result::ok).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
    }
}

/// Everybody below a process, as fast as the kernel can say it: a stranger may live for two
/// thousandths of a second.
fn descendants(of: u32) -> Vec<u32> {
    // Not every kernel has this file: CONFIG_PROC_CHILDREN.
    if !Path::new("/proc/thread-self/children").exists() {
        return proc::descendants(of);
    }
    let (mut all, mut next) = (Vec::new(), vec![of]);
    while let Some(one) = next.pop() {
        for (pid, tid) in tasks(one) {
            let children = fs::read_to_string(format!("/proc/{pid}/task/{tid}/children"));
            let children = children.unwrap_or_default();
            let children = children
                .split_whitespace()
                .filter_map(|word| word.parse::<u32>().ok());
            for child in children {
                all.push(child);
                next.push(child);
            }
        }
    }
    all
}

/// The threads of a process, beside it.
fn tasks(pid: u32) -> impl Iterator<Item = (u32, u32)> {
    let entries = fs::read_dir(format!("/proc/{pid}/task"));
    let names = entries.into_iter().flatten().flatten();
    names.filter_map(move |entry| Some((pid, entry.file_name().to_str()?.parse().ok()?)))
}

/// Whether it lives, and nobody traces it. The tracer lets go of who has died, and has never
/// told of one whose parent was killed while it was being made.
fn is_untraced(pid: u32, tid: u32) -> bool {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{tid}/status")).unwrap_or_default();
    let is_dead = |line: &str| line.starts_with("State:\tZ") || line.starts_with("State:\tX");
    text.lines().any(|line| line == "TracerPid:\t0") && !text.lines().any(is_dead)
}
