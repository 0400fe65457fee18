//! The official libraries: through the proxy, through the bridge, and as docs/recipes.md has them ask for each token.

use std::path::PathBuf;

use keyfob_tests::Running;

use crate::desk::{Desk, packages};

/// A program with an SDK, in a session that outlives the token.
#[derive(Clone, Copy)]
enum Sdk {
    TypeScript,
    Python,
}

impl Sdk {
    fn program(self, desk: &Desk, arguments: &[&str]) -> Running {
        let (program, script) = match self {
            Self::TypeScript => ("node", "session.mjs"),
            Self::Python => ("python3", "session.py"),
        };
        let script = packages().join(script).display().to_string();
        let mut command = desk.program(program, [&[script.as_str()], arguments].concat());
        command.env("PYTHONPATH", python_packages());
        Running::start(command)
    }

    async fn goes_on_past_a_tokens_end(self, desk: &Desk, arguments: &[&str]) {
        let mut session = self.program(desk, arguments);
        let listed = session.stdout_line("listed").await;
        assert!(listed.contains("whoami"), "{listed}");
        let renewals = desk.renewals();
        desk.portal.kill_access_tokens();
        session.write_line("go on").await;
        let called = session.stdout_line("called").await;
        assert!(called.contains("ada@example.com"), "{called}");
        session.ended().await.expect_code(0);
        assert_eq!(desk.renewals(), renewals + 1);
    }

    async fn works_in_both_ways(self, desk: &Desk) {
        let url = desk.proxy_url().await;
        self.goes_on_past_a_tokens_end(desk, &[&url]).await;
        self.goes_on_past_a_tokens_end(desk, &["keyfob", "connect", "work"]).await;
    }
}

/// Where the stage has put the Python SDK.
fn python_packages() -> PathBuf {
    std::env::var_os("KEYFOB_MCP_PYTHON").expect("KEYFOB_MCP_PYTHON, which scripts/test.sh sets").into()
}

/// The page's block, with this portal in place of the page's.
fn recipe(language: &str, desk: &Desk) -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/recipes.md");
    let page = std::fs::read_to_string(page).expect("docs/recipes.md");
    let after = page.split(&format!("*tested with the SDK*\n```{language}\n")).nth(1).expect("such a block");
    let block = after.split_once("```").expect("its end").0;
    block.replace("https://mcpr.example.com/mcp", &desk.portal.mcp_url()).replace("readonly", "work")
}

#[tokio::test]
async fn the_typescript_sdk_goes_on_past_a_tokens_end_through_proxy_and_bridge() {
    Sdk::TypeScript.works_in_both_ways(&Desk::of("TypeScript").await).await;
}

#[tokio::test]
async fn the_python_sdk_goes_on_past_a_tokens_end_through_proxy_and_bridge() {
    Sdk::Python.works_in_both_ways(&Desk::of("Python").await).await;
}

/// The script is begun with a token that the server has ended already.
#[tokio::test]
async fn the_typescript_recipe_works_as_it_stands_with_a_token_that_died_early() {
    let desk = Desk::of("TypeScript").await;
    let project = desk.keyfob.path("project");
    std::os::unix::fs::symlink(packages().join("node_modules"), project.join("node_modules")).unwrap();
    std::fs::write(project.join("recipe.mts"), recipe("ts", &desk)).unwrap();
    desk.portal.kill_access_tokens();
    let printed = desk.run("node", ["--experimental-strip-types", "recipe.mts"]).await.expect_code(0);
    assert!(printed.stdout.contains("whoami"), "{printed:?}");
    assert_eq!(desk.renewals(), 1);
}

#[tokio::test]
async fn the_python_recipe_works_as_it_stands_with_a_token_that_died_early() {
    let desk = Desk::of("Python").await;
    std::fs::write(desk.keyfob.path("project/recipe.py"), recipe("python", &desk)).unwrap();
    desk.portal.kill_access_tokens();
    let mut recipe = desk.program("python3", ["recipe.py"]);
    recipe.env("PYTHONPATH", python_packages());
    let printed = Running::start(recipe).ended().await.expect_code(0);
    assert!(printed.stdout.contains("whoami"), "{printed:?}");
    assert_eq!(desk.renewals(), 1);
}
