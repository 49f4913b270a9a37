//! The line that the learner types, with the page's command shown ahead of it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

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
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = self.chars.len(),
            KeyCode::Char('u') if control => {
                self.chars.drain(..self.cursor);
                self.cursor = 0;
            }
            KeyCode::Char('k') if control => self.chars.truncate(self.cursor),
            KeyCode::Char('w') if control => {
                let text: String = self.chars[..self.cursor].iter().collect();
                let keep = text
                    .trim_end()
                    .rfind(' ')
                    .map_or(0, |i| text[..=i].chars().count());
                self.chars.drain(keep..self.cursor);
                self.cursor = keep;
            }
            KeyCode::Char(c) if !control => self.insert(&c.to_string()),
            KeyCode::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.chars.remove(self.cursor);
            }
            KeyCode::Delete if self.cursor < self.chars.len() => {
                self.chars.remove(self.cursor);
            }
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(self.chars.len()),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.chars.len(),
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
        let key = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        assert!(input.key(key('w')));
        assert_eq!(input.text(), "one two ");
        assert!(input.key(key('u')));
        assert!(input.is_empty());
    }
}
