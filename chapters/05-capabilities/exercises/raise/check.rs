//! 05.3: every call of the program is looked at, and what it was made with.

use std::time::Duration;

use groundwork::kernel;
use nix::libc;

use crate::exercise::check::{AtCall, Checked, End, Ending, Judge, Place, Property, Refusal, Run};
use crate::exercise::check::{Scene, Target, Who, Witness, number, word};

const AT_BIND: Property = Property {
    is: "cap_net_bind_service is effective at bind",
    look: "page 05, May, and does; capget(2)",
};
const NO_OTHER: Property = Property {
    is: "no other capability is effective at any time",
    look: "capget(2): which bits do you write into the effective set?",
};
const QUIET: Property = Property {
    is: "while it is on, nothing else is done",
    look: "page 05, May, and does; strace(1): what is between one capset and the next?",
};
const OFF: Property = Property {
    is: "while the command runs it is off",
    look: "strace -f: which capset is there after the command has begun, and in which thread?",
};
const CHILD: Property = Property {
    is: "the program starts the command as its child",
    look: "fork(2), wait(2); execve(2): what becomes of the caller?",
};
const KEPT: Property = Property {
    is: "the program keeps its permitted set",
    look: "capget(2); the line CapPrm of /proc/PID/status",
};
const POWERLESS: Property = Property {
    is: "the command gets no capability",
    look: "capabilities(7), Ambient; the lines Cap… of /proc/PID/status",
};
const LISTENS: Property = Property {
    is: "the command's descriptor 0 listens at the port",
    look: "bind(2), listen(2); ss -ltn; ls -l /proc/PID/fd",
};
const TAKEN: Property = Property {
    is: "a port that is taken is an error",
    look: "bind(2), EADDRINUSE; the task, What to write",
};
const STATUS: Property = Property {
    is: "the exit status is the command's",
    look: "the task; wait(2), exit(3)",
};

/// What is observed where that does not hold.
const ON: &str = "it is on while the command runs";

/// CAP_NET_BIND_SERVICE.
const BIND: u64 = 1 << 10;

/// Calls by which something else is done than to make a socket.
const OTHERS: &[(libc::c_long, &str)] = &[
    (libc::SYS_read, "read"),
    (libc::SYS_pread64, "pread64"),
    (libc::SYS_readv, "readv"),
    (libc::SYS_write, "write"),
    (libc::SYS_pwrite64, "pwrite64"),
    (libc::SYS_writev, "writev"),
    (libc::SYS_openat, "openat"),
    (libc::SYS_openat2, "openat2"),
    (libc::SYS_accept, "accept"),
    (libc::SYS_accept4, "accept4"),
    (libc::SYS_connect, "connect"),
    (libc::SYS_sendto, "sendto"),
    (libc::SYS_sendmsg, "sendmsg"),
    (libc::SYS_recvfrom, "recvfrom"),
    (libc::SYS_recvmsg, "recvmsg"),
    (libc::SYS_ppoll, "ppoll"),
    (libc::SYS_pselect6, "pselect6"),
    (libc::SYS_epoll_pwait, "epoll_pwait"),
    (libc::SYS_nanosleep, "nanosleep"),
    (libc::SYS_clock_nanosleep, "clock_nanosleep"),
    (libc::SYS_clone, "clone"),
    (libc::SYS_clone3, "clone3"),
    (libc::SYS_execve, "execve"),
    (libc::SYS_execveat, "execveat"),
    (libc::SYS_wait4, "wait4"),
    (libc::SYS_waitid, "waitid"),
    (libc::SYS_kill, "kill"),
    (libc::SYS_exit_group, "exit_group"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, "open"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_fork, "fork"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_vfork, "vfork"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_poll, "poll"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_select, "select"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_epoll_wait, "epoll_wait"),
];

/// What a run was made for.
struct Asked {
    permitted: u64,
    port: u16,
    /// Behind what was observed: in which run.
    when: &'static str,
}

/// With a free port, for each end that a command may come to; then with one that is taken.
pub fn check(judge: &mut Judge) -> Checked {
    free(judge, &Ending::by_itself())?;
    free(judge, &Ending::by_signal())?;
    taken(judge)
}

fn free(judge: &mut Judge, ending: &Ending) -> Checked {
    let (mut run, asked) = start(judge, false)?;
    let seen = run.witness();
    let bound = run.calls().iter().any(|call| is_bind(call) && is_on(call));
    let called = run.calls().iter().any(is_bind);
    // Without the bit it comes to no command: then this says more.
    let seen = if called && !bound {
        seen.ok()
    } else {
        Some(seen?)
    };
    calls(&run, &asked, seen)?;
    let observed = if called {
        "it was off"
    } else {
        "bind was never called"
    };
    let Some(seen) = seen.filter(|_| bound) else {
        return Err(AT_BIND.broken("it is on", observed));
    };
    program(&run, seen, &asked)?;
    command(seen, &asked)?;
    run.send(seen, &ending.order)?;
    let end = run.end_of(0)?;
    calls(&run, &asked, Some(seen))?;
    ending.shows(STATUS, end)
}

fn taken(judge: &mut Judge) -> Checked {
    let (mut run, asked) = start(judge, true)?;
    let end = run.end_of(0)?;
    calls(&run, &asked, None)?;
    let none = !run.has_begun();
    TAKEN.holds(
        none,
        "the command is not started",
        "it is started nevertheless",
    )?;
    let (failed, expected) = (end != End::Status(0), "another status than 0");
    TAKEN.holds(failed, expected, end.to_string())?;
    let told = !run.said(0).trim().is_empty();
    TAKEN.holds(told, "a word about it", "it said nothing")
}

/// An ordinary user starts the program, whose file has some capabilities.
fn start(judge: &mut Judge, taken: bool) -> Checked<(Run, Asked)> {
    let mut scene = judge.scene()?;
    scene.with_many_ids();
    scene.with_network();
    scene.with_calls();
    let asked = Asked {
        permitted: BIND | some(),
        port: number(2..1024) as u16,
        when: if taken {
            ", when the port is taken"
        } else {
            ""
        },
    };
    scene.with_permitted(asked.permitted);
    if taken {
        scene.targets(vec![Target {
            listens: Some(asked.port),
            ..Target::default()
        }]);
    }
    let run = run(scene, asked.port)?;
    Ok((run, asked))
}

fn run(mut scene: Scene<'_>, port: u16) -> Checked<Run> {
    let folder = scene.folder()?;
    let actor = scene.witness(&folder)?;
    let file = Place(format!("/box/{}", word()));
    scene.file(&file, format!("{port}\n"))?;
    let mut answer = scene.answer(&[&file.0, &actor.place.0, &actor.nonce]);
    answer.user = Some(number(1000..30_000));
    let mut run = scene.run(Who::Root, vec![answer])?;
    // It stops at each call, which takes long where many others want the processor.
    run.last(Duration::from_secs(30));
    Ok(run)
}

/// Two capabilities or one that have nothing to do with the task.
fn some() -> u64 {
    1 << number(18..30) | 1 << number(30..u32::from(kernel::last_capability()) + 1)
}

/// Each call so far.
fn calls(run: &Run, asked: &Asked, command: Option<Witness>) -> Checked {
    let when = asked.when;
    for call in run.calls() {
        let others = (call.effective | call.after) & !BIND;
        NO_OTHER.holds(others == 0, "none", shown(others) + when)?;
        // A child may give up what it likes before it becomes the command.
        let kept = Some(call.pid) != run.answer() || call.permitted == asked.permitted;
        let observed = is(call.permitted) + when;
        KEPT.holds(kept, is(asked.permitted), observed)?;
    }
    let (before, after) = run.calls().split_at(begin(run, command));
    for call in before.iter().filter(|call| is_on(call)) {
        let number = call.number as libc::c_long;
        if let Some((_, name)) = OTHERS.iter().find(|(known, _)| *known == number) {
            let observed = format!("it is on at {name}{when}");
            return Err(QUIET.broken("it is off then", observed));
        }
    }
    // A thread that has switched it on may have made no call since.
    let on = after
        .iter()
        .any(|call| is_on(call) || call.after & BIND != 0);
    OFF.holds(!on, "it is off in every thread", ON)
}

/// How many calls there were until the command began. Who has made its process may go on
/// before the tracer is told that it is the command, so what counts is when it asks for it.
fn begin(run: &Run, command: Option<Witness>) -> usize {
    const EXECUTES: [libc::c_long; 2] = [libc::SYS_execve, libc::SYS_execveat];
    let asks = |call: &AtCall| {
        let executes = EXECUTES.contains(&(call.number as libc::c_long));
        executes && command.is_some_and(|command| command.pid == call.pid)
    };
    let last = run.calls().iter().rposition(asks);
    last.map_or(run.calls().len(), |last| last + 1)
}

/// The program, while its command runs.
fn program(run: &Run, seen: Witness, asked: &Asked) -> Checked {
    let Some(answer) = run.answer().filter(|pid| *pid != seen.pid) else {
        return Err(CHILD.broken("both are there", "it became the command"));
    };
    for one in run.everybody().into_iter().filter(|one| *one != seen) {
        let effective = set(one, "CapEff")?;
        let others = effective & !BIND;
        NO_OTHER.holds(others == 0, "none", shown(others))?;
        OFF.holds(effective & BIND == 0, "it is off in every thread", ON)?;
    }
    let found = set(Witness { pid: answer }, "CapPrm")?;
    KEPT.holds(found == asked.permitted, is(asked.permitted), is(found))
}

/// The command, at its beginning.
fn command(seen: Witness, asked: &Asked) -> Checked {
    for key in ["CapInh", "CapAmb", "CapPrm", "CapEff"] {
        let found = set(seen, key)?;
        let is = |set| format!("{key} is {}", shown(set));
        POWERLESS.holds(found == 0, is(0), is(found))?;
    }
    let (ports, held) = (seen.ports()?, seen.held(0)?);
    let socket = ports.into_iter().find(|(port, _)| *port == asked.port);
    let expected = format!("a socket that listens at {}", asked.port);
    let Some((_, socket)) = socket else {
        return Err(LISTENS.broken(expected, "nobody listens there"));
    };
    LISTENS.holds(held == socket, expected, format!("it is {held}"))
}

fn is(set: u64) -> String {
    format!("CapPrm is {}", shown(set))
}

fn is_bind(call: &AtCall) -> bool {
    call.number as libc::c_long == libc::SYS_bind
}

fn is_on(call: &AtCall) -> bool {
    call.effective & BIND != 0
}

fn set(seen: Witness, key: &str) -> Checked<u64> {
    let digits = seen.status(key)?;
    u64::from_str_radix(&digits, 16).map_err(|_| Refusal::Undone(format!("{key}: {digits}")))
}

fn shown(set: u64) -> String {
    match set {
        0 => "none".to_owned(),
        _ => kernel::capability_list(set)
            .to_lowercase()
            .replace('|', ","),
    }
}
