use super::*;
use std::sync::Arc;

/// A place to write to that can be read after the sink has taken it.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn place() -> Place {
    Place {
        file: "chapters/04-chroot/src/enter.rs".to_owned(),
        line: 1,
    }
}

fn chdir(path: &str) -> Call {
    Call {
        name: "chdir".to_owned(),
        args: vec![format!("{path:?}")],
        man: "chdir(2)".to_owned(),
    }
}

fn returned(call: Call, result: Returned) -> Event {
    Event::Call {
        pid: 7,
        call,
        result,
        at: place(),
    }
}

fn told(events: &[Event], colour: bool) -> String {
    let page = Page::default();
    let mut sink = Human::new(page.clone(), colour);
    events.iter().for_each(|event| sink.event(event));
    let bytes = page.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn a_story() -> Vec<Event> {
    let step = |why: &str| Event::Step {
        why: why.to_owned(),
        at: place(),
    };
    vec![
        step("Stand in the new root"),
        returned(chdir("rootfs"), Returned::Ok(0)),
        returned(chdir("/"), Returned::Errno("EACCES".to_owned())),
        step("Become the shell"),
        Event::Exec {
            pid: 7,
            call: Call {
                name: "execve".to_owned(),
                args: vec!["\"/bin/sh\"".to_owned(), "[\"sh\"]".to_owned()],
                man: "execve(2)".to_owned(),
            },
            at: place(),
        },
        Event::Started { pid: 7 },
    ]
}

#[test]
fn results_stand_in_a_column_and_a_man_page_is_named_once() {
    let expected = r#"▸ Stand in the new root
    chdir("rootfs")                                   = 0          chdir(2)
    chdir("/")                                        = EACCES
▸ Become the shell
    execve("/bin/sh", ["sh"])                         = started    execve(2)
"#;
    assert_eq!(told(&a_story(), false), expected);
}

#[test]
fn no_line_is_wider_than_a_terminal() {
    let long = chdir(&"x".repeat(60));
    let text = told(&[returned(long, Returned::Ok(0))], false);
    assert_eq!(text.lines().count(), 2);
    let mut long_page = chdir("/");
    long_page.man = "pidfd_send_signal(2)".to_owned();
    let page = told(&[returned(long_page, Returned::Ok(0))], false);
    let story = told(&a_story(), false);
    for line in story
        .lines()
        .chain(text.lines().skip(1))
        .chain(page.lines())
    {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn colour_changes_no_character() {
    colored::control::set_override(true);
    let coloured = told(&a_story(), true);
    assert!(coloured.contains('\u{1b}'));
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain += before;
        rest = after.split_once('m').expect("a whole colour sequence").1;
    }
    plain += rest;
    assert_eq!(plain, told(&a_story(), false));
}

#[test]
fn an_exec_that_never_succeeded_is_told_by_its_errno_only() {
    let mut story = a_story();
    story.pop();
    let Some(Event::Exec { call, .. }) = story.last().cloned() else {
        unreachable!()
    };
    story.push(returned(call, Returned::Errno("ENOENT".to_owned())));
    let text = told(&story, false);
    assert!(
        !text.contains("started") && text.contains("= ENOENT"),
        "{text}"
    );
}

#[test]
fn an_event_survives_the_way_from_child_to_parent() {
    for event in a_story() {
        let line = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
    }
}
