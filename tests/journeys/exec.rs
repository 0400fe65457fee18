//! `keyfob exec`: one command gets the token, and nobody else.

use keyfob_tests::{Keyfob, portal};

/// G7: the command that was named has the token in its environment; keyfob beside it has it neither there nor among its
/// arguments, where every program of the machine could read it.
#[tokio::test]
async fn only_the_named_command_gets_the_token() {
    let (user, portal) = (Keyfob::new(), portal().await);
    user.sign_in_to("work", portal.mcp_url().as_str()).await;
    let token = user.must(["token", "work"]).await;
    let look = "echo \"mine=$MINE\"; echo \"usual=$KEYFOB_ACCESS_TOKEN\"; \
        tr '\\0' '\\n' </proc/$PPID/environ; tr '\\0' ' ' </proc/$PPID/cmdline; tr '\\0' ' ' </proc/$$/cmdline";
    let seen = user.must(["exec", "work", "--env", "MINE", "--", "sh", "-c", look]).await;
    let (own, others) = seen.split_once('\n').expect("what the command says of itself");
    assert_eq!(own, format!("mine={token}"));
    assert!(others.starts_with("usual=\n") && others.contains("HOME="), "{others}");
    assert!(!others.contains(&token), "the token is seen outside the command's environment");
}
