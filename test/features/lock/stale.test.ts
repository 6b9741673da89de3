// Entries of BFF files that were deleted or renamed: the lock equals what the compiler would write from nothing.
import { describe, expect, test } from "vitest";
import { compile } from "../../../plugin/src/compile.ts";
import type { Protos } from "../../support/protos.ts";
import { requestFor } from "../../support/request.ts";

const STOCK = `syntax = "proto3";
package stock.v1;
service StockService { rpc GetStock(GetStockRequest) returns (Stock) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetStockRequest { string sku = 1; }
message Stock { int32 pieces = 1; string note = 2; }
`;
const IDENTITY = `option (bff.v1.file).identity = {
  source: { name: "user" jwt: { issuer: "https://id.example" audience: "x" } set: { name: "subject" by: "credential.subject" } }
};`;
/** A BFF file of a package of its own. With `permitted`, the edge has entries of it as well. */
const bff = (name: string, field: "pieces" | "note", permitted = false): string => `syntax = "proto3";
package ${name}.v1;
import "bff/v1/identity.proto";
import "bff/v1/options.proto";
${permitted ? IDENTITY : ""}
service PageService {
  option (bff.v1.service) = {${permitted ? "permit: {}" : ""}};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string sku = 1; }
message Page {
  option (bff.v1.message).let = { name: "stock" call: { method: "stock.v1.StockService/GetStock" set: { spread: "args" } } };
  string text = 1 [(bff.v1.field).by = "string(stock.${field})"];
}
`;

interface RunOptions {
  readonly text?: string | undefined;
  readonly ci?: boolean;
  readonly project?: string;
  readonly parameter?: string;
  /** The files that the run's own directory has; default: those of the run. */
  readonly disk?: Protos;
}
function run(protos: Protos, { text, ci = false, project = ".", parameter = "", disk = protos }: RunOptions = {}) {
  const targets = Object.keys(protos).filter((name) => !name.startsWith("stock/"));
  const request = { ...requestFor(protos, targets), parameter };
  const { lock, diagnostics } = compile(request, (file) => disk[file], { text, ci, project });
  return { lock, errors: diagnostics.filter(({ severity }) => severity === "error") };
}
/** The lock after a run that goes well. */
function lockAfter(protos: Protos, options: RunOptions = {}): string {
  const { lock, errors } = run(protos, options);
  expect(errors).toEqual([]);
  return lock ?? options.text ?? "";
}
const world = (bffs: Protos): Protos => ({ "stock/v1/stock.proto": STOCK, ...bffs });
const filesIn = (lock: string): readonly string[] => Object.keys(JSON.parse(lock).files);
const SHOP = { "shop/v1/shop.proto": bff("shop", "pieces") };
const DESK = { "desk/v1/desk.proto": bff("desk", "note", true) };

/** Numbers that look random and are the same in every run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
}

describe("random deletions, renames and partial runs lead to the lock of a new run", () => {
  const POOL = [0, 1, 2, 3, 4, 5].map((i) => `page${i}`);
  const texts = Object.fromEntries(
    POOL.map((name, i) => [`${name}/v1/${name}.proto`, bff(name, i % 2 === 0 ? "pieces" : "note", i % 3 === 0)]),
  );
  const whole = requestFor(world(texts));
  /** `disk` has the name of each file that exists, and the name by which `whole` has it; `seen` are those of the run. */
  const runOver = (disk: ReadonlyMap<string, string>, seen: readonly string[], text?: string, ci = false) => {
    const dependencies = whole.protoFile.filter(({ name }) => !(name in texts));
    const bffs = seen.flatMap((name) => {
      const file = whole.protoFile.find((file) => file.name === disk.get(name));
      return file === undefined ? [] : [{ ...file, name }];
    });
    const protoFile = [...dependencies, ...bffs];
    const request = { ...whole, parameter: "", fileToGenerate: [...seen], protoFile, sourceFileDescriptors: protoFile };
    const sources = (file: string) => (file.startsWith("stock/") ? STOCK : texts[disk.get(file) ?? ""]);
    const { lock, diagnostics } = compile(request, sources, { text, ci, project: "." });
    const codes = diagnostics.flatMap(({ severity, code }) => (severity === "error" ? [code] : []));
    return { lock, codes };
  };

  test.each([1, 2, 3, 4, 5, 6, 7, 8])("seed %i", (seed) => {
    const random = randomOf(seed);
    const disk = new Map(Object.keys(texts).map((file) => [file, file]));
    let lock = runOver(disk, [...disk.keys()]).lock;
    for (let step = 0; step < 12; step++) {
      const before = [...disk.keys()];
      const file = before[random(before.length)] ?? "";
      const name = disk.get(file) ?? "";
      const back = Object.keys(texts).find((other) => ![...disk.values()].includes(other));
      const kind = random(3);
      if (kind === 0 && disk.size > 1) disk.delete(file);
      else if (kind === 1 || back === undefined) disk.delete(file) && disk.set(`moved${step}/${name}`, name);
      else disk.set(back, back);
      const gone = before.filter((path) => !disk.has(path));
      const all = [...disk.keys()];
      if (random(2) === 0) {
        // A run of one file removes the stale entries, and keeps those of files that it does not see.
        const [seen = ""] = all;
        const { lock: part, codes } = runOver(disk, [seen], lock);
        const kept = filesIn(lock ?? "").filter((path) => disk.has(path));
        lock = part ?? lock;
        expect([codes, filesIn(lock ?? "")]).toEqual([[], [...new Set([...kept, seen])].sort()]);
      } else if (gone.length > 0) expect(runOver(disk, all, lock, true).codes).toContain("BFF924");
      lock = runOver(disk, all, lock).lock ?? lock;
      expect(lock).toBe(runOver(disk, all).lock);
      expect(runOver(disk, all, lock, true)).toEqual({ lock: undefined, codes: [] });
    }
  });
});

describe("an entry of a deleted file", () => {
  const both = lockAfter(world({ ...SHOP, ...DESK }));

  test("disappears when code is generated, and so do the callers in the lock", () => {
    expect(lockAfter(world(SHOP), { text: both })).toBe(run(world(SHOP)).lock);
    expect(both).toContain('"permits"');
  });

  test("disappears with the last BFF file", () => {
    const plain = { "plain/v1/plain.proto": `syntax = "proto3"; package plain.v1;` };
    expect(filesIn(lockAfter(world(plain), { text: lockAfter(world(SHOP)) }))).toEqual([]);
  });

  test("is an error with CI=true, even if nothing else differs", () => {
    const { lock, errors } = run(world(SHOP), { text: both, ci: true });
    expect([lock, errors.map(({ code, message }) => `${code} ${message}`)]).toEqual([
      undefined,
      [
        'BFF924 "bff.lock.json" has an entry for "desk/v1/desk.proto", which was deleted or renamed; with CI=true it is not removed',
      ],
    ]);
    const renamed = { "new/v1/shop.proto": bff("shop", "pieces") };
    const codes = run(world(renamed), { text: both, ci: true }).errors.map(({ code }) => code);
    expect(codes.sort()).toEqual(["BFF902", "BFF924"]);
  });

  test("stays when an option has an error", () => {
    const broken = { "shop/v1/shop.proto": bff("shop", "pieces").replace("stock.pieces", "stock.pices") };
    expect(run(world(broken), { text: both })).toMatchObject({ lock: undefined });
    expect(run(world(broken), { text: both, ci: true }).errors.map(({ code }) => code)).not.toContain("BFF924");
  });
});

test("a renamed file keeps its facts, so that a change of an upstream is still reported", () => {
  const lock = lockAfter(world(SHOP));
  const changed = {
    "new/v1/shop.proto": bff("shop", "pieces"),
    "stock/v1/stock.proto": STOCK.replace("pieces = 1", "pieces = 7"),
  };
  expect(run(changed, { text: lock }).errors.map(({ code }) => code)).toEqual(["BFF913"]);
  const gone = { ...changed, "stock/v1/stock.proto": STOCK.replace("int32 pieces = 1;", "int32 parts = 1;") };
  expect(run(gone, { text: lock }).errors.map(({ code }) => code)).toEqual(["BFF912"]);
});

describe("a run keeps entries that it cannot verify:", () => {
  const remote = lockAfter(world(DESK), { disk: {} });

  test("entries of an input whose files are not on disk", () => {
    expect(JSON.parse(remote).elsewhere).toEqual({ "desk/v1/desk.proto": null });
    const both = lockAfter(world(SHOP), { text: remote });
    expect(filesIn(both)).toEqual(["desk/v1/desk.proto", "shop/v1/shop.proto"]);
    expect(run(world(SHOP), { text: both, ci: true })).toEqual({ lock: undefined, errors: [] });
    expect(run(world(DESK), { text: both, ci: true, disk: SHOP })).toEqual({ lock: undefined, errors: [] });
    // The input drifts as any other.
    const drifted = { ...DESK, "stock/v1/stock.proto": STOCK.replace("note = 2", "note = 3") };
    expect(run(drifted, { text: both, disk: SHOP }).errors.map(({ code }) => code)).toEqual(["BFF913"]);
    // `lock_mode=update` accepts changes of what it sees, and nothing else.
    expect(filesIn(lockAfter(world(SHOP), { text: both, parameter: "lock_mode=update" }))).toEqual(filesIn(both));
  });

  test("entries of another project that shares the lock, until that project's own run", () => {
    const shop = lockAfter(world(SHOP), { project: "shop" });
    const both = lockAfter(world(DESK), { text: shop, project: "desk" });
    expect(JSON.parse(both).elsewhere).toEqual({ "desk/v1/desk.proto": "desk", "shop/v1/shop.proto": "shop" });
    expect(run(world(DESK), { text: both, project: "desk", ci: true })).toEqual({ lock: undefined, errors: [] });
    expect(run(world({}), { text: both, project: "root" })).toEqual({ lock: undefined, errors: [] });
    const other = world({ "shop/v1/other.proto": bff("other", "note") });
    expect(filesIn(lockAfter(other, { text: both, project: "shop" }))).toEqual([
      "desk/v1/desk.proto",
      "shop/v1/other.proto",
    ]);
  });

  test("entries without readable sources with CI=true, as in a run over an image", () => {
    const lock = lockAfter(world({ ...SHOP, ...DESK }));
    expect(run(world(SHOP), { text: lock, ci: true, disk: {} })).toEqual({ lock: undefined, errors: [] });
  });
});
