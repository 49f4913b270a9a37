//! A profile in Docker's form, for engines and for people; and results in files.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use groundwork::kernel::CallError;

use serde_json::{Map, Value, json};

use crate::action::Action;
use crate::error::{Error, Result};
use crate::profile::{Compare, Op, Profile, Rule};

impl Profile {
    /// The JSON that Docker, Podman and the OCI's runtimes read. What depended on kernel,
    /// architecture or capabilities has been decided: these are the rules that count.
    pub fn to_json(&self) -> Value {
        let mut whole = Map::new();
        answer(&mut whole, self.default, "defaultAction", "defaultErrnoRet");
        let architectures: Vec<_> = self.archs.iter().map(|arch| arch.oci_name()).collect();
        whole.insert("architectures".to_owned(), json!(architectures));
        if !self.flags.is_empty() {
            let flags: Vec<_> = self.flags.iter().map(|flag| flag.name()).collect();
            whole.insert("flags".to_owned(), json!(flags));
        }
        let rules: Vec<_> = self.rules.iter().map(rule).collect();
        whole.insert("syscalls".to_owned(), json!(rules));
        Value::Object(whole)
    }

    /// How many calls, by what becomes of them: of those that a rule without conditions is
    /// about.
    pub fn counts(&self) -> BTreeMap<Action, usize> {
        let mut counts = BTreeMap::new();
        for rule in self.rules.iter().filter(|rule| rule.args.is_empty()) {
            *counts.entry(rule.action).or_default() += rule.calls.len();
        }
        counts
    }
}

fn rule(rule: &Rule) -> Value {
    let mut written = Map::new();
    written.insert("names".to_owned(), json!(rule.calls));
    answer(&mut written, rule.action, "action", "errnoRet");
    if !rule.args.is_empty() {
        let args: Vec<_> = rule.args.iter().map(argument).collect();
        written.insert("args".to_owned(), json!(args));
    }
    Value::Object(written)
}

fn answer(into: &mut Map<String, Value>, action: Action, key: &str, number: &str) {
    let (name, data) = match action {
        Action::KillProcess => ("SCMP_ACT_KILL_PROCESS", None),
        Action::KillThread => ("SCMP_ACT_KILL_THREAD", None),
        Action::Trap => ("SCMP_ACT_TRAP", None),
        Action::Errno(errno) => ("SCMP_ACT_ERRNO", Some(errno)),
        Action::Notify => ("SCMP_ACT_NOTIFY", None),
        Action::Trace(message) => ("SCMP_ACT_TRACE", Some(message)),
        Action::Log => ("SCMP_ACT_LOG", None),
        Action::Allow => ("SCMP_ACT_ALLOW", None),
    };
    into.insert(key.to_owned(), json!(name));
    if let Some(data) = data {
        into.insert(number.to_owned(), json!(data));
    }
}

fn argument(compare: &Compare) -> Value {
    let op = match compare.op {
        Op::NotEqual => "SCMP_CMP_NE",
        Op::Less => "SCMP_CMP_LT",
        Op::LessOrEqual => "SCMP_CMP_LE",
        Op::Equal => "SCMP_CMP_EQ",
        Op::GreaterOrEqual => "SCMP_CMP_GE",
        Op::Greater => "SCMP_CMP_GT",
        Op::MaskedEqual => "SCMP_CMP_MASKED_EQ",
    };
    json!({
        "index": compare.index,
        "value": compare.value,
        "valueTwo": compare.value_two,
        "op": op,
    })
}

/// A file that a result will be written to. If none is, a file that we have made goes again.
#[derive(Debug)]
pub struct Prepared<'a> {
    path: &'a Path,
    is_new: bool,
}

/// Makes sure, before a long run, that its result can be written: makes the file, if it is not
/// there, and leaves it as it is otherwise.
///
/// # Errors
/// It cannot be opened for writing.
pub fn prepare(path: &Path) -> Result<Prepared<'_>> {
    let unwritten = |error: io::Error| unwritten("open", path, &error);
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    let is_new = match made {
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
        Err(error) => return Err(unwritten(error)),
    };
    let opened = OpenOptions::new().append(true).open(path);
    opened.map_err(unwritten)?;
    Ok(Prepared { path, is_new })
}

impl Prepared<'_> {
    /// Writes the result.
    ///
    /// # Errors
    /// As [`save`].
    pub fn save(mut self, bytes: &[u8]) -> Result<()> {
        save(self.path, bytes)?;
        self.is_new = false;
        Ok(())
    }
}

impl Drop for Prepared<'_> {
    fn drop(&mut self) {
        if self.is_new {
            let _ = std::fs::remove_file(self.path);
        }
    }
}

/// Writes a result, in place of what the file had.
///
/// # Errors
/// It cannot be opened or written.
pub fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = File::create(path).map_err(|error| unwritten("open", path, &error))?;
    let written = file.write_all(bytes);
    written.map_err(|error| unwritten("write", path, &error))
}

fn unwritten(call: &str, path: &Path, error: &io::Error) -> Error {
    Error::Write {
        path: path.to_owned(),
        call: CallError::from_io(call, path, &format!("{call}(2)"), error),
    }
}
