//! The first line of a script: who runs it. execve(2), "Interpreter scripts".

use std::path::PathBuf;

/// What stands after `#!`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The interpreter, exactly as the kernel takes it.
    pub interpreter: PathBuf,
    /// All that follows it, as one argument.
    pub argument: Option<String>,
}

/// The kernel reads no further: BINPRM_BUF_SIZE.
const LONGEST: usize = 256;

/// Reads the line of a file that begins with `#!`; None for any other file.
pub fn parse(file: &[u8]) -> Option<Line> {
    let rest = file.strip_prefix(b"#!")?;
    let rest = &rest[..rest.len().min(LONGEST - 2)];
    let line = rest.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    // Blanks are spaces and tabs to the kernel; a carriage return is part of the name.
    let line = line.trim_matches([' ', '\t']);
    let (interpreter, argument) = match line.split_once([' ', '\t']) {
        Some((interpreter, rest)) => (interpreter, Some(rest.trim_matches([' ', '\t']))),
        None => (line, None),
    };
    (!interpreter.is_empty()).then(|| Line {
        interpreter: PathBuf::from(interpreter),
        argument: argument.map(str::to_owned),
    })
}

impl Line {
    /// The program that env(1) will look for in PATH, if the interpreter is env:
    /// `#!/usr/bin/env python3`, or `#!/usr/bin/env -S python3 -u`.
    pub fn by_env(&self) -> Option<&str> {
        if self.interpreter.file_name()? != "env" {
            return None;
        }
        let words = self.argument.as_deref()?.split([' ', '\t']);
        words
            .filter(|word| !word.starts_with('-') && !word.contains('='))
            .find(|word| !word.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_after_the_interpreter_is_one_argument() {
        let line = parse(b"#! /bin/sh -e -u\necho").unwrap();
        assert_eq!(line.interpreter, PathBuf::from("/bin/sh"));
        assert_eq!(line.argument.as_deref(), Some("-e -u"));
    }

    #[test]
    fn a_carriage_return_is_a_part_of_the_name() {
        let line = parse(b"#!/bin/sh\r\necho").unwrap();
        assert_eq!(line.interpreter, PathBuf::from("/bin/sh\r"));
    }

    #[test]
    fn env_is_asked_for_whom_it_will_look() {
        let by_env = |text: &[u8]| parse(text).unwrap().by_env().map(str::to_owned);
        assert_eq!(
            by_env(b"#!/usr/bin/env python3\n"),
            Some("python3".to_owned())
        );
        assert_eq!(
            by_env(b"#!/usr/bin/env -S A=1 perl -w\n"),
            Some("perl".to_owned())
        );
        assert_eq!(by_env(b"#!/bin/sh -e\n"), None);
    }

    #[test]
    fn a_line_of_nothing_names_nobody() {
        assert_eq!(parse(b"#!\n"), None);
        assert_eq!(parse(b"#!"), None);
        assert_eq!(parse(b"echo"), None);
    }
}
