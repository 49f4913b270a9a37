//! The drawings: readable by eye in light and dark, and by ear.
//!
//! A shape without a fill is black, and so is text: on a dark page nobody sees
//! it. Every shape therefore has a class of the theme, or `currentColor`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::check::{Page, destinations, files_below};

const SHAPES: [&str; 7] = [
    "path", "rect", "circle", "ellipse", "line", "polyline", "polygon",
];

/// What is wrong with the drawings in book/src/img.
pub fn problems(checkout: &Path, pages: &[Page]) -> Vec<String> {
    let folder = checkout.join("book/src/img");
    let style = fs::read_to_string(checkout.join("book/theme/eras.css")).unwrap();
    let readme = fs::read_to_string(checkout.join("README.md")).unwrap_or_default();
    let texts = pages
        .iter()
        .map(|page| page.text.as_str())
        .chain([readme.as_str()]);
    let shown: BTreeSet<String> = texts.flat_map(destinations).map(|(to, _)| to).collect();

    let mut found = Vec::new();
    for name in files_below(&folder) {
        let svg = fs::read_to_string(folder.join(&name)).unwrap();
        let file = format!("img/{}", name.display());
        if !shown.iter().any(|to| to.ends_with(&file)) {
            found.push(format!("{file}: no page shows it"));
        }
        found.extend(
            faults(&svg, &style)
                .into_iter()
                .map(|fault| format!("{file}: {fault}")),
        );
    }
    found
}

fn faults(svg: &str, style: &str) -> Vec<String> {
    let mut found = Vec::new();
    for needed in ["<title", "<desc", "viewBox=", "role=\"img\""] {
        if !svg.contains(needed) {
            found.push(format!("has no {}", needed.trim_matches(['<', '='])));
        }
    }
    // The bare file, on a forge or in an editor, brings its own two themes.
    if !svg.contains("prefers-color-scheme: dark") {
        found.push("has no style of its own for a dark background".to_owned());
    }
    for tag in tags(svg) {
        let name = tag
            .split(|c: char| c.is_whitespace() || c == '/')
            .next()
            .unwrap_or_default();
        for colour in ["fill", "stroke"]
            .iter()
            .filter_map(|name| attribute(tag, name))
        {
            if !["none", "currentColor"].contains(&colour) {
                found.push(format!("<{name}> has the fixed colour {colour}"));
            }
        }
        if attribute(tag, "style").is_some() {
            found.push(format!("<{name}> has a style attribute: use a class"));
        }
        let classes: Vec<&str> = attribute(tag, "class")
            .unwrap_or_default()
            .split(' ')
            .collect();
        let known = |class: &&str| class.is_empty() || style.contains(&format!(".{class} "));
        found.extend(
            classes
                .iter()
                .filter(|class| !known(class))
                .map(|class| format!("unknown class {class}")),
        );
        let plain = classes == [""] && attribute(tag, "fill").is_none();
        if SHAPES.contains(&name) && plain {
            found.push(format!(
                "<{name}> has neither class nor fill: it would be black"
            ));
        }
    }
    found
}

fn tags(svg: &str) -> impl Iterator<Item = &str> {
    svg.split('<')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('>')?.0))
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}
