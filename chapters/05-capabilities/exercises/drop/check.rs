//! 05.4: random capabilities are kept, and stay alone when the witness executes itself again.

use groundwork::kernel;

use crate::exercise::check::{Checked, End, Ending, Judge, Property, Refusal, Run, Who};
use crate::exercise::check::{Witness, number, pick, powers};

const SAME: Property = Property {
    is: "the command is in the user namespace in which the program was started",
    look: "user_namespaces(7), Capabilities: over what does a new namespace give power?",
};
const HAS: Property = Property {
    is: "the command has the capabilities of KEEP, and no others",
    look: "page 05, What root gets back; capabilities(7): P'(permitted) for root",
};
const BOUNDED: Property = Property {
    is: "the bounding set is KEEP",
    look: "prctl(2), PR_CAPBSET_DROP; the line CapBnd of /proc/PID/status",
};
const HANDED: Property = Property {
    is: "nothing but KEEP is inheritable or ambient",
    look: "capget(2); the lines CapInh and CapAmb of /proc/PID/status",
};
const BEFORE_START: &str =
    "page 05, What root gets back; which set has to be first? prctl(2), PR_CAPBSET_DROP";
const REFUSES: Property = Property {
    is: "the command is not started where not all can be taken or kept",
    look: "the task, What to write; RETURN VALUE and ERRORS of prctl(2) and capget(2)",
};
const STATUS: Property = Property {
    is: "the exit status is the command's",
    look: "the task; wait(2), exit(3)",
};

/// What taking from the bounding set takes.
const SETPCAP: u32 = powers::SETPCAP as u32;

/// Two runs, as root whose other sets are not empty; then one in which nothing can be taken
/// from the bounding set, and one without a capability that is to be kept.
pub fn check(judge: &mut Judge) -> Checked {
    once(judge, &Ending::by_itself())?;
    once(judge, &Ending::by_signal())?;
    let kept = Kept::random();
    refuses(judge, &kept, SETPCAP, "without CAP_SETPCAP")?;
    let kept = Kept::random();
    let lacks = pick(&kept.0);
    let when = format!("KEEP has {lacks}, which it was started without");
    refuses(judge, &kept, lacks, &when)
}

/// It lacks a capability that it needs, so it has to leave the command alone.
fn refuses(judge: &mut Judge, kept: &Kept, lacks: u32, when: &str) -> Checked {
    let mut scene = judge.scene()?;
    let folder = scene.folder()?;
    let actor = scene.witness(&folder)?;
    let mut answer = scene.answer(&[&kept.words(), &actor.place.0, &actor.nonce]);
    answer.inherits = kept.others();
    answer.lacks = 1 << lacks;
    let mut run = scene.run(Who::Root, vec![answer])?;
    let ends = run.ends()?;
    let observed = format!("it was started: {when}");
    REFUSES.holds(!run.has_begun(), "it is not started", observed)?;
    let observed = format!("{}: {when}", ends[0]);
    REFUSES.holds(ends[0] != End::Status(0), "another status than 0", observed)?;
    let told = !run.complained(0).trim().is_empty();
    REFUSES.holds(told, "a word about it on stderr", format!("none: {when}"))
}

fn once(judge: &mut Judge, ending: &Ending) -> Checked {
    let mut scene = judge.scene()?;
    scene.before_start(BEFORE_START);
    let folder = scene.folder()?;
    let actor = scene.witness(&folder)?;
    let kept = Kept::random();
    let mut answer = scene.answer(&[&kept.words(), &actor.place.0, &actor.nonce]);
    answer.inherits = kept.others();
    let mut run = scene.run(Who::Root, vec![answer])?;

    let seen = run.witness()?;
    kept.holds(&mut run, seen)?;
    run.send(seen, &ending.order)?;
    let ends = run.ends()?;
    ending.shows(STATUS, ends[0])
}

/// Capabilities that are to be kept.
pub struct Kept(Vec<u32>);

impl Kept {
    /// Three or fewer.
    pub fn random() -> Self {
        let last = u32::from(kernel::last_capability());
        Self(vec![one(0..32), one(32..last + 1), one(0..last + 1)]).sorted()
    }

    /// This one, too.
    pub fn and(mut self, bit: u32) -> Self {
        self.0.push(bit);
        self.sorted()
    }

    fn sorted(mut self) -> Self {
        self.0.sort_unstable();
        self.0.dedup();
        self
    }

    /// With commas.
    pub fn words(&self) -> String {
        let words: Vec<_> = self.0.iter().map(u32::to_string).collect();
        words.join(",")
    }

    fn set(&self) -> u64 {
        self.0.iter().fold(0, |set, bit| set | 1 << bit)
    }

    /// Some that are not to be kept.
    pub fn others(&self) -> u64 {
        let last = u32::from(kernel::last_capability());
        (0..4).fold(0, |set, _| set | 1 << one(0..last + 1)) & !self.set()
    }

    /// The command has these and stays with them. It must have got no order yet.
    pub fn holds(&self, run: &mut Run, seen: Witness) -> Checked {
        let keep = self.set();
        let same = seen.inode("ns/user")? == run.init().inode("ns/user")?;
        SAME.holds(same, "the one of before", "it is in another")?;
        has(seen, keep, "")?;
        run.execute_again(seen)?;
        has(seen, keep, " after it has executed itself")?;
        let bounding = set(seen, "CapBnd")?;
        let expected = format!("CapBnd is {}", shown(keep));
        let observed = format!("CapBnd is {}", shown(bounding));
        BOUNDED.holds(bounding == keep, expected, observed)?;
        for key in ["CapInh", "CapAmb"] {
            let found = set(seen, key)?;
            let expected = format!("{key} is of {}", shown(keep));
            HANDED.holds(
                found & !keep == 0,
                expected,
                format!("it is {}", shown(found)),
            )?;
        }
        Ok(())
    }
}

fn has(seen: Witness, keep: u64, when: &str) -> Checked {
    for key in ["CapPrm", "CapEff"] {
        let found = set(seen, key)?;
        let is = |set| format!("{key} is {}{when}", shown(set));
        HAS.holds(found == keep, is(keep), is(found))?;
    }
    Ok(())
}

/// A capability that is not the one which dropping takes.
fn one(of: std::ops::Range<u32>) -> u32 {
    let mut bit = SETPCAP;
    while bit == SETPCAP {
        bit = number(of.clone());
    }
    bit
}

fn set(seen: Witness, key: &str) -> Checked<u64> {
    let digits = seen.status(key)?;
    u64::from_str_radix(&digits, 16).map_err(|_| Refusal::Undone(format!("{key}: {digits}")))
}

fn shown(set: u64) -> String {
    match set {
        0 => "none".to_owned(),
        _ => kernel::capability_list(set)
            .to_lowercase()
            .replace('|', ","),
    }
}
