// Functions of a user in a generated server: begun by `init-resolvers`, type-checked, run as a process.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fails, irOf, type Outcome, run } from "../../proofs/oracle/scenario.ts";
import { GeneratedProject, type Handlers } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";

const texts = fileURLToPath(new URL("project", import.meta.url));
const PROTOS = { "page/v1/page.proto": readFileSync(join(texts, "page.proto"), "utf8") };
const functions = readFileSync(join(texts, "resolvers.ts.txt"), "utf8");
const project = new GeneratedProject("resolvers", PROTOS);

beforeAll(() => project.generate());
afterAll(() => project.remove());

/** What the upstreams are asked for. */
interface UpstreamRequest {
  readonly id: string;
  readonly ids: readonly string[];
}
/** What the oracle says of an answer, given functions that do what those of the file do. */
function foretold(id: string, mode = ""): Pick<Outcome, "answer" | "degraded"> {
  const supplied = (failing: string, value: JsonValue) => () => {
    if (mode === failing) throw new Error("no");
    return value;
  };
  const { answer, degraded = [] } = run(irOf({ ...UPSTREAMS, ...PROTOS }), "page.v1.PageService/GetPage", {
    request: { id, mode },
    calls: [
      ["up.v1.ItemService/GetItem", { id }, { id, name: `item ${id}`, stock: 1 }],
      ["up.v1.OrderService/GetOrder", { id }, id === "down" ? fails("INTERNAL") : { id, count: 3 }],
    ],
    resolvers: {
      "page.v1.Page.title": (_, steps) => `item ${id}, ${"order" in steps ? 3 : "no"} ordered`,
      "page.v1.Page.note": supplied("note", `${id} ada`),
      "page.v1.Card": supplied("card", { text: `item ${id}`, lines: [{ text: "one" }] }),
    },
  });
  return { answer: answer ?? null, degraded };
}

/** Upstreams, and the generated server over them. */
async function served(module: string | undefined) {
  const users: string[] = [];
  const handlers: Handlers<UpstreamRequest> = {
    "up.v1.ItemService/GetItem": ({ id }) => ({ id, name: `item ${id}`, stock: id === "sold" ? -1 : 1 }),
    "up.v1.ItemService/BatchGetItems": ({ ids }, { requestHeader }) => {
      users.push(requestHeader.get("x-user") ?? "");
      return { items: ids.map((id) => ({ id })) };
    },
    "up.v1.OrderService/GetOrder": ({ id }) => {
      if (id === "down") throw new ConnectError("down", Code.Internal);
      return { id, count: 3 };
    },
  };
  const env = { ...(module !== undefined && { BFF_RESOLVERS: module }) };
  const { post, ...server } = await project.served("page/v1/server.ts", handlers, env);
  const get = (id: string, mode = "", init: RequestInit = {}) =>
    post("page.v1.PageService/GetPage", { id, mode }, { headers: { "x-user": "ada" }, ...init });
  return { get, users, ...server };
}

describe("a server with resolvers", () => {
  test("reports at the start that they are missing, and exits with 2", () => {
    const start = (env: Record<string, string>) =>
      project.start("page/v1/server.ts", { UP_V1_ITEMSERVICE_URL: "http://127.0.0.1:1", ...env });
    const { status, stderr } = start({});
    expect(status).toBe(2);
    expect(stderr).toContain("page.v1 cannot start: 2 variables are missing or malformed");
    expect(stderr).toContain(
      "  BFF_RESOLVERS is not set, and there is no resolvers.ts here; write the path of a module",
    );
    project.write("half.ts", "export const resolvers = { card() {} };\n");
    expect(start({ BFF_RESOLVERS: "half.ts" }).stderr).toContain(
      '  BFF_RESOLVERS is "half.ts", which lacks pageTitle, pageNote in its `resolvers`; write one',
    );
    project.write("broken.ts", "throw new Error('not today');\n");
    expect(start({ BFF_RESOLVERS: "broken.ts" }).stderr).toContain(
      '  BFF_RESOLVERS is "broken.ts", which cannot be loaded (not today); write',
    );
  });

  test("starts with the stubs of init-resolvers, each of which throws that it is not written", async () => {
    const { status, stdout, stderr } = project.initResolvers("begun.ts");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toBe("begun.ts is new, with 3 resolvers: pageTitle, pageNote, card\n");
    expect(project.typeChecked()).toBe("");
    const { get, log } = await served("begun.ts");
    expect(await get("a")).toMatchObject({ status: 500, body: { code: "internal", message: "internal error" } });
    expect(log()).toContain(
      "the resolver of page.v1.Page.title threw: Error: the resolver of page.v1.Page.title is not written yet",
    );
  });

  test("has TypeScript types for their arguments and results", () => {
    const wrong = [
      ["steps.item.name}", "steps.item.title}", "Property 'title' does not exist on type 'Item'"],
      ["steps.order?.count", "steps.order.count", "'steps.order' is possibly 'undefined'"],
      ['lines: [{ text: "one" }]', "lines: [1]", "lines: number[]; }' is not assignable to type 'Resolver<"],
      ["batchGetItems({ ids:", "batchGetItems({ keys:", "'keys' does not exist in type"],
      ["  card: (", "  cart: (", "'cart' does not exist in type 'PageResolvers'"],
    ] as const;
    for (const [i, [right, mistake]] of wrong.entries()) {
      expect(functions).toContain(right);
      project.write(`wrong${i}.ts`, functions.replace(right, mistake));
    }
    const output = project.typeChecked();
    for (const [i, [, , message]] of wrong.entries()) {
      expect(output.split("\n").filter((line) => line.includes(`wrong${i}.ts`))).toContainEqual(
        expect.stringContaining(message),
      );
      rmSync(join(project.folder, `wrong${i}.ts`));
    }
  });

  test("answers with their values, calls through its upstreams, and reports the degraded fields", async () => {
    project.write("resolvers.ts", functions);
    expect(project.typeChecked()).toBe("");
    expect(project.initResolvers("resolvers.ts").stdout).toBe("resolvers.ts has all resolvers\n");
    const { get, users } = await served(undefined);
    const card = { text: "item a", lines: [{ text: "one" }] };
    expect(await get("a")).toEqual({ status: 200, body: { title: "item a, 3 ordered", note: "a ada", card } });
    expect(users).toEqual(["ada"]);
    const order = { reason: "REASON_UNAVAILABLE", upstream: "up.v1.OrderService" };
    expect((await get("down")).body).toEqual({
      title: "item down, no ordered",
      note: "down ada",
      card: { ...card, text: "item down" },
      degraded: [
        { path: "title", effect: "EFFECT_REPLACED", ...order },
        { path: "note", effect: "EFFECT_REPLACED", ...order },
      ],
    });
    expect((await get("a", "note")).body).toEqual({
      title: "item a, 3 ordered",
      card,
      degraded: [{ path: "note", effect: "EFFECT_MISSING", reason: "REASON_INVALID" }],
    });
    expect((await get("a", "card")).body).toEqual({
      title: "item a, 3 ordered",
      note: "a ada",
      degraded: [
        { path: "title", effect: "EFFECT_REPLACED", reason: "REASON_INVALID" },
        { path: "note", effect: "EFFECT_REPLACED", reason: "REASON_INVALID" },
        { path: "card", effect: "EFFECT_MISSING", reason: "REASON_INVALID" },
      ],
    });
    for (const [id, mode] of [
      ["a"],
      ["down"],
      ["a", "note"],
      ["a", "card"],
      ["down", "note"],
      ["down", "card"],
    ] as const) {
      const { degraded = [], ...answer } = (await get(id, mode)).body as { degraded?: Record<string, string>[] };
      const degradations = degraded.map(({ path, effect, reason, upstream = "" }) =>
        `${path} ${effect?.replace("EFFECT_", "")} ${reason?.replace("REASON_", "")} ${upstream}`.trim(),
      );
      expect({ answer, degraded: degradations }).toEqual(foretold(id, mode));
    }
    expect(await get("sold")).toMatchObject({
      status: 400,
      body: { code: "failed_precondition", message: "sold out" },
    });
  });

  test("keeps their errors in its log, aborts those that hang, and aborts them when the client disconnects", async () => {
    project.write("resolvers.ts", functions);
    const { get, until, log } = await served("./resolvers.ts");
    expect(await get("a", "throw")).toMatchObject({
      status: 500,
      body: { code: "internal", message: "internal error" },
    });
    expect(log()).toMatch(/^\S+Z the resolver of page\.v1\.Page\.title threw: Error: the password is 1234\n {6}at /);
    expect(await get("a", "hang")).toMatchObject({
      status: 504,
      body: { code: "deadline_exceeded", message: "the operation timed out" },
    });
    expect(await until(/^aborted: (\w+)$/)).toBe("TimeoutError");
    const gone = new AbortController();
    const answer = get("a", "hang", { signal: gone.signal }).catch((error: unknown) => (error as Error).name);
    await until(/^hanging$/);
    gone.abort();
    expect(await answer).toBe("AbortError");
    expect(await until(/^aborted: (\w+)$/)).toBe("AbortError");
    expect((await get("a")).status).toBe(200);
  });
});
