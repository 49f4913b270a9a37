//! What a learner sees where user namespaces are refused.

use crate::terminal::{Terminal, grounds, page, state};

/// Refuses unshare(2) with CLONE_NEWUSER, as many an outer container does, and nothing else.
fn without_user_namespaces<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let step = |code: u32, jt, jf, k| groundwork::kernel::Instruction {
        code: code as u16,
        jt,
        jf,
        k,
    };
    use nix::libc;
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let verdict = libc::BPF_RET | libc::BPF_K;
    let unshare = libc::SYS_unshare as u32;
    let eperm = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    // struct seccomp_data: the number is at 0, the first argument at 16.
    let filter = [
        step(load, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 3, unshare),
        step(load, 0, 0, 16),
        step(
            libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K,
            0,
            1,
            libc::CLONE_NEWUSER as u32,
        ),
        step(verdict, 0, 0, eperm),
        step(verdict, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let filtered = move || {
        groundwork::kernel::prctl_set_no_new_privs().unwrap();
        groundwork::kernel::seccomp_set_mode_filter(&[], &filter).unwrap();
        run()
    };
    std::thread::spawn(filtered).join().unwrap()
}

#[test]
fn without_user_namespaces_the_first_screen_says_why_and_what_to_do() {
    let state = state();
    let folder = state.path().to_owned();
    let mut terminal = without_user_namespaces(move || Terminal::start(&folder, &[], &[]));
    terminal.sees("Enter start");
    terminal.sees("why: unshare(CLONE_NEWUSER) gives EPERM");
    terminal.sees("fix: run era from a login shell that no filter holds");
}

#[test]
fn without_user_namespaces_real_root_is_asked_for_and_named_else_nothing_runs() {
    let state = state();
    let folder = state.path().to_owned();
    let arguments = ["tour".to_owned(), page("keys.md")];
    let mut terminal = without_user_namespaces(move || {
        Terminal::start(&folder, &arguments.each_ref().map(String::as_str), &[])
    });
    if !nix::unistd::geteuid().is_root() {
        terminal.sees("Not run here: userns: unshare(CLONE_NEWUSER) gives EPERM");
        return;
    }
    terminal.sees("y as real root");
    assert!(!terminal.text().contains("REAL ROOT"));
    terminal.keys("y");
    terminal.sees("REAL ROOT");
    terminal.keys("readlink /proc/self/ns/user > file; id -u >> file; echo in $(cat file)\r");
    let ours = std::fs::read_link("/proc/self/ns/user").unwrap();
    terminal.sees(&format!("in {} 0", ours.display()));
    terminal.sees("step 2 of");
    // A fresh ground does not ask again.
    terminal.keys("\x1b");
    terminal.keys("b");
    terminal.sees("REAL ROOT  step 1 of");
    terminal.keys("q");
    assert!(terminal.ends().success());
    assert_eq!(grounds(state.path()), [""; 0]);
}

#[test]
fn without_user_namespaces_a_shell_is_the_learners_own_and_says_so() {
    let state = state();
    let folder = state.path().to_owned();
    let mut terminal = without_user_namespaces(move || Terminal::start(&folder, &["shell"], &[]));
    terminal.sees("why:  unshare(CLONE_NEWUSER) gives EPERM");
    let asks = |terminal: &Terminal| terminal.text().contains("[y/N]");
    terminal.reads_until(|terminal| asks(terminal) || terminal.text().contains("yours"));
    if asks(&terminal) {
        terminal.keys("n\r");
    }
    terminal.sees("This shell is yours, not root's.");
    terminal.sees("era$");
    terminal.keys("exit\r");
    assert!(terminal.ends().success());
}
