// `protobff dev` as a process, on a project of its own: what editors do to files, what is wrong in them, and how it ends.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const PATIENCE_MS = 60_000;

let folder: string;
let dev: Dev | undefined;

const CONFIG = {
  "package.json": `{ "type": "module" }\n`,
  "buf.yaml": "version: v2\nmodules:\n  - path: proto\n",
  "buf.gen.yaml": `version: v2
plugins:
  - local: protoc-gen-es
    out: gen
    opt: [target=ts, import_extension=ts, erasable_syntax=true]
  - local: protoc-gen-bff
    out: gen
    strategy: all
    opt: [import_extension=ts, server=true, mock=true]
`,
};
const proto = (name: string, text: string, field = "") => `syntax = "proto3";
package ${name}.v1;

import "bff/v1/options.proto";

service GreetingService {
  option (bff.v1.service) = {};
  rpc Get(GetRequest) returns (Greeting) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}
message GetRequest {}
message Greeting {
  string text = 1 [(bff.v1.field).by = "${text}"];
  ${field}
}
`;
const UPSTREAM = `syntax = "proto3";
package up.v1;
service ItemService {
  rpc GetItem(GetItemRequest) returns (Item) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}
message GetItemRequest { string id = 1; }
message Item { string name = 1; }
`;
const CALLING = `option (bff.v1.message).let = { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "'7'" } } };`;
const RESOLVED = "string word = 2 [(bff.v1.field).resolver = true];";

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "protobff-dev-test-"));
  for (const [path, text] of Object.entries(CONFIG)) write(path, text);
  cpSync(join(root, "proto/bff"), join(folder, "proto/bff"), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
});
afterEach(async () => {
  await dev?.end();
  dev = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** The running command; what it prints is waited for, each line once. */
class Dev {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  printed = "";
  #read = 0;
  #grown: () => void = () => {};

  constructor(...args: readonly string[]) {
    this.process = spawn(process.execPath, [join(root, "cli/bin/protobff.js"), "dev", ...args], {
      cwd: folder,
      env: { ...process.env, HOST: undefined, PORT: undefined },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.printed += chunk;
        this.#grown();
      });
    }
    this.exited = new Promise((resolve) => this.process.once("close", resolve));
  }

  /** Resolves when a line behind those that were waited for before matches; gives its first group. */
  async waitFor(pattern: RegExp): Promise<string> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const found = pattern.exec(this.printed.slice(this.#read));
      if (found !== null) {
        this.#read += found.index + found[0].length;
        return found[1] ?? "";
      }
      await new Promise<void>((resolve, reject) => {
        this.#grown = resolve;
        const late = () => reject(new Error(`it does not say ${pattern}:\n${this.printed}`));
        if (deadline.aborted) late();
        deadline.addEventListener("abort", late, { once: true });
      });
    }
  }

  children(): readonly number[] {
    const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
    const pids = rows.map((row) => row.trim().split(/\s+/).map(Number));
    return pids.filter(([, parent]) => parent === this.process.pid).map(([pid = 0]) => pid);
  }

  async end(): Promise<void> {
    this.process.kill("SIGINT");
    await this.exited;
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function send(url: string, name = "hi"): Promise<unknown> {
  const response = await fetch(`${url}/${name}.v1.GreetingService/Get`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  return response.json();
}

test("a save changes the answer on the same port, and a mistake keeps the old server", {
  timeout: 240_000,
}, async () => {
  write("proto/hi/v1/hi.proto", proto("hi", "'one'", RESOLVED));
  write("resolvers.ts", `import { word } from "./word.ts";\nexport const resolvers = { greetingWord: () => word };\n`);
  write("word.ts", `export const word = "a";\n`);
  dev = new Dev("--port", "0");
  const url = await dev.waitFor(/hi\.v1 listens on (http:\/\/127\.0\.0\.1:\d+), /);
  const page = await dev.waitFor(/its live page is (\S+)/);
  expect((await fetch(page)).status).toBe(200);
  expect(await send(url)).toEqual({ text: "one", word: "a" });

  write("proto/hi/v1/hi.proto", proto("hi", "'two'", RESOLVED));
  await dev.waitFor(/hi\.proto: \d files\n.*hi\.v1 runs the new code.*\n +\w+: Greeting: .* \('one' → 'two'\)/);
  expect(await send(url)).toEqual({ text: "two", word: "a" });
  expect((await fetch(page)).status).toBe(200);

  write("proto/hi/v1/hi.proto", proto("hi", "'three", RESOLVED));
  await dev.waitFor(
    /is not generated, the running server is unchanged:\nproto\/hi\/v1\/hi\.proto:\d+:\d+: error BFF301/,
  );
  expect(await send(url)).toEqual({ text: "two", word: "a" });

  write("proto/hi/v1/.hi.proto.swp", proto("hi", "'three'", RESOLVED));
  renameSync(join(folder, "proto/hi/v1/.hi.proto.swp"), join(folder, "proto/hi/v1/hi.proto"));
  await dev.waitFor(/hi\.v1 runs the new code/);
  expect(await send(url)).toEqual({ text: "three", word: "a" });

  write("word.ts", `import { other } from "./other.ts";\nexport const word = other;\n`);
  write("other.ts", `export const other = ;\n`);
  await dev.waitFor(/hi\.v1 cannot be loaded, the running server is unchanged:/);
  expect(await send(url)).toEqual({ text: "three", word: "a" });
  write("other.ts", `export const other = "b";\n`);
  await dev.waitFor(/hi\.v1 runs the new code/);
  expect(await send(url)).toEqual({ text: "three", word: "b" });

  write("aside/up/v1/up.proto", UPSTREAM);
  write("aside/lo/v1/lo.proto", proto("lo", "item.name", CALLING));
  renameSync(join(folder, "aside/up"), join(folder, "proto/up"));
  renameSync(join(folder, "aside/lo"), join(folder, "proto/lo"));
  const other = await dev.waitFor(/lo\.v1 listens on (http:\S+\d), .*; mocked: item\n/);
  expect(await send(other, "lo")).toEqual({ text: "name-1" });
  rmSync(join(folder, "proto/lo"), { recursive: true });
  await dev.waitFor(/lo\.v1 is removed/);
  expect(existsSync(join(folder, "gen/lo/v1/server.ts"))).toBe(false);
  expect(await send(url)).toEqual({ text: "three", word: "b" });

  const children = dev.children();
  expect(children.length).toBeGreaterThan(0);
  dev.process.kill("SIGINT");
  expect(await dev.exited).toBe(0);
  expect(children.filter(isAlive)).toEqual([]);
});

const CALLED = `syntax = "proto3";
package me.v1;

import "bff/v1/options.proto";

option (bff.v1.file) = {
  env: { name: "OIDC_ISSUER" type: "string" }
  identity: {
    type: "me.v1.Caller"
    source: [
      { name: "user" jwt: { issuer: "{env.OIDC_ISSUER}" audience: "me" claims: "me.v1.Claims" }
        set: [ { name: "id" by: "claims.sub" }, { name: "scopes" by: "claims.scope.split(' ')" } ] },
      { name: "browser" session: { issuer: "{env.OIDC_ISSUER}" client_id: "me" claims: "me.v1.Claims" }
        set: [ { name: "id" by: "claims.sub" }, { name: "scopes" by: "claims.scope.split(' ')" } ] },
      { name: "robot" api_key: { prefix: "me_" }
        set: [ { name: "id" by: "credential.subject" }, { name: "scopes" by: "credential.scopes" } ] },
      { name: "edge" trusted: { header: "x-caller" claims: "me.v1.Claims" }
        set: [ { name: "id" by: "claims.sub" }, { name: "scopes" by: "claims.scope.split(' ')" } ] }
    ]
  }
};
message Claims { string sub = 1; string scope = 2; }
message Caller { string id = 1; repeated string scopes = 2; }
service MeService {
  option (bff.v1.service) = { permit: { scope: "me" } };
  rpc Get(GetRequest) returns (Me) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetRequest {}
message Me { string id = 1 [(bff.v1.field).by = "principal.id"]; }
`;

test("a server with an identity starts without variables, and the printed commands call it", {
  timeout: 240_000,
}, async () => {
  write("proto/me/v1/me.proto", CALLED);
  dev = new Dev("--port", "0");
  const url = await dev.waitFor(/me\.v1 listens on (http:[^\s,]+)/);
  const issuer = await dev.waitFor(
    /dev supplies test callers: (\S+)\/ \(set for it: BFF_PUBLIC_URL, OIDC_ISSUER, .*BFF_STORE_FILE, BFF_TRUSTED_PROXIES\)/,
  );
  const calls = [
    await dev.waitFor(/^ {2}(curl .*Bearer.*)$/m),
    await dev.waitFor(/^ {2}(curl .*x-api-key: me_.*)$/m),
    await dev.waitFor(/^ {2}(curl .*x-caller: .*)$/m),
  ];
  const curl = (line: string) =>
    execFileSync("bash", ["-c", line], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  for (const line of calls) expect(JSON.parse(curl(line))).toEqual({ id: "dev" });
  const get = async (query: string) => {
    const token = (await (await fetch(`${issuer}/token?${query}`)).text()).trim();
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const response = await fetch(`${url}/me.v1.MeService/Get`, { method: "POST", headers, body: "{}" });
    return { status: response.status, ...((await response.json()) as object) };
  };
  expect(await get("as=guest")).toMatchObject({ status: 403 });
  expect(await get("sub=ada")).toEqual({ status: 200, id: "ada" });
  expect(await get("expires_in=-60")).toMatchObject({ status: 401 });

  // The live page offers the same people.
  const page = /its live page is (http:\/\/[^/\s]+)/.exec(dev.printed)?.[1];
  expect(await (await fetch(`${page}/explorer/callers`)).json()).toEqual({
    names: ["dev (user)", "guest (user)", "dev (robot)", "dev (edge)", "guest (edge)"],
  });

  // Who logs in in a browser: there and back by its redirects.
  const cookies = new Map<string, string>();
  const follow = async (to: string): Promise<Response> => {
    const response = await fetch(to, {
      redirect: "manual",
      headers: { cookie: [...cookies].map((cookie) => cookie.join("=")).join("; "), "x-csrf": "1" },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    return response;
  };
  const choosing = (await follow(`${url}/auth/login`)).headers.get("location") ?? "";
  expect(choosing.startsWith(issuer)).toBe(true);
  const back = (await follow(`${choosing}&as=dev`)).headers.get("location") ?? "";
  expect((await follow(back)).status).toBe(303);
  expect(await (await follow(`${url}/auth/me`)).json()).toEqual({ principal: { id: "dev", scopes: ["me"] } });

  write("principals.json", `{"ada": {"sub": "u-ada", "scope": "me"}}`);
  expect(await get("")).toEqual({ status: 200, id: "u-ada" });
  // Tokens from before a restart are good after it.
  write("proto/me/v1/me.proto", CALLED.replace('"principal.id"', `"'I am ' + principal.id"`));
  await dev.waitFor(/me\.v1 runs the new code/);
  expect(JSON.parse(curl(calls[1] ?? ""))).toEqual({ id: "I am dev" });
  expect(await get("as=ada")).toEqual({ status: 200, id: "I am u-ada" });
});

test("without mock=true in `opt`, upstreams without an address are mocked, and mocks are generated only if needed", {
  timeout: 240_000,
}, async () => {
  write("buf.gen.yaml", CONFIG["buf.gen.yaml"].replace(", mock=true", ""));
  write("proto/hi/v1/hi.proto", proto("hi", "'one'"));
  dev = new Dev("--port", "0");
  await dev.waitFor(/hi\.v1 listens on (http:\/\/127\.0\.0\.1:\d+), /);
  expect(existsSync(join(folder, "gen/hi/v1/hi_mock.ts"))).toBe(false);
  write("aside/up/v1/up.proto", UPSTREAM);
  write("aside/lo/v1/lo.proto", proto("lo", "item.name", CALLING));
  renameSync(join(folder, "aside/up"), join(folder, "proto/up"));
  renameSync(join(folder, "aside/lo"), join(folder, "proto/lo"));
  await dev.waitFor(/mocks are also generated, because up\.v1\.ItemService has no address/);
  const url = await dev.waitFor(/lo\.v1 listens on (http:\S+\d), .*; mocked: item\n/);
  expect(await send(url, "lo")).toEqual({ text: "name-1" });
});

test("a server keeps its port if its package is renamed", { timeout: 240_000 }, async () => {
  write("proto/hi/v1/hi.proto", proto("hi", "'one'"));
  dev = new Dev("--port", "0");
  const url = await dev.waitFor(/hi\.v1 listens on (http:\/\/127\.0\.0\.1:\d+), /);
  write("aside/he/v1/he.proto", proto("he", "'three'"));
  rmSync(join(folder, "proto/hi"), { recursive: true });
  renameSync(join(folder, "aside/he"), join(folder, "proto/he"));
  expect(await dev.waitFor(/he\.v1 listens on (http:\/\/127\.0\.0\.1:\d+), /)).toBe(url);
  expect(await send(url, "he")).toEqual({ text: "three" });
});

test("servers end if their command is killed", { timeout: 120_000 }, async () => {
  write("proto/hi/v1/hi.proto", proto("hi", "'one'"));
  dev = new Dev("--port", "0");
  await dev.waitFor(/hi\.v1 listens on (\S+)/);
  const children = dev.children();
  expect(children.length).toBeGreaterThan(0);
  dev.process.kill("SIGKILL");
  await dev.exited;
  await vi.waitFor(() => expect(children.filter(isAlive)).toEqual([]), { timeout: PATIENCE_MS, interval: 100 });
});

test("a taken port is reported once, and used as soon as it is free", { timeout: 120_000 }, async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const port = portOf(taken);
  write("proto/hi/v1/hi.proto", proto("hi", "'one'"));
  dev = new Dev("--port", String(port));
  await dev.waitFor(/already in use/);
  await dev.waitFor(/hi\.v1 did not start/);
  await new Promise((resolve) => taken.close(resolve));
  write("proto/hi/v1/hi.proto", proto("hi", "'two'"));
  const url = await dev.waitFor(/hi\.v1 listens on (http:[^\s,]+)/);
  expect(new URL(url).port).toBe(String(port));
  expect(await send(url)).toEqual({ text: "two" });
  expect(dev.printed.match(/did not start/g)).toHaveLength(1);
});

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it does not listen");
  return address.port;
}
