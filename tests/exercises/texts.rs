//! What an exercise is made of: its files, its hints, its wrong answers.

use walkthrough::exercise::{Folder, all, package, task};

#[path = "../../book/builder/starter.rs"]
mod starter;

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn names(exercise: &Folder) -> Vec<&str> {
    exercise.files.iter().map(|(path, _)| *path).collect()
}

#[test]
fn every_exercise_has_all_its_files_and_no_others() {
    for exercise in all() {
        let end = exercise.language();
        let mut known = vec![
            "check.rs".to_owned(),
            "hints.md".to_owned(),
            "task.md".to_owned(),
        ];
        known.extend(["starter", "solution", "another"].map(|stem| format!("{stem}.{end}")));
        for name in &known {
            assert!(
                names(exercise).contains(&&**name),
                "{} lacks {name}",
                exercise.id()
            );
        }
        let strange = names(exercise).into_iter().find(|name| {
            let folder = name.starts_with("wrong/") || name.starts_with("given/");
            !folder && !known.iter().any(|known| known == name)
        });
        assert_eq!(strange, None, "{}", exercise.id());
    }
}

#[test]
fn four_wrong_answers_or_more_and_a_liar_and_a_borrower_among_them() {
    for exercise in all() {
        let wrong: Vec<_> = names(exercise)
            .into_iter()
            .filter(|name| name.starts_with("wrong/"))
            .collect();
        assert!(wrong.len() >= 4, "{}: {wrong:?}", exercise.id());
        for kind in ["liar", "borrower"] {
            let name = format!("wrong/{kind}.{}", exercise.language());
            assert!(wrong.contains(&&*name), "{} has no {kind}", exercise.id());
        }
        for name in wrong {
            let text = exercise.file(name).unwrap();
            assert!(
                text.contains("Refused: ") && text.contains("Observed: "),
                "{name}"
            );
        }
    }
}

#[test]
fn hints_have_three_steps_of_at_most_sixty_words() {
    for exercise in all() {
        let hints = task::hints(exercise.file("hints.md").unwrap());
        assert_eq!(hints.len(), 3, "{}", exercise.id());
        for hint in hints {
            let words = words(hint);
            assert!(
                (10..=60).contains(&words),
                "{}: {words} words",
                exercise.id()
            );
        }
    }
}

/// A line of code that says something: not a brace, not a line that the starter has, too.
#[test]
fn no_hint_holds_a_line_of_a_solution() {
    for exercise in all() {
        let starter = exercise.source("starter");
        let hints = exercise.file("hints.md").unwrap();
        let flat: String = hints.split_whitespace().collect::<Vec<_>>().join(" ");
        let code = [exercise.source("solution"), exercise.source("another")].concat();
        for line in code.lines().map(str::trim).filter(|line| line.len() > 12) {
            let given = starter.contains(line) || line.starts_with("//") || line.starts_with('#');
            assert!(given || !flat.contains(line), "{}: {line}", exercise.id());
        }
    }
}

#[test]
fn a_solution_says_why_this_way() {
    for exercise in all() {
        assert!(
            exercise.source("solution").contains("Why this way:"),
            "{}",
            exercise.id()
        );
    }
}

#[test]
fn a_page_shows_the_exercises_of_its_chapter() {
    for exercise in all() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../book/src/");
        let page = std::fs::read_to_string(format!("{page}{}.md", exercise.chapter)).unwrap();
        assert!(
            page.contains("\n<!-- exercises -->\n"),
            "{}",
            exercise.chapter
        );
    }
}

/// One source: what the book shows is cut out of what the student gets.
#[test]
fn the_book_shows_of_each_starter_what_is_to_be_written() {
    for exercise in all().into_iter().filter(|one| one.language() == "rs") {
        let folder = tempfile::tempdir().unwrap();
        package::start(exercise, folder.path()).unwrap();
        let given = std::fs::read_to_string(package::answer(exercise, folder.path())).unwrap();
        let part = starter::to_write(&given, exercise.source("solution"));
        let id = exercise.id();
        let count = |text: &str| text.matches("todo!").count();
        assert!(!part.is_empty(), "{id} shows nothing to write");
        assert_eq!(count(&part), count(&given), "{id}: {part}");
        for item in part.split("\n}\n\n") {
            assert!(given.contains(item), "{id}: {item}");
        }
        assert!(part.lines().count() <= 40, "{id}: too long for a page");
        assert!(!given.contains("ANCHOR"), "{id}");
    }
}

/// `page 04, The idea` in a check, `"The idea" of page 04` in a hint: the section is there.
#[test]
fn a_section_that_is_pointed_at_is_there() {
    for exercise in all() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../book/src/");
        let page = |number: &str| {
            let mut pages = std::fs::read_dir(page)
                .unwrap()
                .flatten()
                .map(|entry| entry.path());
            let named = |path: &std::path::PathBuf| {
                path.file_name()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .starts_with(number)
            };
            std::fs::read_to_string(pages.find(named).unwrap()).unwrap()
        };
        let check = exercise.file("check.rs").unwrap();
        let by_check = check.split("page ").skip(1).filter_map(|rest| {
            let (number, section) = rest.split('"').next()?.split_once(", ")?;
            (number.len() == 2).then_some((number, section.split(';').next()?))
        });
        let hints = exercise.file("hints.md").unwrap();
        let number = exercise.chapter.split('-').next().unwrap();
        let by_hint = hints
            .split('"')
            .skip(1)
            .step_by(2)
            .map(|section| (number, section));
        for (number, section) in by_check.chain(by_hint) {
            let heading = format!("\n## {section}\n");
            assert!(
                page(number).contains(&heading),
                "{}: {section}",
                exercise.id()
            );
        }
    }
}
