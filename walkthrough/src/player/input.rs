//! The line that the learner types, with the page's command shown ahead of it.

use super::keyboard::Key;
use super::text::{Row, Style};

/// A line, and where the cursor is in it.
#[derive(Debug, Default)]
pub struct Input {
    chars: Vec<char>,
    cursor: usize,
}

impl Input {
    /// A line with its cursor at the end.
    pub fn filled(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        Self {
            cursor: chars.len(),
            chars,
        }
    }

    /// The line.
    pub fn text(&self) -> String {
        self.chars.iter().collect()
    }

    /// Nothing typed yet.
    pub fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    /// Puts text where the cursor is.
    pub fn insert(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_control()) {
            self.chars.insert(self.cursor, c);
            self.cursor += 1;
        }
    }

    /// A key of line editing; false when it is none.
    pub fn key(&mut self, key: Key) -> bool {
        match key {
            Key::Ctrl('a') | Key::Home => self.cursor = 0,
            Key::Ctrl('e') | Key::End => self.cursor = self.chars.len(),
            Key::Ctrl('u') => {
                self.chars.drain(..self.cursor);
                self.cursor = 0;
            }
            Key::Ctrl('k') => self.chars.truncate(self.cursor),
            Key::Ctrl('w') => {
                let text: String = self.chars[..self.cursor].iter().collect();
                let blank = text.trim_end().rfind(' ');
                let keep = blank.map_or(0, |i| text[..=i].chars().count());
                self.chars.drain(keep..self.cursor);
                self.cursor = keep;
            }
            Key::Char(c) => self.insert(&c.to_string()),
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.chars.remove(self.cursor);
            }
            Key::Delete if self.cursor < self.chars.len() => {
                self.chars.remove(self.cursor);
            }
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(self.chars.len()),
            _ => return false,
        }
        true
    }

    /// Prompt, line, and the rest of `command` as far as the line goes with it;
    /// and the column of the cursor.
    pub fn row(&self, prompt: &str, command: &str, filled: bool) -> (Row, usize) {
        let typed = self.text();
        let row = Row::new(Style::Strong, format!("{prompt} "));
        let column = prompt.chars().count() + 1 + self.cursor;
        let row = match command.strip_prefix(&typed) {
            Some(rest) if filled && typed.is_empty() => row.with(Style::Plain, rest),
            Some(rest) => row.with(Style::Plain, typed).with(Style::Dim, rest),
            None => row.with(Style::Warn, typed),
        };
        (row, column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_replaces_what_is_shown_ahead() {
        let mut input = Input::default();
        input.insert("ls");
        let (row, column) = input.row("#", "ls jail", false);
        assert_eq!(row.plain(), "# ls jail");
        assert_eq!(column, 4);
        input.insert("x");
        assert_eq!(input.row("#", "ls jail", false).0.plain(), "# lsx");
    }

    #[test]
    fn editing_keys_do_as_in_a_shell() {
        let mut input = Input::filled("one two three");
        assert!(input.key(Key::Ctrl('w')));
        assert_eq!(input.text(), "one two ");
        assert!(input.key(Key::Ctrl('u')));
        assert!(input.is_empty());
    }
}
