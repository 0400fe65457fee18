// A server of MCP's first edition (2024-11-05, HTTP with SSE), made by the official TypeScript SDK, behind somebody else's sign-in.
// usage: node old-sse-server.mjs ISSUER
// Says its address as its first line and what it does after that; takes `refuse` (the tokens seen so far) and `drop` (all streams)
// on standard input, and ends with it.
import http from "node:http";
import readline from "node:readline";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { z } from "zod";

const issuer = process.argv[2];
const sessions = new Map();
const seen = new Set();
const refused = new Set();
const say = (line) => process.stdout.write(`${line}\n`);

function mcpServer() {
  const server = new McpServer({ name: "old", version: "1" });
  server.registerTool("echo", { inputSchema: { text: z.string() } }, async ({ text }) => {
    say(`called ${text}`);
    return { content: [{ type: "text", text }] };
  });
  return server;
}

function isSignedIn(request) {
  const token = request.headers.authorization?.replace(/^Bearer /, "");
  if (!token || refused.has(token)) return false;
  seen.add(token);
  return true;
}

async function openStream(response) {
  const transport = new SSEServerTransport("/messages", response);
  sessions.set(transport.sessionId, { transport, response });
  response.on("close", () => sessions.delete(transport.sessionId));
  await mcpServer().connect(transport);
  say("stream opened");
}

const server = http.createServer(async (request, response) => {
  const { origin } = server;
  const url = new URL(request.url, origin);
  if (url.pathname === "/.well-known/oauth-protected-resource/sse") {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ resource: `${origin}/sse`, authorization_servers: [issuer] }));
    return;
  }
  const metadata = `${origin}/.well-known/oauth-protected-resource/sse`;
  if (request.method === "GET" && url.pathname === "/sse") {
    if (isSignedIn(request)) return openStream(response);
    say("stream refused");
    response.writeHead(401, { "www-authenticate": `Bearer resource_metadata="${metadata}"` }).end();
    return;
  }
  if (request.method !== "POST" || url.pathname !== "/messages") {
    // As express does for a path that it knows by another method only.
    response.writeHead(404).end();
    return;
  }
  const session = sessions.get(url.searchParams.get("sessionId"));
  if (!isSignedIn(request)) {
    say("message refused");
    response.writeHead(401, { "www-authenticate": `Bearer resource_metadata="${metadata}"` }).end();
  } else if (session) {
    await session.transport.handlePostMessage(request, response);
  } else {
    response.writeHead(404).end("no such session");
  }
});

server.listen(0, "127.0.0.1", () => {
  server.origin = `http://127.0.0.1:${server.address().port}`;
  say(`listening ${server.origin}/sse`);
});
const input = readline.createInterface({ input: process.stdin });
input.on("line", (line) => {
  if (line === "refuse") seen.forEach((token) => refused.add(token));
  if (line === "drop") sessions.forEach(({ response }) => response.destroy());
  say(`done ${line}`);
});
input.on("close", () => process.exit(0));
