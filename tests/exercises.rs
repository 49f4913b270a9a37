//! The exercises are proven: every candidate gets the verdict that it should get, an answer
//! that runs wild is stopped, and the student's loop keeps what the student wrote.

#[path = "exercises/candidates.rs"]
mod candidates;
#[path = "exercises/groups.rs"]
mod groups;
#[path = "exercises/matrix.rs"]
mod matrix;
#[path = "exercises/student.rs"]
mod student;
mod support;
#[path = "exercises/texts.rs"]
mod texts;
#[path = "exercises/wild.rs"]
mod wild;
