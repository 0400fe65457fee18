//! The only way to the internet that a client under test is shown: a proxy that lets nothing through and remembers who asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A closed way out, for as long as this is held.
#[derive(Debug)]
pub(crate) struct WayOut {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl WayOut {
    pub(crate) async fn closed() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 1024];
                let read = stream.read(&mut head).await.unwrap_or_default();
                let line =
                    String::from_utf8_lossy(&head[..read]).lines().next().unwrap_or_default().to_owned();
                remembered.lock().expect("no panic here").push(line);
                let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await;
            }
        });
        Self { address, asked }
    }

    /// The variables that lead there, and round it to this machine.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let proxy = format!("http://{}", self.address);
        let this_machine = "127.0.0.1,localhost,::1".to_owned();
        ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]
            .map(|name| (name, proxy.clone()))
            .into_iter()
            .chain(["NO_PROXY", "no_proxy"].map(|name| (name, this_machine.clone())))
            .collect()
    }

    /// Says on standard error what wanted to leave this machine.
    pub(crate) fn say(&self, client: &str) {
        let mut asked = self.asked.lock().expect("no panic here").clone();
        asked.sort();
        asked.dedup();
        for line in asked {
            eprintln!("{client} WANTED THE NETWORK, and went on without: {line}");
        }
    }
}
