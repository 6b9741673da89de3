// Search mode, held to the list of all tools.
import { create, createRegistry } from "@bufbuild/protobuf";
import { CredentialSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import type { StaticPermit } from "@protobff/runtime/internal/admission/static-permit";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import type { Caller } from "@protobff/runtime/internal/identity/caller";
import fc from "fast-check";
import MiniSearch from "minisearch";
import { describe, expect, test } from "vitest";
import { Front, PageSchema } from "../../../../../runtime/src/testing/gen/test_pb.ts";
import { RpcError, type RpcMessage } from "../json-rpc.ts";
import { readMcpConfig } from "../open-mcp.ts";
import type { Tool } from "../tool.ts";
import { ToolSet } from "../tool-set.ts";
import { ToolSearch } from "./tool-search.ts";
import { argumentNames, wordsOf } from "./words.ts";

const METHOD = `${Front.typeName}/Show`;
const tool = (name: string, more: Partial<Tool<never, never>> = {}): Tool<never, never> => ({
  ...{ name, method: METHOD, description: "", readOnly: true, idempotent: true, maxBytes: 1_000 },
  ...{ inputSchema: { type: "object" }, outputSchema: { type: "object" } },
  ...more,
});
function searchOf(tools: readonly Tool<never, never>[], hosts?: readonly string[]) {
  const compose = () => Promise.resolve(create(PageSchema));
  const endpoints = [endpoint(Front.method.show, undefined, { timeoutMs: 1_000, hosts, compose })];
  const set = new ToolSet(tools as never, endpoints, createRegistry());
  return { set, search: new ToolSearch(set, MiniSearch) };
}
const call = (name: string, args: object): RpcMessage => {
  const params = { name, arguments: args } as RpcMessage["params"];
  return { id: 1, method: "tools/call", params, args: args as never };
};
interface Found {
  readonly tools: readonly { readonly name: string }[];
  readonly more?: number;
}
const parsed = (result: unknown) => JSON.parse(`{${String(result)}}`) as { structuredContent: Found };
function find(search: ToolSearch, query: string, caller?: Caller, authority?: string): Found {
  return parsed(search.resolve(call("find_tools", { query }), caller, authority)).structuredContent;
}
const names = ({ tools }: Found): string[] => tools.map(({ name }) => name);

const callerOf = (source: string, scopes: readonly string[], roles: readonly string[]): Caller => {
  const principal = create(PrincipalSchema, { subject: "ann", scopes: [...scopes], roles: [...roles] });
  const credential = create(CredentialSchema, { source, subject: "ann" });
  return { credential, principal, bytes: new Uint8Array(), key: "", token: undefined };
};
const some = (...values: string[]) => fc.subarray(values);
const permits: fc.Arbitrary<StaticPermit | undefined> = fc.option(
  fc.record(
    {
      public: fc.boolean(),
      sources: some("user", "robot"),
      scopes: some("a", "b"),
      roles: fc.array(some("x", "y"), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  ),
  { nil: undefined },
);
const callers = fc.option(fc.tuple(fc.constantFrom("user", "robot"), some("a", "b"), some("x", "y")), {
  nil: undefined,
});
const WORDS = ["order", "price", "item", "cancel", "find"];
const tools = fc.uniqueArray(
  fc.record({
    name: fc.uniqueArray(fc.constantFrom(...WORDS), { minLength: 1 }).map((words) => words.join("_")),
    group: fc.option(fc.constantFrom("order", "stock"), { nil: undefined }),
    description: fc.constantFrom("", "Finds orders.", "Returns the price of an item."),
    readOnly: fc.boolean(),
    permit: permits,
  }),
  { selector: ({ name }) => name, maxLength: 30 },
);

test("shows every caller exactly the tools of its list", () => {
  const property = fc.property(tools, callers, fc.boolean(), fc.boolean(), (all, claims, away, limited) => {
    const { set, search } = searchOf(
      all.map(({ name, ...more }) => tool(name, more)),
      limited ? ["shop.example"] : undefined,
    );
    const caller = claims && callerOf(...claims);
    const authority = away ? "other.example" : "shop.example";
    const list = (JSON.parse(set.listFor(caller, authority)) as Found["tools"]).map((listed) => listed);
    const visible = new Set(list.map(({ name }) => name));
    // Each tool is found by its name, as the list shows it, and only by its callers.
    for (const { name } of all) {
      const [first] = find(search, name, caller, authority).tools;
      expect(first?.name === name).toBe(visible.has(name));
      if (visible.has(name)) expect(first).toEqual(list.find((listed) => listed.name === name));
    }
    for (const query of ["", ...WORDS, "stock", "finds orders", "return"]) {
      const found = find(search, query, caller, authority);
      expect(names(found).filter((name) => !visible.has(name))).toEqual([]);
      if (query === "")
        expect([names(found), found.more ?? 0]).toEqual([
          list.slice(0, 10).map(({ name }) => name),
          Math.max(0, list.length - 10),
        ]);
    }
    // Refusals and descriptions name no hidden tool and group.
    const groups = new Set<string>(all.flatMap(({ name, group }) => (visible.has(name) ? (group ?? []) : [])));
    const listed = search.listFor(caller, authority);
    for (const group of ["order", "stock"])
      expect(new RegExp(`: .*\\b${group}\\b`).test(listed)).toBe(groups.has(group));
    for (const { name, readOnly } of all) {
      const read = search.resolve(call("read_tool", { name }), caller, authority);
      const none = search.resolve(call("read_tool", { name: `no_${name}` }), caller, authority);
      expect(none).toMatchObject({ params: { name: `no_${name}` } });
      if (readOnly || set.get(name, authority) === undefined) expect(read).toMatchObject({ params: { name } });
      else if (visible.has(name)) expect(read).toContain("may have side effects. Use run_tool.");
      else expect(read).toMatchObject({ code: -32602, message: `Unknown tool: ${name}` });
    }
  });
  fc.assert(property, { numRuns: Number(process.env.PROTOBFF_CASES ?? 100) });
});

describe("find_tools", () => {
  const { search } = searchOf([
    tool("cancel_order", { description: "Cancels an order that is not yet paid.", readOnly: false, group: "orders" }),
    tool("find_orders", { description: "Finds the orders of a customer.", group: "orders" }),
    tool("get_price", {
      description: "Returns what an article costs.",
      inputSchema: { type: "object", properties: { itemId: {}, filter: { properties: { currency_code: {} } } } },
    }),
    tool("get_order_price", { description: "Returns the total." }),
  ]);
  test.each([
    ["cancel", ["cancel_order"]],
    ["how do I cancel orders?", ["cancel_order", "find_orders", "get_order_price"]],
    ["currency", ["get_price"]],
    ["itemID", ["get_price"]],
    ["pri", ["get_price", "get_order_price"]],
    ["get_order_price", ["get_order_price"]],
    ["orders", ["cancel_order", "find_orders", "get_order_price"]],
    ["zebra", []],
    [" ", ["cancel_order", "find_orders", "get_order_price", "get_price"]],
  ])("%j finds %j first", (query, found) => {
    expect(names(find(search, query)).slice(0, found.length)).toEqual(found);
    if (query === "zebra" || query === "cancel") expect(names(find(search, query))).toHaveLength(found.length);
  });
  test("refuses other arguments", () => {
    for (const args of [{ query: 5 }, { query: "x".repeat(257) }, { query: "x", limit: 3 }])
      expect(search.resolve(call("find_tools", args), undefined, undefined)).toContain("INVALID_ARGUMENT");
    expect(search.resolve(call("find_tools", []), undefined, undefined)).toBeInstanceOf(RpcError);
    for (const name of ["read_tool", "run_tool"]) {
      expect(search.resolve(call(name, []), undefined, undefined)).toBeInstanceOf(RpcError);
      for (const args of [{}, { name: 5 }, { name: "find_orders", extra: 1 }])
        expect(search.resolve(call(name, args), undefined, undefined)).toContain("INVALID_ARGUMENT");
    }
  });
  test("returns at most 10 tools and 32 KiB, and counts the others", () => {
    const many = searchOf(Array.from({ length: 15 }, (_, i) => tool(`order_${i}`))).search;
    expect([find(many, "order").tools.length, find(many, "order").more]).toEqual([10, 5]);
    const large = searchOf(
      Array.from({ length: 3 }, (_, i) => tool(`order_${i}`, { inputSchema: { title: "x".repeat(20_000) } })),
    ).search;
    expect([find(large, "order").tools.length, find(large, "order").more]).toEqual([1, 2]);
  });
});

test("lists 1,000 tools of 500 groups in at most 1,000 tokens", () => {
  const { search } = searchOf(Array.from({ length: 1_000 }, (_, i) => tool(`tool_${i}`, { group: `group_${i >> 1}` })));
  expect(search.listFor(undefined, undefined).length / 4).toBeLessThanOrEqual(1_000);
});

test("groups are first in the list of all tools", () => {
  const { set } = searchOf([
    tool("a"),
    tool("z", { group: "x" }),
    tool("b", { group: "y" }),
    tool("c", { group: "x" }),
  ]);
  expect(set.all.map((listed) => listed.tool.name)).toEqual(["c", "z", "b", "a"]);
});

test("words are those of names in every style", () => {
  expect(wordsOf("find_orders-byID URLOfItem2 Größen 訂單 address")).toEqual([
    "find",
    "order",
    "by",
    "id",
    "url",
    "of",
    "item",
    "2",
    "größen",
    "訂單",
    "address",
  ]);
  const schema = { properties: { a: { items: { properties: { b: {} } } }, properties: { properties: { c: {} } } } };
  expect(argumentNames(schema)).toEqual(["a", "b", "properties", "c"]);
});

test.each([
  ["all", 5_000, false],
  ["search", 1, true],
  ["auto", 1, false],
  ["auto", 5_000, true],
])("%s searches a list of %i · 8 bytes: %s", async (mode, size, searches) => {
  const all = [tool("show", { description: "x".repeat(size * 8) })];
  const { config, faults } = await readMcpConfig({ BFF_MCP_TOOLS: mode }, all as never, []);
  expect([config.search !== undefined, faults]).toEqual([searches, []]);
});
test("a wrong mode, and a tool with a name of search mode, stop the start", async () => {
  const faultsOf = async (mode: string, name: string) =>
    (await readMcpConfig({ BFF_MCP_TOOLS: mode }, [tool(name)] as never, [])).faults;
  expect(await faultsOf("Search", "show")).toMatchObject([
    { variable: "BFF_MCP_TOOLS", problem: 'is "Search"', remedy: "all, search or auto" },
  ]);
  expect(await faultsOf("search", "run_tool")).toMatchObject([
    { problem: "is search, and a tool of this server is named run_tool" },
  ]);
  expect(await faultsOf("all", "run_tool")).toEqual([]);
});
