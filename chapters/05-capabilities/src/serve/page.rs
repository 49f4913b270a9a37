//! The page, and as much of HTTP/1.1 (RFC 9112) as one page needs.

use super::{Powers, Server, wanted};

/// An answer: the status line's number and words, and the body.
pub(super) struct Answer {
    pub(super) status: u16,
    words: &'static str,
    body: String,
}

impl Answer {
    /// The bytes that go to the caller. A HEAD has the same head and no body.
    pub(super) fn bytes(&self, is_head: bool) -> Vec<u8> {
        let Answer {
            status,
            words,
            body,
        } = self;
        let mut text = format!(
            "HTTP/1.1 {status} {words}\r\nContent-Type: text/html; charset=utf-8\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        if !is_head {
            text += body;
        }
        text.into_bytes()
    }

    fn short(status: u16, words: &'static str) -> Self {
        Answer {
            status,
            words,
            body: format!("<!doctype html>\n<title>{status}</title>\n<p>{words}\n"),
        }
    }
}

/// The method and the target of a request's first line; None if it is none.
pub(super) fn first_line(request: &[u8]) -> Option<(String, String)> {
    let line = request.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?.trim_end_matches('\r');
    let mut words = line.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_visible = !target.is_empty() && target.bytes().all(|byte| byte.is_ascii_graphic());
    let is_http = version.starts_with("HTTP/1.") && words.next().is_none();
    (is_method && is_visible && is_http).then(|| (method.to_owned(), target.to_owned()))
}

/// What a request gets.
pub(super) fn answer(server: &Server, line: Option<&(String, String)>) -> Answer {
    match line {
        None => Answer::short(400, "Bad Request"),
        Some((method, _)) if method != "GET" && method != "HEAD" => {
            Answer::short(405, "Method Not Allowed")
        }
        Some((_, target)) if target != "/" && !target.starts_with("/?") => {
            Answer::short(404, "Not Found")
        }
        Some(_) => Answer {
            status: 200,
            words: "OK",
            body: page(server),
        },
    }
}

fn page(server: &Server) -> String {
    let has = |powers: Powers| {
        let state = |set: crate::CapSet| match set.contains(wanted()) {
            true => "yes",
            false => "no",
        };
        format!(
            "<td>{}<td>{}",
            state(powers.permitted),
            state(powers.effective)
        )
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Port {port}</title>\n\
         <style>body {{ font: 1.1em sans-serif; margin: 3em }} td, th {{ padding: .2em 1em; \
         text-align: left }}</style>\n\
         <h1>Port {port}, and uid {uid}</h1>\n\
         <table>\n<tr><th>{cap}<th>permitted<th>effective\n\
         <tr><th>before{before}\n<tr><th>at bind{at_bind}\n<tr><th>now{after}\n</table>\n",
        port = server.address.port(),
        uid = server.uid,
        cap = wanted(),
        before = has(server.before),
        at_bind = has(server.at_bind),
        after = has(server.after),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_request_is_taken_for_one() {
        let line = |text: &[u8]| first_line(text);
        let get = Some(("GET".to_owned(), "/".to_owned()));
        assert_eq!(line(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), get);
        assert_eq!(line(b"GET / HTTP/1.0\n\n"), get);
        for bad in [
            &b""[..],
            b"\r\n",
            b"GET /",
            b"GET / SPDY/3",
            b"get / HTTP/1.1",
            b"GET / HTTP/1.1 x",
            b"GET  / HTTP/1.1",
            b"\xff\xfe / HTTP/1.1",
            b"GET /\x1b[2J HTTP/1.1",
        ] {
            assert_eq!(line(bad), None, "{bad:?}");
        }
    }
}
