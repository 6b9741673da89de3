// `protobff init --into` in projects of several frameworks and package managers, with the packed packages, up to an answer.
// Holds docs/frameworks.md#in-an-existing-project
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { packed, terminal } from "../../support/packed.ts";

const BIN = join(import.meta.dirname, "../../../cli/bin/protobff.js");
const CATALOG = `syntax = "proto3";
package catalog.v1;
service CatalogService {
  rpc GetProduct(GetProductRequest) returns (Product) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetProductRequest { string id = 1; }
message Product { string id = 1; int64 price_cents = 2; }
`;
/** Time for a command that installs packages, in milliseconds. */
const MAX_MS = 240_000;
const QUIET = ["--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"];

let work: string;
let path: string;

function put(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

function run(cwd: string, command: string, ...args: readonly string[]): string {
  const env = terminal({ PATH: path });
  try {
    return execFileSync(command, args, { cwd, encoding: "utf8", stdio: "pipe", env, timeout: MAX_MS });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${command} ${args.join(" ")}\n${stdout}${stderr}`, { cause: error });
  }
}

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), "protobff-into-"));
  cpSync(join(packed(), "packages"), join(work, "packages"), { recursive: true });
  put(work, {
    "catalog/catalog/v1/catalog.proto": CATALOG,
    "managers/package.json": '{ "allowScripts": { "bun": true } }',
  });
  path = [join(work, "managers/node_modules/.bin"), dirname(process.execPath), process.env.PATH].join(delimiter);
  run(join(work, "managers"), "npm", "install", ...QUIET, "pnpm@12", "@yarnpkg/cli-dist@4", "bun@1");
}, 600_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface Project {
  readonly framework: string;
  readonly manager: string;
  readonly dependencies: Readonly<Record<string, string>>;
  /** Files of the workspace's root, which is two folders above. */
  readonly root: Readonly<Record<string, string>>;
  /** Lines of a program that has an app, and prints its port. */
  readonly main: string;
}
const UP = (port: string): string => `console.log("port", ${port});`;
const WORKSPACES = '{ "name": "root", "private": true, "workspaces": ["apps/*"] }';
const PROJECTS: readonly Project[] = [
  {
    framework: "express",
    manager: "pnpm",
    dependencies: { express: "^5.0.0" },
    root: { "package.json": "{}", "pnpm-workspace.yaml": "packages:\n  # all apps\n  - apps/*\n" },
    main: `import express from "express";
const app = express();
await serveBff(app);
app.use(express.json());
app.get("/hello", (_, response) => response.send("hello"));
const server = app.listen(0, "127.0.0.1", () => { ${UP("server.address().port")} });`,
  },
  {
    framework: "fastify",
    manager: "yarn",
    dependencies: { fastify: "^5.0.0" },
    root: { "package.json": WORKSPACES, "yarn.lock": "", ".yarnrc.yml": "nodeLinker: node-modules\n" },
    main: `import fastify from "fastify";
const app = fastify();
await serveBff(app);
app.get("/hello", () => "hello");
await app.listen({ port: 0, host: "127.0.0.1" });
${UP("app.server.address().port")}`,
  },
  {
    framework: "hono",
    manager: "bun",
    dependencies: { hono: "^4.0.0", "@hono/node-server": "^2.0.0" },
    root: { "package.json": WORKSPACES, "bun.lock": '{ "lockfileVersion": 1, "workspaces": {}, "packages": {} }' },
    main: `import { serve } from "@hono/node-server";
import { Hono } from "hono";
const app = new Hono();
app.get("/hello", (c) => c.text("hello"));
await serveBff(app);
serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => { ${UP("port")} });`,
  },
];

test.each(PROJECTS)(
  "$framework with $manager serves the BFF after one command",
  async ({ framework, manager, dependencies, root, main }) => {
    const folder = join(work, framework, "apps/web");
    const manifest = { name: "web", version: "1.0.0", private: true, type: "module", dependencies };
    put(join(work, framework), { ...root, ".git/HEAD": "" });
    put(folder, {
      "package.json": JSON.stringify(manifest, null, "\t"),
      "src/main.ts": `import { serveBff } from "./bff.ts";\n${main}\n`,
    });
    const args = ["--from", "../../../catalog", "--packages", "../../../packages", "--name", "shop"];
    const output = run(folder, process.execPath, BIN, "init", "--into", framework, ...args);
    expect(output).toContain("new: src/bff.ts\n");
    expect(output).toContain(`gen is written by ${manager} run generate`);
    expect(JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))).toMatchObject({
      name: "web",
      scripts: { generate: "protobff check --quiet && buf generate" },
      dependencies: { ...dependencies, "@protobff/server": "file:../../../packages/protobff-server-0.1.0.tgz" },
    });

    const env = terminal({ MOCK_UPSTREAMS: "1" });
    const child = spawn(process.execPath, ["src/main.ts"], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(async () => {
      if (child.exitCode !== null) return;
      child.kill();
      await once(child, "exit");
    });
    let port = "";
    for await (const line of createInterface({ input: child.stdout })) {
      port = /^port (\d+)$/.exec(line)?.[1] ?? "";
      if (port !== "") break;
    }
    const url = `http://127.0.0.1:${port}`;
    expect(await (await fetch(`${url}/hello`)).text()).toBe("hello");
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${url}/shop.v1.ShopService/GetProduct`, { method: "POST", headers, body: "{}" });
    expect(await answer.json()).toEqual({ product: { id: "id-1", priceCents: "1" } });
  },
  300_000,
);
