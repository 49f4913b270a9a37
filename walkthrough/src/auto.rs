//! `era tour --auto`: every block of every page without a key, and a report.

use std::io::Write;
use std::time::Instant;

use serde::Serialize;

use crate::ground::Learner;
use crate::page::Page;
use crate::stage::Stage;
use crate::stage::perform::{self, BlockReport};
use crate::state::Surroundings;

/// What came of a page.
#[derive(Debug, Serialize)]
pub struct PageReport {
    /// The page's file.
    pub page: String,
    /// Its blocks.
    pub blocks: Vec<BlockReport>,
    /// What it left behind.
    pub left: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

/// What came of a tour.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Its pages.
    pub pages: Vec<PageReport>,
    /// Blocks that ran.
    pub ran: usize,
    /// Of them, those whose every text was the page's.
    pub matched: usize,
    /// Of them, those whose text differed.
    pub differed: usize,
    /// Of them, those of which a fact did not hold, or that did not end.
    pub failed: usize,
    /// Blocks that did not run.
    pub skipped: usize,
    /// Claims that were shown.
    pub claims: Vec<String>,
}

/// Runs a page on a ground of its own.
pub fn page(page: &Page, around: &Surroundings, learner: &Learner) -> PageReport {
    let started = Instant::now();
    let (mut blocks, mut left) = (Vec::new(), Vec::new());
    match Stage::new(&around.state, learner, &page.head) {
        Ok(mut stage) => {
            for block in page.blocks() {
                let mut report = BlockReport::new(block);
                report.skipped = stage.cannot_run(block);
                let failed = blocks
                    .iter()
                    .any(|block: &BlockReport| block.stopped.is_some());
                if report.skipped.is_none() && failed {
                    report.stopped = Some("not run: a block before it did not end".to_owned());
                } else if report.skipped.is_none() {
                    report = perform::block(&mut stage, block);
                }
                blocks.push(report);
            }
            left = stage.end();
        }
        Err(error) => {
            let mut report = page.blocks().next().map(BlockReport::new);
            if let Some(report) = &mut report {
                report.stopped = Some(error.to_string());
            }
            blocks.extend(report);
        }
    }
    PageReport {
        page: page.stem.clone(),
        blocks,
        left,
        seconds: started.elapsed().as_secs_f64(),
    }
}

impl Report {
    /// Counts.
    pub fn new(pages: Vec<PageReport>) -> Self {
        let all = || pages.iter().flat_map(|page| &page.blocks);
        let ran = |block: &&BlockReport| block.skipped.is_none();
        let shown = |block: &&BlockReport| ran(block) && block.holds() && block.matches();
        let mut claims: Vec<_> = all()
            .filter(shown)
            .flat_map(|block| block.claims.clone())
            .collect();
        claims.sort_by_key(|claim| {
            claim
                .split('.')
                .map(|part| part.parse().unwrap_or(0))
                .collect::<Vec<u32>>()
        });
        claims.dedup();
        Self {
            ran: all().filter(ran).count(),
            matched: all()
                .filter(|block| ran(block) && block.matches() && block.stopped.is_none())
                .count(),
            differed: all().filter(|block| ran(block) && !block.matches()).count(),
            failed: all().filter(|block| ran(block) && !block.holds()).count(),
            skipped: all().filter(|block| !ran(block)).count(),
            claims,
            pages,
        }
    }

    /// Every fact held, every block ended, nothing was left; with `exact`, every
    /// text was the page's, too.
    pub fn good(&self, exact: bool) -> bool {
        let clean = self.pages.iter().all(|page| page.left.is_empty());
        self.failed == 0 && clean && (!exact || self.differed == 0)
    }
}

/// Says what came of a page: one line if all is well, else each difference.
///
/// # Errors
/// Nobody reads.
pub fn tell_page(report: &PageReport, out: &mut dyn Write) -> std::io::Result<()> {
    let count = |what: &dyn Fn(&&BlockReport) -> bool| report.blocks.iter().filter(what).count();
    let ran = count(&|block| block.skipped.is_none());
    writeln!(
        out,
        "{:<24} {ran:>3} of {} blocks ran, {:.1} s",
        report.page,
        report.blocks.len(),
        report.seconds
    )?;
    for block in &report.blocks {
        tell_block(&report.page, block, out)?;
    }
    for left in &report.left {
        writeln!(out, "  left behind: {left}")?;
    }
    Ok(())
}

fn tell_block(page: &str, block: &BlockReport, out: &mut dyn Write) -> std::io::Result<()> {
    if let Some(why) = &block.skipped {
        return writeln!(out, "  {page}.md:{} skipped: {why}", block.at);
    }
    for line in block.lines.iter().filter(|line| !line.matched) {
        writeln!(
            out,
            "  {page}.md:{} text differs: {}",
            line.at, line.command
        )?;
        for change in &line.diff {
            writeln!(out, "    {change}")?;
        }
    }
    for fact in &block.facts {
        if let Some(instead) = &fact.instead {
            writeln!(
                out,
                "  {page}.md:{} fact does not hold: {}\n    {instead}",
                block.at, fact.fact
            )?;
        }
    }
    match &block.stopped {
        Some(why) => writeln!(out, "  {page}.md:{} stopped: {why}", block.at),
        None => Ok(()),
    }
}

/// Says what came of all.
///
/// # Errors
/// Nobody reads.
pub fn tell(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out)?;
    let Report {
        ran,
        matched,
        differed,
        failed,
        skipped,
        ..
    } = report;
    writeln!(
        out,
        "{ran} blocks ran: {matched} matched, {differed} differed, {failed} failed; {skipped} skipped"
    )?;
    if !report.claims.is_empty() {
        writeln!(out, "claims shown: {}", report.claims.join(" "))?;
    }
    Ok(())
}

/// Says why a page could not be played to its end.
pub fn warn(page: &str, at: usize, why: &str) {
    eprintln!("{page}.md:{at} stopped: {why}");
}
