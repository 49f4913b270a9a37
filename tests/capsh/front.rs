//! As much of capsh(1) as libcap's own tests ask for, on our own calls: argument by argument,
//! in order, and the first that fails ends it with status 1.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use capabilities::{CapSet, Sets, Triple};
use groundwork::kernel::{self, CapabilitySets, Pid, Securebits, Signal, Uid};

type Done = Result<(), Box<dyn std::error::Error>>;

const SETPCAP: u64 = 1 << kernel::CAP_SETPCAP;

/// Does what the arguments say, and gives the exit status.
pub fn main(myself: OsString, args: Vec<String>) -> i32 {
    let mut front = Front {
        myself,
        strict: false,
        child: None,
    };
    for (at, arg) in args.iter().enumerate() {
        if let Err(error) = front.act(arg, &args[at + 1..]) {
            eprintln!("{arg}: {error}");
            return 1;
        }
    }
    0
}

struct Front {
    myself: OsString,
    /// Whether nothing is raised unless asked for.
    strict: bool,
    child: Option<Pid>,
}

impl Front {
    fn act(&mut self, arg: &str, rest: &[String]) -> Done {
        let (name, value) = arg.split_once('=').unwrap_or((arg, ""));
        match name {
            "--" => return Err(Command::new("/bin/bash").args(rest).exec().into()),
            "" if arg == "==" => return Err(Command::new(&self.myself).args(rest).exec().into()),
            "--print" | "--current" => print(name == "--print"),
            "--strict" => self.strict = !self.strict,
            "--caps" => self.capset_with_setpcap(caps(value)?)?,
            "--inh" => self.capset_with_setpcap(inherit(value.parse()?)?)?,
            "--drop" => self.drop(value.parse()?)?,
            "--noamb" => kernel::prctl_ambient_clear_all()?,
            "--addamb" => each(value, kernel::prctl_ambient_raise)?,
            "--delamb" => each(value, kernel::prctl_ambient_lower)?,
            "--iab" => iab(value)?,
            "--keep" => nix::sys::prctl::set_keepcaps(value == "1")?,
            "--secbits" => kernel::prctl_set_securebits(Securebits(number(value)?))?,
            "--mode" => mode(value)?,
            "--inmode" if value != mode_now() => return Err(mode_now().into()),
            "--inmode" | "--modes" => {}
            "--uid" => kernel::setuid(Uid::from_raw(number(value)?))?,
            "--cap-uid" => become_user(number(value)?)?,
            "--user" => user(value)?,
            "--chroot" => chroot(value)?,
            "--forkfor" => self.fork()?,
            "--killit" => self.kill(number(value)?)?,
            _ => return Err("not known".into()),
        }
        Ok(())
    }

    /// CAP_SETPCAP is on for this one call, if it can be.
    fn capset_with_setpcap(&self, sets: CapabilitySets) -> Done {
        if !self.strict {
            let now = kernel::capget()?;
            let _ = kernel::capset(raised(now, SETPCAP));
        }
        Ok(kernel::capset(sets)?)
    }

    fn drop(&self, caps: CapSet) -> Done {
        let now = kernel::capget()?;
        for cap in caps.iter() {
            if !self.strict {
                kernel::capset(raised(now, SETPCAP))?;
            }
            let dropped = kernel::prctl_capbset_drop(cap.number());
            kernel::capset(now)?;
            dropped?;
        }
        Ok(())
    }

    fn fork(&mut self) -> Done {
        match kernel::fork()? {
            Some(child) => self.child = Some(child),
            None => loop {
                nix::unistd::pause();
            },
        }
        Ok(())
    }

    fn kill(&mut self, signal: i32) -> Done {
        use nix::sys::wait::{WaitStatus, waitpid};
        let child = self.child.take().ok_or("nobody to kill")?;
        let signal = Signal::try_from(signal)?;
        kernel::kill(child, signal)?;
        match waitpid(child, None)? {
            WaitStatus::Signaled(_, by, _) if by == signal => Ok(()),
            other => Err(format!("{other:?}").into()),
        }
    }
}

fn raised(sets: CapabilitySets, bit: u64) -> CapabilitySets {
    CapabilitySets {
        effective: sets.effective | bit,
        ..sets
    }
}

/// What we have, as capsh prints it.
fn print(everything: bool) {
    let sets = Sets::of_this_process().expect("it can be asked");
    let triple = Triple {
        effective: sets.effective,
        inheritable: sets.inheritable,
        permitted: sets.permitted,
    };
    println!("Current: {triple}");
    if everything {
        println!("Bounding set ={}", sets.bounding.names());
        println!("Ambient set ={}", sets.ambient.names());
        let bits = kernel::securebits().0;
        let octal = format!(
            "0{bits:o}/{bits:#x}/{}'b{bits:b}",
            format!("{bits:b}").len()
        );
        let privs = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let privs = privs.lines().any(|line| line == "NoNewPrivs:\t1");
        println!("Securebits: {octal} (no-new-privs={})", u8::from(privs));
    }
}

fn caps(text: &str) -> Result<CapabilitySets, capabilities::Error> {
    let triple: Triple = text.parse()?;
    let sets = Sets {
        effective: triple.effective,
        inheritable: triple.inheritable,
        permitted: triple.permitted,
        ..Sets::default()
    };
    Ok(sets.three())
}

/// What we have, but for the inheritable set.
fn inherit(caps: CapSet) -> kernel::Result<CapabilitySets> {
    Ok(CapabilitySets {
        inheritable: caps.bits(),
        ..kernel::capget()?
    })
}

fn each(list: &str, act: impl Fn(u8) -> kernel::Result<()>) -> Done {
    let caps: CapSet = list.parse()?;
    caps.iter().try_for_each(|cap| act(cap.number()))?;
    Ok(())
}

/// `!` out of the bounding set, `%` inheritable, `^` inheritable and ambient.
fn iab(text: &str) -> Done {
    let now = kernel::capget()?;
    let (mut inheritable, mut ambient, mut dropped) = (CapSet::EMPTY, CapSet::EMPTY, CapSet::EMPTY);
    for word in text.split(',') {
        let name = word.trim_start_matches(['!', '%', '^']);
        let signs = &word[..word.len() - name.len()];
        let cap = name.parse()?;
        if signs.contains('!') {
            dropped = dropped.with(cap);
        }
        if signs.contains('^') {
            ambient = ambient.with(cap);
        }
        if signs != "!" {
            inheritable = inheritable.with(cap);
        }
    }
    let wanted = CapabilitySets {
        inheritable: inheritable.bits(),
        ..now
    };
    kernel::capset(raised(wanted, SETPCAP))?;
    let done = kernel::prctl_ambient_clear_all().and_then(|()| {
        let raise = |cap: capabilities::Cap| kernel::prctl_ambient_raise(cap.number());
        let drop = |cap: capabilities::Cap| kernel::prctl_capbset_drop(cap.number());
        ambient.iter().try_for_each(raise)?;
        dropped.iter().try_for_each(drop)
    });
    let _ = kernel::capset(wanted);
    Ok(done?)
}

/// The bits of a machine without root: all locked, none kept.
const PURE: Securebits = Securebits(0xef);

fn mode(name: &str) -> Done {
    let now = kernel::capget()?;
    let mut after = CapabilitySets {
        effective: 0,
        ..now
    };
    kernel::capset(raised(now, SETPCAP))?;
    match name {
        "PURE1E" | "PURE1E_INIT" | "NOPRIV" => {
            kernel::prctl_ambient_clear_all()?;
            kernel::prctl_set_securebits(PURE)?;
        }
        other => return Err(format!("no mode {other}").into()),
    }
    if name != "PURE1E" {
        after.inheritable = 0;
    }
    if name == "NOPRIV" {
        for cap in CapSet::all().iter() {
            let _ = kernel::prctl_capbset_drop(cap.number());
        }
        after.permitted = 0;
        kernel::prctl_set_no_new_privs()?;
    }
    Ok(kernel::capset(after)?)
}

fn mode_now() -> &'static str {
    let sets = Sets::of_this_process().expect("it can be asked");
    match kernel::securebits() {
        Securebits(0) => "HYBRID",
        PURE if !sets.inheritable.is_empty() => "PURE1E",
        PURE if !(sets.permitted.is_empty() && sets.bounding.is_empty()) => "PURE1E_INIT",
        PURE => "NOPRIV",
        _ => "UNCERTAIN",
    }
}

/// Another user, with everything that was permitted still permitted, and nothing on.
fn become_user(uid: u32) -> Done {
    let now = kernel::capget()?;
    kernel::prctl_set_keepcaps()?;
    kernel::capset(raised(now, 1 << kernel::CAP_SETUID))?;
    let became = kernel::setuid(Uid::from_raw(uid));
    let _ = nix::sys::prctl::set_keepcaps(false);
    let off = CapabilitySets {
        effective: 0,
        ..now
    };
    kernel::capset(off)?;
    Ok(became?)
}

fn user(name: &str) -> Done {
    let user = nix::unistd::User::from_name(name)?.ok_or("no such user")?;
    kernel::setgroups(&[user.gid])?;
    kernel::setgid(user.gid)?;
    become_user(user.uid.as_raw())
}

fn chroot(root: &str) -> Done {
    let now = kernel::capget()?;
    kernel::capset(raised(now, 1 << kernel::CAP_SYS_CHROOT))?;
    let changed = kernel::chroot(root);
    kernel::capset(now)?;
    changed?;
    Ok(kernel::chdir("/")?)
}

/// As strtoul(3) reads it.
fn number<N: TryFrom<u32, Error: std::error::Error + 'static>>(
    text: &str,
) -> Result<N, Box<dyn std::error::Error>> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16)?,
        None => text.parse()?,
    };
    Ok(N::try_from(number)?)
}
