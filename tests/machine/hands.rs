//! A machine under somebody's hands: keys, sizes, and a terminal that is as it was afterwards.

use nix::sys::signal::Signal;

use crate::asked::{Asked, kernel, state};
use crate::terminal::{Terminal, page, without_user_namespaces};

/// Starts it with everything that the tests share.
fn start(words: &[&str], environment: &[(&str, &str)]) -> Terminal {
    let kernel = ("ERA_KERNEL", kernel().to_str().unwrap());
    Terminal::start(&state(), words, &[&[kernel], environment].concat())
}

#[test]
fn a_shell_takes_keys_signals_sizes_and_characters_and_gives_the_terminal_back() {
    let Some(asked) = Asked::alone() else { return };
    let mut terminal = start(&["machine"], &[]);
    let modes = terminal.modes();
    terminal.waits("root@machine");
    assert_ne!(modes, terminal.modes(), "keys are handed on");
    terminal.keys("stty size; tty\r");
    terminal.sees("24 80");
    terminal.sees("/dev/pts/");
    terminal.resize(30, 100);
    terminal.keys("until [ \"$(stty size)\" = '30 100' ]; do :; done; echo seen it\r");
    terminal.sees("\nseen it");
    terminal.keys("sh -c 'echo ready; exec sleep 1000'\r");
    terminal.sees("\nready");
    terminal.keys("\x03");
    terminal.keys("echo status $?, Füße\r");
    terminal.sees("status 130, Füße");
    terminal.keys("exit 3\r");
    assert_eq!(terminal.ends().code(), Some(3));
    assert_eq!(modes, terminal.modes());
    assert_eq!(asked.left(), [0; 0]);
}

#[test]
fn three_times_the_key_for_it_ends_a_machine_that_does_not_listen() {
    let Some(asked) = Asked::alone() else { return };
    let mut terminal = start(
        &[
            "machine",
            "--",
            "sh",
            "-c",
            "stty raw -echo; echo deaf; exec sleep 1000",
        ],
        &[],
    );
    let modes = terminal.modes();
    terminal.waits("deaf");
    terminal.keys("\x1d\x1d\x1d");
    assert_eq!(terminal.ends().code(), Some(128 + Signal::SIGTERM as i32));
    assert_eq!(modes, terminal.modes());
    assert_eq!(asked.left(), [0; 0]);
}

#[test]
fn a_tour_in_a_machine_is_the_same_tour_and_how_far_one_came_is_kept_here() {
    let Some(_asked) = Asked::alone() else { return };
    let _ = std::fs::remove_file(state().join("progress.json"));
    let mut terminal = start(&["tour", "--machine", &page("keys.md")], &[]);
    terminal.waits("step 1 of");
    terminal.keys("\x1b");
    terminal.sees("n run");
    terminal.keys("n");
    terminal.waits("step 2 of");
    terminal.keys("\x1b");
    terminal.sees("q quit");
    terminal.keys("q");
    assert!(terminal.ends().success());
    let progress = std::fs::read_to_string(state().join("progress.json")).unwrap();
    assert!(progress.contains("\"step\": 2"), "{progress}");
}

#[test]
fn where_user_namespaces_are_refused_a_tour_is_played_in_a_machine() {
    let Some(_asked) = Asked::alone() else { return };
    let page = page("keys.md");
    let refused = move || start(&["tour", &page, "--from", "1"], &[]);
    let mut terminal = without_user_namespaces(refused);
    terminal.waits("so this is played in a small virtual machine.");
    terminal.waits("step 1 of");
    terminal.keys("\x1b");
    terminal.sees("q quit");
    terminal.keys("q");
    assert!(terminal.ends().success());
}
