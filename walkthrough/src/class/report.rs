//! The table: students by exercises.

use serde_json::{Value, json};

use super::read::{Handed, Student, Work};
use crate::exercise::{Folder, Verdict};

/// Everything that a report says.
pub struct Report {
    /// Which exercises, in which order.
    pub exercises: Vec<&'static Folder>,
    /// What was handed in.
    pub handed: Handed,
    /// The answers were judged again.
    pub rechecked: bool,
}

/// Between chapters: the number of one has to fit over a single exercise.
const GAP: &str = "  ";

/// What an exercise of a student comes to, as a tag and the sign of the table.
const SIGNS: [(&str, char, &str); 6] = [
    ("passed", '+', "passed"),
    ("wrong", 'x', "wrong"),
    ("does-not-build", 'b', "does not build"),
    ("not-started", 's', "started, nothing written"),
    ("unknown", '?', "nobody knows"),
    ("none", '.', "not handed in"),
];

impl Report {
    /// What is believed of a work: what was found, else what is claimed.
    fn state(&self, work: Option<&Work>) -> &'static str {
        let Some(work) = work.filter(|work| work.missing.is_none()) else {
            return "none";
        };
        let found = work.found.as_ref().map(Verdict::tag);
        let tag = match self.rechecked {
            true => found,
            false => work.claimed.as_deref(),
        };
        let known = SIGNS.iter().find(|(name, ..)| Some(*name) == tag);
        known.map_or("unknown", |(name, ..)| name)
    }

    fn states<'a>(&'a self, student: &'a Student) -> impl Iterator<Item = &'static str> + 'a {
        let works = self
            .exercises
            .iter()
            .map(|one| student.works.get(&one.id()));
        works.map(|work| self.state(work))
    }

    /// How many are passed, and what is claimed of tries and hints.
    fn sums(&self, student: &Student) -> (usize, u32, usize) {
        let passed = self.states(student).filter(|state| *state == "passed");
        let ids: Vec<_> = self.exercises.iter().map(|one| one.id()).collect();
        let works = student.works.iter().filter(|(id, _)| ids.contains(id));
        let (tries, hints) = works.fold((0_u32, 0_usize), |(tries, hints), (_, work)| {
            (
                tries.saturating_add(work.tries),
                hints.saturating_add(work.hints),
            )
        });
        (passed.count(), tries, hints)
    }

    /// A row for each student, a sign for each exercise; below, what has to be looked at.
    pub fn table(&self) -> String {
        let names = self
            .handed
            .students
            .iter()
            .map(|one| one.name.chars().count());
        let width = names.max().unwrap_or(0).clamp(7, 28) + 2;
        let mut text = self.head(width);
        for student in &self.handed.students {
            let name: String = student.name.chars().take(width - 2).collect();
            let (passed, tries, hints) = self.sums(student);
            let signs: Vec<_> = self.states(student).map(sign).collect();
            text.push_str(&format!(
                "{name:<width$}{}  {passed:>3}/{:<3}{tries:>6}{hints:>6}\n",
                self.in_groups(&signs),
                signs.len()
            ));
        }
        let seen: Vec<_> = self
            .handed
            .students
            .iter()
            .flat_map(|student| self.states(student))
            .collect();
        let legend = SIGNS.iter().filter(|(name, ..)| seen.contains(name));
        let legend: Vec<_> = legend
            .map(|(_, sign, text)| format!("{sign} {text}"))
            .collect();
        let source = match self.rechecked {
            true => "judged again here; tries and hints as claimed",
            false => "as the files claim; --recheck judges the answers",
        };
        text.push_str(&format!("\n{}\n({source})\n", legend.join("   ")));
        for problem in self.problems() {
            text.push_str(&format!("\n! {problem}"));
        }
        text.trim_end().to_owned() + "\n"
    }

    /// The numbers of the exercises, each chapter over its first.
    fn head(&self, width: usize) -> String {
        let (mut chapters, mut numbers) = (String::new(), Vec::new());
        let mut column = 0;
        for (at, one) in self.exercises.iter().enumerate() {
            let id = one.id();
            let (chapter, number) = id.split_once('.').unwrap_or((&id, ""));
            if self.begins_a_group(at) {
                column += if at > 0 { GAP.len() } else { 0 };
                chapters.push_str(&" ".repeat(column - chapters.len()));
                chapters.push_str(chapter);
            }
            numbers.push(number.chars().last().unwrap_or(' '));
            column += 1;
        }
        let numbers = self.in_groups(&numbers);
        format!(
            "{:width$}{chapters}\n{:<width$}{numbers}  passed  tries hints\n",
            "", "student"
        )
    }

    fn begins_a_group(&self, at: usize) -> bool {
        at == 0 || self.exercises[at].chapter != self.exercises[at - 1].chapter
    }

    /// Signs with a gap before each chapter.
    fn in_groups(&self, signs: &[char]) -> String {
        let mut text = String::new();
        for (at, sign) in signs.iter().enumerate() {
            if at > 0 && self.begins_a_group(at) {
                text.push_str(GAP);
            }
            text.push(*sign);
        }
        text
    }

    /// What an instructor has to look at: files that are none, and claims that are not what
    /// the answers do.
    pub fn problems(&self) -> Vec<String> {
        let mut all = self.handed.problems.clone();
        let mut names = self.handed.students.iter().map(|student| &student.name);
        while let Some(name) = names.next() {
            if names.clone().next() == Some(name) {
                all.push(format!("two have handed in as {name}"));
            }
        }
        for student in &self.handed.students {
            let works = self.exercises.iter();
            let works = works.filter_map(|one| Some((one, student.works.get(&one.id())?)));
            for (one, work) in works {
                let missing = work.missing.as_ref();
                all.extend(missing.map(|why| format!("{}, {}: {why}", student.name, one.id())));
                all.extend(differs(student, one, work).filter(|_| self.rechecked));
            }
        }
        all
    }

    /// A row for each student, a column for each exercise.
    ///
    /// # Errors
    /// None: it is written to memory.
    pub fn csv(&self) -> Result<String, csv::Error> {
        let mut table = csv::Writer::from_writer(Vec::new());
        let ids = self.exercises.iter().map(|one| one.id());
        let head = ["student".to_owned()].into_iter().chain(ids);
        let end = ["passed", "tries", "hints", "made", "from"].map(str::to_owned);
        table.write_record(head.chain(end))?;
        for student in &self.handed.students {
            let (passed, tries, hints) = self.sums(student);
            let states = self.states(student).map(str::to_owned);
            let end = [
                passed.to_string(),
                tries.to_string(),
                hints.to_string(),
                plain(&student.made.clone().unwrap_or_default()),
                plain(&student.from.to_string_lossy()),
            ];
            let row = [plain(&student.name)].into_iter().chain(states).chain(end);
            table.write_record(row)?;
        }
        let bytes = table.into_inner().map_err(|error| error.into_error())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Everything, with the feedback of what was judged again.
    pub fn json(&self) -> Value {
        let work = |one: &&Folder, student: &Student| {
            let work = student.works.get(&one.id());
            json!({
                "id": one.id(),
                "state": self.state(work),
                "claimed": work.and_then(|work| work.claimed.clone()),
                "found": work.and_then(|work| work.found.as_ref().map(without_words)),
                "tries": work.map(|work| work.tries),
                "hints": work.map(|work| work.hints),
            })
        };
        let students = self.handed.students.iter().map(|student| {
            let works: Vec<_> = self
                .exercises
                .iter()
                .map(|one| work(one, student))
                .collect();
            json!({
                "name": student.name,
                "from": student.from,
                "made": student.made,
                "passed": self.sums(student).0,
                "exercises": works,
            })
        });
        json!({
            "rechecked": self.rechecked,
            "students": students.collect::<Vec<_>>(),
            "problems": self.problems(),
        })
    }
}

/// A verdict that may be handed back. What a compiler or an answer has said is left out: it
/// may quote a file that the instructor may read (`include_str!`), and the student may not.
fn without_words(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Wrong(feedback) => {
            json!({"verdict": verdict.tag(), "property": feedback.property, "look": feedback.look})
        }
        Verdict::CannotBeChecked { why, .. } => json!({"verdict": verdict.tag(), "why": why}),
        _ => json!({"verdict": verdict.tag()}),
    }
}

/// A claim that is not what the answer does, or cannot be held to it.
fn differs(student: &Student, exercise: &Folder, work: &Work) -> Option<String> {
    let (name, id) = (&student.name, exercise.id());
    let claimed = work.claimed.as_deref();
    let claims = claimed.map_or_else(String::new, |tag| {
        let tag = super::read::one_line(tag).replace('-', " ");
        format!("claims {tag:?}, and ")
    });
    match &work.found {
        Some(Verdict::CannotBeChecked { why, .. }) => Some(format!(
            "{name}, {id}: {claims}cannot be judged here: {why}"
        )),
        Some(found) if claimed.is_some_and(|claimed| claimed != found.tag()) => {
            let seen = match found {
                Verdict::Wrong(feedback) => format!(": {}", feedback.property),
                _ => String::new(),
            };
            Some(format!("{name}, {id}: {claims}is {}{seen}", found.word()))
        }
        None if claimed == Some("passed") => {
            Some(format!("{name}, {id}: {claims}has no answer to judge"))
        }
        _ => None,
    }
}

fn sign(state: &str) -> char {
    let found = SIGNS.iter().find(|(name, ..)| *name == state);
    found.map_or('?', |(_, sign, _)| *sign)
}

/// A text that no spreadsheet takes for a formula.
fn plain(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;
    use crate::exercise::find;

    fn student(name: &str, claims: &[(&str, &str)]) -> Student {
        let work = |claimed: &str| Work {
            claimed: Some(claimed.to_owned()),
            tries: 2,
            ..Work::default()
        };
        let works = claims
            .iter()
            .map(|(id, claimed)| ((*id).to_owned(), work(claimed)));
        Student {
            name: name.to_owned(),
            from: PathBuf::from("x.json"),
            made: None,
            works: works.collect::<BTreeMap<_, _>>(),
        }
    }

    #[test]
    fn a_row_for_each_student_and_a_column_for_each_exercise_of_the_class() {
        let students = vec![
            student("Alice Moreau", &[("04.2", "passed"), ("06.1", "wrong")]),
            student("Bob", &[("06.1", "passed"), ("04.1", "passed")]),
        ];
        let report = Report {
            exercises: ["04.2", "06.1", "06.3"]
                .map(|id| find(id).unwrap())
                .to_vec(),
            handed: Handed {
                students,
                problems: vec!["torn.json: it is damaged".to_owned()],
            },
            rechecked: false,
        };
        let expected = "              04 06
student       2  13  passed  tries hints
Alice Moreau  +  x.    1/3       4     0
Bob           .  +.    1/3       2     0

+ passed   x wrong   . not handed in
(as the files claim; --recheck judges the answers)

! torn.json: it is damaged
";
        assert_eq!(report.table(), expected);
    }
}
