//! A browser's stand-in: opens one http URL on loopback, follows redirects, and ends with the page that leads nowhere on.
//! usage: follow-redirects URL. Exit 0 for a page with a status below 400.
#![forbid(unsafe_code)]

use std::io::{Error, Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

use url::Url;

const MOST_STEPS: usize = 20;

fn main() -> ExitCode {
    let walked = std::env::args().nth(1).ok_or_else(|| Error::other("usage: follow-redirects URL"));
    match walked.and_then(|url| follow(&url)) {
        Ok(status) if status < 400 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn follow(start: &str) -> Result<u16, Error> {
    let mut url = Url::parse(start).map_err(Error::other)?;
    for _ in 0..MOST_STEPS {
        let answer = visit(&url)?;
        let head = answer.split("\r\n\r\n").next().unwrap_or_default();
        let mut lines = head.lines();
        let status =
            lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let location = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("location").then(|| value.trim())
        });
        match location {
            Some(next) => url = url.join(next).map_err(Error::other)?,
            None => return status.ok_or_else(|| Error::other("no HTTP answer")),
        }
    }
    Err(Error::other("redirected too often"))
}

fn visit(url: &Url) -> Result<String, Error> {
    let address = url.socket_addrs(|| None)?.into_iter().next().ok_or_else(|| Error::other("no address"))?;
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let (host, path) = (url.authority(), &url[url::Position::BeforePath..url::Position::AfterQuery]);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    // Closed by whoever knows first that the answer is whole; a server may also reset the connection after it.
    while !is_whole(&answer) {
        match stream.read(&mut piece) {
            Ok(read) if read > 0 => answer.extend_from_slice(&piece[..read]),
            _ => break,
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Whether as many bytes came as `Content-Length` says.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some(end) = text.find("\r\n\r\n") else { return false };
    let length = text[..end].lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| text.len() >= end + 4 + length)
}
