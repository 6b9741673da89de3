// The official TypeScript client, with the stateless version and with the versions that begin with `initialize`.
import { readFileSync } from "node:fs";
import {
  Client,
  type ClientOptions,
  InsufficientScopeError,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { Ajv2020, type AnySchema } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { agentProject, EVERY, INJECTION, servedAgent } from "./agent.ts";
import { type ClientSettings, clientOf, connected, textsOf } from "./clients.ts";

const project = agentProject("typescript");
beforeAll(() => project.generate());
afterAll(() => project.remove());

type Mode = readonly [name: string, version: string, settings: ClientSettings];
const MODES: readonly Mode[] = [
  ["the stateless version", "2026-07-28", { mode: { pin: "2026-07-28" } }],
  ["the newest handshake", "2025-11-25", { mode: "legacy" }],
];
const MORE_MODES: readonly Mode[] = [
  ...MODES,
  ["negotiation", "2026-07-28", { mode: "auto" }],
  ["an older handshake", "2025-06-18", { mode: "legacy", versions: ["2025-06-18"] }],
];
const OPEN = ["cancel_order", "follow_item", "get_item", "get_shop", "glance_at_item"];

test("clients negotiate their version, list, call, and see the server's name", async () => {
  const { mcp, token } = await servedAgent(project);
  for (const [, version, settings] of MORE_MODES) {
    const client = await connected(mcp, { ...settings, token: await token() });
    expect(client.getNegotiatedProtocolVersion()).toBe(version);
    const info = { name: "agent.v1", version: expect.stringMatching(/^[0-9a-f]{16}$/) };
    expect(client.getServerVersion()).toMatchObject(info);
    expect(client.getServerCapabilities()).toEqual({ tools: {} });
    expect((await client.listTools()).tools).toHaveLength(OPEN.length);
    expect((await client.callTool({ name: "get_shop" })).structuredContent).toEqual({ name: "the shop" });
  }
});

describe.each(MODES)("with %s", (_, __, settings) => {
  async function served(claims = EVERY) {
    const server = await servedAgent(project);
    const client = await connected(server.mcp, { ...settings, token: await server.token(claims) });
    return { ...server, client };
  }

  test("tools have names in order, schemas of JSON Schema 2020-12 and annotations", async () => {
    const { client } = await served();
    const { tools, nextCursor } = await client.listTools();
    const names = [...OPEN, "get_note", "get_owner", "get_price", "place_order"].sort();
    expect([tools.map(({ name }) => name), nextCursor]).toEqual([names, undefined]);
    for (const { inputSchema, outputSchema = {}, description } of tools) {
      const ajv = new Ajv2020({ strict: true, strictTypes: false, validateFormats: false });
      expect(ajv.validateSchema(inputSchema as AnySchema) && ajv.validateSchema(outputSchema as AnySchema)).toBe(true);
      expect(inputSchema).toMatchObject({ type: "object", additionalProperties: false });
      expect(description).toMatch(/\.$/);
    }
    const hints = Object.fromEntries(tools.map(({ name, annotations }) => [name, annotations]));
    expect(hints.get_item).toMatchObject({ readOnlyHint: true, destructiveHint: false });
    expect(hints.cancel_order).toMatchObject({ readOnlyHint: false, destructiveHint: true, idempotentHint: true });
    expect(hints.place_order).toMatchObject({ readOnlyHint: false, destructiveHint: true, idempotentHint: false });
  });

  test("answers satisfy the output schema, and their text is the same JSON", async () => {
    const { client } = await served();
    const { tools } = await client.listTools();
    const args = { cancel_order: { id: "1" }, get_shop: {} } as Record<string, Record<string, unknown>>;
    for (const { name, outputSchema = {} } of tools.filter((tool) => tool.name !== "place_order")) {
      const result = await client.callTool({ name, arguments: args[name] ?? { id: "7" } });
      const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(outputSchema as AnySchema);
      expect(validate(result.structuredContent), `${name}: ${JSON.stringify(result)}`).toBe(true);
      expect(JSON.parse(textsOf(result)[0] ?? "")).toEqual(result.structuredContent);
      expect(result.isError ?? false).toBe(false);
    }
  });

  test("an answer whose fields are named like those of MCP stays an answer", async () => {
    const { client } = await served();
    await client.listTools();
    const { structuredContent } = await client.callTool({ name: "get_item", arguments: { id: "shaped" } });
    const attributes = { resultType: "input_required" };
    expect(structuredContent).toMatchObject({ id: "shaped", attributes, rating: "NaN" });
  });

  test("unknown tools are protocol errors, wrong arguments are errors for the model", async () => {
    const { client, upstreams } = await served();
    await expect(client.callTool({ name: "nothing" })).rejects.toMatchObject({
      code: -32602,
      message: "Unknown tool: nothing",
    });
    const textOf = async (name: string, args: Record<string, unknown>): Promise<string | undefined> => {
      const result = await client.callTool({ name, arguments: args });
      expect(result.isError).toBe(true);
      return textsOf(result).join("\n");
    };
    expect(await textOf("get_item", { id: 7 })).toMatch(/^INVALID_ARGUMENT: /);
    const deep = { id: "7", filter: { inner: { colour: "red" } } };
    expect(await textOf("get_item", deep)).toBe("INVALID_ARGUMENT: filter.inner.colour is no argument of this tool");
    const [hidden, unknown] = [
      { itemId: "7", key: "mine" },
      { itemId: "7", lock: "mine" },
    ];
    const text = await textOf("place_order", hidden);
    expect(text).toBe((await textOf("place_order", unknown))?.replace("lock", "key"));
    expect(upstreams.requests).toEqual([]);
  });

  test("failures name code and reason, and degraded answers name the field, without the upstream's text", async () => {
    const { client } = await served();
    const missing = await client.callTool({ name: "get_item", arguments: { id: "missing" } });
    expect(missing).toMatchObject({ isError: true });
    expect(textsOf(missing).join()).toMatch(/^NOT_FOUND: /);
    expect(JSON.stringify(missing)).not.toContain(INJECTION);
    const degraded = await client.callTool({ name: "get_item", arguments: { id: "degraded" } });
    expect(textsOf(degraded)[1]).toBe("Not known right now: paid.");
    expect(degraded.structuredContent).toMatchObject({ id: "degraded" });
  });

  test("values without JSON are failures of the call, not of the server", async () => {
    const { client } = await served();
    for (const [name, onprogress] of [["get_item"], ["follow_item"], ["follow_item", () => {}]] as const) {
      const result = await client.callTool(
        { name, arguments: { id: "timeless" } },
        { ...(onprogress && { onprogress }) },
      );
      // The newest item of the stream has JSON again.
      if (name === "get_item") expect(textsOf(result).join()).toMatch(/^INTERNAL: /);
      else expect(result).toBeDefined();
    }
    expect((await client.callTool({ name: "get_shop" })).structuredContent).toEqual({ name: "the shop" });
  });

  test("a stream reports progress, and its newest item is the result", async () => {
    const { client, upstreams } = await served();
    const progress: (readonly [number, string | undefined])[] = [];
    const onprogress = (item: { progress: number; message?: string | undefined }) => {
      progress.push([item.progress, item.message]);
      upstreams.sale.resolve();
    };
    const result = await client.callTool({ name: "follow_item", arguments: { id: "waits" } }, { onprogress });
    expect(progress[0]).toEqual([1, '{"name":"offered"}']);
    expect(result).toMatchObject({ structuredContent: { name: "sold" } });
  });

  test("a stream without an end in time returns its newest item, and ends upstream", async () => {
    const { client, upstreams } = await served();
    const result = await client.callTool({ name: "glance_at_item", arguments: { id: "waits" } });
    expect(result).toMatchObject({ structuredContent: { name: "offered" } });
    expect(textsOf(result)[1]).toMatch(/not finished/i);
    expect(await upstreams.cancelled.promise).toBe("waits");
  });

  test("a client that leaves cancels the upstream's stream", async () => {
    const { client, upstreams } = await served();
    const call = client.callTool({ name: "follow_item", arguments: { id: "waits" } }, { onprogress: () => {} });
    const failed = expect(call).rejects.toThrow();
    await upstreams.followed.promise;
    await client.close();
    await failed;
    expect(await upstreams.cancelled.promise).toBe("waits");
  });

  test("a missing scope names the scopes of the rpc; a missing role is an unknown tool", async () => {
    const server = await servedAgent(project);
    const token = await server.token({ scopes: ["notes.read"], roles: ["auditor"] });
    const client = await connected(server.mcp, { ...settings, token, transport: throwing(token) });
    const denied = await client.callTool({ name: "get_note", arguments: { id: "7" } }).catch((error: unknown) => error);
    expect(denied).toBeInstanceOf(InsufficientScopeError);
    expect(denied).toMatchObject({ requiredScope: "notes.read prices.read" });
    expect(String((denied as InsufficientScopeError).resourceMetadataUrl)).toContain(server.url);
    const plain = await connected(server.mcp, { ...settings, token: await server.token() });
    const hidden = plain.callTool({ name: "get_owner", arguments: { id: "7" } });
    await expect(hidden).rejects.toMatchObject({ code: -32602, message: "Unknown tool: get_owner" });
  });
});
const throwing = (token: string) => ({
  requestInit: { headers: { authorization: `Bearer ${token}` } },
  onInsufficientScope: "throw" as const,
});

const CALLERS: readonly (readonly [claims: typeof EVERY, more: readonly string[]])[] = [
  [{}, []],
  [{ scopes: ["prices.read"] }, ["get_price"]],
  [{ roles: ["clerk"] }, ["get_owner"]],
  [{ scopes: ["notes.read", "prices.read"] }, ["get_price"]],
  [{ scopes: ["notes.read", "prices.read"], roles: ["auditor"] }, ["get_note", "get_owner", "get_price"]],
  [{ scopes: ["orders.write"], roles: ["other"] }, ["place_order"]],
];
test("the list has the tools that the caller may call", async () => {
  const { mcp, token } = await servedAgent(project);
  for (const [claims, more] of CALLERS) {
    const client = await connected(mcp, { token: await token(claims) });
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([...OPEN, ...more].sort());
  }
});

test("a signal cancels the upstream's stream", async () => {
  const { mcp, token, upstreams } = await servedAgent(project);
  const client = await connected(mcp, { token: await token() });
  const abort = new AbortController();
  const args = { name: "follow_item", arguments: { id: "waits" } };
  const call = client.callTool(args, { signal: abort.signal });
  const failed = expect(call).rejects.toThrow();
  await upstreams.followed.promise;
  abort.abort();
  await failed;
  expect(await upstreams.cancelled.promise).toBe("waits");
  expect((await client.callTool({ name: "get_shop" })).structuredContent).toEqual({ name: "the shop" });
});

const PLACE = expect.objectContaining({ name: "place_order", annotations: expect.anything() });
const ORDER = { name: "place_order", arguments: { itemId: "lamp", count: 2 } };
describe("a tool that needs a confirmation", () => {
  test("runs once after the user accepts, with its hidden argument", async () => {
    const { mcp, token, upstreams } = await servedAgent(project);
    const messages: string[] = [];
    const form = (message: string) => {
      messages.push(message);
      return { action: "accept" as const, content: { confirm: true } };
    };
    const client = await connected(mcp, { token: await token(EVERY), form });
    const result = await client.callTool(ORDER);
    expect(result.structuredContent).toEqual({ id: "order of lamp", count: 2 });
    expect(upstreams.requests).toEqual(["place 2 lamp key of ann"]);
    expect(messages).toEqual([expect.stringMatching(/place_order[\s\S]*lamp/)]);
    expect(messages[0]).not.toContain("key of ann");
  });
  test.each([
    ["declines", { action: "decline" as const }],
    ["cancels", { action: "cancel" as const }],
    ["sends the form without consent", { action: "accept" as const, content: { confirm: false } }],
  ])("does not run if the user %s", async (_, answer) => {
    const { mcp, token, upstreams } = await servedAgent(project);
    const client = await connected(mcp, { token: await token(EVERY), form: () => answer });
    const result = await client.callTool(ORDER);
    expect(result.isError).toBe(true);
    expect(textsOf(result).join()).toMatch(/not confirmed/i);
    expect(upstreams.requests).toEqual([]);
  });
  test("does not run for clients without forms", async () => {
    const { mcp, token, upstreams } = await servedAgent(project);
    const modern = await connected(mcp, { token: await token(EVERY) });
    const data = { requiredCapabilities: { elicitation: { form: {} } } };
    await expect(modern.callTool(ORDER)).rejects.toMatchObject({ code: -32021, data });
    const legacy = await connected(mcp, { token: await token(EVERY), mode: "legacy" });
    expect(await legacy.callTool(ORDER)).toMatchObject({ isError: true });
    expect(upstreams.requests).toEqual([]);
  });
  test("names the line that a client with default settings lacks, which makes it work", async () => {
    const { mcp, token, upstreams } = await servedAgent(project);
    const requestInit = { headers: { authorization: `Bearer ${await token(EVERY)}` } };
    const capabilities = { elicitation: { form: {} } };
    const resultOf = async (options: ClientOptions) => {
      const client = new Client({ name: "test", version: "1" }, options);
      onTestFinished(() => client.close());
      client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: { confirm: true } }));
      await client.connect(new StreamableHTTPClientTransport(new URL(mcp), { requestInit }));
      return client.callTool(ORDER);
    };
    const line =
      'new Client(info, { versionNegotiation: { mode: "auto" }, capabilities: { elicitation: { form: {} } } })';
    expect(textsOf(await resultOf({ capabilities })).join()).toContain(line);
    expect(upstreams.requests).toEqual([]);
    const accepted = await resultOf({ versionNegotiation: { mode: "auto" }, capabilities });
    expect(accepted.structuredContent).toEqual({ id: "order of lamp", count: 2 });
    expect(readFileSync(new URL("../../../docs/agents.md", import.meta.url), "utf8")).toContain(line);
  });
  test("runs at once if it leaves the question to the client", async () => {
    const { mcp, token, upstreams } = await servedAgent(project);
    const client = await connected(mcp, { token: await token() });
    const result = await client.callTool({ name: "cancel_order", arguments: { id: "5" } });
    expect([result.structuredContent, upstreams.requests]).toEqual([{ id: "5" }, ["cancel 5"]]);
  });
});

interface ResourceMetadata {
  readonly resource: string;
  readonly authorization_servers: readonly string[];
}
test("a client without a token finds the issuer, and continues with a token for the resource", async () => {
  const { url, mcp, token, issuer, post } = await servedAgent(project);
  let bearer: string | undefined;
  const client = clientOf({});
  const authProvider = {
    token: async () => bearer,
    onUnauthorized: async ({ response }: { readonly response: Response }) => {
      const header = response.headers.get("www-authenticate") ?? "";
      const found = await fetch(/resource_metadata="([^"]+)"/.exec(header)?.[1] ?? "");
      const metadata = (await found.json()) as ResourceMetadata;
      expect(metadata).toEqual({
        resource: mcp,
        authorization_servers: [issuer],
        scopes_supported: ["notes.read", "orders.write", "prices.read"],
        bearer_methods_supported: ["header"],
      });
      bearer = await token(EVERY, metadata.resource);
    },
  };
  await client.connect(new StreamableHTTPClientTransport(new URL(mcp), { authProvider }));
  expect((await client.listTools()).tools).toHaveLength(9);
  expect(bearer).toBeDefined();
  await client.close();

  const headers = { authorization: `Bearer ${bearer}` };
  expect(await post("agent.v1.AgentService/GetItem", { id: "7" }, { headers })).toMatchObject({ status: 401 });
  const own = { authorization: `Bearer ${await token(EVERY)}` };
  expect(await post("agent.v1.AgentService/GetItem", { id: "7" }, { headers: own })).toMatchObject({ status: 200 });
  expect(url).toBe(new URL(mcp).origin);
});

test("in search mode the client finds, reads, follows and runs tools, and the audit names their rpcs", async () => {
  const { mcp, token, upstreams, log } = await servedAgent(project, { BFF_MCP_TOOLS: "search", BFF_AUDIT: "stderr" });
  const form = () => ({ action: "accept" as const, content: { confirm: true } });
  const client = await connected(mcp, { token: await token(EVERY), form });
  const { tools } = await client.listTools();
  expect(tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint, annotations?.destructiveHint])).toEqual(
    [
      ["find_tools", true, false],
      ["read_tool", true, false],
      ["run_tool", false, true],
    ],
  );
  const found = await client.callTool({ name: "find_tools", arguments: { query: "place an order" } });
  expect(found.structuredContent).toMatchObject({ tools: expect.arrayContaining([PLACE]) });
  const call = (tool: string, name: string, args: object, onprogress?: () => void) =>
    client.callTool({ name: tool, arguments: { name, arguments: args } }, { ...(onprogress && { onprogress }) });
  const read = await call("read_tool", "get_item", { id: "7" });
  expect(read.structuredContent).toMatchObject({ id: "7", name: "name of 7" });
  let items = 0;
  const followed = await call("read_tool", "follow_item", { id: "waits" }, () => {
    items++;
    upstreams.sale.resolve();
  });
  expect([followed.structuredContent, items]).toEqual([{ name: "sold" }, 1]);
  expect(textsOf(await call("read_tool", "cancel_order", { id: "5" })).join()).toMatch(
    /^FAILED_PRECONDITION: .*run_tool/,
  );
  const placed = await call("run_tool", "place_order", { itemId: "lamp", count: 2 });
  expect(placed.structuredContent).toEqual({ id: "order of lamp", count: 2 });
  expect(textsOf(await call("run_tool", "place_order", { itemId: "lamp", key: "x" })).join()).toMatch(
    /key is no argument/,
  );
  const direct = await client.callTool({ name: "cancel_order", arguments: { id: "5" } });
  expect(direct.structuredContent).toEqual({ id: "5" });
  const plain = await connected(mcp, { token: await token() });
  const order = { name: "run_tool", arguments: { name: "place_order", arguments: { itemId: "lamp" } } };
  await expect(plain.callTool(order)).rejects.toThrow();
  await expect.poll(log).toMatch(/"event":"denied".*"method":"agent\.v1\.AgentService\/PlaceOrder"/);
});
