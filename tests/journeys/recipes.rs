//! docs/recipes.md is run as it stands, but for the portal's address.

use std::process::Stdio;

use keyfob_tests::{Keyfob, Output, portal};
use tokio::io::AsyncWriteExt as _;

/// The blocks in `language` that the page calls tested, in its order.
fn tested(language: &str) -> Vec<String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/recipes.md");
    let page = std::fs::read_to_string(page).expect("docs/recipes.md");
    let begin = format!("*tested*\n```{language}\n");
    let after = page.split(&begin).skip(1);
    after.filter_map(|rest| rest.split_once("```").map(|(block, _)| block.to_owned())).collect()
}

/// A user whose `PATH` begins with keyfob.
async fn run(user: &Keyfob, program: &str, script: &str, arguments: &[&str], input: &str) -> Output {
    let bin = user.path("bin");
    std::fs::create_dir_all(&bin).expect("a folder");
    let built = user.blocking_command(["status"]).get_program().to_owned();
    let built = std::fs::canonicalize(built).expect("keyfob");
    let _ = std::os::unix::fs::symlink(built, bin.join("keyfob"));
    let rest = std::env::var("PATH").expect("PATH");
    let mut child = tokio::process::Command::new(program)
        .args(["-c", script, "recipe"])
        .args(arguments)
        .env_clear()
        .env("PATH", format!("{}:{rest}", bin.display()))
        .envs([("HOME", user.path("")), ("KEYFOB_HOME", user.home())])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program is there");
    child.stdin.take().expect("input").write_all(input.as_bytes()).await.expect("it reads");
    let ended = tokio::time::timeout(std::time::Duration::from_secs(45), child.wait_with_output());
    let output = ended.await.expect("in time").expect("its output");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Output { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// G1: the recipes get in with the token, and none of them puts it into an argument.
#[tokio::test]
async fn the_recipes_for_shells_python_and_django_work_as_they_stand() {
    let (user, portal) = (Keyfob::new(), portal().await);
    std::fs::create_dir(user.path("site")).expect("a folder");
    let file = format!("token-file:{}:mcp-tokens", user.path("site/.mcp_tokens_readonly.json").display());
    let url = portal.mcp_url();
    user.must(["add", "readonly", &url, "--deliver", &file]).await;
    let settings = std::fs::read_to_string(user.profiles_toml()).expect("profiles.toml");
    let in_utc = settings.replace("format = \"mcp-tokens\"", "format = \"mcp-tokens\"\ntime_zone = \"utc\"");
    std::fs::write(user.profiles_toml(), in_utc).expect("profiles.toml");
    user.must(["sign-in", "readonly"]).await;
    let token = user.must(["token", "readonly"]).await;
    let here = |block: &String| block.replace("https://mcpr.example.com/mcp", &url);
    let (shell, python) = (tested("sh"), tested("python"));
    assert_eq!((shell.len(), python.len()), (2, 2), "the page's tested blocks");
    let curl = run(&user, "sh", &here(&shell[0]), &[], "").await.expect_code(0);
    assert!(curl.stdout.contains("serverInfo"), "{curl:?}");
    let requested = run(&user, "python3", &here(&python[0]), &[], "").await.expect_code(0);
    assert_eq!(requested.stdout, "200\n");
    let django = run(&user, "python3", &python[1], &[], "").await.expect_code(0);
    assert_eq!(django.stdout.trim_end(), token);
    let host = url.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/mcp")).expect("a host");
    let docker = run(&user, "sh", &shell[1], &["get"], host).await.expect_code(0);
    assert_eq!(docker.json()["Secret"], token.as_str());
}
