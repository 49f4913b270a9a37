//! Lines of styled text, and how they look on a terminal.

/// What a piece of text is; [`Paint`] says how that looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// As it comes.
    Plain,
    /// Beside the point.
    Dim,
    /// Heavy.
    Strong,
    /// Code inside prose.
    Code,
    /// A section's title.
    Heading,
    /// It held.
    Good,
    /// It differs, and the tour goes on.
    Warn,
    /// It does not hold.
    Bad,
    /// The bars above and below.
    Bar,
}

/// One line: pieces of text, each with its style.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row(pub Vec<(Style, String)>);

impl Row {
    /// A line of one style.
    pub fn new(style: Style, text: impl Into<String>) -> Self {
        Self(vec![(style, text.into())])
    }

    /// Adds a piece.
    #[must_use]
    pub fn with(mut self, style: Style, text: impl Into<String>) -> Self {
        self.0.push((style, text.into()));
        self
    }

    /// How many columns it takes.
    pub fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.chars().count()).sum()
    }

    /// Its text alone.
    pub fn plain(&self) -> String {
        self.0.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// Cut so that each part fits `width` columns, as a terminal would wrap it.
    pub fn folded(&self, width: usize) -> Vec<Row> {
        let (mut rows, mut row, mut used) = (Vec::new(), Row::default(), 0);
        for (style, text) in &self.0 {
            let mut piece = String::new();
            for c in text.chars() {
                if used == width {
                    row.0.push((*style, std::mem::take(&mut piece)));
                    rows.push(std::mem::take(&mut row));
                    used = 0;
                }
                piece.push(c);
                used += 1;
            }
            row.0.push((*style, piece));
        }
        rows.push(row);
        rows
    }
}

/// How styles look: with colour, or with weight alone.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    /// Whether colour is wanted.
    pub colour: bool,
}

impl Paint {
    /// The line as bytes for a terminal.
    pub fn row(self, row: &Row) -> String {
        row.0
            .iter()
            .map(|(style, text)| self.piece(*style, text))
            .collect()
    }

    fn piece(self, style: Style, text: &str) -> String {
        let code = match (style, self.colour) {
            (Style::Plain, _) | (Style::Dim | Style::Good | Style::Warn | Style::Code, false) => {
                return text.to_owned();
            }
            (Style::Strong | Style::Heading | Style::Bad, false) => "1",
            (Style::Bar, _) => "7",
            (Style::Dim, true) => "2",
            (Style::Strong, true) => "1",
            (Style::Code, true) => "36",
            (Style::Heading, true) => "1;34",
            (Style::Good, true) => "32",
            (Style::Warn, true) => "33",
            (Style::Bad, true) => "1;31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// A tab goes to the next column of eight.
pub fn without_tabs(text: &str) -> String {
    let mut column = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\t' {
            let width = column.chars().count();
            column.extend(std::iter::repeat_n(' ', 8 - width % 8));
        } else if !c.is_control() {
            column.push(c);
        }
    }
    column
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_folded_and_loses_nothing() {
        let row = Row::new(Style::Plain, "abc").with(Style::Code, "defg");
        let folded = row.folded(3);
        assert!(folded.iter().all(|row| row.width() <= 3));
        assert_eq!(folded.iter().map(Row::plain).collect::<String>(), "abcdefg");
    }

    #[test]
    fn without_colour_only_weight_is_used() {
        let plain = Paint { colour: false };
        assert_eq!(plain.row(&Row::new(Style::Good, "held")), "held");
    }
}
