//! Builds the book with mdBook's own library: `cargo run -p book`.
//!
//! # Layout
//!
//! - `main.rs`: arguments, and the three things that can be asked for
//! - [`pages`]: our pass over the pages before mdBook renders them
//! - [`console`]: a console block as HTML, with prompts, commands and placeholders told apart
//! - [`drawing`]: an SVG put into the page, so that it takes the page's colours
//! - [`exercises`]: the tasks of a chapter's exercises, at the end of its page
//! - [`starter`]: what of a starter is to be written
//! - [`log`]: mdBook's warnings, printed and counted
//! - [`serve`]: the built book on loopback
//!
//! The pages themselves are checked by `tests/book.rs`, without mdBook: mdBook
//! stays silent about an include or a link that leads nowhere.

#![forbid(unsafe_code)]

mod console;
mod drawing;
mod exercises;
mod log;
mod pages;
mod serve;
mod starter;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use mdbook_driver::MDBook;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Build the book of Eras into book/out.
#[derive(Parser)]
#[command(
    name = "book",
    after_help = "\
Examples:
  cargo run -p book               build book/out/index.html
  cargo run -p book -- --open     build it, serve it on 127.0.0.1, open a browser

Page: book/src/preface.md"
)]
struct Args {
    /// Serve the book on a free port of 127.0.0.1 and open it in a browser
    #[arg(long)]
    open: bool,

    /// Build into a folder that is thrown away; any warning is an error
    #[arg(long, conflicts_with = "open")]
    check: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<ExitCode> {
    let warnings = log::listen();
    let book = book_folder();

    if args.check {
        let scratch = tempfile::tempdir()?;
        build(&book, scratch.path())?;
        return Ok(match warnings.count() {
            0 => {
                println!("the book builds without a warning");
                ExitCode::SUCCESS
            }
            n => {
                eprintln!("error: {n} warning(s) while building the book");
                ExitCode::FAILURE
            }
        });
    }

    let out = book.join("out");
    build(&book, &out)?;
    println!("{}", out.join("index.html").display());
    if args.open {
        serve::open(&out)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Renders the book at `book` into `out`.
fn build(book: &Path, out: &Path) -> Result<()> {
    let mut mdbook = MDBook::load(book).map_err(chain)?;
    mdbook.config.build.build_dir = out.to_path_buf();
    mdbook.with_preprocessor(pages::Pages);
    mdbook.build().map_err(chain)?;
    Ok(())
}

/// The folder with book.toml: cargo names it when it runs us, the compiler
/// knew it when we were built. So any working folder will do.
fn book_folder() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .filter(|folder| folder.join("book.toml").is_file())
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")))
}

/// mdBook's error with all its causes on one line.
fn chain(error: mdbook_driver::errors::Error) -> String {
    format!("{error:#}")
}
