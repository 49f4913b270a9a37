//! Markdown as plain lines for a terminal.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::text::{Row, Style, without_tabs};
use crate::library;

/// Renders markdown for a width.
pub fn render(markdown: &str, width: usize) -> Vec<Row> {
    let mut writer = Writer {
        width,
        ..Writer::default()
    };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        writer.event(event);
    }
    writer.flush();
    while writer.rows.last().is_some_and(|row| row.width() == 0) {
        writer.rows.pop();
    }
    writer.rows
}

#[derive(Default)]
struct Writer {
    width: usize,
    rows: Vec<Row>,
    /// Words that wait for their line.
    words: Vec<(Style, String)>,
    /// Whether a blank comes before the next word.
    blank: bool,
    styles: Vec<Style>,
    /// Columns that every line of a list or quote starts with.
    indent: usize,
    /// What the next line starts with instead: `1. `
    marker: Option<String>,
    /// Numbers of ordered lists, none for bullets.
    lists: Vec<Option<u64>>,
    code: Option<String>,
    cells: Option<Vec<String>>,
    drawing: Option<String>,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Code(text) => self.word(Style::Code, &text),
            Event::SoftBreak => self.blank = true,
            Event::HardBreak => self.flush(),
            Event::Rule => {
                self.flush();
                self.rows.push(Row::new(Style::Dim, "─".repeat(self.width)));
                self.space();
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Heading { .. } => self.styles.push(Style::Heading),
            Tag::Strong => self.styles.push(Style::Strong),
            Tag::Emphasis => self.styles.push(Style::Strong),
            Tag::List(first) => {
                self.flush();
                self.lists.push(*first);
            }
            Tag::Item => self.item(),
            Tag::BlockQuote(_) => self.indent += 2,
            Tag::CodeBlock(_) => self.code = Some(String::new()),
            Tag::Image { .. } => self.drawing = Some(String::new()),
            Tag::TableHead | Tag::TableRow => self.cells = Some(Vec::new()),
            Tag::TableCell => {
                if let Some(cells) = &mut self.cells {
                    cells.push(String::new());
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong | TagEnd::Emphasis => drop(self.styles.pop()),
            TagEnd::Heading(_) => {
                self.flush();
                self.styles.pop();
                self.space();
            }
            TagEnd::Paragraph => {
                self.flush();
                if self.lists.is_empty() {
                    self.space();
                }
            }
            TagEnd::Item => {
                self.flush();
                self.indent = self.indent.saturating_sub(3);
            }
            TagEnd::List(_) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.space();
                }
            }
            TagEnd::BlockQuote(_) => self.indent = self.indent.saturating_sub(2),
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::Image => {
                let about = self.drawing.take().unwrap_or_default();
                self.word(Style::Dim, "[drawing in the book:");
                self.blank = true;
                self.words_of(Style::Dim, &format!("{about}]"));
            }
            TagEnd::TableHead | TagEnd::TableRow => self.end_table_row(),
            TagEnd::Table => self.space(),
            _ => {}
        }
    }

    fn item(&mut self) {
        self.flush();
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ => "•  ".to_owned(),
        };
        self.marker = Some(marker);
        self.indent += 3;
    }

    fn text(&mut self, text: &str) {
        if let Some(code) = &mut self.code {
            code.push_str(text);
        } else if let Some(drawing) = &mut self.drawing {
            drawing.push_str(text);
        } else {
            self.words_of(self.styles.last().copied().unwrap_or(Style::Plain), text);
        }
    }

    fn words_of(&mut self, style: Style, text: &str) {
        self.blank |= text.starts_with(char::is_whitespace);
        for (i, word) in text.split_whitespace().enumerate() {
            self.blank |= i > 0;
            self.word(style, word);
        }
        self.blank |= text.ends_with(char::is_whitespace);
    }

    fn word(&mut self, style: Style, word: &str) {
        if let Some(cell) = self.cells.as_mut().and_then(|cells| cells.last_mut()) {
            if std::mem::take(&mut self.blank) && !cell.is_empty() {
                cell.push(' ');
            }
            cell.push_str(word);
            return;
        }
        let glued = !std::mem::take(&mut self.blank) && !self.words.is_empty();
        self.words.push((
            style,
            if glued {
                format!("\u{0}{word}")
            } else {
                word.to_owned()
            },
        ));
    }

    /// Fills lines with the words that wait.
    fn flush(&mut self) {
        self.blank = false;
        let words = std::mem::take(&mut self.words);
        if words.is_empty() {
            return;
        }
        let mut row = self.begin_row();
        let mut empty = true;
        let mut words = words.into_iter().peekable();
        while let Some((style, word)) = words.next() {
            // A word and what is glued to it stay on one line.
            let mut group = vec![(style, word.trim_start_matches('\u{0}').to_owned())];
            while let Some((style, word)) = words.next_if(|(_, word)| word.starts_with('\u{0}')) {
                group.push((style, word[1..].to_owned()));
            }
            let length: usize = group.iter().map(|(_, text)| text.chars().count()).sum();
            if !empty && row.width() + 1 + length > self.width {
                self.rows.push(std::mem::take(&mut row));
                row = self.begin_row();
            } else if !empty {
                row.0.push((Style::Plain, " ".to_owned()));
            }
            row.0.extend(group);
            empty = false;
        }
        self.rows.push(row);
    }

    fn begin_row(&mut self) -> Row {
        let Some(marker) = self.marker.take() else {
            return Row::new(Style::Plain, " ".repeat(self.indent));
        };
        let lead = " ".repeat(self.indent.saturating_sub(3));
        Row::new(Style::Plain, format!("{lead}{marker:<3}"))
    }

    fn space(&mut self) {
        if self.rows.last().is_some_and(|row| row.width() > 0) {
            self.rows.push(Row::default());
        }
    }

    fn end_code(&mut self) {
        let code = library::include(&self.code.take().unwrap_or_default());
        let shared = code
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| line.len() - line.trim_start().len());
        let shared = shared.min().unwrap_or(0);
        for line in code.trim_end().lines() {
            let line = without_tabs(line.get(shared..).unwrap_or_default());
            let parts = broken(&line, self.width.saturating_sub(2));
            let row = |part| Row::new(Style::Plain, "  ").with(Style::Code, part);
            self.rows.extend(parts.into_iter().map(row));
        }
        self.space();
    }

    fn end_table_row(&mut self) {
        let cells = self.cells.take().unwrap_or_default();
        let last = cells.len().saturating_sub(1);
        let column = self.width / (cells.len().max(1) * 2);
        for (i, cell) in cells.iter().enumerate() {
            self.blank = i > 0;
            let cell = if i < last {
                format!("{cell:<column$} ")
            } else {
                cell.clone()
            };
            self.words.push((Style::Plain, cell));
        }
        self.flush();
    }
}

/// A line of code that is wider than the terminal, broken where it has spaces; what goes
/// on stands deeper than what it belongs to.
pub(super) fn broken(line: &str, width: usize) -> Vec<String> {
    let (mut parts, mut rest) = (Vec::new(), line.to_owned());
    let indent = line.chars().take_while(|c| *c == ' ').count();
    let deeper = " ".repeat(indent + 6);
    while rest.chars().count() > width && width > deeper.len() + 1 {
        let end = rest
            .char_indices()
            .nth(width)
            .map_or(rest.len(), |(at, _)| at);
        let words = rest.len() - rest.trim_start().len();
        let space = rest[..end].rfind(' ').filter(|space| *space > words);
        let (part, further) = rest.split_at(space.unwrap_or(end));
        let further = format!("{deeper}{}", further.trim_start());
        parts.push(part.trim_end().to_owned());
        rest = further;
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(markdown: &str, width: usize) -> Vec<String> {
        render(markdown, width).iter().map(Row::plain).collect()
    }

    #[test]
    fn prose_is_wrapped_and_punctuation_stays_with_its_word() {
        assert_eq!(plain("A `word`, and more.", 12), ["A word, and", "more."]);
    }

    #[test]
    fn lists_have_markers_and_hanging_lines() {
        assert_eq!(plain("1. one two\n2. x\n", 8), ["1. one", "   two", "2. x"]);
    }

    #[test]
    fn code_that_is_too_wide_goes_on_below_and_loses_nothing() {
        let code = "```rust\nif x {\n    step(\"one two three four\")?;\n}\n```";
        let rows = plain(code, 26);
        assert_eq!(
            rows[1..3],
            ["      step(\"one two three", "            four\")?;"]
        );
        let long = "x".repeat(60);
        let rows = plain(&format!("```text\n{long}\n```"), 30);
        assert!(
            rows.iter().all(|row| row.chars().count() <= 30),
            "{rows:#?}"
        );
        let together: String = rows.iter().map(|row| row.trim()).collect();
        assert_eq!(together, long);
    }

    #[test]
    fn included_code_is_shown_as_the_book_shows_it() {
        let rows = plain(
            "```rust\n{{#include ../../chapters/00-groundwork/src/lib.rs}}\n```",
            80,
        );
        assert!(rows.len() > 10 && rows.iter().any(|row| row.contains("pub mod kernel")));
    }
}
