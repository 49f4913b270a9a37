//! Another way: clone(2) makes PID 1 in both namespaces at once; signals are taken one by one
//! with sigwait, SIGCHLD among them; the status is told in a page of memory that is shared;
//! the old root goes into a folder, and what is kept is inheritable, too.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, exit};
use std::ptr::NonNull;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, clone};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, chdir, pivot_root};

/// What a container is asked to be.
struct Asked {
    root: String,
    group: PathBuf,
    megabytes: u64,
    /// A bit for each capability.
    keep: u64,
    call: u32,
    error: u32,
    command: Vec<String>,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [root, group, megabytes, keep, call, error, command @ ..] = words.as_slice() else {
        eprintln!("usage: answer ROOT GROUP MEGABYTES KEEP CALL ERROR COMMAND [ARGUMENT…]");
        exit(2);
    };
    let number = |text: &str| text.parse::<u32>().expect("a number");
    let asked = Asked {
        root: root.clone(),
        group: group.into(),
        megabytes: number(megabytes).into(),
        keep: keep.split(',').fold(0, |set, bit| set | 1 << number(bit)),
        call: number(call),
        error: number(error),
        command: command.to_vec(),
    };
    exit(contain(&asked));
}

/// Runs the command in a container, says what ended it, and gives the exit status.
fn contain(asked: &Asked) -> i32 {
    let file = |name: &str| asked.group.join(name);
    fs::create_dir(&asked.group).unwrap();
    let bytes = (asked.megabytes << 20).to_string();
    let counter = if fs::write(file("memory.max"), &bytes).is_ok() {
        let _ = fs::write(file("memory.swap.max"), "0");
        file("memory.events")
    } else {
        fs::write(file("memory.limit_in_bytes"), &bytes).unwrap();
        fs::write(file("memory.swappiness"), "0").unwrap();
        file("memory.oom_control")
    };
    let list = File::create(file("cgroup.procs")).unwrap();
    let ours: SigSet = [Signal::SIGTERM, Signal::SIGCHLD].into_iter().collect();
    ours.thread_block().unwrap();

    let page = shared_page();
    let mut stack = vec![0_u8; 1 << 20];
    let new = CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWNS;
    let life = Box::new(|| {
        let end = first_process(asked, &list, &ours);
        // SAFETY: the page holds two numbers; outside reads them when we are no more.
        unsafe { page.write(end) };
        0
    });
    // SAFETY: no memory is shared but the page; one thread only.
    let first = unsafe { clone(life, &mut stack, new, Some(libc::SIGCHLD)) }.unwrap();
    serve(first, &ours);
    // SAFETY: nobody else is left who could write.
    let (by_signal, number) = unsafe { page.read() };
    let text = fs::read_to_string(counter).unwrap();
    let killed = !text.contains("oom_kill 0");
    fs::remove_dir(&asked.group).unwrap();
    match by_signal {
        true if number == 9 && killed => println!("memory"),
        true => println!("signal {number}"),
        false => println!("status {number}"),
    }
    if by_signal { 128 + number } else { number }
}

/// How a process ended: by a signal or by itself, and the number of either.
type End = (bool, i32);

fn shared_page() -> NonNull<End> {
    let may = libc::PROT_READ | libc::PROT_WRITE;
    let kind = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    // SAFETY: it is a new page.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), 4096, may, kind, -1, 0) };
    NonNull::new(page).expect("a page").cast()
}

/// The life of PID 1.
fn first_process(asked: &Asked, list: &File, ours: &SigSet) -> End {
    forget_all_but(&asked.root).unwrap();
    let mut list = list.try_clone().unwrap();
    let (mask, keep) = (*ours, asked.keep);
    let (call, error) = (asked.call, asked.error);
    let mut command = Command::new(&asked.command[0]);
    command.args(&asked.command[1..]);
    // SAFETY: only system calls between fork and exec.
    unsafe {
        command.pre_exec(move || {
            list.write_all(b"0")?;
            libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 4);
            mask.thread_unblock()?;
            keep_only(keep)?;
            Ok(filter(call, error)?)
        });
    }
    let child = command.spawn().expect("the command starts");
    serve(Pid::from_raw(child.id() as i32), ours)
}

fn forget_all_but(root: &str) -> nix::Result<()> {
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_SLAVE, none)?;
    mount(Some(root), root, none, MsFlags::MS_BIND, none)?;
    let own = format!("{root}/proc");
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("own"), own.as_str(), Some("proc"), flags, none)?;
    let old = format!("{root}/old-root");
    fs::create_dir(&old).expect("the new root can be written");
    pivot_root(root, old.as_str())?;
    chdir("/")?;
    umount2("/old-root", MntFlags::MNT_DETACH)?;
    fs::remove_dir("/old-root").expect("it is empty now");
    Ok(())
}

/// Takes signals until `child` has ended.
fn serve(child: Pid, ours: &SigSet) -> End {
    loop {
        if ours.wait().unwrap() == Signal::SIGTERM {
            kill(child, Signal::SIGTERM).unwrap();
            continue;
        }
        let mut end = None;
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, status)) if pid == child => end = Some((false, status)),
                Ok(WaitStatus::Signaled(pid, by, _)) if pid == child => {
                    end = Some((true, by as i32))
                }
                Ok(WaitStatus::StillAlive) | Err(_) => break,
                Ok(_) => {}
            }
        }
        if let Some(end) = end {
            return end;
        }
    }
}

fn keep_only(keep: u64) -> nix::Result<()> {
    for bit in (0..64).filter(|bit| keep >> bit & 1 == 0) {
        // SAFETY: takes numbers.
        let dropped = Errno::result(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, bit, 0, 0, 0) });
        // There are no further ones: EINVAL.
        if dropped.or_else(no_such_bit)? == -1 {
            break;
        }
    }
    let [low, high] = [keep as u32, (keep >> 32) as u32];
    let (header, sets) = ([0x2008_0522_u32, 0], [low, low, low, high, high, high]);
    // SAFETY: reads two words, and six.
    let result = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) };
    Errno::result(result).map(drop)
}

fn no_such_bit(errno: Errno) -> nix::Result<i32> {
    match errno {
        Errno::EINVAL => Ok(-1),
        other => Err(other),
    }
}

fn filter(call: u32, error: u32) -> nix::Result<()> {
    // SAFETY: they make two numbers to an instruction.
    let mut program = unsafe {
        [
            libc::BPF_STMT(0x20, 0),
            libc::BPF_JUMP(0x15, call, 1, 0),
            libc::BPF_STMT(0x06, libc::SECCOMP_RET_ALLOW),
            libc::BPF_STMT(0x06, libc::SECCOMP_RET_ERRNO | error),
        ]
    };
    let program = libc::sock_fprog {
        len: 4,
        filter: program.as_mut_ptr(),
    };
    nix::sys::prctl::set_no_new_privs()?;
    // SAFETY: takes numbers, and a program that lives here.
    let result = unsafe { libc::prctl(libc::PR_SET_SECCOMP, 2, &raw const program) };
    Errno::result(result).map(drop)
}
