// A client's reads from generated code to `diff`. Holds docs/cli.md#clients
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { runBuf } from "../../../cli/src/project/buf.ts";
import { run } from "../../../cli/src/testing/run.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const CATALOG = `syntax = "proto3";
package catalog.v1;
service CatalogService {
  rpc GetProduct(GetProductRequest) returns (Product) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetProductRequest { string id = 1; }
message Product { string name = 1; double rating = 2; string maker = 3; string color = 4; }
`;
const SHOP = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
import "google/api/annotations.proto";
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetTile(GetPageRequest) returns (Tile) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http).get = "/v1/tiles/{id}";
  }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message).let = {
    name: "product" call: { method: "catalog.v1.CatalogService/GetProduct" set: { name: "id" by: "args.id" } }
  };
  string title = 1 [(bff.v1.field).by = "product.name"];
  double rating = 2 [(bff.v1.field).by = "product.rating"];
  string maker = 3 [(bff.v1.field).by = "product.maker"];
  string color = 4 [(bff.v1.field).by = "product.color"];
}
message Tile {
  option (bff.v1.message).let = {
    name: "product" call: { method: "catalog.v1.CatalogService/GetProduct" set: { name: "id" by: "args.id" } }
  };
  string caption = 1 [(bff.v1.field).by = "product.name"];
}
`;
const ES_OPTIONS = ["bff/v1/", "buf/validate/", "google/api/"].map((of) => `map_imports=${of}:@protobff/messages`);
const GEN = `version: v2
plugins:
  - local: protoc-gen-es
    out: gen
    strategy: all
    opt: [target=ts, import_extension=ts, ${ES_OPTIONS.join(", ")}]
  - local: protoc-gen-bff
    out: gen
    strategy: all
    opt: [import_extension=ts, ${ES_OPTIONS.join(", ")}]
`;
const CARD = `import { select } from "@protobff/client";
import { type Page, PageSchema } from "../../gen/shop/v1/shop_pb.ts";
export const shownOf = ({ title, rating }: Page): string => title + rating;
export const fields = select(PageSchema, { title: true, color: true });
`;
const REST = `export const tile = async (id: string): Promise<unknown> => (await fetch(\`/v1/tiles/\${id}\`)).json();\n`;
const TSCONFIG = {
  extends: join(root, "tsconfig.json"),
  compilerOptions: { noEmit: true, rootDir: root, lib: ["ESNext", "DOM"] },
  include: ["src"],
};
let work = "";
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(work, path)), { recursive: true });
  writeFileSync(join(work, path), text);
};
const protobff = (...args: string[]) => run(args, work);

beforeAll(async () => {
  mkdirSync(join(root, "test/.generated"), { recursive: true });
  work = mkdtempSync(join(root, "test/.generated/client-contract-"));
  write("proto/catalog/v1/catalog.proto", CATALOG);
  write("proto/shop/v1/shop.proto", SHOP);
  write("buf.yaml", "version: v2\nmodules:\n  - path: proto\n");
  write("buf.gen.yaml", GEN);
  await run(["init", "protos", "proto"], work);
  cpSync(join(root, "proto/third_party/google"), join(work, "proto/google"), { recursive: true });
  runBuf(["generate"], work);
  write("web/package.json", '{ "name": "@shop/web" }');
  write("web/tsconfig.json", JSON.stringify(TSCONFIG));
  write("web/src/card.ts", CARD);
  // As users have it: a package with declarations.
  const client = join(work, "node_modules/@protobff/client");
  mkdirSync(client, { recursive: true });
  const types = { types: "./index.d.ts" };
  writeFileSync(
    join(client, "package.json"),
    JSON.stringify({ name: "@protobff/client", ...types, exports: { ".": types } }),
  );
  writeFileSync(
    join(client, "index.d.ts"),
    `import type { DescMessage } from "@bufbuild/protobuf";
export declare function select<D extends DescMessage, const S>(desc: D, selection: S): { readonly header: string };\n`,
  );
  return () => rmSync(work, { recursive: true, force: true });
}, 120_000);

test("the reads of a client, the unread fields, and the change that breaks the client", {
  timeout: 120_000,
}, async () => {
  expect(await protobff("contract", "--unread")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("protobff contract --client"),
  });
  expect(await protobff("contract", "--client", "web")).toEqual({
    exitCode: 0,
    stdout: "web.client.json: 3 of 5 fields read, 100 % decided by name\n",
    stderr: "",
  });
  expect(JSON.parse(readFileSync(join(work, "web.client.json"), "utf8")).messages["shop.v1.Page"].fields).toEqual({
    color: "web/src/card.ts:4",
    rating: "web/src/card.ts:3",
    title: "web/src/card.ts:3",
  });
  expect(await protobff("contract", "--unread")).toMatchObject({
    exitCode: 0,
    stdout: `shop.v1.Page.maker: no client reads it
shop.v1.Tile.caption: no client reads it
2 unread, 0 unknown, 3 read fields of answers (web)
`,
  });
  cpSync(join(work, "proto"), join(work, "before/proto"), { recursive: true });
  for (const file of ["buf.yaml", "buf.gen.yaml"]) cpSync(join(work, file), join(work, "before", file));
  write("proto/shop/v1/shop.proto", SHOP.replace(/ {2}string maker = 3.*\n/, "  reserved 3;\n"));
  expect((await protobff("diff", "--against", "before")).exitCode).toBe(0);
  write("proto/shop/v1/shop.proto", SHOP.replace(/ {2}double rating = 2.*\n/, "  reserved 2;\n"));
  const { exitCode, stdout } = await protobff("diff", "--against", "before");
  expect(stdout).toContain("removes `rating`, read at `web/src/card.ts:3` by web");
  expect(exitCode).toBe(1);
  write("proto/shop/v1/shop.proto", SHOP);
});

test("a file of other answers is named", { timeout: 120_000 }, async () => {
  write("proto/shop/v1/shop.proto", SHOP.replace("double rating = 2", "optional double rating = 2"));
  const stale = "web.client.json is of other answers: write it again with protobff contract --client\n";
  expect((await protobff("contract", "--unread")).stderr).toBe(stale);
  // The other side is the one that the file was written for.
  expect((await protobff("diff", "--against", "before")).stderr).not.toContain(stale);
  write("before/proto/shop/v1/shop.proto", SHOP.replace("string color = 4", "optional string color = 4"));
  expect((await protobff("diff", "--against", "before")).stderr).toContain(stale);
  write("proto/shop/v1/shop.proto", SHOP);
});

test("a client that calls by REST reads unknown fields of these answers", { timeout: 120_000 }, async () => {
  write("web/src/rest.ts", REST);
  expect((await protobff("contract", "--client", "web")).stdout).toContain("web/src/rest.ts:1: reads unknown fields");
  expect((await protobff("contract", "--unread")).stdout).toContain(
    "shop.v1.Tile.caption: unknown, web/src/rest.ts:1 reads unknown fields\n",
  );
});

test("a client that does not compile counts for nothing", { timeout: 120_000 }, async () => {
  const before = readFileSync(join(work, "web.client.json"), "utf8");
  write("web/src/broken.ts", 'import { nothing } from "./card.ts";\nexport const value = nothing;\n');
  expect(await protobff("contract", "--client", "web")).toMatchObject({
    exitCode: 2,
    stdout: "",
    stderr: expect.stringContaining("web/src/broken.ts:1:10"),
  });
  expect(readFileSync(join(work, "web.client.json"), "utf8")).toBe(before);
});
