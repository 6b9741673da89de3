// Random callers: a listed tool can be found and called, and a tool that is not listed cannot.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentProject, type Claims, servedAgent } from "./agent.ts";
import { bearer, calledIn, type RawAnswer, send, type ToolResult, toolCall } from "./raw-client.ts";

const project = agentProject("callers");
beforeAll(() => project.generate());
afterAll(() => project.remove());

const TOOLS = ["cancel_order", "follow_item", "get_item", "get_note", "get_owner", "get_price", "get_shop"];
const EVERY_TOOL = [...TOOLS, "glance_at_item", "place_order"];
/** Names that admit, and names that only look like them. */
const SCOPES = ["prices.read", "notes.read", "orders.write", "prices", "orders.read", "PRICES.READ", "read", "", "*"];
const ROLES = ["auditor", "clerk", "Clerk", "admin", "", "auditor,clerk"];
const callers = fc.record({
  scopes: fc.subarray(SCOPES),
  roles: fc.subarray(ROLES),
  source: fc.constantFrom("user", "robot"),
});
type Listed = NonNullable<ToolResult["tools"]>;
type Caller = Claims & { readonly source: string };

const isRefused = ({ status, body }: RawAnswer): boolean =>
  status === 403 || body?.error?.message.startsWith("Unknown tool") === true;

test("no listed tool is refused or unknown, and every other one is, in both modes", { timeout: 600_000 }, async () => {
  const { mcp, token } = await servedAgent(project);
  const searching = await servedAgent(project, { BFF_MCP_TOOLS: "search" });
  const argsOf = (name: string) => (name === "get_shop" ? {} : name === "place_order" ? { itemId: "7" } : { id: "7" });
  const property = fc.asyncProperty(callers, async ({ source, ...claims }: Caller) => {
    const headersBy = (text: string) => (source === "user" ? bearer(text) : { "x-robot-token": text });
    const headers = headersBy(await token(claims));
    const others = headersBy(await searching.token(claims));
    const { body } = await send(mcp, { method: "tools/list" }, headers);
    const list = body?.result?.tools ?? [];
    const listed = new Set(list.map(({ name }) => name));
    expect(listed.size).toBeGreaterThan(0);
    for (const name of EVERY_TOOL) {
      const answer = await send(mcp, toolCall(name, argsOf(name)), headers);
      expect([name, isRefused(answer)]).toEqual([name, !listed.has(name)]);
      const found = await send(searching.mcp, toolCall("find_tools", { query: name }), others);
      const tools = found.body?.result?.structuredContent?.tools as unknown as Listed | undefined;
      expect(tools?.filter((tool) => tool.name === name)).toEqual(list.filter((tool) => tool.name === name));
      const run = await send(searching.mcp, calledIn("search", toolCall(name, argsOf(name))), others);
      expect([name, isRefused(run)]).toEqual([name, !listed.has(name)]);
      if (listed.has(name)) expect([name, answer.status, answer.body?.error]).toEqual([name, 200, undefined]);
    }
  });
  await fc.assert(property, { numRuns: Number(process.env.PROTOBFF_CASES ?? 60) });
});
