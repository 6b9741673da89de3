import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { unreviewedOf } from "../../../../packages/server/explorer/plan.ts";
import { runBuf } from "../../project/buf.ts";
import { run } from "../../testing/run.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
/** Below the repository, so that what is generated finds the packages that it imports. */
const generated = join(root, "test/.generated");
const BIN = join(root, "cli/bin/protobff.js");
let work = "";

beforeEach(() => {
  mkdirSync(generated, { recursive: true });
  work = mkdtempSync(join(generated, "init-"));
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

function put(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), text);
  }
}
const read = (path: string): string => readFileSync(join(work, path), "utf8");

/** With UPDATE_GOLDENS=1 what differs is written instead of failing. */
function golden(name: string, text: string): void {
  const path = join(root, "test/golden/init", name);
  if (process.env.UPDATE_GOLDENS === "1") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  expect(text).toBe(readFileSync(path, "utf8"));
}

/** A folder that finds no packages above. */
function rehomed(): string {
  rmSync(work, { recursive: true, force: true });
  return mkdtempSync(join(tmpdir(), "protobff-init-test-"));
}

/** Without what takes long: what is generated finds its packages above. */
const init = (args: readonly string[], cwd: string) =>
  run(["init", ...args, "--no-install", "--no-start", "--ci", "none"], cwd);

const BOOKS = `syntax = "proto3";
package books.v1;
import "money/v1/money.proto";
service BookService {
  rpc GetBook(GetBookRequest) returns (Book);
  rpc ListBooks(ListBooksRequest) returns (ListBooksResponse) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Watch(GetBookRequest) returns (stream Book);
  rpc CreateBook(Book) returns (Book);
  rpc DeleteBook(GetBookRequest) returns (Nothing);
}
message Nothing {}
message GetBookRequest { string id = 1; }
message ListBooksRequest { int32 page_size = 1; oneof by { string author = 2; Kind kind = 3; } }
message ListBooksResponse { repeated Book books = 1; string next_page_token = 2; optional int32 total = 3; }
enum Kind { KIND_UNSPECIFIED = 0; NOVEL = 1; }
message Book {
  string id = 1;
  Kind kind = 2;
  money.v1.Money price = 3;
  oneof owner { string person = 4; string library = 5; }
}
`;
const MONEY = `syntax = "proto3";
package money.v1;
message Money { int64 cents = 1; Currency currency = 2; }
message Currency { string code = 1; }
`;
const UPSTREAMS = { "theirs/books/v1/books.proto": BOOKS, "theirs/money/v1/money.proto": MONEY };

/** A server that says where it is, and is asked as it says. */
test("one command leads from an empty folder to an answer", async () => {
  put(UPSTREAMS);
  const args = [BIN, "init", "shop", "--from", "theirs", "--no-install", "--port", "0", "--ci", "none"];
  const child = spawn(process.execPath, args, { cwd: work, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stderr.on("data", (text: Buffer) => (output += text.toString()));
  const ended = once(child, "exit");
  try {
    const answered = await new Promise<RegExpExecArray>((resolve, reject) => {
      void ended.then(() => reject(new Error(`it has ended: ${output}`)));
      child.stdout.on("data", (text: Buffer) => {
        output += text.toString();
        const found = /^curl .* -d '(.*)' (http\S+)\n(.*)\n/m.exec(output);
        if (found !== null) resolve(found);
      });
    });
    const [, body = "", url = "", answer = ""] = answered;
    expect(JSON.parse(answer)).toMatchObject({ book: { id: "id-1" }, books: [{ kind: "KIND_NOVEL" }], total: 1 });
    const again = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
    expect(await again.json()).toEqual(JSON.parse(answer));
  } finally {
    child.kill("SIGTERM");
  }
  expect(await ended).toEqual([0, null]);
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const { stdout, status } = spawnSync(process.execPath, [vitest, "run", "--root", "."], {
    cwd: join(work, "shop"),
    encoding: "utf8",
  });
  expect(stripVTControlCharacters(stdout)).toMatch(/Tests +2 passed/);
  expect(status).toBe(0);
}, 120_000);

test("an upstream that is a BFF is imported without its BFF options", async () => {
  put(UPSTREAMS);
  const first = await init(["inner", "--from", "theirs"], work);
  expect(first).toMatchObject({ exitCode: 0, stderr: "" });
  const ran = await init(["outer", "--from", "inner", "--rpc", "InnerService/GetPage"], work);
  expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
  expect(read("outer/upstream/inner/inner/v1/inner.proto")).not.toContain("(bff.v1");
  expect(existsSync(join(work, "outer/gen/outer/v1/server.ts"))).toBe(true);
}, 60_000);

describe("the proposed batch call", () => {
  const RUNS = `syntax = "proto3";
package runs.v1;
service UserService { rpc BatchGetUsers(BatchGetUsersRequest) returns (BatchGetUsersResponse); }
service RunService { rpc GetRun(GetRunRequest) returns (Run); rpc ListRuns(ListRunsRequest) returns (ListRunsResponse); }
message BatchGetUsersRequest { repeated string user_ids = 1; }
message BatchGetUsersResponse { repeated User users = 1; }
message User { string id = 1; string name = 2; }
message GetRunRequest { string run = 1; }
message Run { string title = 1; string owner_id = 2; }
message ListRunsRequest { int32 page_size = 1; }
message ListRunsResponse { repeated Run runs = 1; string owner = 2; }
`;
  test.each([
    { from: "an answer", rpcs: ["GetRun", "BatchGetUsers"], golden: "batch.proto", field: "User owner" },
    { from: "a list", rpcs: ["ListRuns", "BatchGetUsers"], golden: "batch-list.proto", field: "repeated User owners" },
  ])(
    "a batch call is proposed for an id of $from, and generates when uncommented",
    async ({ rpcs, golden: name, field }) => {
      put({ "theirs/runs/v1/runs.proto": RUNS });
      const options = rpcs.flatMap((rpc) => ["--rpc", rpc]);
      expect(await init(["shop", "--from", "theirs", ...options], work)).toMatchObject({ exitCode: 0, stderr: "" });
      const path = "shop/proto/shop/v1/shop.proto";
      const text = read(path);
      golden(name, text);
      expect(runBuf(["format", "--diff", "--path", "proto/shop"], join(work, "shop")).toString()).toBe("");
      expect(text).toContain(`// ${field} = `);
      const followed = text
        .replace(/^(.*)\/\/ BatchGetUsers takes many.*\n/m, "")
        .replace(/^( +)\/\/ (?!left)/gm, "$1");
      expect(followed).not.toBe(text);
      writeFileSync(join(work, path), followed);
      runBuf(["generate"], join(work, "shop"));
      expect(read("shop/gen/shop/v1/shop_bff.ts")).toMatch(/\bowners?: /);
    },
    60_000,
  );
  test.each([
    { ids: "string tenant_id = 2; string user_id = 3;", by: "run.user_id" },
    { ids: "string tenantId = 2; string assignedUserId = 3;", by: "run.assignedUserId" },
    { ids: "string owner_id = 2; string editor_id = 3;", by: undefined },
    { ids: "string tenant_id = 2;", by: undefined },
    { ids: "string token_id = 2;", by: undefined },
  ])("a batch call is proposed for the id of a user: $ids", async ({ ids, by }) => {
    put({ "theirs/runs/v1/runs.proto": `${RUNS.replace("string owner_id = 2;", ids)}message Tenant {}` });
    const args = ["shop", "--from", "theirs", "--rpc", "GetRun", "--rpc", "BatchGetUsers", "--dry-run"];
    const { stdout } = await init(args, work);
    expect(/^ *\/\/ +by: "(.*)"/m.exec(stdout)?.[1]).toBe(by);
  });
  test("no batch call is proposed for answers without an id", async () => {
    put({ "theirs/runs/v1/runs.proto": RUNS.replaceAll("owner_id", "owner") });
    const args = ["shop", "--from", "theirs", "--rpc", "GetRun", "--rpc", "BatchGetUsers"];
    expect(await init(args, work)).toMatchObject({ exitCode: 0 });
    expect(read("shop/proto/shop/v1/shop.proto")).not.toContain("batch");
  }, 60_000);
});

describe("private fields", () => {
  const PRODUCTS = `syntax = "proto3";
package catalog.v1;
service CatalogService {
  // For internal use only.
  rpc GetAudit(GetProductRequest) returns (Product);
  rpc getProduct(GetProductRequest) returns (Product);
  rpc ListProducts(ListProductsRequest) returns (ListProductsResponse);
  rpc GetSecret(GetProductRequest) returns (Secret);
}
message GetProductRequest {
  // Its number in the catalog.
  string productID = 1;
  bool internal_prices = 2;
}
message ListProductsRequest { int32 page_size = 1; string page_token = 2; }
message ListProductsResponse { repeated Product products = 1; string next_page_token = 2; string access_token = 3; }
// What is sold.
message Product {
  string id = 1;
  // As customers read it.
  string title = 2;
  string supplier_contract = 3; // not for the public
  int64 internalMarginCents = 4;
  string note = 5 [debug_redact = true];
  Secret backup = 6;
  // What it costs us.
  int64 price = 7;
  int32 token_count = 8;
  oneof owner { string shopID = 9; string password_hash = 10; }
  State state = 11;
  enum State { ACTIVE = 0; GONE = 1; }
}
message Secret { string name = 1; bytes secret_value = 2; }
`;
  test("private fields are omitted and listed, and the live page lists the others until the review", async () => {
    put({ "theirs/catalog/v1/catalog.proto": PRODUCTS });
    const ran = await init(["shop", "--from", "theirs"], work);
    expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ran.stdout).toContain(`public from now on, 8 fields of answers:
  GetPageResponse: product, products, next_page_token
  Product: id, title, token_count, shop_id, state
`);
    expect(ran.stdout).toContain("catalog.v1.Product.supplier_contract (comment: not for the public)\n");
    expect(ran.stdout).toContain("to prune: delete what clients must not have from proto/shop/v1/shop.proto");
    golden("private.proto", read("shop/proto/shop/v1/shop.proto"));
    expect(runBuf(["lint"], join(work, "shop")).toString()).toBe("");
    expect(runBuf(["format", "--diff", "--path", "proto/shop"], join(work, "shop")).toString()).toBe("");
    const plan = join(work, "shop/gen/shop/v1/server_plan.ts");
    const { PLAN } = (await import(plan)) as { readonly PLAN: readonly unknown[] };
    expect(unreviewedOf(PLAN)[0]).toEqual({
      message: "shop.v1.GetPageResponse",
      fields: ["product", "products", "next_page_token", "degraded"],
    });
    const proto = "shop/proto/shop/v1/shop.proto";
    put({ [proto]: read(proto).replace(/\/\/ protobff:unreviewed\n/, "") });
    runBuf(["generate"], join(work, "shop"));
    expect(readFileSync(plan, "utf8")).not.toContain("unreviewed");
  }, 60_000);

  test("private fields of an RPC with a private name are omitted, too", async () => {
    put({ "theirs/catalog/v1/catalog.proto": PRODUCTS });
    const ran = await init(["shop", "--from", "theirs", "--rpc", "GetSecret", "--rpc", "GetAudit"], work);
    expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
    golden("private-rpc.proto", read("shop/proto/shop/v1/shop.proto"));
  }, 60_000);
});

describe("init --from a folder", () => {
  test("init writes a package that generates, and that buf formats and lints without change", async () => {
    put(UPSTREAMS);
    const ran = await init(["shop", "--from", "theirs"], work);
    expect(ran.stderr).toBe("");
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toContain("books.v1.BookService/GetBook: assumed to be read-only because of its name");
    expect(ran.stdout).toContain("declared NO_SIDE_EFFECTS");
    golden("reads.proto", read("shop/proto/shop/v1/shop.proto"));
    expect(read("shop/upstream/theirs/books/v1/books.proto")).toBe(BOOKS);
    expect(JSON.parse(read("shop/upstream/source.json"))).toEqual([
      {
        name: "theirs",
        from: "../theirs",
        at: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        folder: "upstream/theirs",
      },
    ]);
    for (const file of ["server.ts", "server_plan.ts", "shop_bff.ts", "deploy/Dockerfile"])
      expect(existsSync(join(work, "shop/gen/shop/v1", file)), file).toBe(true);
    expect(runBuf(["lint"], join(work, "shop")).toString()).toBe("");
    expect(runBuf(["format", "--diff", "--path", "proto/shop"], join(work, "shop")).toString()).toBe("");
  }, 60_000);

  test("protos in @protobff/messages are not generated, and other protos beside them are", async () => {
    const published = (name: string) => readFileSync(join(root, "proto/third_party", name), "utf8");
    const behavior = `syntax = "proto3";
package google.api;
import "google/protobuf/descriptor.proto";
extend google.protobuf.FieldOptions { repeated FieldBehavior field_behavior = 1052; }
enum FieldBehavior { FIELD_BEHAVIOR_UNSPECIFIED = 0; REQUIRED = 2; }
`;
    const books = BOOKS.replace("message Nothing {}", "message Nothing { google.rpc.Status status = 1; }")
      .replace("string id = 1;", "string id = 1 [(buf.validate.field).string.min_len = 1];")
      .replace(
        'import "',
        'import "google/api/annotations.proto";\nimport "google/api/field_behavior.proto";\nimport "',
      )
      .replace('import "', 'import "buf/validate/validate.proto";\nimport "google/rpc/status.proto";\nimport "');
    const names = [...["annotations", "http"].map((name) => `google/api/${name}.proto`), "google/rpc/status.proto"];
    const shared = ["buf/validate/validate.proto", ...names];
    put({
      ...UPSTREAMS,
      ...Object.fromEntries(shared.map((name) => [`theirs/${name}`, published(name)])),
      "theirs/google/api/field_behavior.proto": behavior,
      "theirs/books/v1/books.proto": books,
    });
    expect(await init(["shop", "--from", "theirs"], work)).toMatchObject({ exitCode: 0, stderr: "" });
    const generated = readdirSync(join(work, "shop/gen"), { recursive: true, encoding: "utf8" });
    expect(generated.filter((path) => /^(bff|buf|google)\b.*\.ts$/.test(path))).toEqual([
      "google/api/field_behavior_pb.ts",
    ]);
    const messages = "shop/gen/books/v1/books_pb.ts";
    expect(read(messages)).toContain('from "@protobff/messages/google/rpc/status_pb.js"');
    expect(await import(join(work, messages))).toHaveProperty("NothingSchema");
    const tsc = join(root, "node_modules/.bin/tsc");
    const compilerOptions = { exactOptionalPropertyTypes: true };
    const config = { extends: "./tsconfig.json", compilerOptions, include: ["gen"] };
    writeFileSync(join(work, "shop/tsconfig.gen.json"), JSON.stringify(config));
    const checked = spawnSync(tsc, ["-p", "tsconfig.gen.json"], { cwd: join(work, "shop"), encoding: "utf8" });
    expect(checked.stdout).toBe("");
  }, 120_000);

  test("protos inside the package stay in place", async () => {
    put({ "shop/protos/books/v1/books.proto": BOOKS, "shop/protos/money/v1/money.proto": MONEY });
    const ran = await init([".", "--from", "protos", "--rpc", "ListBooks"], join(work, "shop"));
    expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
    expect(existsSync(join(work, "shop/upstream"))).toBe(false);
    expect(read("shop/buf.yaml")).toContain("- path: protos");
  }, 60_000);

  test("writing calls are sequential, and reading calls are parallel", async () => {
    put(UPSTREAMS);
    const rpcs = ["CreateBook", "GetBook", "DeleteBook"].flatMap((name) => ["--rpc", name]);
    const ran = await init(["shop", "--from", "theirs", ...rpcs], work);
    expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ran.stdout).toContain("read_only: true");
    golden("writes.proto", read("shop/proto/shop/v1/shop.proto"));
  }, 60_000);

  test("existing files are kept unless --force is set; uninstalled packages are not generated", async () => {
    work = rehomed();
    put({ ...UPSTREAMS, "shop/package.json": "mine" });
    const refused = await init(["shop", "--from", "theirs"], work);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("nothing is written, because this file exists: package.json");
    expect(existsSync(join(work, "shop/buf.yaml"))).toBe(false);
    expect(read("shop/package.json")).toBe("mine");
    const forced = await init(["shop", "--from", "theirs", "--force"], work);
    expect(forced.exitCode).toBe(0);
    expect(forced.stdout).toContain("continue with: npm install && npm run dev");
    expect(JSON.parse(read("shop/package.json"))).toMatchObject({ name: "shop" });
  }, 60_000);

  test("--dry-run prints the files without writing them", async () => {
    put(UPSTREAMS);
    const ran = await init(["shop", "--from", "theirs", "--dry-run"], work);
    expect(ran.stdout).toContain("would write upstream/theirs/books/v1/books.proto\n");
    expect(ran.stdout).toContain("package shop.v1;");
    expect(existsSync(join(work, "shop"))).toBe(false);
  });

  test.each([
    { args: ["--from", "nowhere"], message: "there is no nowhere. --from takes a folder" },
    { args: ["--from", "shop"], message: "is the new package's own folder" },
    { args: ["--from", "theirs", "--rpc", "GetBok"], message: "there is no rpc GetBok: did you mean GetBook?" },
    { args: ["--from", "theirs", "--rpc", "Watch"], message: "--rpc Watch is a stream" },
    { args: ["--from", "theirs", "--rpc", "GetBook", "--rpc", "GetBook"], message: "twice" },
    { args: ["--from", "theirs/money"], message: "there is no service in these protos" },
    { args: [], message: "--from" },
  ])("init refuses $args", async ({ args, message }) => {
    put({ ...UPSTREAMS, "shop/x.txt": "" });
    const ran = await init(["shop", ...args], work);
    expect(ran.exitCode).not.toBe(0);
    expect(ran.stderr).toContain(message);
  });
});
