// Examples of grpc-federation, told in our words (docs/prior-art-cases.md): generated without a warning, and run over upstreams that answer
// as those of the examples do.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { JsonObject } from "@bufbuild/protobuf";
import { expect, onTestFinished, test } from "vitest";
import { renderDiagnostics } from "../plugin/src/diagnostic/render.ts";
import { compileCase, textsBelow } from "./support/golden.ts";
import { requestFor } from "./support/request.ts";
import { type Given, type StubbedBff, stubbed } from "./support/stubbed.ts";

const folder = fileURLToPath(new URL("prior-art", import.meta.url));
const upstreams = textsBelow(join(folder, "upstreams"));
const examples = readdirSync(folder).filter((name) => /^\d/.test(name));

test.each(examples)("%s generates without a warning", (name) => {
  const own = textsBelow(join(folder, name, "proto"));
  const all = { ...upstreams, ...own };
  const { diagnostics } = compileCase(requestFor(all, Object.keys(own)), all);
  expect(renderDiagnostics(diagnostics, (file) => all[file], "text")).toBe("");
});

test("what docs/migrating.md shows of this language is a piece of an example", () => {
  const page = readFileSync(new URL("../docs/migrating.md", import.meta.url), "utf8");
  const lines = (text: string): string => `\n${text.replace(/^ +| +$/gm, "")}`;
  const told = lines(examples.flatMap((name) => Object.values(textsBelow(join(folder, name, "proto")))).join("\n"));
  const shown = [...page.matchAll(/^```proto\n\/\/ protobff\n(.*?)^```$/gms)].map(([, text = ""]) => text);
  expect(shown.length).toBeGreaterThan(5);
  expect(shown.filter((text) => !told.includes(lines(text)))).toEqual([]);
});

test("every function that docs/migrating.md names on our side is on the page of expressions", () => {
  const page = readFileSync(new URL("../docs/migrating.md", import.meta.url), "utf8");
  const [, table = ""] = /^## Expressions$(.*?)^## /ms.exec(page) ?? [];
  const ours = [...table.matchAll(/^\| .* \| (.*) \|$/gm)].flatMap(([, cell = ""]) => [...cell.matchAll(/`[^`]+`/g)]);
  const named = new Set(
    ours.flatMap(([code]) => [...code.matchAll(/\b([a-z][\w.]*)\(/gi)].map(([, name = ""]) => name)),
  );
  const known = readFileSync(new URL("../docs/expressions.md", import.meta.url), "utf8");
  expect(named.size).toBeGreaterThan(20);
  const function_ = (name: string): string => name.replace(/^[a-z]\./, "");
  expect([...named].filter((name) => !known.includes(`${function_(name)}(`))).toEqual([]);
});

async function start(name: string, given: Given): Promise<StubbedBff> {
  const own = textsBelow(join(folder, name, "proto"));
  const made = await stubbed({ name, protos: { ...upstreams, ...own }, targets: Object.keys(own) });
  onTestFinished(made.remove);
  const bff = await made.serve(given);
  onTestFinished(bff.close);
  return bff;
}

const GET_POST = "post.v1.PostService/GetPost";
const GET_USER = "user.v1.UserService/GetUser";
const post = (id: string, more: JsonObject = {}): JsonObject => ({ id, title: `title of ${id}`, userId: id, ...more });
const id = (request: JsonObject): string => String(request.id ?? "");

test("10_oneof", async () => {
  const bff = await start("10_oneof", { stubs: { [GET_USER]: (request) => ({ user: { id: id(request) } }) } });
  const get = async (kind: string) => (await bff.ask("blog.v1.BlogService/Get", { kind })).body;
  expect(await get("b")).toEqual({
    user: { id: "b" },
    msg: { msgB: "bbb" },
    nested: { int: "1" },
    cast: { type: "USER_TYPE_ANONYMOUS" },
  });
  expect(await get("z")).toEqual({ user: { id: "c" }, msg: { msgC: "ccc" }, nested: {}, cast: {} });
});

test("12_validation", async () => {
  const bff = await start("12_validation", { stubs: {} });
  const get = (request: JsonObject) => bff.ask("blog.v1.BlogService/GetPost", request);
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
  expect((refused.body.details as JsonObject[]).map(({ type }) => type)).toEqual([
    "blog.v1.CustomMessage",
    "google.rpc.PreconditionFailure",
    "google.rpc.BadRequest",
    "google.rpc.LocalizedMessage",
  ]);
  expect((await get({})).body).toEqual({ code: "invalid_argument", message: "id is missing" });
});

test("13_map", async () => {
  const bff = await start("13_map", {
    stubs: {
      "post.v1.PostService/GetPosts": ({ ids }) => ({
        posts: (ids as string[]).map((one) => post(one, { content: `content of ${one}` })),
      }),
      [GET_USER]: (request) => ({ user: { id: id(request), name: `name_${id(request)}` } }),
    },
  });
  const { body } = await bff.ask("blog.v1.BlogService/GetPosts", { ids: ["x", "y"] });
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
  const get = async (request: JsonObject) => (await bff.ask("blog.v1.BlogService/GetPost", request)).body;
  expect(await get({ id: "x" })).toEqual({ post: { id: "x", title: "title of x", user: { id: "x" } } });
  expect(await get({})).toEqual({ post: {} });
  expect(bff.asked).toEqual(["PostService/GetPost"]);
});

test("22_switch", async () => {
  const bff = await start("22_switch", { stubs: {}, env: { A: "red" } });
  const chosen = async (one: string) => (await bff.ask("blog.v1.BlogService/GetPost", { id: one })).body;
  expect(await chosen("blue")).toEqual({ svar: "1", switch: "3" });
  expect(await chosen("red")).toEqual({ svar: "1", switch: "4" });
  expect(await chosen("green")).toEqual({ svar: "1", switch: "5" });
});
