// One session of the TypeScript SDK: lists the tools, waits for a line on standard input, calls a tool.
// usage: node session.mjs URL | node session.mjs COMMAND ARGUMENT...
import { once } from "node:events";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [target, ...args] = process.argv.slice(2);
const transport = target.startsWith("http")
  ? new StreamableHTTPClientTransport(new URL(target))
  : new StdioClientTransport({ command: target, args, env: process.env });
const client = new Client({ name: "session", version: "1" });
await client.connect(transport);
console.log(`listed ${(await client.listTools()).tools.map((tool) => tool.name)}`);
await once(process.stdin, "data");
const called = await client.callTool({ name: "whoami", arguments: {} });
console.log(`called ${JSON.stringify(called.content)}`);
await client.close();
process.exit(0);
