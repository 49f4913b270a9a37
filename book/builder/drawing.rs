//! An SVG put into the page itself.
//!
//! A drawing behind `<img>` cannot see the page's style, so it would stay black
//! in the dark themes. Inside the page its classes take the theme's colours.

/// The file that a line with nothing but an SVG image names.
pub fn reference(line: &str) -> Option<&str> {
    let (_, rest) = line.strip_prefix("![")?.split_once("](")?;
    rest.strip_suffix(')').filter(|file| file.ends_with(".svg"))
}

/// The drawing as a figure.
///
/// Its own `<style>`, which serves readers of the bare file, is left out: the
/// page's style takes its place. So are blank lines, which would end the HTML
/// block in markdown.
pub fn inline(svg: &str) -> String {
    let svg = match (svg.find("<style>"), svg.find("</style>")) {
        (Some(start), Some(end)) => format!("{}{}", &svg[..start], &svg[end + "</style>".len()..]),
        _ => svg.to_owned(),
    };
    let lines = svg
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.is_empty());
    let body: Vec<&str> = lines.filter(|line| !line.starts_with("<?xml")).collect();
    format!(
        "\n<figure class=\"drawing\">\n{}\n</figure>\n",
        body.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_svg_on_a_line_of_its_own_is_a_drawing() {
        assert_eq!(reference("![a jail](img/jail.svg)"), Some("img/jail.svg"));
        assert_eq!(reference("![a photo](img/jail.png)"), None);
        assert_eq!(reference("see ![a jail](img/jail.svg)"), None);
    }

    #[test]
    fn the_files_own_style_and_blank_lines_go() {
        let html = inline("<svg>\n<style>text { fill: red }</style>\n\n  <path/>\n</svg>\n");
        assert_eq!(
            html,
            "\n<figure class=\"drawing\">\n<svg>\n<path/>\n</svg>\n</figure>\n"
        );
    }
}
