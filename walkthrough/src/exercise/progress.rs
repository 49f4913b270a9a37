//! What was tried and passed: a text file, a line for each exercise.
//!
//! ```text
//! 04.2 tries=3 hints=1 passed=yes at=/home/alice/era-exercises/04.2-enter
//! ```
//!
//! Between them stand the dates (`started=`, `checked=`, `since=`) and what came of the last
//! check (`verdict=`) of which answer (`answer=`, its fingerprint). Words that a later version
//! has written stay.
//!
//! Lines go by the permanent number, so exercises can be renamed and reordered. A line that
//! cannot be read, or whose number nobody knows (any more, or yet), stays as it is. The file
//! is replaced whole; whoever writes it holds a lock file (open(2): O_EXCL works on NFS, too)
//! and reads it anew first, so two writers lose nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use std::io::Write;

/// How long a lock is waited for; one that is older was left by somebody who was killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of one exercise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Checks that did not pass.
    pub tries: u32,
    /// Hints that were shown.
    pub hints: usize,
    /// It was passed once.
    pub passed: bool,
    /// When it was started, as RFC 3339 has it; so all dates.
    pub started: Option<String>,
    /// When it was last checked.
    pub checked: Option<String>,
    /// When it was first passed.
    pub since: Option<String>,
    /// What came of the last check: [`Verdict::tag`](super::Verdict::tag).
    pub verdict: Option<String>,
    /// The fingerprint of the answer that was checked.
    pub answer: Option<String>,
    /// Words of the line that are not known here.
    pub further: Vec<String>,
    /// The student's folder.
    pub at: Option<PathBuf>,
}

/// The file.
#[derive(Debug, Clone)]
pub struct Progress {
    file: PathBuf,
}

impl Progress {
    /// The one of a state folder.
    pub fn of(state: &Path) -> Self {
        Self {
            file: state.join("exercises/progress.txt"),
        }
    }

    /// What is known of an exercise; nothing, if the file cannot be read.
    pub fn get(&self, id: &str) -> Record {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        let mut lines = text.lines().filter_map(parse);
        lines
            .find(|(known, _)| known == id)
            .map(|(_, record)| record)
            .unwrap_or_default()
    }

    /// Changes what is known of an exercise.
    ///
    /// # Errors
    /// The file cannot be written, or somebody holds it.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Record)) -> io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let _lock = Lock::take(&folder.join("progress.lock"))?;
        let text = match fs::read(&self.file) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let mut record = Record::default();
        let mut lines = Vec::new();
        let mut place = None;
        for line in text.lines() {
            match parse(line) {
                Some((known, found)) if known == id => {
                    record = found;
                    place.get_or_insert(lines.len());
                }
                _ => lines.push(line.to_owned()),
            }
        }
        change(&mut record);
        lines.insert(place.unwrap_or(lines.len()), line(id, &record));
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        new.write_all((lines.join("\n") + "\n").as_bytes())?;
        new.as_file().sync_all()?;
        new.persist(&self.file)?;
        Ok(())
    }
}

fn parse(line: &str) -> Option<(String, Record)> {
    let (id, rest) = line.split_once(' ')?;
    let (rest, at) = match rest.split_once(" at=") {
        Some((rest, at)) => (rest, Some(PathBuf::from(at))),
        None => (rest, None),
    };
    let mut record = Record {
        at,
        ..Record::default()
    };
    for word in rest.split_whitespace() {
        match word.split_once('=')? {
            ("tries", number) => record.tries = number.parse().ok()?,
            ("hints", number) => record.hints = number.parse().ok()?,
            ("passed", word) => record.passed = word == "yes",
            ("started", date) => record.started = Some(date.to_owned()),
            ("checked", date) => record.checked = Some(date.to_owned()),
            ("since", date) => record.since = Some(date.to_owned()),
            ("verdict", tag) => record.verdict = Some(tag.to_owned()),
            ("answer", print) => record.answer = Some(print.to_owned()),
            _ => record.further.push(word.to_owned()),
        }
    }
    Some((id.to_owned(), record))
}

fn line(id: &str, record: &Record) -> String {
    let passed = if record.passed { "yes" } else { "no" };
    let mut line = format!(
        "{id} tries={} hints={} passed={passed}",
        record.tries, record.hints
    );
    for (name, value) in [
        ("started", &record.started),
        ("checked", &record.checked),
        ("since", &record.since),
        ("verdict", &record.verdict),
        ("answer", &record.answer),
    ] {
        line.extend(value.iter().map(|value| format!(" {name}={value}")));
    }
    line.extend(record.further.iter().map(|word| format!(" {word}")));
    // The last, since it may hold blanks.
    line.extend(record.at.iter().map(|at| format!(" at={}", at.display())));
    line
}

/// A lock file, as long as this lives.
struct Lock(PathBuf);

impl Lock {
    fn take(path: &Path) -> io::Result<Self> {
        let until = SystemTime::now() + PATIENCE;
        loop {
            match fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(path)
            {
                Ok(_) => return Ok(Self(path.to_owned())),
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Err(_) if is_old(path) => drop(fs::remove_file(path)),
                Err(error) if SystemTime::now() > until => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

fn is_old(path: &Path) -> bool {
    let age = fs::metadata(path).and_then(|meta| meta.modified()).ok();
    age.and_then(|made| made.elapsed().ok())
        .is_some_and(|age| age > PATIENCE)
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress() -> (tempfile::TempDir, Progress) {
        let state = tempfile::tempdir().unwrap();
        let progress = Progress::of(state.path());
        fs::create_dir_all(progress.file.parent().unwrap()).unwrap();
        (state, progress)
    }

    #[test]
    fn a_change_is_found_again() {
        let (_state, progress) = progress();
        progress
            .change("04.2", |record| record.at = Some("/a folder/x".into()))
            .unwrap();
        progress.change("04.2", |record| record.tries += 1).unwrap();
        let expected = Record {
            tries: 1,
            at: Some("/a folder/x".into()),
            ..Record::default()
        };
        assert_eq!(progress.get("04.2"), expected);
        assert_eq!(progress.get("04.3"), Record::default());
    }

    #[test]
    fn unknown_numbers_and_torn_lines_stay_as_they_are() {
        let (_state, progress) = progress();
        let before =
            "99.9 tries=1 hints=0 passed=yes\n# mine\n04.2 tries=2 hints=1 passed=yes\n06.1 tri";
        fs::write(&progress.file, before).unwrap();
        progress.change("04.2", |record| record.tries += 1).unwrap();
        let after = fs::read_to_string(&progress.file).unwrap();
        assert_eq!(after, before.replace("tries=2", "tries=3") + "\n");
    }

    #[test]
    fn what_a_later_version_has_written_stays() {
        let (_state, progress) = progress();
        let before = "04.2 tries=2 hints=1 passed=yes stars=5 at=/x\n";
        fs::write(&progress.file, before).unwrap();
        let change = |record: &mut Record| record.checked = Some("2026-01-02T03:04:05Z".into());
        progress.change("04.2", change).unwrap();
        assert!(progress.get("04.2").passed);
        let after = fs::read_to_string(&progress.file).unwrap();
        let expected = before.replace("stars=5", "checked=2026-01-02T03:04:05Z stars=5");
        assert_eq!(after, expected);
    }

    #[test]
    fn a_file_that_is_no_text_loses_nothing_else() {
        let (_state, progress) = progress();
        fs::write(
            &progress.file,
            b"\xff\xfe\n04.2 tries=0 hints=0 passed=yes\n",
        )
        .unwrap();
        progress
            .change("06.1", |record| record.passed = true)
            .unwrap();
        assert!(fs::read(&progress.file).is_ok());
        assert!(progress.get("06.1").passed);
    }

    #[test]
    fn two_writers_lose_nothing() {
        let (_state, progress) = progress();
        let writers: Vec<_> = ["04.1", "04.2", "04.1", "06.3"]
            .map(|id| {
                let progress = progress.clone();
                std::thread::spawn(move || {
                    for _ in 0..10 {
                        progress.change(id, |record| record.tries += 1).unwrap();
                    }
                })
            })
            .into();
        writers
            .into_iter()
            .for_each(|writer| writer.join().unwrap());
        let tries = ["04.1", "04.2", "06.3"].map(|id| progress.get(id).tries);
        assert_eq!(tries, [20, 10, 10]);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_an_error_and_no_panic() {
        let progress = Progress::of(Path::new("/proc/nowhere"));
        assert!(
            progress
                .change("04.2", |record| record.passed = true)
                .is_err()
        );
        assert_eq!(progress.get("04.2"), Record::default());
    }

    #[test]
    fn a_lock_of_somebody_who_was_killed_is_taken_over() {
        let (_state, progress) = progress();
        let lock = progress.file.parent().unwrap().join("progress.lock");
        let file = fs::File::create(&lock).unwrap();
        file.set_modified(SystemTime::now() - PATIENCE * 2).unwrap();
        progress
            .change("04.2", |record| record.passed = true)
            .unwrap();
        assert!(progress.get("04.2").passed && !lock.exists());
    }
}
