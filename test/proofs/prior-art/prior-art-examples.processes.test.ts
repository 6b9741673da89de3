// Examples of grpc-federation, told in our words (test/proofs/prior-art/README.md): generated without a warning, and
// run over upstreams that answer as those of the examples do.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { EnvReader } from "@protobff/runtime";
import { expect, onTestFinished, test } from "vitest";
import { isDeclared } from "../../../packages/server/src/testing/declared-error.ts";
import { renderDiagnostics } from "../../../plugin/src/diagnostic/render.ts";
import { compileCase, textsBelow } from "../../support/golden.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { type StubbedBff, type StubbedOptions, stubbed } from "../../support/stubbed-bff.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const upstreams = textsBelow(join(folder, "upstreams"));
const examples = readdirSync(folder).filter((name) => /^\d/.test(name));

/** Warnings that are right: 17_error_handler hands on what the upstream wrote. */
const EXPECTED_CODES: Readonly<Record<string, readonly string[]>> = { "17_error_handler": ["BFF804"] };

test.each(examples)("%s generates without a warning", (name) => {
  const protos = textsBelow(join(folder, name, "proto"));
  const all = { ...upstreams, ...protos };
  const { diagnostics } = compileCase(requestFor(all, Object.keys(protos)), all);
  const unexpected = diagnostics.filter(({ code }) => !EXPECTED_CODES[name]?.includes(code));
  expect(renderDiagnostics(unexpected, (file) => all[file], "text")).toBe("");
});

test("the table of test/proofs/prior-art/README.md has every example, with its lines", () => {
  const page = readFileSync(new URL("./README.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `(\d\d_\w+)` \| (\d+) \| .+? \| (\d+) \| .* \|$/gm)];
  const linesOf = (name: string): number => {
    const text = Object.values(textsBelow(join(folder, name, "proto"))).join("\n");
    return text.split("\n").filter((line) => !/^\s*(\/\/.*)?$/.test(line)).length;
  };
  expect(rows.map(([, name, , here]) => [name, Number(here)])).toEqual(examples.map((name) => [name, linesOf(name)]));
  for (const [, name, there, here] of rows) expect(Number(here), name).toBeLessThan(Number(there));
});

test("the examples contain every snippet of docs/migrating.md in this language", () => {
  const page = readFileSync(new URL("../../../docs/migrating.md", import.meta.url), "utf8");
  const lines = (text: string): string => `\n${text.replace(/^ +| +$/gm, "")}`;
  const sources = lines(examples.flatMap((name) => Object.values(textsBelow(join(folder, name, "proto")))).join("\n"));
  const shown = [...page.matchAll(/^```proto\n\/\/ protobff\n(.*?)^```$/gms)].map(([, text = ""]) => text);
  expect(shown.length).toBeGreaterThan(5);
  expect(shown.filter((text) => !sources.includes(lines(text)))).toEqual([]);
});

test("the page of expressions has every function of ours that docs/migrating.md names", () => {
  const page = readFileSync(new URL("../../../docs/migrating.md", import.meta.url), "utf8");
  const [, table = ""] = /^## Expressions$(.*?)^## /ms.exec(page) ?? [];
  const ours = [...table.matchAll(/^\| .* \| (.*) \|$/gm)].flatMap(([, cell = ""]) => [...cell.matchAll(/`[^`]+`/g)]);
  const named = new Set(
    ours.flatMap(([code]) => [...code.matchAll(/\b([a-z][\w.]*)\(/gi)].map(([, name = ""]) => name)),
  );
  const known = readFileSync(new URL("../../../docs/expressions.md", import.meta.url), "utf8");
  expect(named.size).toBeGreaterThan(20);
  const function_ = (name: string): string => name.replace(/^[a-z]\./, "");
  expect([...named].filter((name) => !known.includes(`${function_(name)}(`))).toEqual([]);
});

async function start(name: string, options: StubbedOptions): Promise<StubbedBff> {
  const protos = textsBelow(join(folder, name, "proto"));
  const made = await stubbed({ name, protos: { ...upstreams, ...protos }, targets: Object.keys(protos) });
  onTestFinished(made.remove);
  const bff = await made.serve(options);
  onTestFinished(bff.close);
  return bff;
}

const GET_POST = "post.v1.PostService/GetPost";
const GET_USER = "user.v1.UserService/GetUser";
const post = (id: string, more: JsonObject = {}): JsonObject => ({ id, title: `title of ${id}`, userId: id, ...more });
const id = (request: JsonObject): string => String(request.id ?? "");

const { registry } = schemaOf(requestFor(upstreams));
/** An error with details, each a message's name and its fields. */
function refusal(code: Code, text: string, details: Readonly<Record<string, JsonObject>>): ConnectError {
  const outgoing = Object.entries(details).map(([type, value]) => {
    const desc = registry.getMessage(type);
    if (desc === undefined) throw new Error(`no message ${type}`);
    return { desc, value: fromJson(desc, value) };
  });
  return new ConnectError(text, code, undefined, outgoing);
}
const typesOf = (body: JsonObject): unknown[] =>
  (body.details as JsonObject[]).map(({ type }) => type).filter(isDeclared);

test("02_simple", async () => {
  const location = { addr1: "foo", addr2: "bar", b: { bar: "1" } };
  const user = {
    items: [
      { name: "item1", type: "ITEM_TYPE_1", value: "1", location },
      { name: "item2", type: "ITEM_TYPE_2", value: "2" },
    ],
    profile: { user: { "@type": "type.googleapis.com/user.v1.User", name: "foo" } },
    b: { bar: true },
  };
  const types: unknown[] = [];
  const bff = await start("02_simple", {
    stubs: {
      [GET_POST]: (request) => ({ post: { ...post(`post:${id(request)}`), content: "bar" } }),
      [GET_USER]: (request) => {
        types.push(request.type);
        return { user: { ...user, id: id(request), name: `name of ${id(request)}` } };
      },
    },
  });
  const { body } = await bff.send("blog.v1.BlogService/GetPost", { id: "foo" }, { key1: "value1" });
  const { post: composed, any, uuid, ...rest } = body;
  expect(composed).toEqual({
    id: "post:foo",
    title: "title of post:foo",
    content: "bar",
    user: { ...user, id: "post:foo", name: "name of post:foo" },
  });
  expect(any).toEqual({ "@type": "type.googleapis.com/blog.v1.Post", ...(composed as JsonObject) });
  expect(types).toEqual([1]);
  expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(rest).toEqual({
    str: "hello",
    loc: "Asia/Tokyo",
    value1: "value1",
    itemTypeName: "ITEM_TYPE_1",
    itemTypeValue: "ITEM_TYPE_1",
    itemTypeInt: 1,
    itemTypeCast: "ITEM_TYPE_1",
    a: { b: { foo: { type: "foo" }, bar: { type: "bar" } }, optC: {} },
    sortedValues: [1, 2, 3, 4],
    sortedItems: [{ location: { addr1: "b" } }, { location: { addr1: "a" } }],
    mapValue: { 1: "a", 2: "b", 3: "c" },
    doubleValue: 1.23,
    uintValue: 4,
    bytesValue: Buffer.from("world").toString("base64"),
    hello: "hello\nworld",
    jpTime: "12:10",
    stringsJoin: "23.2",
    parseFloat: 23.2,
    urlHost: "example.com",
    urlUserName: "test_user",
    enumValue: "ITEM_TYPE_2",
    enumValueStr: "second item type",
    sqrtDouble: 5,
    sqrtInt: 5,
    floor: 1,
    flatten: ["1", "2", "3"],
    round: 2,
    replaced: "1-2-3-grpc",
    listToMap: { 0: 1, 2: 9 },
    uuidValid: true,
    findStringSubmatch: ["abc", "123"],
    matchString: true,
    replaceAllString: "salmon is tasty",
  });
});

test("03_custom_resolver", async () => {
  // As the generated server reads them.
  const faults: ConstructorParameters<typeof EnvReader>[1] = [];
  const read = new EnvReader({ YYY: "1,2,3,4", ZZZ: "x=600m,y=20m,z=30s" }, faults);
  const env = {
    A: read.string("A", "xxx"),
    B: read.or("YYY").list("B", "int"),
    C: read.or("ZZZ").map("C", "duration"),
  };
  expect(faults).toEqual([]);
  let fail = true;
  const bff = await start("03_custom_resolver", {
    env,
    stubs: {
      [GET_POST]: (request) => {
        if (fail) throw new ConnectError("no", Code.Unknown);
        return { post: { ...post(id(request)), userId: "u1" } };
      },
      [GET_USER]: (request) =>
        request.id === undefined
          ? { user: { id: "anonymous_id", name: "anonymous" } }
          : { user: { id: id(request), name: `name of ${id(request)}` } },
    },
  });
  const get = async () => (await bff.send("blog.v1.BlogService/GetPost", { id: "foo" })).body;
  const rest = { envA: "xxx", envB: "2", envC: "30s", ref: { a: "xxx" } };
  expect(await get()).toEqual({ post: { user: { id: "anonymous_id", name: "anonymous" }, nullCheck: true }, ...rest });
  fail = false;
  expect(await get()).toEqual({
    post: { id: "foo", title: "title of foo", user: { id: "u1", name: "name of u1" } },
    ...rest,
  });
});

test("04_timeout", async () => {
  let code = Code.Unavailable;
  let attempts = 0;
  const bff = await start("04_timeout", {
    stubs: {
      [GET_POST]: (request) => {
        attempts++;
        if (code !== Code.Unavailable || attempts < 3) throw new ConnectError("no", code);
        return { post: post(id(request)) };
      },
      "post.v1.PostService/UpdatePost": () => ({}),
      "post.v1.PostService/DeletePost": () => ({}),
    },
  });
  const send = async (rpc: string) => (await bff.send(`blog.v1.BlogService/${rpc}`, { id: "x" })).body;
  expect(await send("UpdatePost")).toEqual({});
  expect(bff.upstreamCalls).toEqual(["PostService/UpdatePost", "PostService/DeletePost"]);
  expect(await send("GetPost")).toEqual({ id: "x", title: "title of x" });
  expect(attempts).toBe(3);
  code = Code.Unimplemented;
  expect((await send("GetPost")).code).toBe("internal");
  expect(attempts).toBe(4);
});

test("06_alias", async () => {
  const got: JsonObject[] = [];
  const content = (more: string): JsonObject => ({ head: `head${more}`, body: `body${more}` });
  const bff = await start("06_alias", {
    stubs: {
      [GET_POST]: (request) => {
        got.push(request);
        return { post: { id: id(request), data: { type: "TYPE_C", title: "foo", content: content("") } } };
      },
      "post.v2.PostService/GetPost": (request) => ({
        post: { id: id(request), data: { type: "TYPE_V2_C", title: "foo2", content: content("2") } },
      }),
    },
  });
  const { body } = await bff.send("blog.v1.BlogService/GetPost", { id: "foo", a: { prop: "bar" } });
  const data = (title: string, more: string): JsonObject => ({
    type: "POST_TYPE_BAR",
    title,
    content: { ...content(more), dupBody: `body${more}` },
  });
  expect(body).toEqual({
    post: {
      id: "foo",
      data: data("foo", ""),
      data2: data("foo2", "2"),
      type: "POST_TYPE_BAR",
      type2: "POST_TYPE_FOO",
      type3: "POST_TYPE_BAR",
    },
  });
  await bff.send("blog.v1.BlogService/GetPost", { id: "foo", b: {} });
  expect(got).toEqual([
    { id: "foo", a: { prop: "bar" } },
    { id: "foo", b: {} },
  ]);
});

test("10_oneof", async () => {
  const bff = await start("10_oneof", { stubs: { [GET_USER]: (request) => ({ user: { id: id(request) } }) } });
  const get = async (kind: string) => (await bff.send("blog.v1.BlogService/Get", { kind })).body;
  expect(await get("b")).toEqual({
    user: { id: "b" },
    msg: { msgB: "bbb" },
    nested: { int: "1" },
    cast: { type: "USER_TYPE_ANONYMOUS" },
  });
  expect(bff.upstreamCalls).toEqual(["UserService/GetUser"]);
  expect(await get("z")).toEqual({ user: { id: "c" }, msg: { msgC: "ccc" }, nested: {}, cast: {} });
  expect(bff.upstreamCalls).toHaveLength(2);
});

test("11_multi_service", async () => {
  const bff = await start("11_multi_service", {
    stubs: {},
    env: (service) => ({ NAME: service === "PrivateService" ? "private" : "federation" }),
    resolvers: {
      getResponsePost: ({ steps }: { steps: { post: { id: string } } }) => ({ id: steps.post.id, title: "by hand" }),
    },
  });
  const send = async (rpc: string) => (await bff.send(`blog.v1.${rpc}`, { id: "foo" })).body;
  expect(await send("BlogService/GetPost")).toEqual({
    post: {
      id: "post-id",
      title: "title",
      user: { id: "foo", name: "bar" },
      reaction: { favoriteType: "TYPE1", favoriteTypeStr: "TYPE1", cmp: true },
      favoriteValue: "TYPE1",
      cmp: true,
    },
    upperName: "FEDERATION",
  });
  expect(await send("BlogService/GetName")).toEqual({ name: "federation" });
  expect(await send("PrivateService/GetPost")).toMatchObject({ upperName: "PRIVATE" });
  expect(await send("PrivateService/GetName")).toEqual({ name: "private" });
  expect(await send("DebugService/GetStatus")).toEqual({ user: { id: "xxxx", name: "yyyy" } });
  expect(await send("OtherService/Get")).toEqual({ post: { id: "post-id", title: "by hand" } });
});

test("12_validation", async () => {
  const bff = await start("12_validation", { stubs: {} });
  const get = (request: JsonObject) => bff.send("blog.v1.BlogService/GetPost", request);
  const { status, body } = await get({ id: "correct-id" });
  expect([status, body]).toEqual([
    200,
    {
      post: {
        id: "some-id",
        title: "some-title",
        content: "some-content",
        item: { itemId: 2, name: "item-name2" },
      },
    },
  ]);
  const refused = await get({ id: "wrong-id" });
  expect(refused.body).toMatchObject({ code: "failed_precondition", message: "validation 3 failed for wrong-id" });
  expect(typesOf(refused.body)).toEqual([
    "blog.v1.CustomMessage",
    "google.rpc.PreconditionFailure",
    "google.rpc.BadRequest",
    "google.rpc.LocalizedMessage",
  ]);
  expect((await get({})).body).toMatchObject({ code: "invalid_argument", message: "id is missing" });
});

test("13_map", async () => {
  const bff = await start("13_map", {
    stubs: {
      "post.v1.PostService/GetPosts": ({ ids }) => ({
        posts: (ids as string[]).map((id) => post(id, { content: `content of ${id}` })),
      }),
      [GET_USER]: (request) => ({ user: { id: id(request), name: `name_${id(request)}` } }),
    },
  });
  const { body } = await bff.send("blog.v1.BlogService/GetPosts", { ids: ["x", "y"] });
  expect(body).toEqual({
    ids: ["x", "y"],
    titles: ["title of x", "title of y"],
    contents: ["content of x", "content of y"],
    users: [
      { id: "x", name: "name_x" },
      { id: "y", name: "name_y" },
    ],
    items: [{ name: "item_x" }, { name: "item_y" }],
    itemTypes: ["ITEM_TYPE_1", "ITEM_TYPE_2"],
  });
});

test("14_condition", async () => {
  const bff = await start("14_condition", { stubs: { [GET_POST]: (request) => ({ post: post(id(request)) }) } });
  const get = async (request: JsonObject) => (await bff.send("blog.v1.BlogService/GetPost", request)).body;
  expect(await get({ id: "x" })).toEqual({ post: { id: "x", title: "title of x", user: { id: "x" } } });
  expect(await get({})).toEqual({ post: {} });
  expect(bff.upstreamCalls).toEqual(["PostService/GetPost"]);
});

test("15_cel_plugin", async () => {
  const make = () => [1n, 2n].map((value) => ({ $typeName: "blog.v1.Example", value }));
  const pick = (all: readonly { value: bigint }[]) => all.filter(({ value }) => value > 1n);
  const bff = await start("15_cel_plugin", { stubs: {}, functions: { exampleMake: make, examplePick: pick } });
  const send = async (rpc: string, request: JsonObject) => (await bff.send(`blog.v1.BlogService/${rpc}`, request)).body;
  expect(await send("IsMatch", { expr: "^h.*o$", target: "hello" })).toEqual({ result: true });
  expect(await send("GetExample", {})).toEqual({ size: "1", str: "abc", value: "3" });
});

test("17_error_handler", async () => {
  let error = new ConnectError("not yet", Code.Unimplemented);
  const bff = await start("17_error_handler", {
    stubs: {
      [GET_POST]: () => {
        throw error;
      },
    },
  });
  const get = async () => (await bff.send("blog.v1.BlogService/GetPost", { id: "x" })).body;
  expect((await get()).post).toEqual({ id: "anonymous", title: "", code: Code.Unimplemented });
  error = new ConnectError("failed", Code.FailedPrecondition);
  expect((await get()).post).toEqual({ code: Code.FailedPrecondition });
  error = new ConnectError("failed", Code.InvalidArgument);
  expect(await get()).toMatchObject({ code: "invalid_argument", message: "this id is not good" });
  error = refusal(Code.FailedPrecondition, "failed to make the post", {
    "google.rpc.PreconditionFailure": { violations: [{ type: "foo", subject: "bar", description: "baz" }] },
    "google.rpc.LocalizedMessage": { locale: "en-US", message: "hello" },
    "post.v1.Post": { id: "xxx" },
  });
  const custom = await get();
  expect(custom).toMatchObject({ code: "failed_precondition", message: "this is a message of ours" });
  expect(typesOf(custom)).toEqual(["post.v1.Post", "blog.v1.CustomMessage", "google.rpc.LocalizedMessage"]);
  const { body: asItIs } = await bff.send("blog.v1.BlogService/GetPost2", { id: "x" });
  expect(asItIs).toMatchObject({ code: "failed_precondition", message: "failed to make the post" });
  expect(typesOf(asItIs)).toEqual(["google.rpc.PreconditionFailure", "google.rpc.LocalizedMessage", "post.v1.Post"]);
});

test("20_callopt", async () => {
  const seen: (string | null)[] = [];
  const bff = await start("20_callopt", {
    stubs: {
      [GET_POST]: (request, { requestHeader, responseHeader, responseTrailer }) => {
        seen.push(requestHeader.get("authorization"));
        responseHeader.set("x-custom-header", "header-value");
        responseTrailer.set("x-custom-trailer", "trailer-value");
        return { post: post(id(request)) };
      },
    },
  });
  const { body } = await bff.send("blog.v1.BlogService/GetPost", { id: "foo" });
  expect(body).toEqual({ header: "header-value", trailer: "trailer-value" });
  expect(seen).toEqual(["Bearer xxx"]);
});

test("22_switch", async () => {
  const bff = await start("22_switch", { stubs: {}, env: { A: "red" } });
  const chosen = async (color: string) => (await bff.send("blog.v1.BlogService/GetPost", { id: color })).body;
  expect(await chosen("blue")).toEqual({ svar: "1", switch: "3" });
  expect(await chosen("red")).toEqual({ svar: "1", switch: "4" });
  expect(await chosen("green")).toEqual({ svar: "1", switch: "5" });
});
