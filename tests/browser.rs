//! A real browser opens the page that `report` writes: it shows what it should, asks nobody for anything, runs nothing, has
//! a light and a dark face, and can be printed.
//!
//! Chromium is run without a window. Where it is not installed the tests are skipped with a printed line; where the
//! environment variable `CI` is set they fail.
#![cfg(unix)]

mod common;

use common::{Sandbox, hostile};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
/// It takes a second on an idle machine.
const LIMIT: Duration = Duration::from_secs(120);
/// What it does of its own accord is not looked up, and one that runs as root has no sandbox.
const OPTIONS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
];

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let found = NAMES.iter().flat_map(|n| folders.iter().map(move |f| f.join(n))).find(|p| p.is_file());
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(found.is_some() || !in_ci, "chromium is not installed, and `CI` is set");
    if found.is_none() {
        let _ = writeln!(std::io::stderr(), "skipped: chromium is not installed");
    }
    found
}

/// What a finished browser said.
struct Opened {
    stdout: String,
    stderr: String,
}

/// Opens a file with a profile of its own, until it is done.
fn open(browser: &Path, s: &Sandbox, options: &[&str], file: &str) -> Opened {
    let profile = tempfile::tempdir().expect("a folder for the browser");
    let mut command = Command::new(browser);
    command.args(OPTIONS).args(options).current_dir(s.path(""));
    command.arg(format!("--user-data-dir={}", profile.path().display()));
    command.arg(format!("file://{}", s.path(file).display()));
    for variable in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(variable);
    }
    command.env("HOME", profile.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the browser starts");
    let stdout = collect(child.stdout.take().expect("stdout is piped"));
    let stderr = collect(child.stderr.take().expect("stderr is piped"));
    finish(&mut child);
    Opened { stdout: stdout.join().expect("stdout is read"), stderr: stderr.join().expect("stderr is read") }
}

fn finish(child: &mut Child) {
    let deadline = Instant::now() + LIMIT;
    loop {
        match child.try_wait().expect("the browser can be waited for") {
            Some(status) => return assert!(status.success(), "the browser failed: {status}"),
            None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(20)),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                panic!("the browser is not done after {} s", LIMIT.as_secs());
            }
        }
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

impl Opened {
    /// What a page is refused or does wrong is told on the console.
    fn console(&self) -> Vec<&str> {
        self.stderr.lines().filter(|l| l.contains("CONSOLE")).collect()
    }

    /// The text of the page, without its markup.
    fn text(&self) -> String {
        let body = self.stdout.split_once("<body").expect("a body").1;
        let pieces = body.split('<').map(|piece| piece.split_once('>').map_or("", |(_, text)| text));
        let text = pieces.collect::<Vec<_>>().join(" ");
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The elements of the page.
    fn elements(&self) -> BTreeSet<&str> {
        let tags = self.stdout.split('<').skip(1).filter_map(|t| t.split([' ', '>', '\n', '/']).next());
        tags.filter(|t| !t.is_empty()).collect()
    }
}

/// Whatever was asked for on behalf of a page: what the browser does by itself has no origin.
fn asked_by_pages(log: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(log).expect("the browser wrote its log");
    let log: Value = serde_json::from_str(&text).expect("the log is whole");
    let start = &log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"];
    assert!(start.is_number(), "the log names its events");
    let events = log["events"].as_array().expect("events").iter();
    let params = events.filter(|e| e["type"] == *start).map(|e| &e["params"]);
    params
        .filter(|p| p["url"].is_string() && p["initiator"] != "not an origin")
        .map(|p| p["url"].as_str().unwrap_or_default().to_string())
        .collect()
}

/// Somebody who would hear of anything that is asked for at an address; the address, and what was heard.
fn listener() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut line = [0; 256];
            let length = stream.read(&mut line).unwrap_or(0);
            hears
                .lock()
                .unwrap()
                .push(String::from_utf8_lossy(&line[..length]).lines().next().unwrap_or("").to_string());
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (address, heard)
}

#[test]
fn it_shows_hostile_names_as_text_and_asks_nobody() {
    let Some(browser) = browser() else { return };
    let (address, heard) = listener();
    let s = hostile::adopted(&address);
    s.ok(&["report", "--output", "pki.html", "--title", hostile::NAMES[0]]);
    let log = s.path("net.json");
    let log_option = format!("--log-net-log={}", log.display());
    let page = open(&browser, &s, &[&log_option, "--dump-dom"], "pki.html");
    let text = page.text();
    for words in [
        hostile::NAMES[0],
        "</textarea><img src=http://",
        "<!-- --><iframe src=",
        "right\\u{202e}to left",
        "What is due",
        "Hierarchy",
        "Lives of the CAs",
        "Certificates that end, by month",
        "By key algorithm",
        "Rules that are broken, errors first",
    ] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
    for element in ["script", "img", "iframe", "link", "form", "object", "embed", "base"] {
        assert!(!page.elements().contains(element), "<{element}> in {}", page.stdout);
    }
    assert!(!page.stdout.contains("<title>owned"), "nothing ran");
    assert_eq!(page.console(), Vec::<&str>::new(), "its own style is taken, and nothing else is tried");
    assert_eq!(asked_by_pages(&log), Vec::<String>::new());
    assert_eq!(*heard.lock().unwrap(), Vec::<String>::new());
}

/// What would happen if a name became markup after all: the browser is told to take nothing. And without that, the test
/// above would see it.
#[test]
fn markup_that_got_in_would_do_nothing() {
    let Some(browser) = browser() else { return };
    let (address, heard) = listener();
    let s = Sandbox::with_issuing_ca();
    let page = s.ok(&["report"]).stdout;
    let markup =
        format!("<img src=\"http://{address}/img\"><script>document.title='owned'</script><p style=\"color:red\">");
    let infected = page.replacen("<main", &format!("{markup}<main"), 1);
    assert_ne!(page, infected);
    s.write("guarded.html", &infected);
    let (start, rest) = infected.split_once("<meta http-equiv=\"Content-Security-Policy\"").expect("a policy");
    s.write("open.html", format!("{start}{}", rest.split_once('>').expect("its end").1));
    let log = s.path("net.json");
    let options = [format!("--log-net-log={}", log.display()), "--dump-dom".into()];
    let options: Vec<&str> = options.iter().map(String::as_str).collect();

    let guarded = open(&browser, &s, &options, "guarded.html");
    assert!(guarded.stdout.contains("<title>PKI of Lab Root</title>"));
    assert!(guarded.console().len() >= 3, "an image, a script and a style are refused: {}", guarded.stderr);
    assert_eq!(asked_by_pages(&log), Vec::<String>::new());
    assert_eq!(*heard.lock().unwrap(), Vec::<String>::new());

    let open_page = open(&browser, &s, &options, "open.html");
    assert!(open_page.stdout.contains("<title>owned</title>"), "{}", open_page.stdout);
    assert_eq!(asked_by_pages(&log), [format!("http://{address}/img")]);
    assert_eq!(*heard.lock().unwrap(), ["GET /img HTTP/1.1"]);
}

#[test]
fn it_has_two_faces_and_can_be_printed() {
    let Some(browser) = browser() else { return };
    let s = Sandbox::with_issuing_ca();
    s.ok(&["server", "api.internal"]);
    s.ok(&["report", "--output", "pki.html"]);
    let picture = |name: &str, scheme: &str| {
        let to = format!("--screenshot={}", s.path(name).display());
        let scheme = format!("--blink-settings=preferredColorScheme={scheme}");
        let page = open(&browser, &s, &[&to, &scheme, "--window-size=1280,1600"], "pki.html");
        assert_eq!(page.console(), Vec::<&str>::new());
        s.bytes(name)
    };
    let (dark, light) = (picture("dark.png", "0"), picture("light.png", "1"));
    for one in [&dark, &light] {
        assert!(one.starts_with(b"\x89PNG") && one.len() > 20_000, "a page with something on it: {} bytes", one.len());
    }
    assert_ne!(dark, light);
    let to = format!("--print-to-pdf={}", s.path("pki.pdf").display());
    open(&browser, &s, &[&to, "--no-pdf-header-footer"], "pki.html");
    let pdf = s.bytes("pki.pdf");
    assert!(pdf.starts_with(b"%PDF-") && pdf.len() > 10_000, "{} bytes", pdf.len());
}
