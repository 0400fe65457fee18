//! Networks that only a network namespace can play: an IPv6 that swallows everything, and one that is gone at a wake. The
//! tests start themselves again inside one, with a user and a mount namespace around it; where the system forbids that they
//! say so and prove nothing.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use keyfob_agent::ports::{AddressGuard, HttpRequest};
use keyfob_core::failure::{Failure, Temporary};
use keyfob_core::grant::credential_request::{CredentialRequest, Encoding};
use keyfob_core::resource::CheckedUrl;
use keyfob_core::secret::SecretText;
use keyfob_tests::{Keyfob, TlsDoor, portal};
use tokio::net::{TcpSocket, TcpStream};

use crate::in_process::{ports, record, renew, signed_in};
use crate::strangers::write_config;

/// A port on which this address takes no connection and refuses none: somebody listens whose queue is full.
async fn swallowing(address: SocketAddr) -> Vec<Box<dyn Send>> {
    let socket = TcpSocket::new_v6().unwrap();
    socket.bind(address).unwrap();
    let mut held: Vec<Box<dyn Send>> = vec![Box::new(socket.listen(1).unwrap())];
    // One that takes its time may still have been let in: three in a row were not.
    let mut in_vain = 0;
    while in_vain < 3 {
        match tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
            Ok(taken) => {
                held.push(Box::new(taken.unwrap()));
                in_vain = 0;
            }
            Err(_) => in_vain += 1,
        }
    }
    held
}

/// Runs one of the ignored tests below in namespaces of its own.
#[expect(clippy::print_stderr, reason = "what could not be tried is told to whoever runs the tests")]
fn inside(test: &str) {
    let own = ["--user", "--map-root-user", "--net", "--mount"];
    let allowed = Command::new("unshare").args(own).arg("true").status();
    if !allowed.is_ok_and(|status| status.success()) {
        eprintln!("NOT PROVEN: this system allows no namespaces (unshare)");
        return;
    }
    let program = std::env::current_exe().expect("the path of this test");
    let output = Command::new("unshare")
        .args(own)
        .arg(program)
        .args(["--ignored", "--exact", &format!("namespaces::{test}"), "--nocapture"])
        .output()
        .expect("unshare");
    let words = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", words(&output.stdout), words(&output.stderr));
    assert!(words(&output.stdout).contains("1 passed"), "{}", words(&output.stdout));
}

fn system(command: &str) {
    let output = Command::new("sh").args(["-ec", command]).output().expect("sh");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Fault 18: a name with an address that swallows everything and one that answers is reached within a second.
#[test]
fn a_black_hole_in_ipv6_costs_less_than_a_second() {
    inside("before_a_black_hole");
}

/// Fault 24: a network that is gone at the wake has seen nothing of the refresh token, and nothing is in doubt.
#[test]
fn a_network_that_is_gone_at_a_wake_never_sees_the_refresh_token() {
    inside("with_the_network_gone");
}

#[tokio::test]
#[ignore = "started by a_black_hole_in_ipv6_costs_less_than_a_second, in a namespace"]
async fn before_a_black_hole() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    let hosts = keyfob.path("hosts");
    std::fs::write(&hosts, "2001:db8::1 portal.test\n10.1.2.3 portal.test\n").unwrap();
    system("ip link set lo up; ip addr add 10.1.2.3/32 dev lo; ip -6 addr add 2001:db8::1/128 dev lo nodad");
    system(&format!("mount --bind {} /etc/hosts", hosts.display()));
    let inspection = TlsDoor::before(portal.origin().trim_start_matches("http://"), "portal.test").await;
    let _hole = swallowing(format!("[2001:db8::1]:{}", inspection.port).parse().unwrap()).await;
    let authority = keyfob.path("office.pem");
    std::fs::write(&authority, &inspection.authority).unwrap();
    write_config(&keyfob, &format!("[network]\nca_file = {:?}\n", authority.display().to_string()));
    let ports = ports(&keyfob);
    let url = CheckedUrl::parse(&format!("https://portal.test:{}/token", inspection.port)).unwrap();

    // Reading the platform's certificates is no part of the second.
    let nowhere = url::Url::parse("https://127.0.0.1:9/").unwrap();
    let request = |url| HttpRequest {
        method: http::Method::GET,
        url,
        headers: http::HeaderMap::new(),
        bearer: None,
        body: Vec::new(),
        guard: AddressGuard::Anywhere,
    };
    ports.http.fetch(request(nowhere)).await.unwrap_err();
    let began = Instant::now();
    ports.http.fetch(request(url.url().clone())).await.expect("a document");
    assert!(began.elapsed() < Duration::from_secs(1), "a document: {:?}", began.elapsed());
    let first = tokio::net::lookup_host("portal.test:1").await.unwrap().next();
    assert!(first.is_some_and(|address| address.is_ipv6()), "the black hole would be tried first");
    let form = CredentialRequest {
        endpoint: url,
        authorization: None,
        body: SecretText::new("grant_type=none".into()),
        encoding: Encoding::Form,
    };
    let began = Instant::now();
    ports.http.post_credentials(&form, AddressGuard::Anywhere).await.expect("an answer");
    assert!(began.elapsed() < Duration::from_secs(1), "credentials: {:?}", began.elapsed());
    // No name server is there either: that passes, and it is soon said.
    let began = Instant::now();
    keyfob.run(["add", "a", "https://elsewhere.test/mcp", "--sign-in"]).await.expect_code(5).says("offline");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test]
#[ignore = "started by a_network_that_is_gone_at_a_wake_never_sees_the_refresh_token, in a namespace"]
async fn with_the_network_gone() {
    system("ip link set lo up");
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    let ports = ports(&keyfob);
    let profile = signed_in(&ports, "a", &portal).await;
    let before = record(&ports, "a").await.sign_in.unwrap();
    let received = portal.record().ask(|seen| seen.bytes_received);
    system("ip link set lo down");
    let refreshed = renew(&ports, &profile).await.unwrap();
    let failure = refreshed.failure.unwrap();
    assert!(matches!(failure, Failure::Temporary(Temporary::Offline(_))), "{failure:?}");
    let after = record(&ports, "a").await.sign_in.unwrap();
    assert_eq!((&after.tokens, &after.intent, &after.dead), (&before.tokens, &None, &None));
    system("ip link set lo up");
    assert_eq!(portal.record().ask(|seen| seen.bytes_received), received);
    assert_eq!(renew(&ports, &profile).await.unwrap().failure, None);
    let counts = portal.record().seen().refreshes;
    assert_eq!((counts.renewed, counts.repeated, counts.reused), (1, 0, 0));
}
