//! `era present PAGE --rehearse`: every step as the class will see it, then every
//! way back, timed. A way back that takes longer than [`PATIENCE`] fails.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::ground::Learner;
use crate::page::facts;
use crate::player::script::{Act, Script};
use crate::probes;
use crate::stage::Stage;
use crate::stage::perform;
use crate::state::Surroundings;

/// How long a class waits for a step back.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// What came of a rehearsal.
#[derive(Debug, Default)]
pub struct Rehearsal {
    /// What went wrong.
    pub problems: Vec<String>,
}

/// Rehearses a page and tells each step.
///
/// # Errors
/// No ground, or nobody reads.
pub fn rehearse(
    script: &Script,
    around: &Surroundings,
    learner: &Learner,
    out: &mut dyn Write,
) -> Result<Rehearsal, Box<dyn std::error::Error>> {
    let mut rehearsal = Rehearsal::default();
    let mut stage = Stage::new(&around.state, learner, &script.page.head)?;
    for stop in 0..script.stops.len() {
        let started = Instant::now();
        let problem = step(script, stop, &mut stage);
        if let Some(line) = script.line(stop) {
            let verdict = problem.as_deref().unwrap_or("ok");
            let command: String = line.command.chars().take(48).collect();
            writeln!(
                out,
                "{:>3}  {:<48}  {:>6.2} s  {verdict}",
                stop + 1,
                command.replace('\n', " "),
                started.elapsed().as_secs_f64()
            )?;
        }
        rehearsal
            .problems
            .extend(problem.map(|problem| format!("step {}: {problem}", stop + 1)));
    }
    rehearsal.problems.extend(stage.end());
    let slowest = (0..script.stops.len()).map(|target| back_to(script, target, around, learner));
    let slowest = slowest
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .max()
        .unwrap_or_default();
    writeln!(
        out,
        "slowest way back: {:.2} s (at most {} s)",
        slowest.as_secs_f64(),
        PATIENCE.as_secs()
    )?;
    if slowest > PATIENCE {
        rehearsal
            .problems
            .push(format!("a step back takes {:.2} s", slowest.as_secs_f64()));
    }
    match script.page.head.minutes {
        Some(minutes) => writeln!(out, "the page says {minutes} minutes")?,
        None => rehearsal
            .problems
            .push("the page does not say how many minutes it takes".to_owned()),
    }
    Ok(rehearsal)
}

/// Runs one stop; what went wrong.
fn step(script: &Script, stop: usize, stage: &mut Stage) -> Option<String> {
    let Act::Run { block, .. } = script.stops[stop].act else {
        return None;
    };
    let (block, line) = (&script.blocks[block], script.line(stop)?);
    if probes::is_for_another_machine(block) {
        return None;
    }
    if let Some(why) = stage.cannot_run(block) {
        return Some(format!("skipped: {why}"));
    }
    let limit = perform::limit(block);
    let (command, ran) = match perform::run(stage, line, limit) {
        Ok(ran) => ran,
        Err(error) => return Some(error.to_string()),
    };
    let report = perform::judge(stage, line, command, &ran);
    if let Some(why) = perform::stopped(&ran, limit) {
        return Some(why);
    }
    if !report.matched {
        return Some(format!("text differs: {}", report.diff.join(" / ")));
    }
    let ends = script.ends_block(stop);
    let facts = if ends {
        perform::facts(stage, block, facts::PATIENCE)
    } else {
        Vec::new()
    };
    facts
        .into_iter()
        .find_map(|fact| Some(format!("{} does not hold: {}", fact.fact, fact.instead?)))
}

/// How long it takes to stand at `target` again, on a fresh ground.
fn back_to(
    script: &Script,
    target: usize,
    around: &Surroundings,
    learner: &Learner,
) -> Result<Duration, Box<dyn std::error::Error>> {
    let started = Instant::now();
    let mut stage = Stage::new(&around.state, learner, &script.page.head)?;
    for stop in 0..target {
        let Act::Run { block, .. } = script.stops[stop].act else {
            continue;
        };
        let block = &script.blocks[block];
        let Some(line) = script
            .line(stop)
            .filter(|_| stage.cannot_run(block).is_none())
        else {
            continue;
        };
        if let Ok((command, ran)) = perform::run(&mut stage, line, perform::limit(block)) {
            perform::judge(&mut stage, line, command, &ran);
        }
    }
    Ok(started.elapsed())
}
