//! Clients whose file keyfob edits and whose own list command connects.

use crate::desk::Desk;

/// A client, the file that its user has, and what its list command says of a server that answered.
struct Listed {
    client: &'static str,
    file: &'static str,
    text: &'static str,
    connected: &'static str,
}

const GEMINI: Listed = Listed {
    client: "gemini",
    file: ".gemini/settings.json",
    text: "{\n  // mine\n  \"ui\": { \"theme\": \"Default\" },\n\t\"mcpServers\": {}\n}\n",
    connected: "Connected",
};
const OPENCODE: Listed = Listed {
    client: "opencode",
    file: ".config/opencode/opencode.json",
    text: "{\r\n  \"$schema\": \"https://opencode.ai/config.json\", // mine\r\n  \"share\": \"disabled\",\r\n}\r\n",
    connected: "connected",
};

impl Listed {
    /// Linked by `via`, the client says it is connected; still after the server ended the token, at the cost of one renewal; and
    /// its file comes back as it was.
    async fn is_connected_by(&self, via: &str) {
        let desk = Desk::of(self.client).await;
        let file = desk.keyfob.path(self.file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, self.text).unwrap();
        let linked = desk.keyfob.run(["link", "work", self.client, "--via", via]).await.expect_code(0);
        self.says_connected(&desk, &linked.stderr).await;
        let renewals = desk.renewals();
        desk.token_ends(via).await;
        self.says_connected(&desk, "after the token's end").await;
        assert_eq!(desk.renewals(), renewals + 1);
        desk.keyfob.must(["unlink", "work", self.client]).await;
        assert_eq!(std::fs::read_to_string(&file).unwrap(), self.text);
    }

    async fn says_connected(&self, desk: &Desk, when: &str) {
        let accepted = desk.portal.record().ask(|seen| seen.mcp_accepted);
        let listed = desk.run(self.client, ["mcp", "list"]).await.expect_code(0);
        let said = format!("{}\n{}", listed.stdout, listed.stderr);
        let line = said
            .lines()
            .find(|line| line.contains("keyfob-work"))
            .unwrap_or_else(|| panic!("{when}: {said}"));
        assert!(line.contains(self.connected), "{when}: {said}");
        assert!(!line.to_lowercase().contains("disconnected"), "{when}: {said}");
        assert!(
            desk.portal.record().ask(|seen| seen.mcp_accepted) > accepted,
            "{when}: the portal saw nobody"
        );
    }
}

#[tokio::test]
async fn gemini_is_connected_through_the_proxy() {
    GEMINI.is_connected_by("proxy").await;
}

#[tokio::test]
async fn gemini_is_connected_through_the_bridge() {
    GEMINI.is_connected_by("bridge").await;
}

#[tokio::test]
async fn opencode_is_connected_through_the_proxy() {
    OPENCODE.is_connected_by("proxy").await;
}

#[tokio::test]
async fn opencode_is_connected_through_the_bridge() {
    OPENCODE.is_connected_by("bridge").await;
}
