//! `c` and `v`: the code that ran, and what strace saw of it.

use groundwork::narrate::Event;

use super::keyboard::Key;
use super::markdown;
use super::screen::{Frame, Screen};
use super::text::{Row, Style, without_tabs};
use super::{Mode, Player};
use crate::library;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Something to look at, with marked lines.
#[derive(Debug)]
pub struct View {
    title: String,
    rows: Vec<Row>,
    marks: Vec<usize>,
    top: usize,
}

impl View {
    /// Opens at the first mark.
    pub fn new(title: &str, rows: Vec<Row>, marks: Vec<usize>) -> Self {
        let columns = Screen::size().0;
        let (mut folded, mut places) = (Vec::new(), Vec::new());
        for (i, row) in rows.iter().enumerate() {
            if marks.contains(&i) {
                places.push(folded.len());
            }
            folded.extend(row.folded(columns));
        }
        let (rows, marks) = (folded, places);
        let top = marks.first().map_or(0, |mark| mark.saturating_sub(3));
        Self {
            title: title.to_owned(),
            rows,
            marks,
            top,
        }
    }

    /// As it is drawn.
    pub fn frame(&self) -> Frame {
        let rows = self
            .rows
            .iter()
            .skip(self.top)
            .take(Screen::room())
            .cloned()
            .collect();
        let place = format!("{} of {}", self.top + 1, self.rows.len());
        Frame {
            title: (self.title.clone(), place),
            rows,
            keys: super::keys::bar(&Mode::View(Self::new("", Vec::new(), Vec::new()))).to_owned(),
            cursor: None,
        }
    }

    /// Scrolls; false when the key closes the view.
    pub fn key(&mut self, key: Key) -> bool {
        let (page, last) = (
            Screen::room() - 2,
            self.rows.len().saturating_sub(Screen::room()),
        );
        self.top = match key {
            Key::Char('q' | 'c' | 'v' | '?') | Key::Esc => return false,
            Key::Up => self.top.saturating_sub(1),
            Key::Down => (self.top + 1).min(last),
            Key::PageUp | Key::Char('b') => self.top.saturating_sub(page),
            Key::PageDown | Key::Char(' ') | Key::Enter => (self.top + page).min(last),
            Key::Char('n') => {
                let next = self
                    .marks
                    .iter()
                    .find(|mark| mark.saturating_sub(3) > self.top);
                next.map_or(self.top, |mark| mark.saturating_sub(3))
            }
            _ => self.top,
        };
        true
    }
}

impl Player<'_> {
    /// Opens our sources at the steps that the last command narrates.
    pub(super) fn look_at_code(&mut self) -> Result<()> {
        let told = self.run_aside(|_, command| {
            let at = program_in(command);
            format!("{}ERA_EXPLAIN=json {}", &command[..at], &command[at..])
        })?;
        let Some((_, ran)) = told else { return Ok(()) };
        let steps: Vec<(String, usize)> = ran
            .output
            .lines()
            .filter_map(|line| match serde_json::from_str(line) {
                Ok(Event::Step { at, .. } | Event::Call { at, .. } | Event::Exec { at, .. }) => {
                    Some((at.file, at.line as usize))
                }
                _ => None,
            })
            .collect();
        if steps.is_empty() {
            self.message = Some(Row::new(
                Style::Dim,
                "That command ran no code of ours that calls the kernel.",
            ));
            return Ok(());
        }
        self.mode = Mode::View(code_view(&steps));
        Ok(())
    }

    /// The last command again, with its own narration and strace's.
    pub(super) fn look_at_strace(&mut self) -> Result<()> {
        if !std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .any(|folder| folder.join("strace").is_file())
        {
            self.message = Some(Row::new(
                Style::Warn,
                "There is no strace on this machine: install the package strace.",
            ));
            return Ok(());
        }
        let told = self.run_aside(|_, command| {
            let at = program_in(command);
            let calls = "chroot,chdir,fchdir,pivot_root,mount,umount2,unshare,setns,clone,clone3,execve,setuid,setgid,\
                         setgroups,sethostname,mknod,mknodat,prctl,capset,seccomp,close_range,\
                         lsetxattr,lremovexattr,bind";
            let (before, ours) = command.split_at(at);
            format!("{before}ERA_EXPLAIN=1 strace -f -qq -o \"$HOME/.strace\" -e trace={} {ours}", calls.replace(' ', ""))
        })?;
        let Some((stage, ran)) = told else {
            return Ok(());
        };
        let seen =
            std::fs::read_to_string(stage.ground().sandbox().join(".strace")).unwrap_or_default();
        let plain = |text: &str| Row::new(Style::Plain, format!("  {}", without_tabs(text)));
        let mut rows = vec![
            Row::new(Style::Heading, "What the program tells"),
            Row::default(),
        ];
        rows.extend(ran.output.lines().map(plain));
        rows.extend([
            Row::default(),
            Row::new(Style::Heading, "What the kernel was asked, seen by strace"),
            Row::default(),
        ]);
        let mark = rows.len();
        rows.extend(seen.lines().map(plain));
        self.mode = Mode::View(View {
            top: 0,
            ..View::new("The same under strace", rows, vec![mark])
        });
        Ok(())
    }
}

/// Where a program of ours begins in a command, else its begin. A folder may be called
/// `era-…`, too.
fn program_in(command: &str) -> usize {
    let starts = |(at, _): &(usize, &str)| *at == 0 || command[..*at].ends_with([' ', '(', '"']);
    command
        .match_indices("era-")
        .find(starts)
        .map_or(0, |(at, _)| at)
}

/// The files in which steps lie, one after another, the steps marked.
fn code_view(steps: &[(String, usize)]) -> View {
    let mut files: Vec<&str> = Vec::new();
    for (file, _) in steps {
        if !files.contains(&file.as_str()) {
            files.push(file);
        }
    }
    let (mut rows, mut marks) = (Vec::new(), Vec::new());
    for file in files {
        let Some(text) = library::source(file) else {
            continue;
        };
        rows.push(Row::new(Style::Heading, format!("──── {file}")));
        for (i, line) in text.lines().enumerate() {
            let told = steps
                .iter()
                .any(|(other, at)| other == file && *at == i + 1);
            if told {
                marks.push(rows.len());
            }
            let (mark, style) = if told {
                ("▸", Style::Strong)
            } else {
                (" ", Style::Plain)
            };
            let mut before = (format!("{:>4} ", i + 1), mark);
            for part in markdown::broken(&without_tabs(line), Screen::size().0 - 7) {
                let (number, mark) = std::mem::replace(&mut before, (" ".repeat(5), " "));
                rows.push(
                    Row::new(Style::Dim, number)
                        .with(Style::Good, mark)
                        .with(style, format!(" {part}")),
                );
            }
        }
    }
    View::new("The code that just ran", rows, marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_ours_is_told_from_a_folder() {
        assert_eq!(program_in("cd x && era-lsns"), 8);
        assert_eq!(program_in("cat /var/tmp/era-1000/box/canary"), 0);
    }
}
