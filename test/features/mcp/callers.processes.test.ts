// Random callers: a listed tool can be called, and a tool that is not listed cannot.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentProject, type Claims, servedAgent } from "./agent.ts";
import { bearer, type RawAnswer, send, toolCall } from "./raw-client.ts";

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
type Caller = Claims & { readonly source: string };

const isRefused = ({ status, body }: RawAnswer): boolean =>
  status === 403 || body?.error?.message.startsWith("Unknown tool") === true;

test("no listed tool is refused or unknown, and every other one is", { timeout: 600_000 }, async () => {
  const { mcp, token } = await servedAgent(project);
  const argsOf = (name: string) => (name === "get_shop" ? {} : name === "place_order" ? { itemId: "7" } : { id: "7" });
  const property = fc.asyncProperty(callers, async ({ source, ...claims }: Caller) => {
    const text = await token(claims);
    const headers = source === "user" ? bearer(text) : { "x-robot-token": text };
    const { body } = await send(mcp, { method: "tools/list" }, headers);
    const listed = new Set(body?.result?.tools?.map(({ name }) => name));
    expect(listed.size).toBeGreaterThan(0);
    for (const name of EVERY_TOOL) {
      const answer = await send(mcp, toolCall(name, argsOf(name)), headers);
      expect([name, isRefused(answer)]).toEqual([name, !listed.has(name)]);
      if (listed.has(name)) expect([name, answer.status, answer.body?.error]).toEqual([name, 200, undefined]);
    }
  });
  await fc.assert(property, { numRuns: Number(process.env.PROTOBFF_CASES ?? 60) });
});
