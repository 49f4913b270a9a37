//! The tour as a learner has it: keys through a pty, a screen read back.

#[path = "player/terminal.rs"]
mod terminal;
#[path = "player/without_namespaces.rs"]
mod without_namespaces;

use nix::sys::signal::Signal;
use terminal::{Terminal, eventually, grounds, page, processes, state};

const TAB_AND_ENTER: &str = "\t\r";

fn tour(state: &std::path::Path, name: &str) -> Terminal {
    let mut terminal = Terminal::start(state, &["tour", &page(name)], &[]);
    terminal.sees("step 1 of");
    terminal
}

#[test]
fn a_learner_types_a_command_or_lets_tab_fill_it_in() {
    let state = state();
    let mut terminal = tour(state.path(), "keys.md");
    terminal.sees("Something to read first.");
    terminal.keys("echo one > file\r");
    terminal.sees("step 2 of");
    terminal.keys(TAB_AND_ENTER);
    terminal.sees("1 fact holds");
    terminal.keys("q");
    assert!(terminal.ends().success());
    assert!(!terminal.is_taken(), "the terminal was not given back");
    assert_eq!(grounds(state.path()), [""; 0]);
}

#[test]
fn a_question_is_answered_by_a_key_and_resolved_by_the_command() {
    let state = state();
    let mut terminal = tour(state.path(), "keys.md");
    terminal.keys("\x1b");
    terminal.sees("n run");
    terminal.keys("n");
    terminal.sees("step 2 of");
    terminal.keys("n");
    terminal.sees("1 fact holds");
    terminal.keys("n");
    terminal.sees("1-9 answer");
    assert!(
        !terminal.text().contains("because the ground"),
        "the answer is not shown before"
    );
    terminal.keys("1");
    terminal.sees("You say 1");
    terminal.keys("n");
    terminal.sees("You said 1; it is 2.");
    terminal.sees("because the ground has a user namespace");
}

#[test]
fn back_and_retry_and_jump_play_the_page_again_on_a_fresh_ground() {
    let state = state();
    let mut terminal = tour(state.path(), "keys.md");
    let first = grounds(state.path());
    terminal.keys("echo one > file\r");
    terminal.sees("step 2 of");
    terminal.keys("\x1b");
    terminal.sees("b back");
    terminal.keys("b");
    terminal.sees("step 1 of");
    let second = grounds(state.path());
    assert_ne!(first, second);
    assert_eq!(processes(&first), [""; 0], "the old ground is gone");
    terminal.keys("j");
    terminal.sees("Outside");
    terminal.keys("5\r");
    terminal.sees("step 5 of");
    terminal.keys("n");
    terminal.sees("n next");
    assert!(
        terminal.text().contains("$ cat file\none"),
        "{}",
        terminal.text()
    );
    terminal.keys("r");
    terminal.sees("n run");
}

#[test]
fn an_edited_command_runs_and_is_not_compared() {
    let state = state();
    let mut terminal = tour(state.path(), "keys.md");
    terminal.keys("echo two > file\r");
    terminal.sees("step 2 of");
    terminal.keys(TAB_AND_ENTER);
    terminal.sees("your own command: nothing was compared");
    assert!(terminal.text().contains("two"));
}

#[test]
fn a_text_that_differs_is_shown_as_a_difference_and_the_tour_goes_on() {
    let state = state();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.md");
    std::fs::write(
        &file,
        "# Other\n\n```console\n# echo is\nwas\n# echo next\nnext\n```\n",
    )
    .unwrap();
    let mut terminal = Terminal::start(state.path(), &["tour", file.to_str().unwrap()], &[]);
    terminal.sees("step 1 of");
    terminal.keys(TAB_AND_ENTER);
    terminal.sees("-was");
    terminal.sees("+is");
    terminal.sees("step 2 of");
}

#[test]
fn progress_is_remembered_and_from_overrides_it() {
    let state = state();
    let mut terminal = tour(state.path(), "keys.md");
    terminal.keys("echo one > file\r");
    terminal.sees("step 2 of");
    terminal.keys("\x1bq");
    terminal.ends();
    let mut terminal = Terminal::start(state.path(), &["tour", &page("keys.md")], &[]);
    terminal.sees("step 2 of");
    let mut terminal = Terminal::start(
        state.path(),
        &["tour", "--from", "4", &page("keys.md")],
        &[],
    );
    terminal.sees("step 4 of");
}

#[test]
fn ctrl_c_stops_a_command_and_not_the_tour() {
    let state = state();
    let mut terminal = tour(state.path(), "hang.md");
    terminal.keys(TAB_AND_ENTER);
    terminal.sees("started");
    terminal.keys("\x03");
    terminal.sees("+? 130");
    terminal.sees("n next");
}

#[test]
fn after_an_exit_the_tour_goes_on_upon_a_fresh_ground() {
    let state = state();
    let mut terminal = tour(state.path(), "keys.md");
    terminal.keys("exit\r");
    terminal.sees("its shell is gone");
    // Looking at something does not lose the way on.
    terminal.keys("?");
    terminal.sees("All keys");
    terminal.keys("q");
    terminal.sees("n next");
    terminal.keys("n");
    terminal.sees("step 2 of");
    terminal.keys(TAB_AND_ENTER);
    terminal.sees("1 fact holds");
    assert_eq!(grounds(state.path()).len(), 1);
}

#[test]
fn a_command_that_is_killed_by_two_ctrl_c_is_said_to_be_stopped() {
    let state = state();
    let mut terminal = tour(state.path(), "keys.md");
    terminal.keys("trap '' INT; echo deaf; cat\r");
    terminal.sees("\ndeaf");
    terminal.sees("it runs");
    terminal.keys("\x03\x03");
    terminal.sees("you stopped it");
}

#[test]
fn a_flood_is_stopped_by_ctrl_c_and_only_a_part_of_it_is_kept() {
    let state = state();
    let mut terminal = tour(state.path(), "keys.md");
    terminal.keys("yes\r");
    terminal.sees("y\ny\ny");
    terminal.keys("\x03");
    terminal.sees("? 130");
    terminal.keys("\x1b");
    terminal.sees("n run");
    terminal.keys("q");
    assert!(terminal.ends().success());
}

#[test]
fn what_a_key_answers_is_seen_below_a_full_screen() {
    let state = state();
    let mut terminal = tour(state.path(), "keys.md");
    terminal.keys("seq 40\r");
    terminal.sees("step 2 of");
    terminal.keys("\x1b");
    terminal.sees("n run");
    terminal.keys("c");
    terminal.sees("ran no code of ours");
}

#[test]
fn a_shell_of_the_learners_own_comes_back_although_something_still_runs_in_it() {
    let state = state();
    let mut terminal = tour(state.path(), "keys.md");
    terminal.keys("\x1b");
    terminal.sees("n run");
    terminal.keys("s");
    terminal.sees("ground#");
    let ground = grounds(state.path());
    terminal.keys("bash\r");
    terminal.sees("inside#");
    terminal.keys("exit\r");
    terminal.sees("ground# bash\ninside# exit");
    terminal.keys("sleep 1000 & exit\r");
    terminal.sees("step 1 of");
    terminal.keys("q");
    assert!(terminal.ends().success(), "to leave is no failure");
    assert_eq!(grounds(state.path()), [""; 0]);
    eventually("it goes with the ground", || processes(&ground).is_empty());
}

#[test]
fn a_new_size_is_drawn_at_once() {
    let state = state();
    let mut terminal = tour(state.path(), "keys.md");
    terminal.resize(12, 50);
    terminal.sees("step 1 of");
    let narrow = |terminal: &Terminal| {
        let text = terminal.text();
        let last = text.lines().last().unwrap_or_default().to_owned();
        text.lines().count() <= 12 && last.contains("type it")
    };
    assert!(terminal.reads_until(narrow), "{}", terminal.text());
}

#[test]
fn sigterm_gives_the_terminal_back_and_ends_the_ground() {
    let state = state();
    let mut terminal = tour(state.path(), "hang.md");
    let ground = grounds(state.path());
    terminal.keys(TAB_AND_ENTER);
    terminal.sees("started");
    terminal.signal(Signal::SIGTERM);
    terminal.ends();
    assert!(!terminal.is_taken());
    eventually("the ground is gone", || {
        grounds(state.path()).is_empty() && processes(&ground).is_empty()
    });
}

#[test]
fn a_lost_terminal_ends_the_ground() {
    let state = state();
    let mut terminal = tour(state.path(), "hang.md");
    let ground = grounds(state.path());
    terminal.keys(TAB_AND_ENTER);
    terminal.sees("started");
    let mut era = terminal.close();
    era.wait().unwrap();
    eventually("the ground is gone", || {
        grounds(state.path()).is_empty() && processes(&ground).is_empty()
    });
}

#[test]
fn sigkill_of_the_tour_leaves_nothing() {
    let state = state();
    let mut terminal = tour(state.path(), "hang.md");
    let ground = grounds(state.path());
    assert_eq!(ground.len(), 1);
    terminal.keys(TAB_AND_ENTER);
    terminal.sees("started");
    assert!(
        !processes(&ground).is_empty(),
        "the mark is found while it runs"
    );
    terminal.signal(Signal::SIGKILL);
    terminal.ends();
    eventually("the ground is gone", || {
        grounds(state.path()).is_empty() && processes(&ground).is_empty()
    });
}

#[test]
fn colour_changes_no_character() {
    let state = state();
    let mut coloured = tour(state.path(), "keys.md");
    coloured.sees("Esc keys");
    let mut plain = Terminal::start(
        state.path(),
        &["tour", &page("keys.md")],
        &[("NO_COLOR", "1")],
    );
    plain.sees("Esc keys");
    assert_eq!(coloured.text(), plain.text());
}

#[test]
fn the_first_screen_leads_to_a_page_and_fits_a_terminal() {
    let state = state();
    let mut terminal = Terminal::start(state.path(), &[], &[]);
    terminal.sees("Enter start");
    assert!(terminal.text().contains("One minute"));
    assert!(
        terminal
            .text()
            .lines()
            .all(|line| line.chars().count() <= 80)
    );
    terminal.keys("4");
    terminal.keys("\r");
    terminal.sees("04 chroot");
}

#[test]
fn x_on_the_first_screen_shows_the_exercises() {
    let state = state();
    let mut terminal = Terminal::start(state.path(), &[], &[]);
    terminal.sees("x exercises");
    terminal.keys("x");
    terminal.sees("04.2  Enter, and mean it");
    terminal.keys("q");
    terminal.sees("Enter start");
}

#[test]
fn a_presentation_fills_commands_in_and_tells_the_second_terminal_what_to_say() {
    let state = state();
    let mut terminal = Terminal::start(state.path(), &["present", &page("keys.md")], &[]);
    terminal.sees("of 1 min");
    let mut notes = Terminal::start(state.path(), &["present", "--notes"], &[]);
    notes.sees("next: echo one > file");
    terminal.keys("n");
    terminal.sees("step 2 of");
    terminal.keys("n");
    terminal.sees("1 fact holds");
    terminal.keys("n");
    notes.sees("Wait for three answers.");
    // The clock goes on there although nobody presses a key.
    notes.sees("00:02 of 1 min");
    terminal.keys("2n");
    terminal.sees("You said 2, and so it is.");
    drop(terminal);
    notes.sees("Waiting for: era present PAGE");
    let again = ["present", &page("keys.md"), "--from", "2"];
    let _terminal = Terminal::start(state.path(), &again, &[]);
    notes.sees("next: cat file");
}

/// Every page of the book from its first key to its last, as an instructor plays it.
#[test]
fn every_page_of_the_book_can_be_played_to_its_end() {
    for number in ["00", "04", "06"] {
        let state = state();
        let mut terminal = Terminal::start(state.path(), &["present", number], &[]);
        terminal.sees("step 1 of");
        while !terminal.text().contains("n next page") {
            let before = terminal.text();
            terminal.keys("n");
            let moved = |terminal: &Terminal| {
                let text = terminal.text();
                text != before && !text.contains("it runs")
            };
            assert!(
                terminal.reads_until(moved),
                "page {number}: n does nothing at\n{before}"
            );
            let text = terminal.text();
            assert!(
                !text.contains('✗') && !text.contains("the page has it"),
                "page {number}:\n{text}"
            );
        }
        terminal.keys("q");
        assert!(terminal.ends().success());
        assert_eq!(grounds(state.path()), [""; 0]);
    }
}
