// A small MCP endpoint over streamable HTTP with plain JSON answers: what stands behind each portal's sign-in.
// Pure: takes a request and who asks, gives a response; runs in Node and in workerd alike. It keeps no session.

const PROTOCOL_VERSIONS = ["2025-03-26", "2025-06-18", "2025-11-25"];

const TOOLS = [
  {
    name: "whoami",
    description: "Says which portal this is and who is signed in",
    inputSchema: { type: "object", properties: {} },
    annotations: { readOnlyHint: true },
  },
  {
    name: "echo",
    description: "Gives the text back",
    inputSchema: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
    annotations: { readOnlyHint: true },
  },
];

/** The answer of one tool, or undefined where no such tool exists. */
function callTool(name, toolArguments, caller) {
  if (name === "whoami") return JSON.stringify(caller);
  if (name === "echo") return String(toolArguments?.text ?? "");
  return undefined;
}

/** The `result` member for one JSON-RPC method, or an `error` member. */
function perform(method, params, caller) {
  switch (method) {
    case "initialize": {
      const asked = params?.protocolVersion;
      return {
        result: {
          protocolVersion: PROTOCOL_VERSIONS.includes(asked) ? asked : PROTOCOL_VERSIONS.at(-1),
          capabilities: { tools: {} },
          serverInfo: { name: caller.portal, version: "1.0.0" },
        },
      };
    }
    case "ping":
      return { result: {} };
    case "tools/list":
      return { result: { tools: TOOLS } };
    case "tools/call": {
      const text = callTool(params?.name, params?.arguments, caller);
      if (text === undefined) return { error: { code: -32602, message: `no tool named ${params?.name}` } };
      return { result: { content: [{ type: "text", text }] } };
    }
    default:
      return { error: { code: -32601, message: `no method ${method}` } };
  }
}

/**
 * Answers one request to the MCP endpoint whose bearer token was already accepted.
 * `caller` is what `whoami` tells: `{ portal, user, client, scope }`.
 */
export async function answerMcp(request, caller) {
  // No server-sent stream and no session: both are optional in streamable HTTP, and 405 says so.
  if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
  let message;
  try {
    message = await request.json();
  } catch {
    return Response.json({ jsonrpc: "2.0", id: null, error: { code: -32700, message: "not JSON" } }, { status: 400 });
  }
  if (message.id === undefined) return new Response(null, { status: 202 });
  return Response.json({ jsonrpc: "2.0", id: message.id, ...perform(message.method, message.params, caller) });
}
