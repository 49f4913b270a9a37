//! Reads a page: markdown's top level, element by element.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{Block, Fact, Head, Page, Part, Predict};

/// What is wrong with a page, and on which line.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct PageError {
    line: usize,
    what: String,
}

impl PageError {
    pub(super) fn new(line: usize, what: impl Into<String>) -> Self {
        Self {
            line,
            what: what.into(),
        }
    }
}

/// An element of markdown's top level.
struct Element<'a> {
    kind: Kind<'a>,
    range: Range<usize>,
}

enum Kind<'a> {
    Heading(u8),
    Console(String),
    Html,
    Prose,
    List(Vec<&'a str>),
}

/// Reads a page.
///
/// # Errors
/// The first thing that is not as `book/AUTHORING.md` says, with its line.
pub fn page(stem: &str, text: &str) -> Result<Page, PageError> {
    let page = Page {
        stem: stem.to_owned(),
        head: Head::default(),
        title: String::new(),
        parts: Vec::new(),
    };
    let mut reader = Reader {
        text,
        page,
        question: None,
        notes: None,
    };
    for element in elements(text) {
        reader.read(&element)?;
    }
    if reader.question.is_some() {
        return Err(PageError::new(
            text.lines().count(),
            "a predict comment without its folded answer",
        ));
    }
    if reader.page.title.is_empty() {
        stem.clone_into(&mut reader.page.title);
    }
    Ok(reader.page)
}

struct Reader<'a> {
    text: &'a str,
    page: Page,
    /// A predict prompt that has begun, and whether its answer has.
    question: Option<(Predict, bool)>,
    /// Speaker notes that have begun.
    notes: Option<String>,
}

impl Reader<'_> {
    fn read(&mut self, element: &Element<'_>) -> Result<(), PageError> {
        let source = &self.text[element.range.clone()];
        let at = self.text[..element.range.start].lines().count() + 1;
        if let Kind::Html = element.kind {
            return self.read_html(source.trim(), at);
        }
        if let Some(notes) = &mut self.notes {
            notes.push_str(source.trim_end());
            notes.push_str("\n\n");
            return Ok(());
        }
        if self.question.is_some() {
            return self.read_question(element, source, at);
        }
        self.page.parts.push(match &element.kind {
            Kind::Heading(level) => {
                let title = source.trim().trim_start_matches('#').trim().to_owned();
                if self.page.title.is_empty() {
                    self.page.title.clone_from(&title);
                }
                Part::Heading(*level, title)
            }
            Kind::Console(info) => self.read_block(info, source, at)?,
            _ => Part::Prose(source.trim_end().to_owned()),
        });
        Ok(())
    }

    /// What a block looks at, blocks before it have made.
    fn read_block(&self, info: &str, source: &str, at: usize) -> Result<Part, PageError> {
        let mut block = Block::parse(info, inside_fence(source), at)?;
        block.on_ground |= self.page.blocks().any(|before| before.on_ground);
        Ok(Part::Block(block))
    }

    fn read_html(&mut self, html: &str, at: usize) -> Result<(), PageError> {
        if let Some(comment) = html
            .strip_prefix("<!--")
            .and_then(|rest| rest.split("-->").next())
        {
            return self.read_comment(comment.trim(), at);
        }
        if html.starts_with("<details") {
            if html.contains("class=\"notes\"") {
                self.notes = Some(String::new());
            } else if let Some((_, answering)) = &mut self.question {
                *answering = true;
            }
        } else if html.starts_with("</details>") {
            if let Some(notes) = self.notes.take() {
                self.page
                    .parts
                    .push(Part::Notes(notes.trim_end().to_owned()));
            } else if let Some((mut predict, _)) = self.question.take() {
                predict.answer.truncate(predict.answer.trim_end().len());
                check_question(&predict).map_err(|what| PageError::new(at, what))?;
                self.page.parts.push(Part::Predict(predict));
            }
        }
        Ok(())
    }

    fn read_comment(&mut self, comment: &str, at: usize) -> Result<(), PageError> {
        let Some((key, value)) = comment.split_once(':') else {
            return Ok(());
        };
        match key.trim() {
            "fact" | "facts" => {
                let Some(Part::Block(block)) = self.page.parts.last_mut() else {
                    return Err(PageError::new(
                        at,
                        "a fact stands right after its console block",
                    ));
                };
                for line in value.lines().map(str::trim).filter(|line| !line.is_empty()) {
                    block.facts.push(Fact::parse(line, at)?);
                }
                Ok(())
            }
            "predict" => {
                let right = value
                    .trim()
                    .parse()
                    .map_err(|_| PageError::new(at, "predict: the number of the right answer"))?;
                let predict = Predict {
                    question: String::new(),
                    options: Vec::new(),
                    right,
                    answer: String::new(),
                };
                self.question = Some((predict, false));
                Ok(())
            }
            _ => comment
                .lines()
                .try_for_each(|line| self.read_head(line, at)),
        }
    }

    fn read_head(&mut self, line: &str, at: usize) -> Result<(), PageError> {
        let Some((key, value)) = line.split_once(':') else {
            return Ok(());
        };
        let (head, value) = (&mut self.page.head, value.trim().to_owned());
        match key.trim() {
            "minutes" => {
                let minutes = value
                    .parse()
                    .map_err(|_| PageError::new(at, "minutes: a number"))?;
                head.minutes = Some(minutes);
            }
            "year" => head.year = Some(value),
            "name" => head.name = Some(value),
            "line" => head.line = Some(value),
            "programs" => head.programs.extend(
                value
                    .split([',', ' '])
                    .filter(|word| !word.is_empty())
                    .map(str::to_owned),
            ),
            "ground" if value == "cgroup" => head.group = true,
            "ground" => return Err(PageError::new(at, "ground: cgroup is all that it may be")),
            _ => {}
        }
        Ok(())
    }

    fn read_question(
        &mut self,
        element: &Element<'_>,
        source: &str,
        at: usize,
    ) -> Result<(), PageError> {
        let Some((predict, answering)) = &mut self.question else {
            return Ok(());
        };
        match &element.kind {
            _ if *answering => {
                predict.answer.push_str(source.trim_end());
                predict.answer.push_str("\n\n");
            }
            Kind::Console(_) | Kind::Heading(_) => {
                return Err(PageError::new(
                    at,
                    "a predict prompt ends with its folded <details> answer",
                ));
            }
            Kind::List(items) => predict
                .options
                .extend(items.iter().map(|item| option_text(item))),
            _ => {
                predict.question.push_str(source.trim_end());
                predict.question.push_str("\n\n");
            }
        }
        Ok(())
    }
}

fn check_question(predict: &Predict) -> Result<(), String> {
    let count = predict.options.len();
    if !(2..=9).contains(&count) {
        return Err(format!(
            "a predict prompt has 2 to 9 numbered answers, not {count}"
        ));
    }
    if !(1..=count).contains(&predict.right) {
        return Err(format!(
            "predict: {} is none of the {count} answers",
            predict.right
        ));
    }
    if predict.answer.is_empty() {
        Err("a predict prompt says why in its folded answer".to_owned())
    } else {
        Ok(())
    }
}

/// `2. It fails` is `It fails`, on one line.
fn option_text(item: &str) -> String {
    let text = item
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start_matches(['.', ')', '-', '*']);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text between the fences.
fn inside_fence(source: &str) -> &str {
    let start = source.find('\n').map_or(source.len(), |i| i + 1);
    let body = &source[start..];
    body.trim_end().rfind('\n').map_or("", |end| &body[..=end])
}

fn elements(text: &str) -> Vec<Element<'_>> {
    let mut found: Vec<Element<'_>> = Vec::new();
    let mut depth = 0_usize;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                if depth == 0 {
                    found.push(Element {
                        kind: kind_of(&tag),
                        range,
                    });
                } else if let (
                    1,
                    Tag::Item,
                    Some(Element {
                        kind: Kind::List(items),
                        ..
                    }),
                ) = (depth, &tag, found.last_mut())
                {
                    items.push(&text[range]);
                }
                depth += 1;
            }
            Event::End(TagEnd::HtmlBlock) | Event::End(_) => depth -= 1,
            Event::Rule if depth == 0 => found.push(Element {
                kind: Kind::Prose,
                range,
            }),
            _ => {}
        }
    }
    found
}

fn kind_of<'a>(tag: &Tag<'_>) -> Kind<'a> {
    match tag {
        Tag::Heading { level, .. } => Kind::Heading(level_number(*level)),
        Tag::CodeBlock(CodeBlockKind::Fenced(info))
            if info.split_whitespace().next() == Some("console") =>
        {
            Kind::Console(info.to_string())
        }
        Tag::HtmlBlock => Kind::Html,
        Tag::List(_) => Kind::List(Vec::new()),
        _ => Kind::Prose,
    }
}

const fn level_number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../testdata/parts.md");

    #[test]
    fn a_page_has_a_head_prose_a_question_blocks_facts_and_notes() {
        let page = page("04-chroot", PAGE).unwrap();
        assert_eq!(page.title, "A page of every part");
        assert_eq!(page.head.minutes, Some(4));
        assert_eq!(page.head.year.as_deref(), Some("1979"));
        assert_eq!(page.head.programs, ["era-chroot"]);
        let kinds = page.parts.iter().map(|part| match part {
            Part::Heading(..) => "heading",
            Part::Prose(_) => "prose",
            Part::Predict(_) => "predict",
            Part::Block(_) => "block",
            Part::Notes(_) => "notes",
        });
        let kinds: Vec<_> = kinds.collect();
        assert_eq!(
            kinds,
            [
                "heading", "prose", "notes", "heading", "predict", "block", "prose", "prose"
            ]
        );
        let block = page.blocks().next().unwrap();
        assert_eq!(block.facts.len(), 2);
        assert_eq!(block.lines[0].expected, ["0"]);
    }

    #[test]
    fn a_page_answers_to_its_number_folder_and_programs() {
        let page = page("04-chroot", PAGE).unwrap();
        for word in ["04", "4", "04-chroot", "chroot", "era-chroot"] {
            assert!(page.answers_to(word), "{word}");
        }
        assert!(!page.answers_to("06"));
    }

    #[test]
    fn a_fact_without_a_block_is_refused_with_its_line() {
        let error = page("x", "# X\n\nText.\n\n<!-- fact: exists jail -->\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 5: a fact stands right after its console block"
        );
    }

    #[test]
    fn a_question_needs_a_right_answer_among_its_answers() {
        let text = "<!-- predict: 3 -->\nWhat?\n\n1. a\n2. b\n\n<details><summary>Answer</summary>\n\nc\n\n</details>\n";
        assert!(
            page("x", text)
                .unwrap_err()
                .to_string()
                .contains("none of the 2")
        );
    }
}
