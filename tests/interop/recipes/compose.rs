//! The lab in Docker Compose, followed without Docker: each service sees its mounts and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::https::CURL;
use super::super::nginx::{NGINX, serving};
use super::super::program::{Ran, present, run};
use super::super::server::Server;
use super::page::Recipe;
use super::place::Place;

/// Where nginx looks for its sites, in its image.
const SITE: &str = "/etc/nginx/conf.d/default.conf";

/// What a service mounts: the path in the container, the path here.
type Mounts = BTreeMap<String, PathBuf>;

#[test]
fn mounts_and_handshakes() {
    if !present(&[&NGINX, &CURL]) || !super::yaml::present() {
        return;
    }
    let recipe = Recipe::called("A lab in Docker Compose");
    let place = Place::of(&recipe);
    place.bash(&recipe.commands()).succeeds();
    let compose = super::yaml::read(&place.at("compose.yaml"));
    let services = compose["services"].as_object().expect("services");
    let mounts: BTreeMap<&str, Mounts> =
        services.iter().map(|(name, service)| (name.as_str(), mounts(&place, service))).collect();
    assert_eq!(mounts.keys().copied().collect::<Vec<_>>(), ["gateway", "orders", "worker"]);

    let key = |folder: &Path| fs::read(folder.join("key.pem")).expect("a key");
    let secret: Vec<Vec<u8>> = ["lab-root", "lab-issuing"].map(|ca| key(&place.at("pki/ca").join(ca))).into();
    for (service, mounts) in &mounts {
        let mut keys = Vec::new();
        for file in mounts.values().flat_map(|path| files(path)) {
            let content = fs::read(&file).expect("a file can be read");
            assert!(!secret.contains(&content), "{service} has a CA's key: {}", file.display());
            if String::from_utf8_lossy(&content).contains("PRIVATE KEY") {
                keys.push(file);
            }
        }
        assert_eq!(keys, [mounts["/tls"].join("key.pem")], "{service} has its own key");
        let about = fs::metadata(&keys[0]).expect("a key");
        let mode = if *service == "worker" { 0o640 } else { 0o600 };
        assert_eq!(about.permissions().mode() & 0o7777, mode, "{service}");
        assert_eq!(place.text(".env"), format!("KEY_GROUP={}\n", about.gid()), "the group of {service}");
    }
    assert_eq!(services["worker"]["group_add"][0], "${KEY_GROUP}");

    // The worker's own command, and the same of the servers, which call each other.
    let arguments = services["worker"]["command"].as_str().expect("a command");
    for (name, other) in [("gateway", "orders"), ("orders", "gateway")] {
        let nginx = server(&mounts[name]);
        let to = |of: &Mounts, arguments: &str| curl(&arguments.replace("orders", name), of, name, nginx.port);
        let answer = to(&mounts["worker"], arguments).succeeds();
        assert_eq!(answer.stdout, "hello CN=worker\n", "{}", nginx.words());
        assert_eq!(to(&mounts[other], arguments).succeeds().stdout, format!("hello CN={other}\n"));
        // Without a certificate nobody is served.
        let bare = arguments.replace("--cert /tls/fullchain.pem --key /tls/key.pem", "");
        assert_ne!(bare, arguments);
        to(&mounts["worker"], &bare).fails();
    }

    // Nor is who was revoked, as soon as a server reads the CRLs again.
    place.rootlet(&["revoke", "worker"]).succeeds();
    let nginx = server(&mounts["orders"]);
    curl(arguments, &mounts["worker"], "orders", nginx.port).fails();
    nginx.says("certificate revoked");
    assert_eq!(curl(arguments, &mounts["gateway"], "orders", nginx.port).succeeds().stdout, "hello CN=gateway\n");
}

/// nginx as its image runs it, with the paths of this machine.
fn server(mounts: &Mounts) -> Server {
    let site = here(&fs::read_to_string(&mounts[SITE]).expect("a site"), mounts);
    Server::start(|folder, port| serving(folder, &site.replace("listen 443", &format!("listen 127.0.0.1:{port}"))))
}

/// Every mount of a service is read-only, and what it mounts is there.
fn mounts(place: &Place, service: &Value) -> Mounts {
    let of = |volume: &Value| {
        let words: Vec<_> = volume.as_str().expect("a short form").split(':').collect();
        let [here, there, "ro"] = words[..] else { panic!("not host:container:ro: {volume}") };
        let path = place.at(here.strip_prefix("./").expect("beside the file"));
        assert!(path.exists(), "{here} is mounted and not there");
        (there.to_string(), path)
    };
    service["volumes"].as_array().expect("volumes").iter().map(of).collect()
}

/// Paths of the container become those of this machine.
fn here(text: &str, mounts: &Mounts) -> String {
    let folders = mounts.iter().filter(|(_, path)| path.is_dir());
    folders.fold(text.to_string(), |text, (there, path)| {
        text.replace(&format!(" {there}/"), &format!(" {}/", path.display()))
    })
}

fn curl(arguments: &str, mounts: &Mounts, host: &str, port: u16) -> Ran {
    let mut curl = CURL.command();
    curl.args(["--disable", "--noproxy", "*", "--max-time", "20"]);
    curl.arg("--connect-to").arg(format!("{host}:443:127.0.0.1:{port}"));
    run(curl.args(here(arguments, mounts).split_whitespace()))
}

fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_path_buf()];
    }
    fs::read_dir(path).expect("a folder").flat_map(|entry| files(&entry.expect("an entry").path())).collect()
}
