//! A console block as HTML: who types, what is typed, what comes back.

/// A line of a block begins with one of these when a person types it. The
/// shell's name comes before the sign: `host$`, `inside#`, or nothing.
const SHELLS: [&str; 3] = ["", "host", "inside"];
const SIGNS: [&str; 3] = ["#!", "#", "$"];

/// The block with the info string `info` (after the word `console`).
pub fn html(info: &str, lines: &[&str]) -> String {
    let mut out = String::from("\n<pre class=\"era-console\"");
    for word in info.split_whitespace() {
        if let Some(claim) = word.strip_prefix("claim=") {
            out.push_str(&format!(" data-claim=\"{}\"", escape(claim)));
        }
    }
    out.push_str("><code class=\"nohighlight\">");
    let mut typing = false;
    let body: Vec<String> = lines
        .iter()
        .map(|line| line_html(line, &mut typing))
        .collect();
    out.push_str(&body.join("\n"));
    out.push_str("</code></pre>\n");
    out
}

/// One line. `typing` says whether the command on the line before goes on.
fn line_html(line: &str, typing: &mut bool) -> String {
    let (prompt, command) = match split_prompt(line) {
        Some((prompt, command)) => (prompt, Some(command)),
        None => (">", line.strip_prefix("> ").filter(|_| *typing)),
    };
    *typing = command.is_some_and(|command| command.ends_with('\\'));
    if let Some(command) = command {
        return format!(
            "<span class=\"prompt\">{}</span> <span class=\"command\">{}</span>",
            escape(prompt),
            with_placeholders(command)
        );
    }
    if let Some(status) = line.strip_prefix("? ") {
        return format!(
            "<span class=\"status\">exit status {}</span>",
            escape(status)
        );
    }
    // A backslash keeps output from being read as a prompt; it is not printed.
    let escaped = ["\\#", "\\$", "\\? ", "\\> "]
        .iter()
        .any(|start| line.starts_with(start));
    let output = with_placeholders(&line[usize::from(escaped)..]);
    format!("<span class=\"output\">{output}</span>")
}

/// `host# ls /` is (`host#`, `ls /`).
pub fn split_prompt(line: &str) -> Option<(&str, &str)> {
    // `inside#` alone waits for the program inside to end.
    let (prompt, command) = line.split_once(' ').unwrap_or((line, ""));
    let known = SHELLS.iter().any(|shell| {
        prompt
            .strip_prefix(shell)
            .is_some_and(|sign| SIGNS.contains(&sign))
    });
    known.then_some((prompt, command))
}

/// The text with `[PID:a]` and its like drawn as pills, all else escaped.
fn with_placeholders(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(&escape(before));
        let placeholder = after
            .split_once(']')
            .and_then(|(inner, rest)| Some((pill(inner)?, rest)));
        rest = match placeholder {
            Some((pill, rest)) => {
                out.push_str(&pill);
                rest
            }
            None => {
                out.push('[');
                after
            }
        };
    }
    out.push_str(&escape(rest));
    out
}

/// `PID:a`, `KERNEL` and `CPU 0.47..0.53` are placeholders, and `..` is any
/// text. What each type takes is in the author guide, `book/AUTHORING.md`.
fn pill(inner: &str) -> Option<String> {
    if inner == ".." {
        return Some("<span class=\"pill\" title=\"any text\">…</span>".to_owned());
    }
    let end = inner
        .find(|c: char| !c.is_ascii_uppercase())
        .unwrap_or(inner.len());
    let (kind, rest) = inner.split_at(end);
    let range = rest.strip_prefix(' ').filter(|range| range.contains(".."));
    let (label, title) = match (rest.strip_prefix(':'), range) {
        _ if kind.len() < 2 => return None,
        (Some(name), _) => (
            format!("{kind} {name}"),
            format!("another on every run, but one value wherever this page says {kind} {name}"),
        ),
        (None, Some(range)) => (
            range.replace("..", "–"),
            format!("{kind}: measured, in this range"),
        ),
        (None, None) if rest.is_empty() => (
            kind.to_owned(),
            format!("{kind}: another on another machine or run"),
        ),
        (None, None) => return None,
    };
    Some(format!(
        "<span class=\"pill\" title=\"{title}\" data-written=\"[{}]\">{}</span>",
        escape(inner),
        escape(&label)
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_of_both_shells_are_known_and_output_is_not_taken_for_one() {
        assert_eq!(split_prompt("host# ls /"), Some(("host#", "ls /")));
        assert_eq!(split_prompt("inside$ id -u"), Some(("inside$", "id -u")));
        assert_eq!(split_prompt("#! mount"), Some(("#!", "mount")));
        assert_eq!(split_prompt("total $ 5"), None);
        assert_eq!(split_prompt("guest# ls"), None);
    }

    #[test]
    fn a_placeholder_becomes_a_pill_and_other_brackets_stay() {
        let html = with_placeholders("NSpid: [PID:a] 1 [x] a<b");
        assert!(html.contains(">PID a</span> 1 [x] a&lt;b"), "{html}");
        assert!(with_placeholders("uts:[[INODE:h]]").starts_with("uts:[<span"));
        assert_eq!(with_placeholders("no [end"), "no [end");
    }

    #[test]
    fn a_measured_number_shows_its_range() {
        let html = with_placeholders("used [CPU 0.47..0.53] of a core");
        assert!(html.contains(">0.47–0.53</span> of a core"), "{html}");
    }

    #[test]
    fn a_command_may_go_on_and_output_may_look_like_a_prompt() {
        let html = html("", &["# echo \\", "> a", "> b", "\\# c", "inside#"]);
        assert!(html.contains("<span class=\"prompt\">&gt;</span> <span class=\"command\">a"));
        assert!(html.contains("<span class=\"output\">&gt; b</span>"));
        assert!(html.contains("<span class=\"output\"># c</span>"));
        assert!(html.contains("<span class=\"prompt\">inside#</span>"));
    }

    #[test]
    fn an_exit_status_is_said_in_words() {
        let html = html("", &["# false", "? 1"]);
        assert!(html.contains("<span class=\"status\">exit status 1</span>"));
    }
}
