//! The floor of "a token from a running keeper": connects to a Unix socket, sends a line, prints the line that comes back.
#![forbid(unsafe_code)]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

fn main() -> std::io::Result<()> {
    let path = std::env::args().nth(1).unwrap_or_default();
    let mut stream = UnixStream::connect(path)?;
    stream.write_all(b"token\n")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    std::io::stdout().write_all(line.as_bytes())
}
