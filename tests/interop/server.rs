//! A server program on a free loopback port that lives as long as its guard.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::pki::{scratch, text};

/// How often another port is tried when something else took the one found free.
const ATTEMPTS: usize = 5;
/// How long a server may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(10);

/// Kills the server, and nothing else, when it is dropped.
pub struct Server {
    child: Child,
    pub port: u16,
    folder: TempDir,
}

impl Server {
    /// Starts the command that `prepare` builds, in the foreground, for a folder of its own and a port.
    pub fn start(prepare: impl Fn(&Path, u16) -> Command) -> Self {
        let mut said = String::new();
        for _ in 0..ATTEMPTS {
            let port = free_port();
            let folder = scratch();
            let words = fs::File::create(folder.path().join("words")).expect("a file can be made");
            let child = prepare(folder.path(), port)
                .stdin(Stdio::null())
                .stdout(words.try_clone().expect("a file can be shared"))
                .stderr(words)
                .spawn()
                .expect("the server starts");
            let mut server = Self { child, port, folder };
            if server.listens() {
                return server;
            }
            said = server.words();
        }
        panic!("the server did not come up in {ATTEMPTS} attempts; it last said:\n{said}");
    }

    fn listens(&mut self) -> bool {
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            if self.child.try_wait().expect("the child can be waited for").is_some() {
                return false;
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }

    /// The folder that it was started for.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has said so far, on either stream.
    pub fn words(&self) -> String {
        text(&self.folder.path().join("words"))
    }

    /// Waits until it has said `words`: a log line may come after the answer.
    #[track_caller]
    pub fn says(&self, words: &str) {
        let deadline = Instant::now() + START_LIMIT;
        while !self.words().contains(words) {
            assert!(Instant::now() < deadline, "the server should say `{words}`:\n{}", self.words());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is free now, and that no other test of this process was given.
fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    for _ in 0..1000 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = listener.local_addr().expect("a listener has an address").port();
        if given.insert(port) {
            return port;
        }
    }
    panic!("no port is free");
}
