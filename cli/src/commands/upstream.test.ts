import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runBuf } from "../project/buf.ts";
import { run } from "../testing/run.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const generated = join(root, "test/.generated");
let template = "";
let work = "";

const CATALOG = `syntax = "proto3";
package catalog.v1;
import "money/v1/money.proto";
service CatalogService {
  rpc GetProduct(GetProductRequest) returns (Product) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc ListProducts(GetProductRequest) returns (Product) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetProductRequest { string id = 1; }
message Product { string id = 1; string name = 2; money.v1.Money price = 3; string maker = 4; }
message Unused { string text = 1; }
`;
const MONEY = 'syntax = "proto3";\npackage money.v1;\nmessage Money { int64 units = 1; }\n';
const BFF = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
import "money/v1/money.proto";
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
  optional money.v1.Money price = 2 [(bff.v1.field).by = "product.price"];
}
`;
const FILES = {
  "theirs/catalog/v1/catalog.proto": CATALOG,
  "theirs/money/v1/money.proto": MONEY,
  "shop/proto/shop/v1/shop.proto": BFF,
  "shop/buf.yaml": "version: v2\n# ours\nmodules:\n  - path: proto\n",
  "shop/buf.gen.yaml": "version: v2\nplugins:\n  - local: protoc-gen-bff\n    out: gen\n    strategy: all\n",
};
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(work, path)), { recursive: true });
  writeFileSync(join(work, path), text);
};
const read = (path: string): string => readFileSync(join(work, path), "utf8");
const edit = (path: string, from: string, to: string): void => {
  expect(read(path)).toContain(from);
  write(path, read(path).replace(from, to));
};
const upstream = (...args: string[]) => run(["upstream", ...args], join(work, "shop"));
/** Runs the plugin as `buf generate` does. Returns its error; undefined: it generates. */
function generate(): string | undefined {
  try {
    runBuf(["generate"], join(work, "shop"));
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** A project whose upstream has been added, with its lock. */
beforeAll(async () => {
  mkdirSync(generated, { recursive: true });
  template = mkdtempSync(join(generated, "upstream-"));
  work = template;
  for (const [path, text] of Object.entries(FILES)) write(path, text);
  await run(["init", "protos", "proto"], join(work, "shop"));
  expect(await upstream("add", "../theirs", "--name", "catalog")).toEqual({
    exitCode: 0,
    stdout: "2 files are copied to upstream/catalog, which is a module of buf.yaml now\n",
    stderr: "",
  });
  expect(generate()).toBeUndefined();
});
beforeEach(() => {
  work = mkdtempSync(join(generated, "upstream-"));
  cpSync(template, work, { recursive: true });
  return () => rmSync(work, { recursive: true, force: true });
});
afterAll(() => rmSync(template, { recursive: true, force: true }));

test("an added upstream is a module with its files, and its origin is listed", () => {
  expect(read("shop/upstream/catalog/catalog/v1/catalog.proto")).toBe(CATALOG);
  expect(read("shop/buf.yaml")).toBe("version: v2\n# ours\nmodules:\n  - path: proto\n  - path: upstream/catalog\n");
  expect(JSON.parse(read("shop/upstream/source.json"))).toEqual([
    { name: "catalog", from: "../theirs", at: expect.stringMatching(/^sha256:/), folder: "upstream/catalog" },
  ]);
});

test("a removed upstream leaves nothing", async () => {
  expect(await upstream("remove", "catalog")).toMatchObject({ exitCode: 0 });
  expect(read("shop/buf.yaml")).toBe(FILES["shop/buf.yaml"]);
  expect(read("shop/upstream/source.json")).toBe("[]\n");
  expect(readdirSync(join(work, "shop/upstream"))).toEqual(["source.json"]);
});

describe("check and update", () => {
  test("an unchanged origin", async () => {
    expect(await upstream("check", "--exit-code")).toEqual({ exitCode: 0, stdout: "catalog: unchanged\n", stderr: "" });
  });

  test("compatible changes: those of used messages are listed, the others counted; an update takes them", async () => {
    edit("theirs/catalog/v1/catalog.proto", "string maker = 4;", "string maker = 4; double rating = 5;");
    edit(
      "theirs/catalog/v1/catalog.proto",
      "message Unused { string text = 1; }",
      "message Unused { int32 text = 1; }",
    );
    const checked = await upstream("check");
    expect(checked).toMatchObject({ exitCode: 0, stderr: "" });
    expect(checked.stdout).toMatch(
      /^catalog: compatible changes \(sha256:\w{12}\)\n {2}catalog\.v1\.Product\.rating is new\n {2}1 other change, which this BFF does not use\n$/,
    );
    expect(await upstream("check", "--exit-code")).toMatchObject({ exitCode: 3, stdout: checked.stdout });
    expect(read("shop/upstream/catalog/catalog/v1/catalog.proto")).toBe(CATALOG);
    const lock = read("shop/bff.lock.json");
    expect(await upstream("update")).toMatchObject({ exitCode: 0, stdout: checked.stdout });
    expect(read("shop/upstream/catalog/catalog/v1/catalog.proto")).toBe(read("theirs/catalog/v1/catalog.proto"));
    expect(read("shop/bff.lock.json")).toBe(lock);
    expect(generate()).toBeUndefined();
    expect(await upstream("check")).toMatchObject({ stdout: "catalog: unchanged\n" });
  });

  test("a break names its code and both places; check and generate agree", async () => {
    edit("theirs/catalog/v1/catalog.proto", "string name = 2;", "reserved 2;");
    const checked = await upstream("check");
    expect(checked.exitCode).toBe(1);
    expect(checked.stdout).toContain("catalog: breaks this BFF");
    expect(checked.stdout).toContain("BFF911");
    expect(checked.stdout).toContain("upstream/catalog/catalog/v1/catalog.proto:9:9");
    expect(await upstream("update", "--only-compatible")).toMatchObject({ exitCode: 1 });
    expect(read("shop/upstream/catalog/catalog/v1/catalog.proto")).toBe(CATALOG);
    expect(generate()).toBeUndefined();
    expect(await upstream("update")).toMatchObject({ exitCode: 1, stdout: checked.stdout });
    expect(generate()).toContain("BFF911");
  });

  test.each(["json", "github", "junit"])("a break in the format %s", async (format) => {
    edit("theirs/catalog/v1/catalog.proto", "string name = 2;", "reserved 2;");
    const { exitCode, stdout } = await upstream("check", "--format", format);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      {
        json: /"code": "BFF911"/,
        github: /^::error file=upstream\/source\.json,title=catalog%3A BFF911::/,
        junit: /failures="1"/,
      }[format] ?? "",
    );
  });

  test("a service that moves to another file is followed, and the old file is removed", async () => {
    rmSync(join(work, "theirs/catalog/v1/catalog.proto"));
    write("theirs/catalog/v1/service.proto", CATALOG);
    expect(await upstream("update", "--exit-code")).toMatchObject({ exitCode: 3, stderr: "" });
    expect(readdirSync(join(work, "shop/upstream/catalog/catalog/v1"))).toEqual(["service.proto"]);
    expect(generate()).toBeUndefined();
  });

  test("a missing import is a break, as for buf", async () => {
    edit("theirs/catalog/v1/catalog.proto", "money/v1/money.proto", "money/v1/amounts.proto");
    rmSync(join(work, "theirs/money/v1/money.proto"));
    write("theirs/money/v1/amounts.proto", MONEY);
    const { exitCode, stdout } = await upstream("update");
    expect(exitCode).toBe(1);
    expect(stdout).toContain("shop/v1/shop.proto imports money/v1/money.proto, which the origin does not have");
    expect(generate()).toContain("shop/v1/shop.proto:4:1:imported file does not exist");
  });

  test("diff lists all changes, used ones first", async () => {
    edit("theirs/catalog/v1/catalog.proto", "message Unused { string text = 1; }", "message Alone {}");
    edit("theirs/catalog/v1/catalog.proto", "string maker = 4;", "string maker = 4; double rating = 5;");
    const { stdout, exitCode } = await upstream("diff", "catalog");
    expect(exitCode).toBe(0);
    expect(stdout.split("\n").slice(1)).toEqual([
      "  catalog.v1.Product.rating is new",
      "  catalog.v1.Alone is new (not used)",
      "  catalog.v1.Unused is removed (not used)",
      "",
    ]);
  });
});

describe("origins that cannot be read", () => {
  const before = () => [read("shop/upstream/source.json"), read("shop/upstream/catalog/catalog/v1/catalog.proto")];
  test.each<[string, () => void, string]>([
    ["that is gone", () => rmSync(join(work, "theirs"), { recursive: true }), "there is no ../theirs"],
    [
      "with a syntax error",
      () => edit("theirs/catalog/v1/catalog.proto", "message Product {", "message {"),
      "missing name after `message`",
    ],
    ["with a link outside", () => symlinkSync("/etc/hostname", join(work, "theirs/host.proto")), "outside the origin"],
    [
      "with a link to nothing",
      () => symlinkSync("nowhere", join(work, "theirs/x.proto")),
      "a symbolic link to nothing",
    ],
    [
      "of 70 MB",
      () => write("theirs/large.proto", `syntax = "proto3";\n${"// much text\n".repeat(5_600_000)}`),
      "more than 20000 files or 64 MiB",
    ],
  ])("an origin %s is named, and its files stay", async (_, change, message) => {
    change();
    const all = before();
    for (const word of ["check", "update"]) {
      const { exitCode, stdout } = await upstream(word);
      expect(exitCode).toBe(2);
      expect(stdout).toContain('catalog: the origin "catalog" cannot be read: ');
      expect(stdout).toContain(message);
      expect(before()).toEqual(all);
    }
  });

  test.each<[string, unknown, string]>([
    ["no list", { from: "../theirs" }, "source.json:1:1: this is no list of origins"],
    [
      "an unknown member",
      [{ name: "a", from: "x", folder: "upstream/a", branch: "b" }],
      '1:47: an origin has no "branch"',
    ],
    ["no folder", [{ name: "a", from: "x" }], '1:2: this origin has no "folder"'],
    ["a folder elsewhere", [{ name: "a", from: "x", folder: "proto" }], 'the folder "proto" is not in upstream/'],
    ["a folder above", [{ name: "a", from: "x", folder: "upstream/../proto" }], "is not in upstream/"],
    [
      "two of one folder",
      [
        { name: "a", from: "x", folder: "upstream/a" },
        { name: "b", from: "x", folder: "upstream/a/b" },
      ],
      '"upstream/a/b" overlaps "upstream/a" of "a"',
    ],
    [
      "a token",
      [{ name: "a", from: "https://me:secret@git.example/x.git", folder: "upstream/a" }],
      "has a user name or a token",
    ],
  ])("a list with %s is refused with its line", async (_, list, message) => {
    write("shop/upstream/source.json", JSON.stringify(list));
    const { exitCode, stderr } = await upstream("check");
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("secret");
  });

  test("an unknown name, a missing variable, a taken folder", async () => {
    expect(await upstream("check", "catalogue")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("it has catalog"),
    });
    const header = await upstream("check", "--header", "authorization: env:NO_TOKEN");
    expect(header).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("NO_TOKEN, which is not set") });
    const again = await upstream("add", "../theirs", "--name", "catalog");
    expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('two origins are called "catalog"') });
  });
});
