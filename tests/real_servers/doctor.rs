//! The doctor at servers that others wrote: every step is good, before a sign-in and after, and nothing there is changed.

use serde_json::Value;

use crate::portal::Portal;
use crate::user::User;

fn troubles(diagnosis: &Value) -> Vec<&str> {
    let steps = diagnosis["steps"].as_array().expect("steps").iter();
    let bad = steps.filter(|step| !["pass", "skip"].contains(&step["verdict"].as_str().expect("a verdict")));
    bad.map(|step| step["id"].as_str().expect("an id")).collect()
}

fn examined(user: &User, target: &str) -> Value {
    serde_json::from_str(&user.must(["doctor", target, "--json"])).expect("JSON")
}

#[test]
fn the_doctor_passes_servers_that_others_wrote() {
    for portal in [Portal::cloudflare(&[]), Portal::oidc_provider(&[])] {
        let user = User::new();
        let before = examined(&user, &portal.mcp_url);
        assert_eq!((before["verdict"].as_str(), troubles(&before)), (Some("pass"), vec![]), "{before:#}");
        let events = portal.events();
        assert!(events.iter().all(|event| event.grant_type.is_none() && !event.revocation), "{events:?}");
        assert_eq!(portal.mcp_requests(), [401]);

        user.sign_in_to("portal", &portal.mcp_url);
        let after = examined(&user, "portal");
        // No keeper runs here.
        assert_eq!(
            (after["verdict"].as_str(), troubles(&after)),
            (Some("warn"), vec!["keeper"]),
            "{after:#}"
        );
        assert_eq!(portal.renewals(), Vec::<u16>::new());
    }
}
