//! The first screen: what there is, what this machine allows, and where to begin.

use std::time::Duration;

use groundwork::host::Finding;

use crate::ground::Learner;
use crate::ground::place;
use crate::page::Page;
use crate::player::keyboard::Key;
use crate::player::screen::{Frame, Screen};
use crate::player::text::{Row, Style};
use crate::probes;
use crate::progress::Progress;
use crate::state::Surroundings;

/// What the learner chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// A page, by its place in the list.
    Page(usize),
    /// What this machine allows.
    Doctor,
    /// The exercises.
    Exercises,
    /// The book.
    Book,
    /// Enough.
    Quit,
}

/// For text that goes on below its label: `why:` and a space before it.
const TEXT_COLUMNS: usize = 79 - 17 - 5;

const KEYS: &str = "Enter start  0-9 choose  x exercises  d doctor  b book  ? keys  q quit";

/// The lines between the title and the keys.
pub fn rows(pages: &[Page], chosen: usize, around: &Surroundings, learner: &Learner) -> Vec<Row> {
    let plain = |text: String| Row::new(Style::Plain, text);
    let mut rows = vec![
        Row::default(),
        plain(
            " First minute: you will stand inside a container made of five kernel features,"
                .to_owned(),
        ),
        plain(
            " look at it from outside, and find one ordinary process. Then you build it."
                .to_owned(),
        ),
        Row::default(),
        label("This machine", machine(learner)),
    ];
    rows.extend(ground());
    rows.push(label("  cgroups", groups(learner)));
    rows.extend([
        label(
            "  writes only",
            format!(
                "{}     network: no     real root: {}",
                home_as_tilde(&place::likely(&around.state, learner)),
                real_root()
            ),
        ),
        Row::default(),
    ]);
    let progress = Progress::read(&around.state);
    for (i, page) in pages.iter().enumerate() {
        let (style, arrow) = if i == chosen {
            (Style::Strong, "  <--")
        } else {
            (Style::Plain, "")
        };
        let minutes = page
            .head
            .minutes
            .map_or(String::new(), |minutes| format!("{minutes} min"));
        // How long it takes, until it is known how far one has come.
        let place = progress.of(&page.stem);
        let so_far = match (place.done, place.step) {
            (true, _) => "done".to_owned(),
            (false, step) if step > 1 => format!("step {step}"),
            _ => minutes,
        };
        let year = page.head.year.as_deref().unwrap_or_default();
        let line = page.head.line.as_deref().unwrap_or_default();
        let number = page.number().unwrap_or_default();
        let text = format!(
            "      {number:<5}{year:<8}{:<16}{line:<28}{so_far:>7}",
            page.name()
        );
        rows.push(Row::new(style, text).with(Style::Strong, arrow));
    }
    rows.extend([
        Row::default(),
        plain(
            " Every command is really run, in a folder that is thrown away afterwards.".to_owned(),
        ),
        plain(
            " Your own shell with all programs in it: era shell.  This list again: era".to_owned(),
        ),
    ]);
    rows
}

fn label(name: &str, text: String) -> Row {
    Row::new(Style::Strong, format!(" {name:<16}")).with(Style::Plain, text)
}

fn machine(learner: &Learner) -> String {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let field = |key: &str| {
        let value = release
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        value
            .map(|value| value.trim_matches('"').to_owned())
            .unwrap_or_default()
    };
    let name = field("NAME").replace(" GNU/Linux", "");
    let system = nix::sys::utsname::uname().ok();
    let (kernel, arch) = system.map_or_else(Default::default, |system| {
        (
            system.release().to_string_lossy().into_owned(),
            system.machine().to_string_lossy().into_owned(),
        )
    });
    let kernel = kernel.split('.').take(2).collect::<Vec<_>>().join(".");
    let who = if learner.other {
        format!("you are root, '$' is {}", learner.name)
    } else {
        format!("you are {}", learner.name)
    };
    format!(
        "{} {}, Linux {kernel}, {arch}, {who}",
        name,
        field("VERSION_ID")
    )
}

/// On which ground `#` commands run; where it is not the usual one, why, and what helps.
fn ground() -> Vec<Row> {
    let pick = probes::ground();
    let mut rows = vec![label("  '#' commands", pick.to_string())];
    if let Some(instead) = pick.instead() {
        let fix = instead.fix.as_deref().unwrap_or("d says more");
        for (name, text) in [("why:", instead.why.as_str()), ("fix:", fix)] {
            rows.extend(paragraph(name, text));
        }
    }
    rows
}

/// Which layout of control groups, whether one of our own can be had, and by whom.
fn groups(learner: &Learner) -> String {
    let works = |name: &str| probes::look(name).is_some_and(|finding| finding.works());
    let layout = match (
        works("cgroup-v2"),
        works("cgroup-v1"),
        works("cgroup-hybrid"),
    ) {
        (true, _, _) => "v2",
        (false, true, true) => "hybrid, limits by v1",
        (false, true, false) => "v1",
        (false, false, _) => return "none with limits: 08 is only shown".to_owned(),
    };
    let group = probes::look(probes::GROUP);
    let by_systemd = |finding: &Finding| finding.why.starts_with("systemd gives");
    let own = match &group {
        Some(finding) if finding.works() && learner.other => "a group that root makes: 08 works",
        Some(finding) if finding.works() && by_systemd(finding) => {
            "a group of your own through systemd: 08 works"
        }
        Some(finding) if finding.works() => "a group of your own: 08 works",
        _ if works("sudo") => "by real root, asks first: 08 works",
        _ => "no group of your own: 08 is shown in part",
    };
    format!("{layout}, {own}")
}

/// Text that may take more than a line, below what it explains.
fn paragraph(name: &str, text: &str) -> Vec<Row> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is a first line");
        if !last.is_empty() && last.chars().count() + word.chars().count() >= TEXT_COLUMNS {
            lines.push(word.to_owned());
        } else {
            last.extend([if last.is_empty() { "" } else { " " }, word]);
        }
    }
    let row = |(i, line): (usize, String)| {
        let name = if i == 0 { name } else { "" };
        Row::new(Style::Plain, format!("{:17}{name:<5}{line}", ""))
    };
    lines.into_iter().enumerate().map(row).collect()
}

fn real_root() -> &'static str {
    let works = |name: &str| probes::look(name).is_some_and(|finding| finding.works());
    match () {
        () if works("root") => "you are",
        () if works("sudo") => "asks first",
        () => "no",
    }
}

fn home_as_tilde(path: &std::path::Path) -> String {
    let home = std::env::var_os("HOME").map(std::path::PathBuf::from);
    match home
        .as_deref()
        .and_then(|home| path.strip_prefix(home).ok())
    {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}

/// The page to begin with: the first that is not done.
pub fn next_page(pages: &[Page], around: &Surroundings) -> usize {
    let progress = Progress::read(&around.state);
    pages
        .iter()
        .position(|page| !progress.of(&page.stem).done)
        .unwrap_or(0)
}

/// Shows the screen until a choice is made.
///
/// # Errors
/// The terminal is gone.
pub fn choose(
    screen: &Screen,
    pages: &[Page],
    around: &Surroundings,
    learner: &Learner,
) -> std::io::Result<Choice> {
    let (mut chosen, mut typed, mut keys) = (next_page(pages, around), String::new(), KEYS);
    loop {
        let rows = rows(pages, chosen, around, learner);
        let title = (
            "ERAS".to_owned(),
            "the history of Linux containers, run on this machine".to_owned(),
        );
        screen.draw(&Frame {
            title,
            rows,
            keys: keys.to_owned(),
            cursor: None,
        })?;
        let Some(key) = screen.key(&[], Duration::from_secs(5))? else {
            continue;
        };
        keys = KEYS;
        match key {
            Key::Char('q') | Key::Esc | Key::Ctrl('c') => return Ok(Choice::Quit),
            Key::Enter | Key::Char('n' | ' ') if !pages.is_empty() => {
                return Ok(Choice::Page(chosen));
            }
            Key::Up => chosen = chosen.saturating_sub(1),
            Key::Down => chosen = (chosen + 1).min(pages.len().saturating_sub(1)),
            Key::Char('x') => return Ok(Choice::Exercises),
            Key::Char('d') => return Ok(Choice::Doctor),
            Key::Char('b') => return Ok(Choice::Book),
            Key::Char('?') => {
                keys = "Up Down or a page's number choose, Enter starts; more keys in a page: ?"
            }
            Key::Char(digit) if digit.is_ascii_digit() => {
                typed.push(digit);
                let found = pages.iter().position(|page| page.answers_to(&typed));
                let found = found.or_else(|| {
                    pages.iter().position(|page| {
                        page.number()
                            .is_some_and(|number| number.starts_with(&typed))
                    })
                });
                match found {
                    Some(found) => chosen = found,
                    None => {
                        typed = digit.to_string();
                        chosen = pages
                            .iter()
                            .position(|page| page.answers_to(&typed))
                            .unwrap_or(chosen);
                    }
                }
            }
            _ => {}
        }
    }
}
