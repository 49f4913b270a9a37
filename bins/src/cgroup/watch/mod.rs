//! `era-cgroup watch`: what groups use, measured again and again.
//!
//! # Layout
//!
//! - [`reading`]: two looks at a group, and what happened between them.
//! - [`table`]: groups as lines, for a pipe and for all of them at once.
//! - [`meter`]: one group as bars.
//! - [`screen`]: the terminal, taken and given back.

use std::io::{IsTerminal, stdin, stdout};
use std::time::{Duration, Instant};

use cgroups::limits::Machine;
use cgroups::{Error, Group, Home, Name};
use clap::Args;

use super::{FAILED, facts};
use crate::explain::Explain;
use crate::result::{self, Shown};
use reading::{Look, Reading};
use screen::{Asked, Screen};

mod meter;
mod reading;
mod screen;
mod table;

/// The command line of `watch`.
#[derive(Debug, Args)]
pub(super) struct Watch {
    /// One group, as bars; without a name all of ours, as a table
    name: Option<String>,
    /// How long to measure each time, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    interval: Duration,
    /// Measure so often, then end; lines instead of a screen
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// The same as --count 1
    #[arg(long, conflicts_with = "count")]
    once: bool,
    /// A line of JSON for each group and measurement
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    explain: Explain,
}

/// `0.5`: shorter than a tenth and the measuring is what one sees.
fn seconds(text: &str) -> Result<Duration, String> {
    let wanted = || "a number of seconds, 0.1 to 3600".to_owned();
    let number: f64 = text.parse().map_err(|_| wanted())?;
    match (0.1..=3600.0).contains(&number) {
        true => Ok(Duration::from_secs_f64(number)),
        false => Err(wanted()),
    }
}

/// What is watched.
struct Watched {
    home: Home,
    name: Option<Name>,
    /// What a group without a limit is compared with.
    machine: Machine,
    looks: Vec<Look>,
}

impl Watch {
    pub(super) fn main(self) -> Result<u8, Error> {
        self.explain.install();
        let home = Home::find(&facts())?;
        let name = self.name.as_deref().map(str::parse::<Name>).transpose()?;
        if let Some(name) = &name {
            Group::open(&home, name)?;
        }
        let mut watched = Watched {
            home,
            name,
            machine: Machine::read(&facts()),
            looks: Vec::new(),
        };
        watched.measure();
        let asked_for_lines = self.json || self.once || self.count.is_some();
        if asked_for_lines || !stdin().is_terminal() || !stdout().is_terminal() {
            return Ok(self.lines(&mut watched));
        }
        Ok(show(&mut watched, self.interval))
    }

    /// One measurement after the other, in lines that a program can read, too.
    fn lines(&self, watched: &mut Watched) -> u8 {
        let count = if self.once { Some(1) } else { self.count };
        let mut done = 0;
        while count.is_none_or(|count| done < count) {
            std::thread::sleep(self.interval);
            let readings = watched.measure();
            if watched.is_over(&readings) {
                return gone(watched);
            }
            let text = match self.json {
                true => reading::json(&readings),
                false => table::table(&readings, done == 0),
            };
            done += 1;
            if text.is_empty() {
                continue;
            }
            match result::show(&text, FAILED) {
                Shown::Whole => {}
                Shown::Closed => return 0,
                Shown::Failed(status) => return status,
            }
        }
        0
    }
}

impl Watched {
    /// Looks again; what happened since the last look, for the groups that were there then.
    fn measure(&mut self) -> Vec<Reading> {
        let names = match &self.name {
            Some(name) => vec![name.clone()],
            None => {
                let names = self.home.names().into_iter();
                names.filter_map(|name| name.parse().ok()).collect()
            }
        };
        let groups = names
            .iter()
            .filter_map(|name| Group::open(&self.home, name).ok());
        let looks: Vec<Look> = groups.map(|group| Look::at(&group, &self.home)).collect();
        let readings = looks.iter().filter_map(|look| {
            let before = self
                .looks
                .iter()
                .find(|one| one.stat.name == look.stat.name)?;
            Some(Reading::between(before, look))
        });
        let readings = readings.collect();
        self.looks = looks;
        readings
    }

    /// The one group that was to be watched is no more.
    fn is_over(&self, readings: &[Reading]) -> bool {
        self.name.is_some() && readings.is_empty()
    }
}

fn gone(watched: &Watched) -> u8 {
    let name = watched.name.as_ref().map_or("", Name::as_str);
    result::aside(format_args!("era-cgroup: the group {name} was removed"));
    0
}

/// The live meter. It measures once an interval, and draws also when the window changes.
fn show(watched: &mut Watched, interval: Duration) -> u8 {
    let Ok(screen) = Screen::take() else {
        result::aside("error: cannot take the terminal");
        return FAILED;
    };
    let mut readings = Vec::new();
    let mut next = Instant::now() + interval;
    loop {
        let title = title(watched, interval);
        let rows = match (&watched.name, readings.first()) {
            (Some(_), Some(reading)) => meter::rows(
                reading,
                &watched.machine,
                screen.columns(),
                screen.has_colour(),
            ),
            (Some(_), None) => vec![" measuring ...".to_owned()],
            (None, _) if watched.looks.is_empty() => vec![" no group of ours is there".to_owned()],
            (None, None) => vec![" measuring ...".to_owned()],
            (None, Some(_)) => table::table(&readings, true)
                .lines()
                .map(str::to_owned)
                .collect(),
        };
        if screen.draw(&title, &rows).is_err() {
            return FAILED;
        }
        match screen.wait(next) {
            Asked::Nothing => {
                readings = watched.measure();
                next = Instant::now() + interval;
                if watched.is_over(&readings) {
                    drop(screen);
                    return gone(watched);
                }
            }
            Asked::Draw => {}
            Asked::End => return 0,
        }
    }
}

fn title(watched: &Watched, interval: Duration) -> String {
    let name = watched.name.as_ref().map_or("all groups", Name::as_str);
    let every = interval.as_secs_f64();
    format!(" {name}   {}, every {every} s   q ends", watched.home.shape)
}
