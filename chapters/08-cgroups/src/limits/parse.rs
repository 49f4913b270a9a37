//! Limits as people write them: `50%`, `100M`, `/dev/sda:rbps=5M`, `0-1`.

use std::collections::BTreeSet;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::str::FromStr;

use nix::sys::stat::{major, minor};

use super::{Cpu, CpuSet, Device, Io, Limit, Limits, Pids, Rate};
use crate::error::{Error, Result};

/// The longest period that the kernel takes, in microseconds.
const LONGEST_PERIOD: u64 = 1_000_000;
/// The usual one.
const PERIOD: u64 = 100_000;
/// The shortest quota that the kernel takes.
const SHORTEST_QUOTA: u64 = 1_000;
/// No CPU has a higher number than the kernel's largest NR_CPUS.
const MOST_CPUS: u32 = 8_192;

fn bad(what: &str, text: &str, why: impl Into<String>) -> Error {
    Error::BadLimit {
        what: what.to_owned(),
        text: text.to_owned(),
        why: why.into(),
    }
}

/// Limits as words: `cpu=50%`, `memory=100M`, `io=8:0:rbps=5M`.
///
/// # Errors
/// A word that is no limit, or one that is given twice.
pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Limits> {
    let mut limits = Limits::default();
    for word in words {
        let (key, value) = word
            .split_once('=')
            .ok_or_else(|| bad("limit", word, "it wants KEY=VALUE, such as cpu=50%"))?;
        let twice = match key {
            "cpu" => limits.cpu.replace(value.parse()?).is_some(),
            "memory" => limits.memory.replace(value.parse()?).is_some(),
            "swap" => limits.swap.replace(swap(value)?).is_some(),
            "pids" => limits.pids.replace(value.parse()?).is_some(),
            "cpuset" => limits.cpuset.replace(value.parse()?).is_some(),
            "io" => {
                limits.io.push(value.parse()?);
                false
            }
            _ => {
                let known = "cpu, memory, swap, pids, io and cpuset can be limited";
                return Err(bad("limit", word, known));
            }
        };
        if twice {
            return Err(bad("limit", word, format!("{key} is given twice")));
        }
    }
    Ok(limits)
}

/// A size: a whole number with K, M, G or T (each 1024 times the one before), or none.
pub fn size(what: &str, text: &str) -> Result<u64> {
    let form = "it wants a whole number, with K, M, G or T (M is 1024 * 1024)";
    let (digits, shift) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 10),
        Some((at, 'm' | 'M')) => (&text[..at], 20),
        Some((at, 'g' | 'G')) => (&text[..at], 30),
        Some((at, 't' | 'T')) => (&text[..at], 40),
        _ => (text, 0),
    };
    let number = digits_only(digits).ok_or_else(|| bad(what, text, form))?;
    let bytes = number.and_then(|number| number.checked_mul(1 << shift));
    bytes.ok_or_else(|| bad(what, text, "no machine has so much"))
}

/// A number without sign, space or point; the inner None is one that is too large.
fn digits_only(text: &str) -> Option<Option<u64>> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())
}

/// A number of things; 0 is refused, since nothing could run then.
fn count(what: &str, text: &str, most: u64) -> Result<u64> {
    let number = digits_only(text).ok_or_else(|| bad(what, text, "it wants a whole number"))?;
    match number {
        Some(0) => Err(bad(what, text, "with 0 nothing could run")),
        Some(number) if number <= most => Ok(number),
        _ => Err(bad(what, text, format!("{most} is the most"))),
    }
}

impl FromStr for Cpu {
    type Err = Error;

    /// A share of one core in per cent, with up to three digits behind the point.
    fn from_str(text: &str) -> Result<Cpu> {
        const WHAT: &str = "share of a CPU";
        if text == "max" {
            return Ok(Cpu::Max);
        }
        let form = "it wants per cent of one core, such as 50% or 150%";
        let number = text
            .strip_suffix('%')
            .ok_or_else(|| bad(WHAT, text, form))?;
        let (whole, behind) = number.split_once('.').unwrap_or((number, "0"));
        let (Some(whole), Some(Some(fraction)), 1..=3) =
            (digits_only(whole), digits_only(behind), behind.len())
        else {
            return Err(bad(WHAT, text, form));
        };
        let scale = 10_u64.pow(3 - behind.len() as u32);
        let thousandths = whole
            .and_then(|whole| whole.checked_mul(1_000))
            .map(|whole| whole + fraction * scale)
            .filter(|thousandths| *thousandths <= 100_000 * u64::from(MOST_CPUS))
            .ok_or_else(|| bad(WHAT, text, "no machine has so many"))?;
        if thousandths == 0 {
            return Err(bad(WHAT, text, "with 0 nothing could run"));
        }
        // A longer period where the quota would be shorter than the kernel takes.
        let quotas =
            [PERIOD, LONGEST_PERIOD].map(|period| (thousandths * period / 100_000, period));
        let taken = quotas
            .into_iter()
            .find(|(quota, _)| *quota >= SHORTEST_QUOTA);
        let (quota, period) = taken.ok_or_else(|| bad(WHAT, text, "0.1% is the least"))?;
        Ok(Cpu::Quota { quota, period })
    }
}

impl FromStr for Limit {
    type Err = Error;

    fn from_str(text: &str) -> Result<Limit> {
        match text {
            "max" => Ok(Limit::Max),
            _ => match size("size", text)? {
                0 => Err(bad("size", text, "with 0 nothing could run")),
                bytes => Ok(Limit::Bytes(bytes)),
            },
        }
    }
}

/// An amount of swap: a [`Limit`], and 0 for none at all.
pub fn swap(text: &str) -> Result<Limit> {
    match text {
        "max" => Ok(Limit::Max),
        _ => size("size", text).map(Limit::Bytes),
    }
}

impl FromStr for Pids {
    type Err = Error;

    fn from_str(text: &str) -> Result<Pids> {
        /// PID_MAX_LIMIT: no machine has more processes.
        const MOST: u64 = 4 * 1024 * 1024;
        match text {
            "max" => Ok(Pids::Max),
            _ => count("number of processes", text, MOST).map(|count| Pids::Count(count as u32)),
        }
    }
}

impl FromStr for CpuSet {
    type Err = Error;

    fn from_str(text: &str) -> Result<CpuSet> {
        const WHAT: &str = "list of CPUs";
        let cpu = |word: &str| match digits_only(word) {
            Some(Some(number)) if number < u64::from(MOST_CPUS) => Ok(number as u32),
            Some(_) => Err(bad(WHAT, text, "no machine has so many CPUs")),
            None => Err(bad(WHAT, text, "it wants numbers and ranges: 0 or 0-2,5")),
        };
        let mut cpus = BTreeSet::new();
        for range in text.split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last) = (cpu(first)?, cpu(last)?);
            if first > last {
                return Err(bad(WHAT, text, format!("{range} runs backwards")));
            }
            cpus.extend(first..=last);
        }
        Ok(CpuSet(cpus.into_iter().collect()))
    }
}

impl FromStr for Device {
    type Err = Error;

    /// `8:0`, or the path of a block device.
    fn from_str(text: &str) -> Result<Device> {
        const WHAT: &str = "block device";
        let number = |text: &str| {
            digits_only(text)
                .flatten()
                .filter(|number| *number < 1 << 20)
        };
        if let Some((major, minor)) = text.split_once(':') {
            if let (Some(major), Some(minor)) = (number(major), number(minor)) {
                return Ok(Device { major, minor });
            }
        }
        let file = std::fs::metadata(text);
        let file = file.map_err(|_| bad(WHAT, text, "it wants a path or MAJOR:MINOR"))?;
        match file.file_type().is_block_device() {
            true => Ok(Device {
                major: major(file.rdev()),
                minor: minor(file.rdev()),
            }),
            false => Err(bad(WHAT, text, "that is another kind of file")),
        }
    }
}

impl FromStr for Io {
    type Err = Error;

    /// `DEV:rbps=5M,wiops=100`
    fn from_str(text: &str) -> Result<Io> {
        const WHAT: &str = "limit of a device";
        let form = "it wants DEVICE:KEY=N,… with the keys rbps, wbps, riops and wiops";
        let (device, rates) = text.rsplit_once(':').ok_or_else(|| bad(WHAT, text, form))?;
        if !rates.contains('=') {
            return Err(bad(WHAT, text, form));
        }
        let mut io = Io {
            device: device.parse()?,
            rbps: None,
            wbps: None,
            riops: None,
            wiops: None,
        };
        for word in rates.split(',') {
            let (key, value) = word.split_once('=').ok_or_else(|| bad(WHAT, text, form))?;
            let (rate, is_size) = match key {
                "rbps" => (&mut io.rbps, true),
                "wbps" => (&mut io.wbps, true),
                "riops" => (&mut io.riops, false),
                "wiops" => (&mut io.wiops, false),
                _ => return Err(bad(WHAT, text, form)),
            };
            if rate.replace(self::rate(value, is_size)?).is_some() {
                return Err(bad(WHAT, text, format!("{key} is given twice")));
            }
        }
        Ok(io)
    }
}

fn rate(text: &str, is_size: bool) -> Result<Rate> {
    match (text, is_size) {
        ("max", _) => Ok(Rate::Max),
        (_, true) => match size("size", text)? {
            0 => Err(bad("size", text, "with 0 nothing could be read or written")),
            bytes => Ok(Rate::PerSecond(bytes)),
        },
        (_, false) => count("rate", text, u64::from(u32::MAX)).map(Rate::PerSecond),
    }
}
