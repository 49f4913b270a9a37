//! The book is whole: every include, link, image and SUMMARY entry leads
//! somewhere, every block fits its terminal, every drawing is readable.
//!
//! mdBook is silent about some of these, so the checks are ours, in
//! `tests/book/`, and each is proven here on a book that is broken in one place.

#[path = "book/check.rs"]
mod check;
#[path = "book/drawings.rs"]
mod drawings;
#[path = "book/includes.rs"]
mod includes;

use std::fs;
use std::path::Path;

const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[test]
fn the_book_is_whole() {
    let found = check::problems(Path::new(CHECKOUT));
    assert!(
        found.is_empty(),
        "{} fault(s):\n{}",
        found.len(),
        found.join("\n")
    );
}

const PAGE: &str = "<!--\nminutes: 5\n-->\n# Chroot\n\n![jail](img/jail.svg)\n\n\
    ```console\n# chroot jail\n```\n\n```rust\n\
    {{#include ../../chapters/04-chroot/src/enter.rs:enter}}\n```\n\n\
    See [the jail](#a-jail) and [words](preface.md#words).\n\n## A jail\n";

const CODE: &str = "// ANCHOR: enter\nfn enter() {}\n// ANCHOR_END: enter\n";

const DRAWING: &str = "<svg viewBox=\"0 0 9 9\" role=\"img\">\n<title>t</title>\n<desc>d</desc>\n\
    <style>@media (prefers-color-scheme: dark) { text { color: white } }</style>\n\
    <rect class=\"box\" width=\"9\"/>\n</svg>\n";

/// The faults of a small whole book after `from` was replaced by `to` in `file`.
fn faults_after(file: &str, from: &str, to: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("README.md", "[the book](book/src/preface.md)\n"),
        (
            "book/src/SUMMARY.md",
            "[Preface](preface.md)\n\n- [Chroot](04-chroot.md)\n",
        ),
        ("book/src/preface.md", "# Preface\n\n## Words\n"),
        ("book/src/04-chroot.md", PAGE),
        ("book/src/img/jail.svg", DRAWING),
        ("book/theme/eras.css", ".box { fill: none }\n"),
        ("chapters/04-chroot/src/enter.rs", CODE),
    ];
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let broken = if name == file {
            text.replace(from, to)
        } else {
            text.to_owned()
        };
        assert!(
            name != file || from.is_empty() || broken != text,
            "{from:?} is not in {name}"
        );
        fs::write(path, broken).unwrap();
    }
    check::problems(folder.path())
}

/// One break is one fault, and the fault is named.
#[track_caller]
fn is_caught(file: &str, from: &str, to: &str, fault: &str) {
    let found = faults_after(file, from, to);
    assert!(
        found.len() == 1 && found[0].contains(fault),
        "wanted {fault:?} alone, found {found:#?}"
    );
}

const CHROOT: &str = "book/src/04-chroot.md";
const JAIL: &str = "book/src/img/jail.svg";
const ENTER: &str = "chapters/04-chroot/src/enter.rs";

#[test]
fn a_whole_book_has_no_fault() {
    assert_eq!(faults_after("", "", ""), Vec::<String>::new());
}

#[test]
fn an_include_that_shows_nothing_is_caught() {
    // Each leaves the good anchor unused as well: two faults, the first counts.
    let first = |file, from, to| faults_after(file, from, to).remove(0);
    assert!(first(CHROOT, "enter.rs:enter", "leave.rs:enter").contains("no such file"));
    assert!(first(CHROOT, "enter.rs:enter", "enter.rs:leave").contains("no such anchor"));
    assert!(first(CHROOT, "enter.rs:enter", "enter.rs").contains("name an anchor"));
    assert!(first(CHROOT, "enter.rs:enter", "enter.rs:1:2").contains("line numbers move"));
    assert!(first(ENTER, "fn enter() {}\n", "\n").contains("its anchor is empty"));
    assert!(first(ENTER, "// ANCHOR_END: enter\n", "").contains("its anchor has no end"));
}

#[test]
fn an_anchor_that_no_page_shows_is_caught() {
    let two = "// ANCHOR: leave\nfn leave() {}\n// ANCHOR_END: leave\n// ANCHOR: enter\n";
    is_caught(
        ENTER,
        "// ANCHOR: enter\n",
        two,
        "no page shows anchor leave",
    );
}

#[test]
fn summary_and_pages_are_held_together() {
    is_caught(
        "book/src/SUMMARY.md",
        "- [Chroot](04-chroot.md)",
        "",
        "04-chroot.md: not in SUMMARY.md",
    );
    is_caught(
        "book/src/SUMMARY.md",
        "[Pre",
        "[Gone](05.md)\n\n[Pre",
        "SUMMARY.md: no file 05.md",
    );
}

#[test]
fn a_link_that_leads_nowhere_is_caught() {
    is_caught(
        CHROOT,
        "preface.md#words",
        "preface.html",
        "link to preface.html: no such file",
    );
    is_caught(
        CHROOT,
        "preface.md#words",
        "preface.md#word",
        "link to preface.md#word: no such heading",
    );
    is_caught(
        CHROOT,
        "#a-jail",
        "#the-jail",
        "link to #the-jail: no such heading",
    );
    is_caught(
        "README.md",
        "preface.md",
        "intro.md",
        "README.md: link to book/src/intro.md",
    );
}

#[test]
fn an_image_that_is_missing_or_that_nobody_shows_is_caught() {
    let see = "![jail](img/jail.svg)";
    is_caught(
        CHROOT,
        see,
        "![jail](img/jail.svg) ![x](img/x.png)",
        "image to img/x.png: no such file",
    );
    let found = faults_after(CHROOT, see, "");
    assert_eq!(
        found,
        ["04-chroot.md: no drawing", "img/jail.svg: no page shows it"]
    );
}

#[test]
fn a_block_that_does_not_fit_the_terminal_is_caught() {
    let wide = format!("# chroot {}", "x".repeat(72));
    is_caught(CHROOT, "# chroot jail", &wide, "line 9: 81 columns");
    is_caught(
        CHROOT,
        "# chroot jail",
        &"# a\n".repeat(18),
        "line 8: a console block of 19 rows",
    );
}

#[test]
fn a_page_without_minutes_is_caught() {
    is_caught(CHROOT, "minutes: 5", "minutes: some", "no `minutes:`");
}

#[test]
fn a_drawing_that_cannot_be_read_is_caught() {
    is_caught(JAIL, "<title>t</title>", "", "has no title");
    is_caught(JAIL, "<desc>d</desc>", "", "has no desc");
    is_caught(
        JAIL,
        "(prefers-color-scheme: dark)",
        "print",
        "no style of its own",
    );
    is_caught(JAIL, "class=\"box\"", "", "it would be black");
    is_caught(JAIL, "class=\"box\"", "class=\"bx\"", "unknown class bx");
    is_caught(
        JAIL,
        "class=\"box\"",
        "class=\"box\" fill=\"#000\"",
        "the fixed colour #000",
    );
    is_caught(
        JAIL,
        "class=\"box\"",
        "style=\"fill: black\" class=\"box\"",
        "has a style attribute",
    );
}
