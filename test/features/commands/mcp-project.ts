// A project for `protobff mcp`: a BFF with callers over one upstream, and a field that may be missing.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const FILES = {
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
    opt: [import_extension=ts, server=true]
`,
  "proto/up/v1/up.proto": `syntax = "proto3";
package up.v1;
service ItemService {
  rpc GetItem(GetItemRequest) returns (Item) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
  rpc GetPrice(GetItemRequest) returns (Price) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}
message GetItemRequest { string id = 1; }
message Item { string name = 1; }
message Price { int64 cents = 1; }
`,
  "proto/shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;

import "bff/v1/degradation.proto";
import "bff/v1/options.proto";

option (bff.v1.file) = {
  env: { name: "OIDC_ISSUER" type: "string" }
  identity: { source: { name: "user" jwt: { issuer: "{env.OIDC_ISSUER}" audience: "shop" } } }
};

service ShopService {
  option (bff.v1.service) = { permit: {} };
  // Returns an item of the shop.
  rpc GetItem(GetItemRequest) returns (ItemPage) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}
message GetItemRequest { string id = 1 [(bff.v1.field).public_id = true]; }
message ItemPage {
  option (bff.v1.message).let = {
    name: "item" supplementary: true
    call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } }
  };
  string id = 1 [(bff.v1.field).by = "args.id"];
  optional string name = 2 [(bff.v1.field).by = "item.name"];
  repeated bff.v1.Degradation degraded = 3;
}
`,
};
/** The command that serves agents. */
export const PROGRAM = [join(root, "cli/bin/protobff.js"), "mcp"];
export function environment(): Record<string, string> {
  const { HOST: _, PORT: __, ...env } = process.env;
  return env as Record<string, string>;
}

/** Writes the project until the test ends. Returns its folder, and the folder around it, which has nothing else. */
export function createProject(): { readonly folder: string; readonly work: string } {
  const work = mkdtempSync(join(tmpdir(), "protobff-mcp-test-"));
  const folder = join(work, "project");
  onTestFinished(() => rmSync(work, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  cpSync(join(root, "proto/bff"), join(folder, "proto/bff"), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return { folder, work };
}
