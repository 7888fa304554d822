// Has a client of the official TypeScript SDK list and call every tool at $MCP_URL, hear progress and cancel a call.
// Prints what it saw; any surprise is an exception.
import assert from "node:assert";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const client = new Client({ name: "conformance", version: "1" }, { capabilities: {} });
const headers = { Authorization: `Bearer ${process.env.MCP_TOKEN}` };
const transport = new StreamableHTTPClientTransport(new URL(process.env.MCP_URL), { requestInit: { headers } });
await client.connect(transport);
assert.equal(transport.sessionId, undefined);
console.log(`connected: ${client.getServerVersion().name}, ${transport.protocolVersion}`);

const { tools } = await client.listTools();
assert(tools.length > 30);
const known = { owner: "lua", repo: "lua", issue_number: 1 };
let fine = 0;
for (const tool of tools) {
  const args = {};
  for (const name of tool.inputSchema.required ?? []) args[name] = known[name];
  if (tool.name === "lab__slow") args.delay_ms = 10;
  const result = await client.callTool({ name: tool.name, arguments: args }); // checks structured content, too
  assert(result.content.length > 0);
  if (!result.isError) fine++;
}
assert(fine > 15, `only ${fine} calls were fine`);
console.log(`called ${tools.length} tools, ${fine} without an error`);

let told = 0;
await client.callTool({ name: "lab__list_bytes", arguments: { bytes: 300000 } }, undefined, {
  onprogress: () => { told++; },
});
assert(told > 0);
console.log("heard progress");

const abort = new AbortController();
const slow = client.callTool({ name: "lab__slow", arguments: { delay_ms: 60000 } }, undefined, {
  signal: abort.signal,
});
setTimeout(() => abort.abort("enough"), 200);
await assert.rejects(slow);
assert.equal((await client.callTool({ name: "lab__small", arguments: {} })).isError, false);
console.log("cancelled a call");
await client.close();
