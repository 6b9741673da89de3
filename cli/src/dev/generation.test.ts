import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { Generation } from "./generation.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

test("generation equals buf generate with all plugins, and writes nothing if that has run", async () => {
  const generation = new Generation(root);
  const generated = await generation.generate();
  expect(generated).toMatchObject({ kind: "generated", touched: [] });
  if (generated.kind !== "generated") return;
  expect([...generated.servers.keys()].sort()).toEqual(["account.v1", "mobile.v1", "runs.v1", "tv.v1", "web.v1"]);
  expect(generated.changes()).toEqual([]);
  const again = await generation.generate();
  expect(again).toMatchObject({ kind: "generated", touched: [] });
  expect(again.kind === "generated" && again.changes()).toEqual([]);
});

const PROTO = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc Get(GetRequest) returns (Page);
}
message GetRequest {
  string id = 1;
}
message Page {
  option (bff.v1.message) = {};
  string note = 1 [(bff.v1.field).by = "args.id"];
}
`;

test("generation writes the plan in the requested forms, and all diagnostics to error_output", async () => {
  const cwd = mkdtempSync(join(tmpdir(), "protobff-generation-"));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  };
  const found = () => JSON.parse(readFileSync(join(cwd, "found.json"), "utf8"));
  const opt = (of: string) =>
    `version: v2\nplugins:\n  - local: protoc-gen-bff\n    out: gen\n    opt: [import_extension=ts, ${of}]\n`;
  write("buf.yaml", "version: v2\nmodules:\n  - path: proto\n");
  write("buf.gen.yaml", opt("plan=text+weight, error_output=found.json"));
  write("proto/shop/v1/shop.proto", PROTO);
  cpSync(join(root, "proto/bff"), join(cwd, "proto/bff"), { recursive: true });

  const generation = new Generation(cwd);
  const changes = async () => {
    const generated = await generation.generate();
    return generated.kind === "generated" ? generated.changes() : generated;
  };
  expect(await changes()).toEqual([]);
  const written = ["gen/shop/v1/shop_plan.txt", "gen/bff_weight.txt", "gen/shop/v1/shop_plan.json"];
  expect(written.map((name) => existsSync(join(cwd, name)))).toEqual([true, true, false]);
  expect(found()).toEqual({ version: 1, diagnostics: [] });

  generation.startBuild();
  write("proto/shop/v1/shop.proto", PROTO.replace("args.id", "args.ids"));
  generation.startBuild(); // in place of the one before, which may have read the file as it was
  expect(await changes()).toMatchObject({ kind: "refused" });
  expect(found().diagnostics).toMatchObject([{ severity: "error", at: { line: 13 } }]);

  write("proto/shop/v1/shop.proto", PROTO.replace("args.id", "args.id + '!'"));
  generation.startBuild();
  expect(await changes()).toEqual([expect.stringContaining("note")]);
  expect(found().diagnostics).toEqual([]);

  write("buf.gen.yaml", opt("error_output=no/such/found.json"));
  const refused = {
    kind: "refused",
    why: expect.stringContaining("error_output=no/such/found.json cannot be written"),
  };
  expect(await changes()).toMatchObject(refused);
});
