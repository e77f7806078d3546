//! Servers of `git://` on this machine: one that runs `git upload-pack`, and one that sends a fixed
//! answer.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crate::support::hermetic;

/// A server on a free port of 127.0.0.1; it stops when it is dropped.
pub(super) struct Server {
    port: u16,
    stop: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves the repositories below `root` with `git upload-pack`.
    pub(super) fn of(root: &Path) -> Self {
        let root = root.to_owned();
        Self::start(move |stream, request| upload_pack(&root, stream, request))
    }

    /// Answers each connection with `answer`, whatever is asked, and closes it.
    pub(super) fn answering(answer: Vec<u8>) -> Self {
        Self::start(move |mut stream, _| {
            let _ = stream.write_all(&answer);
        })
    }

    fn start(serve: impl Fn(TcpStream, &str) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::default()));
        let thread = {
            let (stop, connections) = (Arc::clone(&stop), Arc::clone(&connections));
            let requests: Arc<Mutex<Vec<String>>> = Arc::clone(&requests);
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let mut stream = stream.unwrap();
                    connections.fetch_add(1, Ordering::Relaxed);
                    let request = read_packet(&mut stream);
                    requests.lock().unwrap().push(request.clone());
                    serve(stream, &request);
                }
            })
        };
        Self {
            port,
            stop,
            connections,
            requests,
            thread: Some(thread),
        }
    }

    /// The address of a repository below the root.
    pub(super) fn url(&self, path: &str) -> String {
        format!("git://127.0.0.1:{}/{path}", self.port)
    }

    /// Number of connections so far.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// The first line of each connection: the service, the path, and the version of the protocol.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port)); // wakes the thread
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads one packet line.
fn read_packet(stream: &mut TcpStream) -> String {
    let mut length = [0; 4];
    if stream.read_exact(&mut length).is_err() {
        return String::new();
    }
    let length = usize::from_str_radix(std::str::from_utf8(&length).unwrap_or("0000"), 16);
    let mut line = vec![0; length.unwrap_or(4).max(4) - 4];
    let _ = stream.read_exact(&mut line);
    String::from_utf8_lossy(&line).into_owned()
}

/// Does what `git daemon` does: the request names the path and the version of the protocol.
fn upload_pack(root: &Path, stream: TcpStream, request: &str) {
    let mut parts = request.split('\0');
    let path = parts
        .next()
        .and_then(|line| line.strip_prefix("git-upload-pack /"));
    let path: PathBuf = root.join(path.unwrap_or("absent"));
    let version = parts
        .find(|part| part.starts_with("version="))
        .unwrap_or("version=0");
    if !path.exists() {
        let mut stream = stream;
        let _ = stream.write_all(&packet(
            "ERR access denied or repository not exported: /absent",
        ));
        return;
    }
    let output: OwnedFd = stream.try_clone().unwrap().into();
    let mut child = hermetic("git")
        .args([
            "-c",
            "uploadpack.allowFilter=true",
            "-c",
            "uploadpack.allowAnySHA1InWant=true",
        ])
        .arg("upload-pack")
        .arg(path)
        .env("GIT_PROTOCOL", version)
        .stdin(Stdio::from(OwnedFd::from(stream)))
        .stdout(Stdio::from(output))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.wait().unwrap();
}

/// A packet line.
pub(super) fn packet(text: &str) -> Vec<u8> {
    format!("{:04x}{text}", text.len() + 4).into_bytes()
}
