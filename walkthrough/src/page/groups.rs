//! Facts of control groups: cgroups(7). A group is named by its path below the ground's own,
//! and v1 and v2 are read by their own files.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::facts::{Truth, World};
use super::world::{cannot, ensure};

/// How long a process's CPU time is measured: whole periods of the usual 100 ms, so that it
/// matters little where in a period it begins.
const MEASURED: Duration = Duration::from_millis(800);

impl World<'_> {
    /// The group's folder in the tree that has this controller: v2 has one for all.
    fn folder(&self, group: &str, controller: &str) -> Result<PathBuf, String> {
        let own = self.sandbox.join("group");
        let tree = match own.join("cgroup.procs").exists() {
            true => own,
            false => own.join(controller),
        };
        let folder = tree.join(group);
        match folder.is_dir() {
            true => Ok(folder),
            false => Err(format!("there is no group {}", folder.display())),
        }
    }

    /// A file of the group: v2's name, or v1's.
    fn file(&self, group: &str, controller: &str, names: [&str; 2]) -> Result<String, String> {
        let folder = self.folder(group, controller)?;
        let is_there = |path: &PathBuf| path.exists();
        let mut paths = names.map(|name| folder.join(name)).into_iter();
        let path = paths.find(is_there);
        let path = path.ok_or_else(|| format!("{} has no {}", folder.display(), names[0]))?;
        let text = std::fs::read_to_string(&path).map_err(|error| cannot(&path, &error))?;
        Ok(text.trim_end().to_owned())
    }

    /// A line `KEY NUMBER` of such a file.
    fn count(
        &self,
        group: &str,
        controller: &str,
        names: [&str; 2],
        key: &str,
    ) -> Result<u64, String> {
        let text = self.file(group, controller, names)?;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        let number = value.and_then(|value| value.parse().ok());
        number.ok_or_else(|| format!("{} has no {key}", names[0]))
    }

    /// Whether one of the process's groups is this one: proc_pid_cgroup(5).
    fn is_in(&self, process: &str, group: &str) -> Result<(bool, String), String> {
        let table = self.proc_text(process, "cgroup")?;
        let paths = table.lines().filter_map(|line| line.splitn(3, ':').nth(2));
        let end = format!("/{group}");
        let is_in = paths.clone().any(|path| path.ends_with(&end));
        let mut paths: Vec<_> = paths.collect();
        paths.sort_unstable();
        paths.dedup();
        Ok((is_in, paths.join(" ")))
    }

    pub(super) fn in_group(&self, process: &str, group: &str) -> Truth {
        let (is_in, paths) = self.is_in(process, group)?;
        ensure(is_in, || format!("its groups are {paths}"))
    }

    pub(super) fn not_in_group(&self, process: &str, group: &str) -> Truth {
        let (is_in, paths) = self.is_in(process, group)?;
        ensure(!is_in, || format!("its groups are {paths}"))
    }

    pub(super) fn limited(&self, group: &str, what: &str, value: &str) -> Truth {
        let found = match what {
            "cpu" => self.cores(group)?,
            "memory" => self.file(group, what, ["memory.max", "memory.limit_in_bytes"])?,
            "pids" => self.file(group, what, ["pids.max"; 2])?,
            _ => return Err(format!("no limit of {what} is known")),
        };
        ensure(found == value, || format!("its {what} is {found}"))
    }

    /// `50000 100000` in v2, two files in v1: how many cores that is.
    fn cores(&self, group: &str) -> Result<String, String> {
        let text = self.file(group, "cpu", ["cpu.max", "cpu.cfs_quota_us"])?;
        let (quota, period) = match text.split_once(' ') {
            Some((quota, period)) => (quota.to_owned(), period.to_owned()),
            None => (text, self.file(group, "cpu", ["cpu.cfs_period_us"; 2])?),
        };
        let number = |text: &str| text.parse::<f64>().ok().filter(|number| *number > 0.0);
        match (number(&quota), number(&period)) {
            (Some(quota), Some(period)) => Ok((quota / period).to_string()),
            _ => Ok("not limited".to_owned()),
        }
    }

    pub(super) fn oom_kills(&self, group: &str, number: &str) -> Truth {
        let files = ["memory.events", "memory.oom_control"];
        let found = self.count(group, "memory", files, "oom_kill")?;
        ensure(found.to_string() == number, || {
            format!("its counter is {found}")
        })
    }

    pub(super) fn pids_refused(&self, group: &str) -> Truth {
        let found = self.count(group, "pids", ["pids.events"; 2], "max")?;
        ensure(found > 0, || "nobody was refused".to_owned())
    }

    pub(super) fn group_gone(&self, group: &str) -> Truth {
        let found = ["cpu", "cpuacct", "memory", "pids", "freezer"]
            .iter()
            .find_map(|controller| self.folder(group, controller).ok());
        found.map_or(Ok(()), |folder| {
            Err(format!("{} is there", folder.display()))
        })
    }

    pub(super) fn cpu_share(&self, process: &str, range: &str) -> Truth {
        let bounds = range.split_once("..");
        let bounds = bounds.and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
        let (low, high): (f64, f64) = bounds.ok_or_else(|| format!("{range} is no range"))?;
        let (before, since) = (self.cpu_time(process)?, Instant::now());
        std::thread::sleep(MEASURED);
        let used = self.cpu_time(process)?.saturating_sub(before);
        let share = used.as_secs_f64() / since.elapsed().as_secs_f64();
        ensure((low..=high).contains(&share), || {
            format!("it takes {share:.2} of a core")
        })
    }

    /// The CPU time of a process's first thread: /proc/PID/schedstat counts nanoseconds,
    /// /proc/PID/stat only ticks of 10 ms.
    fn cpu_time(&self, process: &str) -> Result<Duration, String> {
        let text = self.proc_text(process, "schedstat")?;
        let nanoseconds = text.split(' ').next().and_then(|word| word.parse().ok());
        let nanoseconds = nanoseconds.ok_or("this kernel keeps no schedstat")?;
        Ok(Duration::from_nanos(nanoseconds))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::facts::{Before, Fact};
    use super::super::placeholder::Bindings;
    use super::*;

    fn check(sandbox: &Path, text: &str) -> Truth {
        let world = World {
            sandbox,
            bindings: &Bindings::default(),
            ground: None,
            learner: None,
            inside: None,
            before: &Before::now(),
        };
        Fact::parse(text, 1).unwrap().check(&world, Duration::ZERO)
    }

    /// A sandbox with files as a kernel has them, of v2 or v1.
    fn sandbox(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let file = folder.path().join("group").join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        folder
    }

    #[test]
    fn the_files_of_both_versions_say_the_same() {
        let v2 = sandbox(&[
            ("cgroup.procs", ""),
            ("half/cpu.max", "50000 100000\n"),
            ("half/memory.max", "104857600\n"),
            ("half/memory.events", "low 0\noom 2\noom_kill 1\n"),
            ("half/pids.max", "32\n"),
            ("half/pids.events", "max 3\n"),
        ]);
        let v1 = sandbox(&[
            ("cpu/half/cpu.cfs_quota_us", "50000\n"),
            ("cpu/half/cpu.cfs_period_us", "100000\n"),
            ("memory/half/memory.limit_in_bytes", "104857600\n"),
            (
                "memory/half/memory.oom_control",
                "under_oom 0\noom_kill 1\n",
            ),
            ("pids/half/pids.max", "32\n"),
            ("pids/half/pids.events", "max 3\n"),
        ]);
        for sandbox in [v2.path(), v1.path()] {
            for holds in [
                "limited half cpu 0.5",
                "limited half memory 104857600",
                "limited half pids 32",
                "oom-kills half 1",
                "pids-refused half",
                "group-gone other",
            ] {
                assert_eq!(check(sandbox, holds), Ok(()), "{holds}");
            }
            for fails in [
                "limited half cpu 1",
                "limited half memory max",
                "oom-kills half 0",
                "oom-kills other 0",
                "group-gone half",
                "pids-refused other",
            ] {
                assert!(check(sandbox, fails).is_err(), "{fails}");
            }
        }
    }

    #[test]
    fn a_group_without_a_limit_is_not_limited() {
        let v1 = sandbox(&[
            ("cpu/free/cpu.cfs_quota_us", "-1\n"),
            ("cpu/free/cpu.cfs_period_us", "100000\n"),
        ]);
        let found = check(v1.path(), "limited free cpu 0.5").unwrap_err();
        assert_eq!(found, "its cpu is not limited");
    }

    #[test]
    fn a_process_that_waits_takes_no_cpu_time() {
        let mut sleeper = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let idle = check(
            Path::new("/"),
            &format!("cpu-share {} 0.00..0.20", sleeper.id()),
        );
        let busy = check(
            Path::new("/"),
            &format!("cpu-share {} 0.40..1.10", sleeper.id()),
        );
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
        assert!(idle.is_ok() && busy.is_err(), "{idle:?} {busy:?}");
    }
}
