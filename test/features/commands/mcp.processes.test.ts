// `protobff mcp` as a process, by the official TypeScript client, on a project of its own.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Client, type ClientOptions } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { createProject, environment, PROGRAM } from "./mcp-project.ts";

const SHOP = "proto/shop/v1/shop.proto";

let work = "";
let folder = "";
const write = (path: string, content: string): void => writeFileSync(join(folder, path), content);
const read = (path: string): string => readFileSync(join(folder, path), "utf8");
beforeEach(() => {
  ({ folder, work } = createProject());
});

async function connected(options: ClientOptions = {}) {
  const client = new Client({ name: "test", version: "1" }, options);
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: PROGRAM,
    cwd: folder,
    env: environment(),
  });
  onTestFinished(() => client.close());
  await client.connect(transport);
  const call = async (name: string, args: Record<string, unknown> = {}) => {
    const { content, isError = false } = await client.callTool({ name, arguments: args });
    const [first] = content;
    return { isError, text: first?.type === "text" ? first.text : "" };
  };
  return { client, call, pid: transport.pid ?? 0 };
}
type Tools = Awaited<ReturnType<typeof connected>>;

/** Processes below another one. */
function below(pid: number): readonly number[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const pids = rows.map((row) => row.trim().split(/\s+/).map(Number));
  return pids.filter(([, parent]) => parent === pid).map(([child = 0]) => child);
}
/** Files of the folder around the project. */
const around = (): string =>
  execFileSync("find", [".", "-path", "./project", "-prune", "-o", "-print"], { cwd: work, encoding: "utf8" });

const MODES: readonly (readonly [version: string, options: ClientOptions])[] = [
  ["2025-11-25", {}],
  ["2026-07-28", { versionNegotiation: { mode: "auto" } }],
];
test.each(MODES)(
  "a client of %s checks, explains, plans, adds and tries",
  { timeout: 180_000 },
  async (version, options) => {
    const { client, call, pid } = await connected(options);
    expect(client.getNegotiatedProtocolVersion()).toBe(version);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["check", "explain", "functions", "add", "plan", "try"]);
    expect(tools.filter(({ annotations }) => annotations?.readOnlyHint).map(({ name }) => name)).toEqual([
      "explain",
      "functions",
      "plan",
    ]);
    expect(JSON.parse((await call("check")).text)).toEqual({ diagnostics: [] });
    expect((await call("explain", { name: "rate limits" })).text).toContain("rate_limit");
    expect((await call("functions")).text).toContain("take");
    expect((await call("functions", { name: "take" })).text).toContain("take");
    expect((await call("plan")).text).toContain("ItemService/GetItem");

    const before = read(SHOP);
    const shown = await call("add", { rpcs: ["GetPrice"], name: "GetPrice" });
    expect([shown.isError, read(SHOP)]).toEqual([false, before]);
    expect(shown.text).toContain("+   rpc GetPrice");
    expect((await call("add", { rpcs: ["GetPrice"], name: "GetPrice", write: true })).isError).toBe(false);
    expect(read(SHOP)).toContain("rpc GetPrice");
    await expectTried({ call });
    expect(below(pid)).toEqual([]);
    expect(around()).toBe(".\n");
  },
);

async function expectTried({ call }: Pick<Tools, "call">): Promise<void> {
  const well = JSON.parse((await call("try", { rpc: "GetItem", request: { id: "7" } })).text);
  expect(well).toMatchObject({ status: 200, answer: { id: "7" }, caller: "dev", degradation: [] });
  expect(well.spans).toMatchObject([{ kind: "call", name: "up.v1.ItemService/GetItem", outcome: "OK" }]);
  const faults = { "up.v1.ItemService": "down" };
  const broken = JSON.parse(
    (await call("try", { rpc: "shop.v1.ShopService/GetItem", request: { id: "7" }, faults })).text,
  );
  expect(broken).toMatchObject({
    status: 200,
    answer: { id: "7", degraded: [{ path: "name" }] },
    degradation: [{ path: "name" }],
  });
  const anonymous = JSON.parse((await call("try", { rpc: "GetItem", caller: "" })).text);
  expect(anonymous.status).toBe(401);
  for (const [args, why] of [
    [{ rpc: "Nothing" }, /no rpc is called "Nothing": there is shop\.v1\.ShopService\/GetItem/],
    [{ rpc: "GetItem", caller: "eve" }, /"eve" does not exist/],
    [{ rpc: "GetItem", faults: { "other.v1.Service": "down" } }, /no mock is called "other\.v1\.Service"/],
    [{ rpc: "GetItem", faults: { "up.v1.ItemService": "broken" } }, /one of answers, slow/],
  ] as const) {
    const { isError, text: refused } = await call("try", args);
    expect([isError, refused]).toEqual([true, expect.stringMatching(why)]);
  }
}

test("a project that does not compile has diagnostics in all tools", { timeout: 120_000 }, async () => {
  write(SHOP, read(SHOP).replace("args.id", "args.idd"));
  const { call } = await connected();
  const { diagnostics } = JSON.parse((await call("check")).text);
  expect(diagnostics).toMatchObject([{ file: SHOP, severity: "error", hint: expect.stringContaining('"id"') }]);
  for (const [tool, args] of [
    ["plan", {}],
    ["try", { rpc: "GetItem" }],
  ] as const)
    expect((await call(tool, args)).text).toMatch(/shop\.proto:\d+:\d+: error BFF/);
  expect(existsSync(join(folder, "gen"))).toBe(false);
  await call("check", { fix: true });
  expect(JSON.parse((await call("check")).text)).toEqual({ diagnostics: [] });
});

test("files outside of the project, and arguments that are options, are refused", { timeout: 120_000 }, async () => {
  writeFileSync(join(work, "secret.proto"), 'syntax = "proto3";');
  symlinkSync(work, join(folder, "link"));
  const before = read(SHOP);
  const { call, client } = await connected();
  for (const file of ["../secret.proto", join(work, "secret.proto"), "link/secret.proto"])
    expect(await call("check", { files: [file] })).toEqual({
      isError: true,
      text: `${file} is outside of the project`,
    });
  expect((await call("check", { files: ["--fix"] })).text).toBe("there is no file --fix");
  expect((await call("add", { rpcs: ["--write", "GetPrice"] })).isError).toBe(true);
  for (const [name, args] of [
    ["check", { files: "proto" }],
    ["check", { file: [] }],
    ["add", {}],
    ["explain", { name: 5 }],
    ["try", { rpc: "GetItem", request: [] }],
  ] as const)
    expect((await call(name, args)).isError).toBe(true);
  await expect(client.callTool({ name: "__proto__" })).rejects.toMatchObject({ code: -32602 });
  write("buf.gen.yaml", read("buf.gen.yaml").replaceAll("out: gen", "out: ../gen"));
  expect(await call("try", { rpc: "GetItem" })).toEqual({
    isError: true,
    text: "the code is generated into ../gen, outside of the project",
  });
  expect([read(SHOP), existsSync(join(work, "gen"))]).toEqual([before, false]);
});

test("broken and large messages are refused, and the process ends with its input", { timeout: 120_000 }, async () => {
  const child = spawn(process.execPath, PROGRAM, { cwd: folder, env: environment(), stdio: ["pipe", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const line = (method: string, id: unknown, params: object = {}) =>
    JSON.stringify({ jsonrpc: "2.0", id, method, params });
  const large = line("tools/call", 1, { name: "check", arguments: { files: ["x".repeat(10 << 20)] } });
  const lines = [
    "{",
    "[]",
    line("ping", null),
    large,
    line("nothing", 2),
    line("ping", 3),
    line("tools/call", 4, { name: "check" }),
  ];
  child.stdin.end(lines.join("\n"));
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  const answers = output
    .trimEnd()
    .split("\n")
    .map((answer) => JSON.parse(answer));
  expect(answers.map(({ id, error }) => [id, error?.code])).toEqual([
    [undefined, -32700],
    [undefined, -32600],
    [undefined, -32600],
    [undefined, -32600],
    [2, -32601],
    [3, undefined],
    [4, undefined],
  ]);
  expect([code, errors]).toEqual([0, ""]);
});

test("a cancelled try, and a kill, leave no process", { timeout: 120_000 }, async () => {
  const { client, call, pid } = await connected();
  const abort = new AbortController();
  const tried = client.callTool({ name: "try", arguments: { rpc: "GetItem" } }, { signal: abort.signal });
  const failed = expect(tried).rejects.toThrow();
  await expect.poll(() => below(pid).length, { timeout: 60_000 }).toBeGreaterThan(0);
  const servers = [...below(pid)];
  abort.abort();
  await failed;
  expect(JSON.parse((await call("check")).text)).toEqual({ diagnostics: [] });
  expect(below(pid)).toEqual([]);
  const last = client.callTool({ name: "try", arguments: { rpc: "GetItem" } }).catch(() => undefined);
  await expect.poll(() => below(pid).length, { timeout: 60_000 }).toBeGreaterThan(0);
  servers.push(...below(pid));
  process.kill(pid, "SIGTERM");
  await last;
  await expect.poll(() => servers.filter(isAlive), { timeout: 10_000 }).toEqual([]);
});
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
