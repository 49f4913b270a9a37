//! A console block as HTML: who types, what is typed, what comes back.

/// A line of a block begins with one of these when a person types it. The
/// shell's name comes before the sign: `host$`, `inside#`, or nothing.
const SHELLS: [&str; 3] = ["", "host", "inside"];
const SIGNS: [&str; 3] = ["#!", "#", "$"];

/// What a placeholder may stand for; see the author guide, book/AUTHORING.md.
const TYPES: [&str; 13] = [
    "PID", "FD", "INODE", "ID", "SIZE", "TIME", "BOX", "PATH", "USER", "HOST", "KERNEL", "ARCH",
    "LOADER",
];

/// The block with the info string `info` (after the word `console`).
pub fn html(info: &str, lines: &[&str]) -> String {
    let mut out = String::from("\n<pre class=\"era-console\"");
    for word in info.split_whitespace() {
        if let Some(claim) = word.strip_prefix("claim=") {
            out.push_str(&format!(" data-claim=\"{}\"", escape(claim)));
        }
    }
    out.push_str("><code class=\"nohighlight\">");
    let body: Vec<String> = lines.iter().map(|line| line_html(line)).collect();
    out.push_str(&body.join("\n"));
    out.push_str("</code></pre>\n");
    out
}

fn line_html(line: &str) -> String {
    if let Some((prompt, command)) = split_prompt(line) {
        return format!(
            "<span class=\"prompt\">{prompt}</span> <span class=\"command\">{}</span>",
            with_placeholders(command)
        );
    }
    if let Some(status) = line.strip_prefix("? ") {
        return format!(
            "<span class=\"status\">exit status {}</span>",
            escape(status)
        );
    }
    format!("<span class=\"output\">{}</span>", with_placeholders(line))
}

/// `host# ls /` is (`host#`, `ls /`).
pub fn split_prompt(line: &str) -> Option<(&str, &str)> {
    let (prompt, command) = line.split_once(' ')?;
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
    while let Some(start) = rest.find('[') {
        let Some(length) = rest[start..].find(']') else {
            break;
        };
        let inner = &rest[start + 1..start + length];
        out.push_str(&escape(&rest[..start]));
        match pill(inner) {
            Some(pill) => out.push_str(&pill),
            None => out.push_str(&escape(&rest[start..=start + length])),
        }
        rest = &rest[start + length + 1..];
    }
    out.push_str(&escape(rest));
    out
}

fn pill(inner: &str) -> Option<String> {
    let (kind, name) = inner.split_once(':').unwrap_or((inner, ""));
    if !TYPES.contains(&kind) {
        return None;
    }
    let title = if name.is_empty() {
        format!("a {kind}: another on every run")
    } else {
        format!(
            "a {kind}: another on every run, but the same wherever this page says {kind} {name}"
        )
    };
    let label = [kind, name].join(" ");
    Some(format!(
        "<span class=\"pill\" title=\"{title}\">{}</span>",
        escape(label.trim_end())
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
        assert!(with_placeholders("uts:[INODE:h]").starts_with("uts:<span"));
        assert_eq!(with_placeholders("no [end"), "no [end");
    }

    #[test]
    fn an_exit_status_is_said_in_words() {
        assert_eq!(
            line_html("? 127"),
            "<span class=\"status\">exit status 127</span>"
        );
    }
}
