//! What a learner sees where user namespaces are refused.

use crate::terminal::{Terminal, grounds, page, state, without_user_namespaces};

/// Takes the other ground away, which would be the next choice.
const NO_MACHINE: [(&str, &str); 1] = [("ERA_KERNEL", "/nonexistent")];

#[test]
fn without_user_namespaces_the_first_screen_says_why_and_what_to_do() {
    let state = state();
    let folder = state.path().to_owned();
    let mut terminal = without_user_namespaces(move || Terminal::start(&folder, &[], &NO_MACHINE));
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
        Terminal::start(
            &folder,
            &arguments.each_ref().map(String::as_str),
            &NO_MACHINE,
        )
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
    let mut terminal =
        without_user_namespaces(move || Terminal::start(&folder, &["shell"], &NO_MACHINE));
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
