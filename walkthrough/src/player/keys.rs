//! What a key does.

use super::keyboard::Key;
use super::look::View;
use super::screen::Screen;
use super::script::Act;
use super::text::{Row, Style};
use super::{Leave, Mode, Player, act};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The keys that can be pressed now, for the lower bar.
pub fn bar(mode: &Mode) -> &'static str {
    match mode {
        Mode::Paging => "Space more  b back  j jump  s shell  ? keys  q quit",
        Mode::Typing => "type it, or Tab fill in  Enter run  Esc keys: next back quit ...",
        Mode::Ready => {
            "n run  e edit  b back  r retry  j jump  c code  v strace  s shell  ?  q quit"
        }
        Mode::Waiting => "Enter see what comes of it  Esc keys: next back quit ...",
        Mode::Asking => "1-9 answer  n skip  b back  j jump  ? keys  q quit",
        Mode::AskRoot => "y as real root  n show what it prints elsewhere  b back  q quit",
        Mode::After => "n next  b back  r retry  j jump  c code  v strace  s shell  ? keys  q quit",
        Mode::End => "n next page  b back  r retry  j jump  s shell  ? keys  q quit",
        Mode::Jump(_) => "a number, then Enter  Esc never mind",
        Mode::View(_) => "Up Down PgUp PgDn scroll  n next mark  q back",
    }
}

/// The bar of a terminal: as many of the keys as fit, and first of all, where there is
/// more below, the one that shows it.
pub fn bar_that_fits(mode: &Mode, more: bool, width: usize) -> String {
    let mut keys = more
        .then_some("PgDn more")
        .into_iter()
        .chain(bar_items(mode));
    let mut bar = keys.next().unwrap_or_default().to_owned();
    for key in keys {
        // A blank on either side belongs to the bar.
        if bar.chars().count() + 2 + key.chars().count() > width.saturating_sub(2) {
            break;
        }
        bar = format!("{bar}  {key}");
    }
    bar
}

fn bar_items(mode: &Mode) -> impl Iterator<Item = &'static str> {
    bar(mode).split("  ")
}

const HELP: &[(&str, &str)] = &[
    (
        "n Space Enter",
        "next: read on, run the command, go to the next step",
    ),
    ("b", "back: the step before, on a fresh ground"),
    ("r", "retry: this step again, on a fresh ground"),
    ("j", "jump: to any step, on a fresh ground"),
    ("c", "code: the lines of ours that the last command ran"),
    (
        "v",
        "strace: the last command again, seen from the kernel's side",
    ),
    (
        "s",
        "shell: one of your own on this ground; exit comes back",
    ),
    ("1-9", "your answer to a question"),
    ("Tab", "while typing: fill the command in"),
    ("Esc", "while typing: these keys"),
    (
        "e",
        "edit: your own command (its block is not compared then)",
    ),
    ("Ctrl-C", "stop the command that runs; twice: kill it"),
    ("Up Down PgUp PgDn", "scroll"),
    ("q", "quit: everything on the ground ends and is removed"),
];

fn help() -> View {
    let row = |(keys, about): &(&str, &str)| {
        Row::new(Style::Strong, format!("  {keys:<18}")).with(Style::Plain, *about)
    };
    View::new("All keys", HELP.iter().map(row).collect(), Vec::new())
}

impl Player<'_> {
    /// Does what a key says.
    ///
    /// # Errors
    /// The terminal is gone, or a fresh ground could not be made.
    pub(super) fn key(&mut self, key: Key) -> Result<Option<Leave>> {
        let ctrl_c = key == Key::Ctrl('c');
        match &mut self.mode {
            Mode::View(view) => {
                if ctrl_c || !view.key(key) {
                    self.leave_view();
                }
                return Ok(None);
            }
            Mode::Jump(_) => return self.key_of_jump(key, ctrl_c).map(|()| None),
            // Esc and a letter in one breath arrive as Alt and that letter.
            Mode::Typing | Mode::Waiting if matches!(key, Key::Alt(_)) => {
                self.types = false;
                self.mode = Mode::Ready;
            }
            Mode::Typing | Mode::Waiting => return self.key_of_typing(key, ctrl_c).map(|()| None),
            _ if ctrl_c => return Ok(Some(Leave::Quit)),
            _ => {}
        }
        let key = if let Key::Alt(c) = key {
            Key::Char(c)
        } else {
            key
        };
        self.message = None;
        if self.scroll(key) {
            return Ok(None);
        }
        match key {
            Key::Char('q') => return Ok(Some(Leave::Quit)),
            Key::Char('b') => self.replay(self.at.saturating_sub(1))?,
            Key::Char('r') => self.replay(self.at)?,
            Key::Char('j') => self.ask_where(),
            Key::Char('c') => self.look_at_code()?,
            Key::Char('v') => self.look_at_strace()?,
            Key::Char('s') => self.own_shell()?,
            Key::Char('y') if matches!(self.mode, Mode::AskRoot) => self.answer_for_root(true)?,
            Key::Char('n') if matches!(self.mode, Mode::AskRoot) => self.answer_for_root(false)?,
            Key::Char('?') => self.mode = Mode::View(help()),
            Key::Char('e' | 'i') if matches!(self.mode, Mode::Ready) => self.edit(),
            Key::Char(digit @ '1'..='9') if matches!(self.mode, Mode::Asking) => {
                self.take_answer(digit.to_digit(10).unwrap_or(0) as usize)
            }
            Key::Char('n' | ' ') | Key::Enter => return self.next(),
            _ => {}
        }
        if self.message.is_some() {
            self.top = self.bottom();
        }
        Ok(None)
    }

    fn next(&mut self) -> Result<Option<Leave>> {
        match self.mode {
            Mode::Paging => {
                self.top = (self.top + Screen::room() - 2).min(self.bottom());
                if self.top == self.bottom() {
                    self.mode = self.mode_of_act();
                    self.skip_where_it_cannot_run();
                }
                Ok(None)
            }
            Mode::Ready => {
                let typed = self.input.text();
                self.run_here(typed).map(|()| None)
            }
            Mode::Asking => {
                self.take_answer(act::SKIPPED);
                Ok(None)
            }
            Mode::AskRoot => Ok(None),
            _ => self.go_on(),
        }
    }

    fn key_of_typing(&mut self, key: Key, ctrl_c: bool) -> Result<()> {
        self.message = None;
        match key {
            _ if ctrl_c => {
                if self.input.is_empty() {
                    self.message = Some(Row::new(Style::Dim, "Esc, then q, quits."));
                }
                self.input = Default::default();
            }
            Key::Esc => {
                self.types = false;
                self.mode = Mode::Ready;
            }
            Key::Tab => self.fill_in(),
            Key::Enter if self.input.is_empty() && !self.waits_here() => {
                self.message = Some(Row::new(
                    Style::Dim,
                    "Type the command, or let Tab fill it in.",
                ));
            }
            Key::Enter => {
                let typed = self.input.text();
                self.run_here(typed)?;
            }
            Key::Up | Key::Down | Key::PageUp | Key::PageDown => {
                self.scroll(key);
            }
            _ => {
                if self.input.key(key) {
                    self.top = self.bottom();
                }
            }
        }
        Ok(())
    }

    fn answer_for_root(&mut self, yes: bool) -> Result<()> {
        self.root = Some(false);
        if yes {
            self.become_root()?;
        }
        self.mode = self.mode_of_act();
        self.skip_where_it_cannot_run();
        self.top = self.bottom();
        Ok(())
    }

    pub(super) fn waits_here(&self) -> bool {
        self.script
            .line(self.at)
            .is_some_and(|line| line.command.is_empty())
    }

    fn fill_in(&mut self) {
        if let Some(line) = self.script.line(self.at) {
            self.input = super::input::Input::filled(&act::one_line(&self.stage, line));
            self.top = self.bottom();
        }
    }

    fn edit(&mut self) {
        if self.input.is_empty() {
            self.fill_in();
        }
        self.types = true;
        self.mode = self.mode_of_act();
    }

    fn take_answer(&mut self, choice: usize) {
        let Act::Ask(predict) = &self.script.stops[self.at].act else {
            return;
        };
        if choice > predict.options.len() {
            return;
        }
        let predict = predict.clone();
        if choice != act::SKIPPED {
            self.rows.push(Row::new(
                Style::Dim,
                format!("You say {choice}. See what happens:"),
            ));
            self.rows.push(Row::default());
        }
        self.guess = Some((predict, choice));
        self.arrive(self.at + 1);
    }

    fn scroll(&mut self, key: Key) -> bool {
        let page = Screen::room() - 2;
        self.top = match key {
            Key::Up => self.top.saturating_sub(1),
            Key::PageUp => self.top.saturating_sub(page),
            Key::Down => (self.top + 1).min(self.bottom()),
            Key::PageDown => (self.top + page).min(self.bottom()),
            _ => return false,
        };
        if matches!(self.mode, Mode::Paging) && self.top == self.bottom() {
            self.mode = self.mode_of_act();
            self.skip_where_it_cannot_run();
        }
        true
    }

    fn ask_where(&mut self) {
        self.rows.push(Row::default());
        let sections: Vec<_> = self
            .script
            .sections()
            .iter()
            .map(|(stop, name)| format!("  {:>3}  {name}", stop + 1))
            .collect();
        self.rows.extend(
            sections
                .into_iter()
                .map(|text| Row::new(Style::Plain, text)),
        );
        self.mode = Mode::Jump(String::new());
        self.top = self.bottom();
    }

    fn key_of_jump(&mut self, key: Key, ctrl_c: bool) -> Result<()> {
        let Mode::Jump(typed) = &mut self.mode else {
            return Ok(());
        };
        match key {
            Key::Esc => self.replay(self.at)?,
            _ if ctrl_c => self.replay(self.at)?,
            Key::Char(digit) if digit.is_ascii_digit() => typed.push(digit),
            Key::Backspace => drop(typed.pop()),
            Key::Enter => {
                let step = typed
                    .parse()
                    .unwrap_or(self.at + 1)
                    .clamp(1, self.script.stops.len());
                self.replay(step - 1)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn leave_view(&mut self) {
        let ends = self.spoilt || self.script.ends_block(self.at);
        let ran = self.last == Some(self.at) && ends;
        self.mode = if ran { Mode::After } else { self.mode_of_act() };
        if !ran {
            self.skip_where_it_cannot_run();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_told_in_one_line_of_80_columns() {
        for (keys, about) in HELP {
            assert!(keys.len() <= 18 && 20 + about.len() <= 80, "{keys} {about}");
        }
    }

    #[test]
    fn every_bar_fits_a_terminal_of_80_columns_also_with_more_below() {
        let modes = [
            Mode::Paging,
            Mode::Typing,
            Mode::Waiting,
            Mode::Ready,
            Mode::Asking,
            Mode::AskRoot,
            Mode::After,
            Mode::End,
        ];
        for mode in modes {
            assert_eq!(bar_that_fits(&mode, false, 80), bar(&mode));
            let more = bar_that_fits(&mode, true, 80);
            assert!(more.chars().count() <= 78, "{more}");
            assert!(more.split("  ").count() > 1, "{more}");
            let narrow = bar_that_fits(&mode, false, 60);
            assert!(narrow.chars().count() <= 58, "{narrow}");
            let rest = &bar(&mode)[narrow.len()..];
            assert!(rest.is_empty() || rest.starts_with("  "), "{narrow}");
        }
    }
}
