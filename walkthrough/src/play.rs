//! What the subcommands of `era` do with a page and a terminal.

use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::auto;
use crate::first::{self, Choice};
use crate::ground::pick::Pick;
use crate::ground::{Ground, Learner, Who};
use crate::library;
use crate::machine;
use crate::page::Page;
use crate::player::keyboard::Key;
use crate::player::look::View;
use crate::player::screen::Screen;
use crate::player::script::Script;
use crate::player::text::{Row, Style};
use crate::player::{Leave, Player, passthrough};
use crate::present::{notes, rehearse};
use crate::probes;
use crate::progress::Progress;
use crate::stage::pty::clean;
use crate::stage::{Stage, perform};
use crate::state::Surroundings;

type Outcome = Result<u8, Box<dyn std::error::Error>>;

fn colour(around: &Surroundings) -> bool {
    !around.no_color && std::io::stdout().is_terminal()
}

fn screen(around: &Surroundings) -> Result<Screen, Box<dyn std::error::Error>> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err("a tour needs a terminal; without one: era tour --auto".into());
    }
    Ok(Screen::take(colour(around))?)
}

/// The page to go on with.
///
/// # Errors
/// There is no page.
pub fn next(around: &Surroundings) -> Result<Page, Box<dyn std::error::Error>> {
    let mut pages = library::pages()?;
    if pages.is_empty() {
        return Err("there is no page yet".into());
    }
    let next = first::next_page(&pages, around);
    Ok(pages.swap_remove(next))
}

/// The first screen, and what is chosen there, until the learner has enough.
///
/// # Errors
/// No terminal, or no ground.
pub fn first_screen(around: &Surroundings, learner: &Learner) -> Outcome {
    let pages = library::pages()?;
    probes::look_at_machine();
    let screen = screen(around)?;
    loop {
        match first::choose(&screen, &pages, around, learner)? {
            Choice::Quit => return Ok(0),
            Choice::Page(chosen) => {
                let page = &pages[chosen];
                let there = match probes::ground() {
                    Pick::Machine { .. } => {
                        screen.lend(|| in_a_machine(&page.stem, None, around))?
                    }
                    _ => None,
                };
                if there.is_none() {
                    play(page.clone(), None, &screen, around, learner)?;
                }
            }
            Choice::Doctor => look_at("doctor", "What this machine allows", &screen, around)?,
            Choice::Exercises => look_at("exercise", "Exercises", &screen, around)?,
            Choice::Book => screen.lend(|| pause(Command::new("/proc/self/exe").arg("book")))?,
        }
    }
}

/// What a subcommand of `era` says, to scroll through.
fn look_at(
    command: &str,
    title: &str,
    screen: &Screen,
    around: &Surroundings,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut era = Command::new("/proc/self/exe");
    let said = era
        .arg("--state")
        .arg(&around.state)
        .arg(command)
        .output()?;
    let text = clean(&said.stdout);
    let rows = text
        .lines()
        .map(|line| Row::new(Style::Plain, line))
        .collect();
    let mut view = View::new(title, rows, Vec::new());
    loop {
        screen.draw(&view.frame())?;
        if let Some(key) = screen.key(&[], Duration::from_secs(5))? {
            if key == Key::Ctrl('c') || !view.key(key) {
                return Ok(());
            }
        }
    }
}

/// Runs a command on the lent terminal, and waits for Enter before it is taken back.
fn pause(command: &mut Command) {
    if let Err(error) = command.status() {
        eprintln!("error: {error}");
    }
    eprint!("\nEnter goes back.");
    let _ = std::io::stdin().read_line(&mut String::new());
}

/// A tour through a page, and through those after it.
///
/// # Errors
/// No terminal, or no ground.
pub fn tour(page: Page, from: Option<usize>, around: &Surroundings, learner: &Learner) -> Outcome {
    probes::look_ahead(&page);
    let screen = screen(around)?;
    play(page, from, &screen, around, learner)?;
    Ok(0)
}

/// Where the kernel refuses user namespaces, and a machine can be had: a kernel of its own
/// plays the page, and this says so. None elsewhere.
pub fn in_a_machine(page: &str, from: Option<usize>, around: &Surroundings) -> Option<u8> {
    let pick = probes::ground();
    let (Pick::Machine { instead }, true) = (&pick, std::io::stdin().is_terminal()) else {
        return None;
    };
    eprintln!("No user namespace here ({}):", instead.why);
    eprintln!("so this is played in a small virtual machine.");
    let tour = machine::tour::Tour {
        page: Some(page.to_owned()),
        from,
        ..machine::tour::Tour::default()
    };
    Some(machine::tour::main(&tour, around))
}

fn play(
    page: Page,
    from: Option<usize>,
    screen: &Screen,
    around: &Surroundings,
    learner: &Learner,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut next = Some((page, from));
    while let Some((page, from)) = next.take() {
        probes::look_ahead(&page);
        let place = Progress::read(&around.state).of(&page.stem);
        let remembered = if place.done { 1 } else { place.step.max(1) };
        let stem = page.stem.clone();
        let player = Player::new(
            Script::new(page),
            screen,
            around,
            learner,
            None,
            from.unwrap_or(remembered),
        )?;
        let (leave, left) = player.play()?;
        if !left.is_empty() {
            return Err(format!("the page left something behind: {}", left.join(", ")).into());
        }
        if leave == Leave::Next {
            let mut after = library::pages()?
                .into_iter()
                .skip_while(|page| page.stem != stem)
                .skip(1);
            next = after.next().map(|page| (page, None));
        }
    }
    Ok(())
}

/// A page before a class.
///
/// # Errors
/// No such page, no terminal, or no ground.
pub fn present(
    page: &str,
    from: Option<usize>,
    around: &Surroundings,
    learner: &Learner,
) -> Outcome {
    let page = library::find(page)?;
    probes::look_ahead(&page);
    let screen = screen(around)?;
    let speaker = notes::Speaker::open(&around.runtime)?;
    let player = Player::new(
        Script::new(page),
        &screen,
        around,
        learner,
        Some(speaker),
        from.unwrap_or(1),
    )?;
    let (_, left) = player.play()?;
    drop(screen);
    left.iter()
        .for_each(|left| eprintln!("left behind: {left}"));
    Ok(u8::from(!left.is_empty()))
}

/// The instructor's second terminal.
///
/// # Errors
/// No presentation runs.
pub fn notes(around: &Surroundings) -> Outcome {
    notes::follow(&around.runtime, colour(around))?;
    Ok(0)
}

/// Every step and every way back, timed.
///
/// # Errors
/// No such page, or no ground.
pub fn rehearse(page: &str, around: &Surroundings, learner: &Learner) -> Outcome {
    let page = library::find(page)?;
    probes::look_ahead(&page);
    let rehearsal =
        rehearse::rehearse(&Script::new(page), around, learner, &mut std::io::stdout())?;
    rehearsal
        .problems
        .iter()
        .for_each(|problem| println!("{problem}"));
    Ok(u8::from(!rehearsal.problems.is_empty()))
}

/// A shell on a ground; with a page, after its commands.
///
/// # Errors
/// No such page, no terminal, or no ground.
pub fn shell(page: Option<&str>, around: &Surroundings, learner: &Learner) -> Outcome {
    if !std::io::stdin().is_terminal() {
        return Err("a shell needs a terminal".into());
    }
    let Some(word) = page else {
        let mut ground = Ground::new(&around.state, learner)?;
        let who = whose_shell(&mut ground)?;
        passthrough::shell(&mut ground, who)?;
        return Ok(left(&ground.end()));
    };
    let page = library::find(word)?;
    let mut stage = Stage::new(&around.state, learner, &page.head)?;
    let who = whose_shell(stage.ground_mut())?;
    for block in page.blocks() {
        if stage.cannot_run(block).is_some() {
            continue;
        }
        let report = perform::block(&mut stage, block);
        if let Some(why) = report.stopped {
            auto::warn(&page.stem, report.at, &why);
            break;
        }
    }
    passthrough::shell(stage.ground_mut(), who)?;
    drop(stage);
    Ok(0)
}

/// Root of the ground, where that can be had; real root plays it after a yes, else the
/// shell is the learner's own, and is said to be.
fn whose_shell(ground: &mut Ground) -> Result<Who, Box<dyn std::error::Error>> {
    let pick = probes::ground_here();
    let Some(instead) = pick.instead() else {
        return Ok(Who::Ground);
    };
    eprintln!("No user namespace here, so no root of a sandbox.");
    eprintln!("  why:  {}", instead.why);
    if let Some(fix) = &instead.fix {
        eprintln!("  fix:  {fix}");
    }
    if matches!(probes::ground(), Pick::Machine { .. }) {
        eprintln!("  or:   era machine   (a root shell on a kernel of its own)");
    }
    if pick.asks() {
        eprint!("Real root instead, for which a mistake hits this machine? [y/N] ");
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        if ["y", "yes"].contains(&answer.trim()) {
            ground.play_as_root()?;
            return Ok(Who::Ground);
        }
    }
    eprintln!("This shell is yours, not root's.");
    Ok(Who::Learner)
}

fn left(left: &[String]) -> u8 {
    left.iter()
        .for_each(|left| eprintln!("left behind: {left}"));
    u8::from(!left.is_empty())
}

/// Opens the book: its builder is a crate of the checkout.
///
/// # Errors
/// There is no checkout.
pub fn book() -> Outcome {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    if !checkout.join("book/Cargo.toml").is_file() {
        return Err(
            "the book is built from a checkout: in it, run  cargo run -p book -- --open".into(),
        );
    }
    let status = Command::new("cargo")
        .args(["run", "--quiet", "-p", "book", "--", "--open"])
        .current_dir(checkout)
        .status()
        .map_err(|error| {
            format!("cannot run cargo, which builds the book ({error}); fix: https://rustup.rs")
        })?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1))
}
