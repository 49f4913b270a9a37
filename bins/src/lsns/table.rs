//! Lines and columns, as a table, a tree, words, or JSON.

use namespaces::tree::Relation;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::columns::{Cell, Column};

/// How it is to look.
pub(super) struct Format {
    pub(super) json: bool,
    pub(super) raw: bool,
    pub(super) headings: bool,
    /// Several values of a cell below each other.
    pub(super) wrap: bool,
    /// Cut lines to this.
    pub(super) width: Option<usize>,
}

pub(super) struct Table<'a> {
    pub(super) columns: &'a [Column],
    pub(super) cells: &'a [Vec<Cell>],
    /// The line that each line is below of.
    pub(super) parents: &'a [Option<usize>],
    pub(super) relation: Relation,
}

impl Table<'_> {
    pub(super) fn shown(&self, format: &Format) -> String {
        if format.json {
            let all = Namespaces { table: self };
            serde_json::to_string_pretty(&all).expect("cells are plain data") + "\n"
        } else if self.cells.is_empty() {
            String::new()
        } else if format.raw {
            self.words(format)
        } else {
            self.lines(format)
        }
    }

    fn below(&self, parent: Option<usize>) -> Vec<usize> {
        let all = 0..self.cells.len();
        all.filter(|row| self.parents[*row] == parent).collect()
    }

    /// The lines as a tree is read, each with the branches in front of it.
    fn in_order(&self) -> Vec<(usize, String)> {
        let mut order = Vec::new();
        for root in self.below(None) {
            order.push((root, String::new()));
            self.branches(root, "", &mut order);
        }
        order
    }

    fn branches(&self, parent: usize, before: &str, order: &mut Vec<(usize, String)>) {
        let children = self.below(Some(parent));
        for (at, child) in children.iter().enumerate() {
            let is_last = at + 1 == children.len();
            let (branch, trunk) = if is_last {
                ("└─", "  ")
            } else {
                ("├─", "│ ")
            };
            order.push((*child, format!("{before}{branch}")));
            self.branches(*child, &format!("{before}{trunk}"), order);
        }
    }

    /// The column that shows the tree.
    fn trunk(&self) -> Option<Column> {
        match self.relation {
            Relation::Flat => None,
            Relation::Process => Some(Column::Command),
            Relation::Owner | Relation::Parent => Some(Column::Ns),
        }
    }

    fn words(&self, format: &Format) -> String {
        let names = self.columns.iter().map(|column| column.name().to_owned());
        let heading = format.headings.then(|| names.collect::<Vec<_>>());
        // A space within a word would end it.
        let word = |cell: &Cell| escaped(&cell.joined(), |letter| " \\".contains(letter));
        let rows = self.in_order().into_iter();
        let rows = rows.map(|(row, _)| self.cells[row].iter().map(word).collect());
        let lines = heading.into_iter().chain(rows);
        lines.map(|words| words.join(" ") + "\n").collect()
    }

    fn lines(&self, format: &Format) -> String {
        let trunk = self.trunk();
        let mut lines: Vec<Vec<Vec<String>>> = Vec::new();
        if format.headings {
            let names = self.columns.iter();
            lines.push(names.map(|column| vec![column.name().to_owned()]).collect());
        }
        for (row, branch) in self.in_order() {
            let cells = self.columns.iter().zip(&self.cells[row]);
            let shown = cells.map(|(column, cell)| match cell {
                Cell::Lines(lines) if format.wrap => lines.clone(),
                cell if Some(*column) == trunk => vec![branch.clone() + &on_one_line(cell)],
                cell => vec![on_one_line(cell)],
            });
            lines.push(shown.collect());
        }
        let widths = self.widths(&lines);
        lines
            .iter()
            .map(|line| self.line(line, &widths, format))
            .collect()
    }

    fn widths(&self, lines: &[Vec<Vec<String>>]) -> Vec<usize> {
        let length = |text: &String| text.chars().count();
        let column = |at: usize| {
            let cells = lines.iter().flat_map(|line| &line[at]);
            cells.map(length).max().unwrap_or(0)
        };
        (0..self.columns.len()).map(column).collect()
    }

    fn line(&self, cells: &[Vec<String>], widths: &[usize], format: &Format) -> String {
        let height = cells.iter().map(Vec::len).max().unwrap_or(1);
        let is_tree_of = self.trunk();
        let mut text = String::new();
        for part in 0..height {
            let mut line = String::new();
            for ((column, cell), &width) in self.columns.iter().zip(cells).zip(widths) {
                let cell = cell.get(part).map_or("", String::as_str);
                let is_right = column.is_right_aligned() && is_tree_of != Some(*column);
                line += &match is_right {
                    true => format!("{cell:>width$} "),
                    false => format!("{cell:<width$} "),
                };
            }
            let line: String = match format.width {
                Some(width) => line.chars().take(width).collect(),
                None => line,
            };
            text += line.trim_end();
            text.push('\n');
        }
        text
    }
}

/// A command line may have anything in it; a table does not want it all.
fn on_one_line(cell: &Cell) -> String {
    escaped(&cell.joined(), |_| false)
}

/// Control characters as `\x0a`, and what else is not wanted.
fn escaped(text: &str, unwanted: impl Fn(char) -> bool) -> String {
    let letters = text.chars().map(|letter| match letter {
        letter if letter.is_control() || unwanted(letter) => {
            format!("\\x{:02x}", u32::from(letter))
        }
        letter => letter.to_string(),
    });
    letters.collect()
}

/// `{"namespaces": [...]}`
struct Namespaces<'a> {
    table: &'a Table<'a>,
}

impl Serialize for Namespaces<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("namespaces", &objects(self.table, None))?;
        map.end()
    }
}

fn objects<'a>(table: &'a Table<'a>, parent: Option<usize>) -> Vec<Object<'a>> {
    let rows = table.below(parent).into_iter();
    rows.map(|row| Object { table, row }).collect()
}

/// One line, keys in the order of the columns, and what is below of it.
struct Object<'a> {
    table: &'a Table<'a>,
    row: usize,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (column, cell) in self.table.columns.iter().zip(&self.table.cells[self.row]) {
            let key = column.name().to_lowercase();
            match cell {
                Cell::Nothing => map.serialize_entry(&key, &())?,
                Cell::Number(number) => map.serialize_entry(&key, number)?,
                Cell::Text(text) => map.serialize_entry(&key, text)?,
                Cell::Lines(lines) => map.serialize_entry(&key, &lines.join("\n"))?,
            }
        }
        let below = objects(self.table, Some(self.row));
        if !below.is_empty() {
            map.serialize_entry("children", &below)?;
        }
        map.end()
    }
}
