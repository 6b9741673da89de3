// The lock as a file: what `buf generate` writes where, and when it writes nothing.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compile } from "../../../plugin/src/compile.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const bin = join(root, "plugin/bin/protoc-gen-bff.js");
const UPSTREAM = `syntax = "proto3";
package stock.v1;
service StockService { rpc GetStock(GetStockRequest) returns (Stock) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetStockRequest { string sku = 1; }
message Stock { int32 pieces = 1; }
`;
const BFF = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc GetProduct(GetProductRequest) returns (Product) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetProductRequest { string sku = 1; }
message Product {
  option (bff.v1.message).let = { name: "stock" call: { method: "stock.v1.StockService/GetStock" set: { spread: "args" } } };
  int32 pieces = 1 [(bff.v1.field).by = "stock.pieces"];
}
`;

describe("bff.lock.json", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "protobff-"));
    put("buf.yaml", "version: v2\nmodules:\n  - path: app\n  - path: bff\n");
    put("app/shop/v1/shop.proto", BFF);
    put("app/stock/v1/stock.proto", UPSTREAM);
    mkdirSync(join(dir, "bff/bff/v1"), { recursive: true });
    for (const name of ["identity", "options"])
      copyFileSync(join(root, `proto/bff/v1/${name}.proto`), join(dir, `bff/bff/v1/${name}.proto`));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const put = (name: string, text: string) => {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  };
  const lock = (name = "bff.lock.json") => readFileSync(join(dir, name), "utf8");
  const generate = (options: readonly string[] = [], env: Readonly<Record<string, string>> = {}, inputs = "") => {
    const opt = ["import_extension=ts", ...options].map((option) => `\n      - ${option}`).join("");
    put(
      "buf.gen.yaml",
      `version: v2\nplugins:\n  - local: ${JSON.stringify([process.execPath, bin])}\n    out: gen\n    strategy: all\n    opt:${opt}\n${inputs}`,
    );
    const { status, stderr } = spawnSync(join(root, "node_modules/.bin/buf"), ["generate"], {
      cwd: dir,
      encoding: "utf8",
      env: { ...process.env, ...env },
    });
    return { status, stderr };
  };

  test("is written if it is missing, and left alone while it is correct", () => {
    expect(generate()).toEqual({ status: 0, stderr: "" });
    expect(Object.keys(JSON.parse(lock()).files["shop/v1/shop.proto"])).toEqual([
      "stock.v1.GetStockRequest.sku",
      "stock.v1.Stock.pieces",
      "stock.v1.StockService/GetStock",
    ]);
    const { mtimeNs } = statSync(join(dir, "bff.lock.json"), { bigint: true });
    expect(generate([], { CI: "true" })).toEqual({ status: 0, stderr: "" });
    expect(statSync(join(dir, "bff.lock.json"), { bigint: true }).mtimeNs).toBe(mtimeNs);
  });

  test("is at the path of `lock`, in a new folder", () => {
    expect(generate(["lock=locks/shop.json"]).status).toBe(0);
    expect([existsSync(join(dir, "bff.lock.json")), JSON.parse(lock("locks/shop.json")).version]).toEqual([false, 3]);
  });

  test("is not written with CI=true: a missing one is an error, and nothing is generated", () => {
    const { status, stderr } = generate([], { CI: "true" });
    expect(status).toBe(1);
    expect(stderr).toContain('app/shop/v1/shop.proto:10:113: error BFF901: "bff.lock.json" does not exist');
    expect([existsSync(join(dir, "bff.lock.json")), existsSync(join(dir, "gen"))]).toEqual([false, false]);
  });

  test("is not written if there is an error", () => {
    put("app/shop/v1/shop.proto", BFF.replace("stock.pieces", "stock.pices"));
    expect(generate().status).toBe(1);
    expect(existsSync(join(dir, "bff.lock.json"))).toBe(false);
    put("app/shop/v1/shop.proto", BFF);
    expect(generate(["error_output=no/such/found.json"]).status).toBe(1);
    expect(existsSync(join(dir, "bff.lock.json"))).toBe(false);
  });

  test("fails the build when an upstream has changed, until the change is accepted", () => {
    generate();
    const before = lock();
    put("app/stock/v1/stock.proto", UPSTREAM.replace("pieces = 1", "pieces = 2"));
    const { status, stderr } = generate();
    expect(status).toBe(1);
    expect(stderr).toContain('error BFF913: upstream field "stock.v1.Stock.pieces" has the number 2, and had 1');
    expect(stderr).toContain("app/stock/v1/stock.proto:5:23: the current declaration");
    expect(lock()).toBe(before);
    expect(generate(["lock_mode=update"])).toEqual({ status: 0, stderr: "" });
    expect(generate([], { CI: "true" })).toEqual({ status: 0, stderr: "" });
  });

  test("loses the entry of a deleted BFF file, and keeps one of an input outside this directory", () => {
    put("app/gone/v1/gone.proto", BFF.replace("package shop.v1", "package gone.v1"));
    const inputs = "inputs:\n  - directory: app\n  - directory: other\n";
    put("other/buf.yaml", "version: v2\nmodules:\n  - path: protos\n  - path: bff\n");
    put("other/protos/desk/v1/desk.proto", BFF.replace("package shop.v1", "package desk.v1"));
    put("other/protos/stock/v1/stock.proto", UPSTREAM);
    cpSync(join(dir, "bff"), join(dir, "other/bff"), { recursive: true });
    expect(generate([], {}, inputs)).toEqual({ status: 0, stderr: "" });
    const files = () => Object.keys(JSON.parse(lock()).files);
    expect(files()).toEqual(["desk/v1/desk.proto", "gone/v1/gone.proto", "shop/v1/shop.proto"]);
    expect(generate([], { CI: "true" }, inputs)).toEqual({ status: 0, stderr: "" });

    rmSync(join(dir, "app/gone"), { recursive: true });
    const { status, stderr } = generate([], { CI: "true" }, inputs);
    expect(status).toBe(1);
    expect(stderr).toContain('error BFF924: "bff.lock.json" has an entry for "gone/v1/gone.proto", which was deleted');
    // One input is enough to remove it.
    expect(generate([], {}, "inputs:\n  - directory: app\n").status).toBe(0);
    expect(files()).toEqual(["desk/v1/desk.proto", "shop/v1/shop.proto"]);
    const kept = lock();
    expect(generate([], {}, inputs)).toEqual({ status: 0, stderr: "" });
    expect(lock()).toBe(kept);
    expect(generate([], { CI: "true" }, inputs)).toEqual({ status: 0, stderr: "" });
  });

  test("is reported if it cannot be written", () => {
    mkdirSync(join(dir, "taken"));
    const { status, stderr } = generate(["lock=taken"]);
    expect(status).toBe(1);
    expect(stderr).toContain("lock=taken cannot be written: ");
    expect(existsSync(join(dir, "gen"))).toBe(false);
  });
});

test("the lock of this repository is up to date", () => {
  const build = spawnSync(join(root, "node_modules/.bin/buf"), ["build", "--as-file-descriptor-set", "-o", "-"], {
    cwd: root,
  });
  const { file } = fromBinary(FileDescriptorSetSchema, build.stdout);
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));
  const request = create(CodeGeneratorRequestSchema, {
    fileToGenerate: file
      .map(({ name }) => name)
      .filter((name) => !name.startsWith("google/") && registry.getFile(name) !== undefined),
    protoFile: file,
    sourceFileDescriptors: file,
  });
  const committed = readFileSync(join(root, "bff.lock.json"), "utf8");
  const { lock, diagnostics } = compile(request, () => undefined, { text: committed, ci: true });
  expect([lock, diagnostics.filter(({ code }) => code.startsWith("BFF9"))]).toEqual([undefined, []]);
  expect(compile(request, () => undefined, { text: undefined, ci: false }).lock).toBe(committed);
});
