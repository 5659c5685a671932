//! PostgreSQL with client certificates, as `examples/manifests/postgres.toml` declares it and its comments set it up.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::pki::text;
use super::program::{Program, Ran, clean_command, present, run};
use super::server::Server;

/// How long the server may take to be ready, to read its files again, or to end.
const WAIT_LIMIT: Duration = Duration::from_secs(30);
/// Who makes databases and roles, by the socket.
const ADMIN: &str = "admin";

/// The newest server that is installed; Debian has them in folders of their own, with their clients.
static POSTGRES: LazyLock<Program> = LazyLock::new(|| {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|v| v.path()).filter(|v| v.join("bin/postgres").is_file()).max_by_key(number);
    let name: &str = match newest {
        Some(version) => version.join("bin/postgres").to_string_lossy().into_owned().leak(),
        None => "postgres",
    };
    Program { name, version: vec![name, "--version"].leak() }
});

/// A database server on loopback, and the PKI that it got its files from.
struct Database {
    /// The manifest, the PKI and what was delivered; the data too.
    folder: TempDir,
    server: Option<Server>,
}

impl Database {
    /// The manifest of the examples is applied, and its comments are followed.
    fn start() -> Option<Self> {
        if !present(&[&POSTGRES]) {
            return None;
        }
        // Beside the other folders of tests nobody but root may come, and the server refuses to be root.
        let folder = tempfile::tempdir().expect("a folder can be made");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("the mode can be set");
        let mut database = Self { folder, server: None };
        let manifest = text(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/manifests/postgres.toml"));
        let ours = if database.is_root() { manifest.replace("\n# owner = ", "\nowner = ") } else { manifest.clone() };
        assert_eq!(ours != manifest, database.is_root(), "the manifest says how the server gets its files");
        fs::write(database.at("postgres.toml"), ours).expect("a file can be written");
        database.rootlet(&["apply", "postgres.toml"]).succeeds();
        database.prepare(&manifest);
        let server = Server::start(|_, port| {
            let mut postgres = database.tool("postgres");
            postgres.arg("-D").arg(database.at("data")).args(["-h", "127.0.0.1", "-p", &port.to_string(), "-F"]);
            postgres.arg("-k").arg(database.at("socket"));
            postgres
        });
        database.server = Some(server);
        database.wait("to be ready", |d| d.admin("select 1").code == Some(0));
        for statement in [
            "create role app login password 'swordfish'",
            "create role reporting login",
            "create role alice login",
            "create database other",
        ] {
            database.admin(statement).succeeds();
        }
        Some(database)
    }

    /// Data, and the lines that the manifest's comments give for `postgresql.conf` and `pg_hba.conf`.
    fn prepare(&self, manifest: &str) {
        for name in ["data", "socket"] {
            fs::create_dir(self.at(name)).expect("a folder can be made");
            if let Some((user, group)) = self.other_user() {
                chown(self.at(name), Some(user), Some(group)).expect("root may give it away");
            }
        }
        let mut initdb = self.tool("initdb");
        initdb.args(["-U", ADMIN, "-A", "trust", "-E", "UTF8", "--locale=C", "-N", "-D"]).arg(self.at("data"));
        run(&mut initdb).succeeds();

        let comments: String = manifest.lines().filter_map(|l| l.strip_prefix('#')).map(|l| format!("{l} ")).collect();
        let (_, after) = comments.split_once("postgresql.conf:").expect("the manifest tells of it");
        let (settings, after) = after.split_once("pg_hba.conf:").expect("the manifest tells of it");
        let mut configuration = text(&self.at("data/postgresql.conf"));
        configuration.push_str("\nssl = on\n");
        let settings: Vec<_> = settings.split(',').map(|s| s.split_once('=').expect("NAME = FILE")).collect();
        assert_eq!(settings.len(), 4);
        for (name, file) in settings {
            configuration.push_str(&format!("{} = '{}'\n", name.trim(), self.at(file.trim()).display()));
        }
        fs::write(self.at("data/postgresql.conf"), configuration).expect("a file can be written");
        let line = after.trim_start().split("  ").next().expect("a line");
        assert_eq!(line, "hostssl all all all cert");
        let access =
            format!("local all {ADMIN} trust\nhostssl other all all scram-sha-256 clientcert=verify-full\n{line}\n");
        fs::write(self.at("data/pg_hba.conf"), access).expect("a file can be written");
    }

    fn at(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    fn is_root(&self) -> bool {
        fs::metadata(self.folder.path()).expect("a folder").uid() == 0
    }

    /// As whom root runs the server.
    fn other_user(&self) -> Option<(u32, u32)> {
        let id = |option: &str| -> u32 {
            run(clean_command("id").args([option, "postgres"])).succeeds().stdout.trim().parse().expect("a number")
        };
        self.is_root().then(|| (id("-u"), id("-g")))
    }

    /// A program of the server, as the user that it runs as.
    fn tool(&self, name: &str) -> Command {
        let mut command = clean_command(Path::new(POSTGRES.name).with_file_name(name));
        command.current_dir(self.folder.path()).env("HOME", self.folder.path());
        if let Some((user, group)) = self.other_user() {
            command.uid(user).gid(group);
        }
        command
    }

    fn rootlet(&self, arguments: &[&str]) -> Ran {
        run(clean_command(env!("CARGO_BIN_EXE_rootlet")).current_dir(self.folder.path()).args(arguments))
    }

    fn psql(&self, connection: &str, statement: &str) -> Ran {
        let mut psql = clean_command(Path::new(POSTGRES.name).with_file_name("psql"));
        let settings =
            std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("PG"));
        for name in settings {
            psql.env_remove(name);
        }
        psql.current_dir(self.folder.path()).env("HOME", self.folder.path()).env("PGPASSWORD", "swordfish");
        run(psql.args(["-X", "-w", "-A", "-t", "-c", statement, connection]))
    }

    fn port(&self) -> u16 {
        self.server.as_ref().expect("it runs").port
    }

    fn admin(&self, statement: &str) -> Ran {
        let socket = self.at("socket");
        self.psql(&format!("host={} port={} user={ADMIN} dbname=postgres", socket.display(), self.port()), statement)
    }

    /// Connects with the certificate of `holder`, or with none, and asks who that is.
    fn connect(&self, host: &str, database: &str, role: &str, holder: Option<&str>) -> Ran {
        let mut connection = format!(
            "host={host} hostaddr=127.0.0.1 port={} dbname={database} user={role} sslmode=verify-full sslrootcert=pki/public/roots.pem",
            self.port()
        );
        match holder {
            Some(folder) => connection += &format!(" sslcert={folder}/fullchain.pem sslkey={folder}/key.pem"),
            None => connection += " sslcert=none.pem",
        }
        self.psql(&connection, "select current_user, client_dn from pg_stat_ssl where pid = pg_backend_pid()")
    }

    /// The handshake fails. The server may be gone before its reason is read.
    #[track_caller]
    fn turned_away(&self, ran: Ran, reason: &str) {
        ran.fails().says_one_of(&[reason, "server closed the connection", "Broken pipe", "Connection reset"]);
        self.server.as_ref().expect("it runs").says("could not accept SSL connection");
    }

    fn wait(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + WAIT_LIMIT;
        while !done(self) {
            assert!(
                Instant::now() < deadline,
                "it should come {what}:\n{}",
                self.server.as_ref().map_or_else(String::new, Server::words)
            );
            sleep(Duration::from_millis(50));
        }
    }

    fn signal(&self, signal: &str) {
        let postmaster = fs::read_to_string(self.at("data/postmaster.pid")).unwrap_or_default();
        if let Some(id) = postmaster.lines().next() {
            let _ = Command::new("kill").args([signal, id]).status();
        }
    }
}

impl Drop for Database {
    /// One that is killed leaves shared memory behind.
    fn drop(&mut self) {
        if self.server.is_some() {
            self.signal("-INT");
            let deadline = Instant::now() + WAIT_LIMIT;
            while self.at("data/postmaster.pid").exists() && Instant::now() < deadline {
                sleep(Duration::from_millis(20));
            }
        }
    }
}

#[test]
fn who_connects_is_who_its_certificate_names() {
    let Some(database) = Database::start() else { return };
    for host in ["db-1.lab.internal", "db.lab.internal"] {
        for role in ["app", "reporting", "alice"] {
            let ran = database.connect(host, "postgres", role, Some(&format!("deploy/{role}"))).succeeds();
            assert_eq!(ran.stdout, format!("{role}|/CN={role}\n"), "{ran}");
        }
    }
    let own = "deploy/app";
    // A certificate of the same name, of another root.
    fs::create_dir(database.at("foreign")).expect("a folder can be made");
    fs::copy(database.at("postgres.toml"), database.at("foreign/postgres.toml")).expect("a file can be copied");
    database.rootlet(&["apply", "foreign/postgres.toml", "--pki", "foreign/pki"]).succeeds();
    for (host, role, holder, reason) in [
        ("db-1.lab.internal", "alice", Some(own), "certificate authentication failed for user \"alice\""),
        ("db-1.lab.internal", ADMIN, Some(own), "certificate authentication failed for user \"admin\""),
        ("db-1.lab.internal", "app", None, "connection requires a valid client certificate"),
        ("db-2.lab.internal", "app", Some(own), "does not match host name"),
    ] {
        database.connect(host, "postgres", role, holder).fails().says(reason);
    }
    // The server's own certificate is for no client.
    for (holder, reason) in
        [("foreign/deploy/app", "unknown ca"), ("pki/certs/db-1.lab.internal", "unsupported certificate")]
    {
        database.turned_away(database.connect("db-1.lab.internal", "postgres", "app", Some(holder)), reason);
    }

    // `clientcert=verify-full` beside a password: both must be the user's.
    let ran = database.connect("db-1.lab.internal", "other", "app", Some(own)).succeeds();
    assert_eq!(ran.stdout, "app|/CN=app\n");
    for (holder, reason) in [
        (Some("deploy/alice"), "authentication failed for user \"app\""),
        (None, "connection requires a valid client certificate"),
    ] {
        database.connect("db-1.lab.internal", "other", "app", holder).fails().says(reason);
    }
}

#[test]
fn renewed_and_revoked() {
    let Some(database) = Database::start() else { return };
    let connect = |role: &str| database.connect("db-1.lab.internal", "postgres", role, Some(&format!("deploy/{role}")));
    connect("alice").succeeds();
    database.rootlet(&["revoke", "alice", "--reason", "key-compromise"]).succeeds();
    database.signal("-HUP");
    database.wait("to refuse alice", |_| connect("alice").code != Some(0));
    database.turned_away(connect("alice"), "certificate revoked");
    connect("app").succeeds();

    // As declared again: alice has a new key, and the server takes it; what the server has may be renewed under it.
    database.rootlet(&["apply", "postgres.toml"]).succeeds();
    connect("alice").succeeds();
    database.rootlet(&["renew", "db-1.lab.internal", "app"]).succeeds();
    database.signal("-HUP");
    connect("app").succeeds();
    database.rootlet(&["plan", "postgres.toml"]).succeeds();
    database.rootlet(&["doctor"]).succeeds();
}
