//! nginx before a server, as people put it there to add a header: one process, kept connections, nothing logged.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running nginx; it ends with this value.
pub(crate) struct Nginx {
    pub(crate) port: u16,
    child: Child,
    _folder: TempDir,
}

impl Nginx {
    /// `None` where nginx is not installed.
    pub(crate) fn passing_to(upstream: u16) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let at = folder.path().display();
        let places: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {at}/{what};\n"))
            .concat();
        let settings = format!(
            "daemon off;\nmaster_process off;\nworker_processes 1;\npid {at}/pid;\nerror_log stderr crit;\n\
             events {{ worker_connections 4096; }}\nhttp {{\n{places}access_log off;\nkeepalive_requests 10000000;\n\
             upstream server {{ server 127.0.0.1:{upstream}; keepalive 64; }}\nserver {{ listen 127.0.0.1:{port};\n\
             location / {{ proxy_pass http://server; proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
             proxy_set_header Authorization \"Bearer fixed\"; proxy_buffering off; proxy_read_timeout 1h; }} }} }}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, settings).expect("its settings");
        let program = ["/usr/sbin/nginx", "/usr/bin/nginx"]
            .into_iter()
            .find(|path| std::fs::exists(path).is_ok_and(|is| is))?;
        let mut command = Command::new(program);
        let child = command.arg("-c").arg(&file).arg("-p").arg(folder.path()).stdin(Stdio::null()).spawn();
        let nginx = Self { port, child: child.expect("nginx starts"), _folder: folder };
        let until = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "nginx does not listen");
            std::thread::yield_now();
        }
        Some(nginx)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
