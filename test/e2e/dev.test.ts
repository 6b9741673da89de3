// `protobff dev` as a process, on a project of its own: what editors do to files, what is wrong in them, and how it ends.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
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
  async says(wanted: RegExp): Promise<string> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const found = wanted.exec(this.printed.slice(this.#read));
      if (found !== null) {
        this.#read += found.index + found[0].length;
        return found[1] ?? "";
      }
      await new Promise<void>((resolve, reject) => {
        this.#grown = resolve;
        const late = () => reject(new Error(`it does not say ${wanted}:\n${this.printed}`));
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

async function ask(url: string, name = "hi"): Promise<unknown> {
  const response = await fetch(`${url}/${name}.v1.GreetingService/Get`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  return response.json();
}

test("a save has a new answer on the same port, a mistake leaves the old one, however it is saved", {
  timeout: 240_000,
}, async () => {
  write("proto/hi/v1/hi.proto", proto("hi", "'one'", RESOLVED));
  write("resolvers.ts", `import { word } from "./word.ts";\nexport const resolvers = { greetingWord: () => word };\n`);
  write("word.ts", `export const word = "a";\n`);
  dev = new Dev("--port", "0");
  const url = await dev.says(/hi\.v1 listens on (http:\/\/127\.0\.0\.1:\d+), /);
  const page = await dev.says(/its live page is (\S+)/);
  expect((await fetch(page)).status).toBe(200);
  expect(await ask(url)).toEqual({ text: "one", word: "a" });

  write("proto/hi/v1/hi.proto", proto("hi", "'two'", RESOLVED));
  await dev.says(/hi\.proto: \d files\n +\w+: Greeting: .* \('one' → 'two'\)\n.*hi\.v1 answers anew/);
  expect(await ask(url)).toEqual({ text: "two", word: "a" });
  expect((await fetch(page)).status).toBe(200);

  write("proto/hi/v1/hi.proto", proto("hi", "'three", RESOLVED));
  await dev.says(/is not generated, what runs is as before:\nproto\/hi\/v1\/hi\.proto:\d+:\d+: error BFF301/);
  expect(await ask(url)).toEqual({ text: "two", word: "a" });

  write("proto/hi/v1/.hi.proto.swp", proto("hi", "'three'", RESOLVED));
  renameSync(join(folder, "proto/hi/v1/.hi.proto.swp"), join(folder, "proto/hi/v1/hi.proto"));
  await dev.says(/hi\.v1 answers anew/);
  expect(await ask(url)).toEqual({ text: "three", word: "a" });

  write("word.ts", `import { other } from "./other.ts";\nexport const word = other;\n`);
  write("other.ts", `export const other = ;\n`);
  await dev.says(/hi\.v1 cannot be loaded, what runs is as before:/);
  expect(await ask(url)).toEqual({ text: "three", word: "a" });
  write("other.ts", `export const other = "b";\n`);
  await dev.says(/hi\.v1 answers anew/);
  expect(await ask(url)).toEqual({ text: "three", word: "b" });

  write("aside/up/v1/up.proto", UPSTREAM);
  write("aside/lo/v1/lo.proto", proto("lo", "item.name", CALLING));
  renameSync(join(folder, "aside/up"), join(folder, "proto/up"));
  renameSync(join(folder, "aside/lo"), join(folder, "proto/lo"));
  const other = await dev.says(/lo\.v1 listens on (http:\S+\d), .*; mocked: item\n/);
  expect(await ask(other, "lo")).toEqual({ text: "name-1" });
  rmSync(join(folder, "proto/lo"), { recursive: true });
  await dev.says(/lo\.v1 is no more/);
  expect(existsSync(join(folder, "gen/lo/v1/server.ts"))).toBe(false);
  expect(await ask(url)).toEqual({ text: "three", word: "b" });

  const children = dev.children();
  expect(children.length).toBeGreaterThan(0);
  dev.process.kill("SIGINT");
  expect(await dev.exited).toBe(0);
  expect(children.filter(isAlive)).toEqual([]);
});

test("servers end with a command that is killed", { timeout: 120_000 }, async () => {
  write("proto/hi/v1/hi.proto", proto("hi", "'one'"));
  dev = new Dev("--port", "0");
  await dev.says(/hi\.v1 listens on (\S+)/);
  const children = dev.children();
  expect(children.length).toBeGreaterThan(0);
  dev.process.kill("SIGKILL");
  await dev.exited;
  await vi.waitFor(() => expect(children.filter(isAlive)).toEqual([]), { timeout: PATIENCE_MS, interval: 100 });
});

test("a port that is taken is told once, and had when it is free", { timeout: 120_000 }, async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const port = portOf(taken);
  write("proto/hi/v1/hi.proto", proto("hi", "'one'"));
  dev = new Dev("--port", String(port));
  await dev.says(/already in use/);
  await dev.says(/hi\.v1 did not start/);
  await new Promise((resolve) => taken.close(resolve));
  write("proto/hi/v1/hi.proto", proto("hi", "'two'"));
  const url = await dev.says(/hi\.v1 listens on (http:[^\s,]+)/);
  expect(new URL(url).port).toBe(String(port));
  expect(await ask(url)).toEqual({ text: "two" });
  expect(dev.printed.match(/did not start/g)).toHaveLength(1);
});

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it does not listen");
  return address.port;
}
