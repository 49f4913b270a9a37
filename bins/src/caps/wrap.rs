//! Lists of names on lines of 80 columns.

/// The width of a terminal.
const WIDTH: usize = 80;

/// Words behind a margin: the first line begins with `first`, the others with blanks.
pub(super) fn wrap<'a>(first: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    let margin = first.chars().count();
    let mut lines = vec![first.to_owned()];
    let mut is_empty = true;
    for word in words {
        let line = lines.last_mut().expect("one at least");
        let fits = line.chars().count() + word.chars().count() < WIDTH;
        if is_empty {
            line.push_str(word);
        } else if fits {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(format!("{:margin$}{word}", ""));
        }
        is_empty = false;
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let text = wrap("margin: ", ["word"; 100]);
        assert!(text.lines().count() > 5);
        assert!(text.lines().all(|line| line.len() <= 80));
        assert!(
            text.lines()
                .skip(1)
                .all(|line| line.starts_with("        word"))
        );
    }
}
