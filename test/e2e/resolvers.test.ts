// Functions of a user in a generated server: begun by `init-resolvers`, type-checked, run as a process.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { create, type DescMethodUnary, fromBinary, type JsonValue, type Message, toBinary } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema, CodeGeneratorResponseSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { fails, irOf, type Outcome, run } from "../oracle/scenario.ts";
import { compileCase, requestOf, UPSTREAMS } from "../support/golden.ts";
import { requestFor, schemaOf } from "../support/request.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Below the repository, so that generated code finds the packages that it imports. */
const project = join(root, `test/.generated/resolvers-${process.pid}`);
const bin = join(root, "plugin/bin/protoc-gen-bff.js");
const PROTOS = { "page/v1/page.proto": readFileSync(join(root, "test/resolvers/page.proto"), "utf8") };
const functions = readFileSync(join(root, "test/resolvers/resolvers.ts.txt"), "utf8");

function write(name: string, text: string): void {
  mkdirSync(dirname(join(project, name)), { recursive: true });
  writeFileSync(join(project, name), text);
}
function typeChecked(): string {
  const { compilerOptions } = { compilerOptions: { noEmit: true, rootDir: root } };
  write("tsconfig.json", JSON.stringify({ extends: join(root, "tsconfig.json"), compilerOptions, include: ["."] }));
  return spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", project], { encoding: "utf8" }).stdout;
}
const init = (file: string) =>
  spawnSync(process.execPath, [bin, "init-resolvers", file], { cwd: project, encoding: "utf8" });

beforeAll(() => {
  const request = requestOf({ protos: PROTOS });
  const es = create(CodeGeneratorRequestSchema, {
    fileToGenerate: request.protoFile.map(({ name }) => name).filter((name) => !name.startsWith("google/protobuf/")),
    protoFile: request.protoFile,
    parameter: "target=ts,import_extension=ts,erasable_syntax=true",
  });
  const messages = fromBinary(
    CodeGeneratorResponseSchema,
    execFileSync(process.execPath, [join(root, "node_modules/.bin/protoc-gen-es")], {
      input: toBinary(CodeGeneratorRequestSchema, es),
    }),
  );
  const { response } = compileCase(request, { ...UPSTREAMS, ...PROTOS }, "import_extension=ts,server=true");
  expect(response.error ?? "").toBe("");
  for (const { name, content } of [...messages.file, ...response.file]) write(name, content);
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** What the upstreams are asked for. */
interface Asked {
  readonly id: string;
  readonly ids: readonly string[];
}
const { registry } = schemaOf(requestFor(UPSTREAMS));
function methodOf(name: string): DescMethodUnary {
  const [service = "", method] = name.split("/");
  const found = registry.getService(service)?.methods.find((candidate) => candidate.name === method);
  return found as DescMethodUnary;
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
  const handler = connectNodeAdapter({
    routes: (router) => {
      const rpc = (method: string, answer: (request: Asked, headers: Headers) => object): void =>
        void router.rpc(methodOf(method), ((request: Message, { requestHeader }: HandlerContext) =>
          answer(request as Message & Asked, requestHeader)) as never);
      rpc("up.v1.ItemService/GetItem", ({ id }) => ({ id, name: `item ${id}`, stock: id === "sold" ? -1 : 1 }));
      rpc("up.v1.ItemService/BatchGetItems", ({ ids }, headers) => {
        users.push(headers.get("x-user") ?? "");
        return { items: ids.map((id) => ({ id })) };
      });
      rpc("up.v1.OrderService/GetOrder", ({ id }) => {
        if (id === "down") throw new ConnectError("down", Code.Internal);
        return { id, count: 3 };
      });
    },
  });
  const upstream = http2.createServer(handler);
  const sessions = new Set<http2.ServerHttp2Session>();
  upstream.on("session", (session) => sessions.add(session));
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const { port } = upstream.address() as AddressInfo;
  const address = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [join(project, "page/v1/server.ts")], {
    cwd: project,
    env: {
      ...{ HOST: "127.0.0.1", PORT: "0", UP_V1_ITEMSERVICE_URL: address, UP_V1_ORDERSERVICE_URL: address },
      ...(module !== undefined && { BFF_RESOLVERS: module }),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(async () => {
    if (child.exitCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    for (const session of sessions) session.destroy();
    upstream.close();
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  /** Reads standard output up to a line. */
  const until = async (wanted: RegExp): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`ended before ${wanted}: ${log}`);
      const found = wanted.exec(value);
      if (found !== null) return found[1] ?? found[0];
    }
  };
  const url = await until(/^listening on (\S+)$/);
  const get = async (id: string, mode = "", init: RequestInit = {}) => {
    const answer = await fetch(`${url}/page.v1.PageService/GetPage`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-user": "ada" },
      body: JSON.stringify({ id, mode }),
      ...init,
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  return { get, until, users, log: () => log };
}

describe("a server with resolvers", () => {
  test("says at once that they are missing, and exits with 2", () => {
    const start = (env: Record<string, string>) =>
      spawnSync(process.execPath, [join(project, "page/v1/server.ts")], {
        cwd: project,
        encoding: "utf8",
        env: { UP_V1_ITEMSERVICE_URL: "http://127.0.0.1:1", ...env },
      });
    const { status, stderr } = start({});
    expect(status).toBe(2);
    expect(stderr).toContain("page.v1 cannot start: 2 variables are missing or malformed");
    expect(stderr).toContain(
      "  BFF_RESOLVERS is not set, and there is no resolvers.ts here; write the path of a module",
    );
    write("half.ts", "export const resolvers = { card() {} };\n");
    expect(start({ BFF_RESOLVERS: "half.ts" }).stderr).toContain(
      '  BFF_RESOLVERS is "half.ts", which lacks pageTitle, pageNote in its `resolvers`; write one',
    );
    write("broken.ts", "throw new Error('not today');\n");
    expect(start({ BFF_RESOLVERS: "broken.ts" }).stderr).toContain(
      '  BFF_RESOLVERS is "broken.ts", which cannot be loaded (not today); write',
    );
  });

  test("starts with what init-resolvers began, which says of each function that it is to be written", async () => {
    const { status, stdout, stderr } = init("begun.ts");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toBe("begun.ts is new, with 3 resolvers: pageTitle, pageNote, card\n");
    expect(typeChecked()).toBe("");
    const { get, log } = await served("begun.ts");
    expect(await get("a")).toEqual({ status: 500, body: { code: "internal", message: "internal error" } });
    expect(log()).toContain(
      "the resolver of page.v1.Page.title threw: Error: the resolver of page.v1.Page.title is not written yet",
    );
  });

  test("TypeScript checks what they are given and what they give", () => {
    const wrong = [
      ["steps.item.name}", "steps.item.title}", "Property 'title' does not exist on type 'Item'"],
      ["steps.order?.count", "steps.order.count", "'steps.order' is possibly 'undefined'"],
      ['lines: [{ text: "one" }]', "lines: [1]", "lines: number[]; }' is not assignable to type 'Resolver<"],
      ["batchGetItems({ ids:", "batchGetItems({ keys:", "'keys' does not exist in type"],
      ["  card: (", "  cart: (", "'cart' does not exist in type 'PageResolvers'"],
    ] as const;
    for (const [i, [right, mistake]] of wrong.entries()) {
      expect(functions).toContain(right);
      write(`wrong${i}.ts`, functions.replace(right, mistake));
    }
    const said = typeChecked();
    for (const [i, [, , message]] of wrong.entries()) {
      expect(said.split("\n").filter((line) => line.includes(`wrong${i}.ts`))).toContainEqual(
        expect.stringContaining(message),
      );
      rmSync(join(project, `wrong${i}.ts`));
    }
  });

  test("answers with what they supply, calls through its upstreams, and tells what a failure touched", async () => {
    write("resolvers.ts", functions);
    expect(typeChecked()).toBe("");
    expect(init("resolvers.ts").stdout).toBe("resolvers.ts has all resolvers\n");
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
      const told = degraded.map(({ path, effect, reason, upstream = "" }) =>
        `${path} ${effect?.replace("EFFECT_", "")} ${reason?.replace("REASON_", "")} ${upstream}`.trim(),
      );
      expect({ answer, degraded: told }).toEqual(foretold(id, mode));
    }
    expect(await get("sold")).toEqual({ status: 400, body: { code: "failed_precondition", message: "sold out" } });
  });

  test("keeps what they throw to its log, ends those that hang, and tells them when the client has gone", async () => {
    write("resolvers.ts", functions);
    const { get, until, log } = await served("./resolvers.ts");
    expect(await get("a", "throw")).toEqual({ status: 500, body: { code: "internal", message: "internal error" } });
    expect(log()).toMatch(/^\S+Z the resolver of page\.v1\.Page\.title threw: Error: the password is 1234\n {6}at /);
    expect(await get("a", "hang")).toEqual({
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
