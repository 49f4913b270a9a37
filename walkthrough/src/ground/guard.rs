//! The tour's side of a [guardian](super::guardian): two pipes and a child.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::GroundError;

/// A guardian that has said that it is ready.
#[derive(Debug)]
pub struct Guard {
    child: Child,
    /// Its end is what the guardian waits for.
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Guard {
    /// Starts one: `command` ends in our `__guardian`, maybe behind sudo.
    ///
    /// # Errors
    /// It did not start, or was not let.
    pub fn start(command: &mut Command) -> Result<Self, GroundError> {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| GroundError::Guardian(error.to_string()))?;
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(GroundError::Guardian("it has no pipes".to_owned()));
        };
        let mut guard = Self {
            child,
            requests: Some(requests),
            answers: BufReader::new(answers),
        };
        match guard.read()?.as_str() {
            "ready" => Ok(guard),
            _ => Err(GroundError::Guardian("it did not start".to_owned())),
        }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks for something.
    ///
    /// # Errors
    /// What the guardian says, or that it is gone.
    pub fn ask(&mut self, request: &str) -> Result<String, GroundError> {
        let gone = |error: std::io::Error| GroundError::Guardian(format!("gone ({error})"));
        if let Some(requests) = &mut self.requests {
            writeln!(requests, "{request}").map_err(gone)?;
        }
        match self.read()?.split_once(' ') {
            Some(("ok", rest)) => Ok(rest.trim_end().to_owned()),
            Some(("error", why)) => Err(GroundError::Guardian(why.to_owned())),
            _ => Err(GroundError::Guardian("gone without an answer".to_owned())),
        }
    }

    fn read(&mut self) -> Result<String, GroundError> {
        let mut answer = String::new();
        let read = self.answers.read_line(&mut answer);
        read.map_err(|error| GroundError::Guardian(format!("gone ({error})")))?;
        Ok(answer.trim_end_matches('\n').to_owned())
    }

    /// Lets it end everything, and waits until it has.
    pub fn close(&mut self) {
        self.requests = None;
        let _ = self.child.wait();
    }
}
