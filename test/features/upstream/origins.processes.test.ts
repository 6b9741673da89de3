// Each kind of origin, as the section "Places of upstream protos" compares them: added, checked after a change, updated.
// Holds docs/cli.md#places-of-upstream-protos
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { runBuf } from "../../../cli/src/project/buf.ts";
import { run } from "../../../cli/src/testing/run.ts";
import { freePort, listens } from "../../../runtime/src/testing/ports.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const CATALOG = `syntax = "proto3";

package catalog.v1;

service CatalogService {
  rpc GetProduct(GetProductRequest) returns (Product) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}

message GetProductRequest {
  string id = 1;
}

message Product {
  string id = 1;
  string name = 2;
}
`;
const BFF = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message).let = {
    name: "product" call: { method: "catalog.v1.CatalogService/GetProduct" set: { name: "id" by: "args.id" } }
  };
  string title = 1 [(bff.v1.field).by = "product.name"];
}
`;
const GEN = "version: v2\nplugins:\n  - local: protoc-gen-bff\n    out: gen\n    strategy: all\n";
let work = "";
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(work, path)), { recursive: true });
  writeFileSync(join(work, path), text);
};
const upstream = (...args: string[]) => run(["upstream", ...args], join(work, "shop"));
const git = (...args: string[]): string =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b.c", ...args], {
    cwd: join(work, "theirs"),
    encoding: "utf8",
  }).trim();
const commit = (): void => {
  git("add", ".");
  git("commit", "--quiet", "--message=protos");
};

beforeEach(async () => {
  mkdirSync(join(root, "test/.generated"), { recursive: true });
  work = mkdtempSync(join(root, "test/.generated/origins-"));
  write("theirs/proto/catalog/v1/catalog.proto", CATALOG);
  write("shop/proto/shop/v1/shop.proto", BFF);
  write("shop/buf.yaml", "version: v2\nmodules:\n  - path: proto\n");
  write("shop/buf.gen.yaml", GEN);
  await run(["init", "protos", "proto"], join(work, "shop"));
  return () => rmSync(work, { recursive: true, force: true });
});

/** Adds an origin, changes it by a function, and holds check, update and generate to what they say. */
async function walked(from: string, publish: () => void | Promise<void>): Promise<void> {
  expect(await upstream("add", from, "--name", "catalog")).toMatchObject({ exitCode: 0, stderr: "" });
  runBuf(["generate"], join(work, "shop"));
  expect(await upstream("check")).toEqual({ exitCode: 0, stdout: "catalog: unchanged\n", stderr: "" });
  write(
    "theirs/proto/catalog/v1/catalog.proto",
    CATALOG.replace("string name = 2;", "reserved 2;\n  string title = 3;"),
  );
  await publish();
  const broken = await upstream("check");
  expect(broken).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/BFF91[12]/), stderr: "" });
  write("theirs/proto/catalog/v1/catalog.proto", CATALOG.replace("name = 2;", "name = 2;\n  string maker = 3;"));
  await publish();
  const { exitCode, stdout } = await upstream("update");
  expect(exitCode).toBe(0);
  expect(stdout).toContain("catalog.v1.Product.maker is new");
  runBuf(["generate"], join(work, "shop"));
  expect(await upstream("check")).toMatchObject({ exitCode: 0, stdout: "catalog: unchanged\n" });
}
const at = (): string => JSON.parse(readFileSync(join(work, "shop/upstream/source.json"), "utf8"))[0].at;

test("a folder", () => walked("../theirs/proto", () => {}));

test("a workspace of buf", async () => {
  write("theirs/buf.yaml", "version: v2\nmodules:\n  - path: proto\n");
  await walked("../theirs", () => {});
});

test("a repository of git, by its files and from its daemon", { timeout: 120_000 }, async () => {
  git("init", "--quiet", "--initial-branch=main");
  commit();
  await walked(`file://${join(work, "theirs")}/.git#branch=main,subdir=proto`, commit);
  expect(at()).toBe(git("rev-parse", "HEAD"));
  await upstream("remove", "catalog");
  const port = await freePort();
  const options = ["--reuseaddr", "--export-all", `--base-path=${work}`, "--listen=127.0.0.1", `--port=${port}`];
  const daemon = spawn("git", ["daemon", ...options], { stdio: "ignore", detached: true });
  onTestFinished(async () => {
    process.kill(-(daemon.pid ?? 0), "SIGKILL");
    await once(daemon, "exit");
  });
  await listens(port, daemon);
  write("theirs/proto/catalog/v1/catalog.proto", CATALOG);
  commit();
  rmSync(join(work, "shop/bff.lock.json"));
  await walked(`git://127.0.0.1:${port}/theirs/.git#branch=main,subdir=proto`, commit);
  expect(at()).toBe(git("rev-parse", "HEAD"));
});

test("an image", async () => {
  const build = () => void runBuf(["build", "proto", "-o", "../catalog.binpb"], join(work, "theirs"));
  build();
  await walked("../catalog.binpb", build);
});

test("a running server with reflection", { timeout: 60_000 }, async () => {
  const server = join(root, "cli/src/testing/reflecting-server.ts");
  let child: ReturnType<typeof spawn> | undefined;
  const port = await freePort();
  const restart = async (): Promise<void> => {
    child?.kill("SIGKILL");
    if (child !== undefined && child.exitCode === null && child.signalCode === null) await once(child, "exit");
    const args = [server, join(work, "theirs/proto"), "catalog/v1/catalog.proto"];
    const env = { ...process.env, PORT: `${port}` };
    const started = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
    child = started;
    await once(started.stdout, "data");
  };
  onTestFinished(() => void child?.kill("SIGKILL"));
  await restart();
  await walked(`http://127.0.0.1:${port}`, restart);
});

test("protos that are not copied: another module of the workspace needs no origin", async () => {
  cpSync(join(work, "theirs/proto"), join(work, "shop/catalog"), { recursive: true });
  write("shop/buf.yaml", "version: v2\nmodules:\n  - path: proto\n  - path: catalog\n");
  runBuf(["generate"], join(work, "shop"));
  expect(readFileSync(join(work, "shop/bff.lock.json"), "utf8")).toContain("catalog.v1.Product.name");
});

test("protos that are not copied: a submodule of git", { timeout: 60_000 }, () => {
  const shop = join(work, "shop");
  const inShop = (...args: string[]) =>
    execFileSync("git", ["-c", "protocol.file.allow=always", ...args], { cwd: shop, stdio: "pipe" });
  git("init", "--quiet", "--initial-branch=main");
  commit();
  inShop("init", "--quiet");
  inShop("submodule", "--quiet", "add", "-b", "main", `file://${join(work, "theirs")}`, "theirs");
  write("shop/buf.yaml", "version: v2\nmodules:\n  - path: proto\n  - path: theirs/proto\n");
  runBuf(["generate"], shop);
  write("theirs/proto/catalog/v1/catalog.proto", CATALOG.replace("string name = 2;", "string title = 2;"));
  commit();
  runBuf(["generate"], shop); // the commit is pinned
  inShop("submodule", "--quiet", "update", "--remote");
  expect(() => runBuf(["generate"], shop)).toThrow(/theirs\/proto\/catalog\/v1\/catalog.proto:\d+:\d+: the new name/);
});
