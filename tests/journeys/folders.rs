//! Folders named by the environment are found again by a program that does not see that environment.

use keyfob_tests::{Keyfob, portal};

/// Fault 11: `where.toml` stands in for the variables.
#[tokio::test]
async fn a_program_without_the_variables_finds_the_same_sign_ins_through_where_toml() {
    let (user, portal) = (Keyfob::new(), portal().await);
    let run = async |home: Option<&str>, arguments: &[&str]| {
        let mut command = user.command(arguments);
        command.env_remove("KEYFOB_HOME");
        match home {
            Some(home) => command.args(["--home", home]),
            None => command.env("XDG_CONFIG_HOME", user.path("c")).env("XDG_DATA_HOME", user.path("d")),
        };
        let output = command.output().await.unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {words}");
        String::from_utf8(output.stdout).unwrap()
    };
    run(None, &["add", "a", &portal.mcp_url(), "--sign-in", "--timeout", "20s"]).await;
    let token = run(None, &["token", "a"]).await;
    let files = run(None, &["config"]).await;
    let told = files.lines().find_map(|line| line.strip_prefix("--home")).unwrap().trim();
    assert!(told.ends_with("/.local/state/keyfob/where.toml"), "{told}");
    assert_eq!(run(Some(told), &["token", "a"]).await, token);
    assert_eq!(run(Some(told), &["config"]).await, files);
}

/// Who has `KEYFOB_HOME` set need not give `--home`, and no usage line says so.
#[tokio::test]
async fn a_usage_line_names_no_home_where_the_environment_has_one() {
    let user = Keyfob::new();
    let refused = user.run(["token"]).await.expect_code(2).says("Usage: keyfob token");
    assert!(!refused.stderr.contains("--home"), "{}", refused.stderr);
    let help = user.must(["token", "--help"]).await;
    assert!(help.contains("--home <DIR>") && help.contains("[env: KEYFOB_HOME]"), "{help}");
}
