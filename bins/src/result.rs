//! Results go to stdout, and a result that nobody could take is no success.

use std::io::{ErrorKind, Write};

/// Writes a result and gives `status`. A reader that has seen enough, such as head(1), is no
/// failure; a full disk or a closed stdout is, and gives `failed`.
pub(crate) fn print(text: &str, status: u8, failed: u8) -> u8 {
    let mut out = std::io::stdout();
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| {
            if text.ends_with('\n') {
                Ok(())
            } else {
                out.write_all(b"\n")
            }
        })
        .and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("error: cannot write the result to stdout\n  {error}");
            failed
        }
        _ => status,
    }
}
