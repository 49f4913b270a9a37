//! The built book on loopback: a server for one reader, with GET and nothing else.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// What opens a web page on a desktop, the first that is there wins.
const OPENERS: [&str; 4] = ["xdg-open", "gio", "wslview", "open"];

/// Serves `folder` until Ctrl-C, and asks the desktop to show it.
pub fn open(folder: &Path) -> crate::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let url = format!("http://{}/", listener.local_addr()?);
    println!("{url}   (Ctrl-C ends it)");
    if !show(&url) {
        println!("no browser found here: open the address above yourself");
    }
    for stream in listener.incoming().flatten() {
        let folder = folder.to_path_buf();
        thread::spawn(move || answer(stream, &folder));
    }
    Ok(())
}

fn show(url: &str) -> bool {
    OPENERS.iter().any(|opener| {
        let mut command = Command::new(opener);
        if *opener == "gio" {
            command.arg("open");
        }
        command.arg(url).stdout(Stdio::null()).stderr(Stdio::null());
        // Some openers stay in the foreground as long as the browser does:
        // started is all we need to know.
        command.spawn().is_ok()
    })
}

fn answer(mut stream: TcpStream, folder: &Path) {
    let Some(target) = request_target(&stream) else {
        return;
    };
    let page = file_for(folder, &target).and_then(|file| Some((fs::read(&file).ok()?, file)));
    // A reader that has gone away is no error of ours.
    let _ = match page {
        Some((body, file)) => send(&mut stream, "200 OK", media_type(&file), &body),
        None => send(
            &mut stream,
            "404 Not Found",
            "text/plain",
            b"no such page\n",
        ),
    };
}

/// The path that a GET asks for; None for anything else.
fn request_target(stream: &TcpStream) -> Option<String> {
    // 8 KiB is what servers commonly allow for a request line.
    let mut line = String::new();
    BufReader::new(stream.take(8192))
        .read_line(&mut line)
        .ok()?;
    let mut words = line.split_whitespace();
    (words.next() == Some("GET")).then(|| words.next().map(str::to_owned))?
}

/// The file that `target` names below `folder`; a path with `..` names none.
fn file_for(folder: &Path, target: &str) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next()?.trim_start_matches('/');
    let path = Path::new(path);
    if !path
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
    {
        return None;
    }
    let file = folder.join(path);
    Some(if file.is_dir() {
        file.join("index.html")
    } else {
        file
    })
}

fn send(stream: &mut TcpStream, status: &str, media: &str, body: &[u8]) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)
}

fn media_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_found_and_a_folder_gives_its_index() {
        let folder = tempfile::tempdir().unwrap();
        let index = folder.path().join("index.html");
        fs::write(&index, "x").unwrap();
        assert_eq!(file_for(folder.path(), "/"), Some(index.clone()));
        assert_eq!(file_for(folder.path(), "/index.html?x=1#top"), Some(index));
    }

    #[test]
    fn nothing_outside_the_book_is_served() {
        let folder = Path::new("/book");
        assert_eq!(file_for(folder, "/../etc/passwd"), None);
        assert_eq!(file_for(folder, "/css/../../etc/passwd"), None);
        assert_eq!(
            file_for(folder, "//etc/passwd"),
            Some(PathBuf::from("/book/etc/passwd"))
        );
    }
}
