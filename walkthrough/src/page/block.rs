//! A console block: commands at prompts, and what they print.

use super::Fact;
use super::parse::PageError;
use super::placeholder::{Piece, pieces};

/// A fenced `console` block.
#[derive(Debug, Clone, Default)]
pub struct Block {
    /// Ids of the claims that it shows (`4.9`).
    pub claims: Vec<String>,
    /// Probes without which it is skipped, and says so.
    pub needs: Vec<String>,
    /// Probes that choose between twins: where one is absent, the block is not
    /// for this machine.
    pub only_if: Vec<String>,
    /// A line of it, or of a block before it on its page, is for root of the ground:
    /// without one it cannot run, or finds nothing of what it looks at.
    pub on_ground: bool,
    /// Gets the longer limit.
    pub slow: bool,
    /// Its commands.
    pub lines: Vec<Line>,
    /// What must be true after it, whatever it printed.
    pub facts: Vec<Fact>,
    /// The line of the file on which the fence opens.
    pub at: usize,
}

/// A command, and what it prints.
#[derive(Debug, Clone)]
pub struct Line {
    /// Who runs it, and where.
    pub prompt: Prompt,
    /// The prompt as it is written: `host#`.
    pub written: &'static str,
    /// What is typed; empty at an `inside` prompt: wait for that program's end.
    pub command: String,
    /// What comes back, line by line.
    pub expected: Vec<String>,
    /// The exit status (`? N`).
    pub status: i32,
    /// The line of the file on which it stands.
    pub at: usize,
}

/// Who runs a command, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Prompt {
    /// `$`, `host$`: the learner, outside the ground.
    Learner,
    /// `#`, `host#`: root of the ground.
    Ground,
    /// `#!`: real root.
    Real,
    /// `inside#`, `inside$`: the program that a host shell has started.
    Inside,
}

/// Prompts as they are written. `#!` comes before `#`.
const PROMPTS: &[(&str, Prompt)] = &[
    ("host$", Prompt::Learner),
    ("host#!", Prompt::Real),
    ("host#", Prompt::Ground),
    ("inside$", Prompt::Inside),
    ("inside#", Prompt::Inside),
    ("$", Prompt::Learner),
    ("#!", Prompt::Real),
    ("#", Prompt::Ground),
];

impl Prompt {
    /// Cuts a line at its prompt: `host# id -u` is `(Ground, "host#", "id -u")`.
    pub fn cut(line: &str) -> Option<(Self, &'static str, &str)> {
        PROMPTS.iter().find_map(|&(written, prompt)| {
            let rest = line.strip_prefix(written)?;
            let command = if rest.is_empty() {
                ""
            } else {
                rest.strip_prefix(' ')?
            };
            Some((prompt, written, command.trim_end()))
        })
    }
}

impl Block {
    /// Reads the words after `console` and the lines of the block.
    ///
    /// # Errors
    /// The first line that is not as `book/AUTHORING.md` says.
    pub fn parse(info: &str, text: &str, at: usize) -> Result<Self, PageError> {
        let mut block = Self {
            at,
            ..Self::default()
        };
        for word in info.split_whitespace().skip(1) {
            block
                .read_word(word)
                .map_err(|what| PageError::new(at, what))?;
        }
        for (i, line) in text.lines().enumerate() {
            block.read_line(line, at + 1 + i)?;
        }
        for line in &mut block.lines {
            while line.expected.last().is_some_and(String::is_empty) {
                line.expected.pop();
            }
        }
        if block.lines.is_empty() {
            return Err(PageError::new(at, "a console block without a command"));
        }
        block.check()?;
        block.on_ground = block.lines.iter().any(|line| line.prompt == Prompt::Ground);
        Ok(block)
    }

    fn read_word(&mut self, word: &str) -> Result<(), String> {
        let list = |value: &str| value.split(',').map(str::to_owned).collect::<Vec<_>>();
        match word.split_once('=') {
            Some(("claim", value)) => self.claims.extend(list(value)),
            Some(("needs", value)) => self.needs.extend(list(value)),
            Some(("if", value)) => self.only_if.extend(list(value)),
            None if word == "slow" => self.slow = true,
            _ => {
                return Err(format!(
                    "`{word}`: an info string holds claim=, needs=, if=, slow and nothing else"
                ));
            }
        }
        Ok(())
    }

    fn read_line(&mut self, text: &str, at: usize) -> Result<(), PageError> {
        if let Some((prompt, written, command)) = Prompt::cut(text) {
            if command.is_empty() && prompt != Prompt::Inside {
                return Err(PageError::new(at, "a prompt without a command"));
            }
            let command = command.to_owned();
            self.lines.push(Line {
                prompt,
                written,
                command,
                expected: Vec::new(),
                status: 0,
                at,
            });
            return Ok(());
        }
        let Some(line) = self.lines.last_mut() else {
            return Err(PageError::new(at, "a console block starts with a prompt"));
        };
        if line.command.ends_with('\\') && line.expected.is_empty() && text.starts_with("> ") {
            line.command.push('\n');
            line.command.push_str(&text[2..]);
        } else if let Some(status) = text.strip_prefix("? ").and_then(|n| n.trim().parse().ok()) {
            line.status = status;
        } else {
            line.expected.push(unescape(text));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), PageError> {
        for line in &self.lines {
            if line.expected.iter().filter(|text| *text == "...").count() > 1 {
                return Err(PageError::new(
                    line.at,
                    "`...` stands once at most in a command's output",
                ));
            }
            for text in &line.expected {
                let pieces = pieces(text);
                let named = matches!(&pieces[..], [Piece::Var(var, _)] if var.name.is_some() || var.kind.known);
                let has_word = pieces
                    .iter()
                    .any(|piece| matches!(piece, Piece::Text(text) if !text.trim().is_empty()));
                if !text.is_empty() && !has_word && !named {
                    return Err(PageError::new(
                        line.at,
                        format!("`{text}`: a line of placeholders only says nothing"),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether a line of it is for real root.
    pub fn needs_root(&self) -> bool {
        self.lines.iter().any(|line| line.prompt == Prompt::Real)
    }

    /// Whether something in it goes wrong when the mechanism is taken out: a
    /// claim must have a fact, a status, or a literal line.
    pub fn can_fail(&self) -> bool {
        let literal = |text: &String| text != "..." && !text.is_empty() && !text.contains("[..]");
        !self.facts.is_empty()
            || self
                .lines
                .iter()
                .any(|line| line.status != 0 || line.expected.iter().any(literal))
    }
}

/// `\# text` and `\$ text` are output that looks like a prompt.
fn unescape(text: &str) -> String {
    let escaped = ["\\#", "\\$", "\\? ", "\\> "]
        .iter()
        .any(|start| text.starts_with(start));
    text[usize::from(escaped)..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(info: &str, text: &str) -> Result<Block, PageError> {
        Block::parse(info, text, 10)
    }

    #[test]
    fn a_block_is_prompts_outputs_and_statuses() {
        let text = "# ls jail\nbin  lib\n$ chroot jail\nchroot: no\n? 125\nhost# id \\\n> -u\n0\ninside# exit\n";
        let block = parse("console claim=4.1,4.2 needs=userns slow", text).unwrap();
        assert_eq!(block.claims, ["4.1", "4.2"]);
        assert_eq!(block.needs, ["userns"]);
        assert!(block.slow);
        let prompts: Vec<_> = block.lines.iter().map(|line| line.prompt).collect();
        assert_eq!(
            prompts,
            [
                Prompt::Ground,
                Prompt::Learner,
                Prompt::Ground,
                Prompt::Inside
            ]
        );
        assert_eq!(block.lines[1].status, 125);
        assert_eq!(block.lines[1].expected, ["chroot: no"]);
        assert_eq!(block.lines[2].command, "id \\\n-u");
        assert_eq!(block.lines[2].at, 16);
    }

    #[test]
    fn real_root_is_not_root_of_the_ground() {
        assert_eq!(Prompt::cut("#! id").map(|cut| cut.0), Some(Prompt::Real));
        assert_eq!(Prompt::cut("# id").map(|cut| cut.0), Some(Prompt::Ground));
        assert_eq!(Prompt::cut("#id"), None);
    }

    #[test]
    fn an_unknown_word_in_the_info_string_is_refused() {
        assert!(
            parse("console hidden", "$ true\n")
                .unwrap_err()
                .to_string()
                .contains("hidden")
        );
    }

    #[test]
    fn a_line_of_placeholders_only_is_refused_unless_it_binds_a_name() {
        assert!(parse("console", "$ pgrep x\n[PID]\n").is_err());
        assert!(parse("console", "$ pgrep x\n[..]\n").is_err());
        assert!(parse("console", "$ pgrep x\n[PID:a]\n").is_ok());
    }

    #[test]
    fn output_that_looks_like_a_prompt_is_escaped() {
        let block = parse("console", "$ cat x\n\\# a comment\n").unwrap();
        assert_eq!(block.lines[0].expected, ["# a comment"]);
    }
}
