//! Renewing by cron or systemd, and nginx that serves what was renewed.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use super::super::nginx::{NGINX, reloading};
use super::super::openssl::OPENSSL;
use super::super::program::{Ran, present, run};
use super::super::server::Server;
use super::page::Recipe;
use super::place::{Place, Snapshot};

/// How long nginx may take to read its files again, or to end.
const RELOAD_LIMIT: Duration = Duration::from_secs(10);
/// Where the recipe lives, and its program.
const HOME: &str = "/srv/web-pki";

struct Site {
    recipe: Recipe,
    place: Place,
    nginx: Server,
}

/// nginx with a certificate that is in its last third.
fn site() -> Option<Site> {
    if !present(&[&NGINX, &OPENSSL]) {
        return None;
    }
    let recipe = Recipe::called("Renewing by cron or systemd");
    let place = Place::of(&recipe);
    place.program("systemctl", "#!/bin/sh\nexit 0\n");
    place.apply_long_ago("web.toml", 70);
    let site = place.text("site.conf").replace(HOME, &place.path().display().to_string());
    let nginx = Server::start(|folder, port| {
        let site = site.replace("listen 443", &format!("listen 127.0.0.1:{port}"));
        assert!(site.contains(&format!("127.0.0.1:{port}")) && !site.contains(HOME));
        reloading(folder, &site)
    });
    let site = Site { recipe, place, nginx };
    site.can_reload();
    Some(site)
}

impl Drop for Site {
    /// Its worker would outlive a master that is killed.
    fn drop(&mut self) {
        let pid = self.nginx.folder().join("nginx.pid");
        let _ = Command::new("sh").arg("-c").arg("kill -TERM \"$(cat \"$0\")\"").arg(&pid).status();
        let deadline = Instant::now() + RELOAD_LIMIT;
        while pid.exists() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Site {
    /// What systemd does, told in a log.
    fn can_reload(&self) {
        self.place.program(
            "systemctl",
            &format!(
                "#!/bin/sh\nset -e\necho \"$@\" >> '{}'\n[ \"$*\" = 'reload nginx' ]\nkill -HUP \"$(cat '{}')\"\n",
                self.place.at("systemctl.log").display(),
                self.nginx.folder().join("nginx.pid").display()
            ),
        );
    }

    /// The serial number of what nginx presents now; none while it reads its files again.
    fn presented(&self) -> Option<String> {
        let handshake = format!(
            "openssl s_client -connect 127.0.0.1:{} -servername www.lab.internal < /dev/null 2> /dev/null | openssl x509 -noout -serial",
            self.nginx.port
        );
        let said = self.place.bash(&handshake).stdout;
        said.trim_end().strip_prefix("serial=").map(str::to_lowercase)
    }

    #[track_caller]
    fn presents(&self, serial: &str) {
        let deadline = Instant::now() + RELOAD_LIMIT;
        while self.presented().as_deref() != Some(serial) {
            assert!(Instant::now() < deadline, "nginx should present {serial}:\n{}", self.nginx.words());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn recorded(&self) -> String {
        self.place.field("www.lab.internal", "serial")
    }

    fn reloads(&self) -> usize {
        fs::read_to_string(self.place.at("systemctl.log")).unwrap_or_default().matches("reload nginx\n").count()
    }

    /// What cron does at 3:17: the command of the line, with the variables above it.
    fn cron(&self) -> Ran {
        let mut sh = self.place.command("sh");
        let mut command = None;
        for line in self.recipe.file("crontab").lines() {
            match line.split_once('=') {
                Some(("PATH", path)) => {
                    assert!(path.split(':').any(|folder| folder == "/usr/local/bin"));
                    sh.env("PATH", self.place.search_path());
                }
                _ => {
                    let fields: Vec<_> = line.split_whitespace().collect();
                    assert_eq!(fields[..5], ["17", "3", "*", "*", "*"]);
                    let here = self.place.path().display().to_string();
                    command = Some(fields[5..].join(" ").replace(HOME, &here));
                }
            }
        }
        // In the home of the user, with next to no environment.
        run(sh.arg("-c").arg(command.expect("a line with a command")).current_dir("/"))
    }

    /// What systemd starts.
    fn unit(&self) -> Ran {
        let unit = self.recipe.file("web-pki.service");
        let value = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).expect("a key");
        assert_eq!((value("Type"), value("WorkingDirectory")), ("oneshot", HOME));
        let (program, arguments) = value("ExecStart").split_once(' ').expect("arguments");
        run(self.place.command(program).args(arguments.split_whitespace()))
    }

    #[track_caller]
    fn does_nothing(&self, act: impl Fn(&Self) -> Ran) {
        let (before, reloads) = (Snapshot::of(self.place.path()), self.reloads());
        let ran = act(self).succeeds();
        assert_eq!((&*ran.stdout, &*ran.stderr), ("", ""), "cron would send a mail");
        before.assert_same(&Snapshot::of(self.place.path()), "a run with nothing due");
        assert_eq!(self.reloads(), reloads);
    }
}

#[test]
fn cron() {
    let Some(site) = site() else { return };
    let old = site.recorded();
    site.presents(&old);
    let ran = site.cron().succeeds();
    assert!(ran.stdout.contains("renewed server www.lab.internal"), "{ran}");
    let new = site.recorded();
    assert_ne!(old, new);
    site.presents(&new);
    assert_eq!(site.reloads(), 1);
    site.does_nothing(Site::cron);
    site.does_nothing(Site::unit);
    site.presents(&new);
}

#[test]
fn systemd() {
    let Some(site) = site() else { return };
    let old = site.recorded();
    site.presents(&old);
    site.unit().succeeds();
    assert_ne!(old, site.recorded());
    site.presents(&site.recorded());
    assert_eq!(site.reloads(), 1);
    site.does_nothing(Site::unit);
    let timer = site.recipe.file("web-pki.timer");
    assert!(timer.contains("OnCalendar=daily\n") && timer.contains("Persistent=true\n"));
}

#[test]
fn a_crl_that_is_due() {
    let Some(site) = site() else { return };
    site.cron().succeeds();
    assert_eq!(site.reloads(), 1);
    fs::remove_file(site.place.at("pki/ca/web-issuing/crl.pem")).expect("a CRL");
    let ran = site.cron().succeeds();
    assert!(ran.stdout.contains("web-issuing"), "{ran}");
    assert!(site.place.at("pki/ca/web-issuing/crl.pem").exists());
    assert_eq!(site.reloads(), 2);
    site.does_nothing(Site::cron);
}

#[test]
fn what_fails_is_told() {
    let Some(site) = site() else { return };
    let key = site.place.at("pki/ca/web-issuing/key.pem");
    fs::rename(&key, site.place.at("away")).expect("a key");
    let ran = site.cron().fails();
    assert!(ran.stderr.contains("web-issuing"), "{ran}");
    assert_eq!(site.reloads(), 0);
    fs::rename(site.place.at("away"), &key).expect("a key");
    // The certificate is renewed, and nginx could not be told: that is told.
    site.place.program("systemctl", "#!/bin/sh\nexit 5\n");
    let ran = site.cron().fails();
    assert!(ran.stderr.contains("systemctl reload nginx"), "{ran}");
    // The next night it is told.
    site.can_reload();
    site.cron().succeeds();
    assert_eq!(site.reloads(), 1);
    site.presents(&site.recorded());
    site.does_nothing(Site::cron);
}
