// Inputs, reports and refusals of `protobff fleet`.
// Holds docs/cli.md#fleet
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { FleetDocument } from "../../../cli/src/fleet/document.ts";
import { type Ran, run } from "../../../cli/src/testing/run.ts";

let work = "";
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), "protobff-fleet-"));
  // The search for CODEOWNERS ends here.
  mkdirSync(join(folder, ".git"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  work = folder;
});
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(work, path)), { recursive: true });
  writeFileSync(join(work, path), text);
};

const METHOD = { kind: "method", streaming: "none", idempotency: "NO_SIDE_EFFECTS", sets: [] };
const FIELD = { kind: "field", number: 2, type: "string", cardinality: "singular", presence: "implicit" };
/** A lock whose BFF reads one field of `up.v1`. */
const lockOf = (bff: string, change: object = {}, field: object = {}) => ({
  version: 3,
  files: {
    [`${bff}/v1/${bff}.proto`]: {
      "up.v1.UpService/Get": {
        ...METHOD,
        request: "up.v1.GetRequest",
        response: "up.v1.Item",
        reads: ["up.v1.Item.name"],
        used_by: [`${bff}.v1.Page let.item.call.method`],
      },
      "up.v1.Item.name": { ...FIELD, ...field, used_by: [`${bff}.v1.Page.name by`] },
    },
  },
  ...change,
});
const writeLock = (path: string, lock: object): void => write(path, JSON.stringify(lock, undefined, 2));

const STRING = { text: "item.name", tree: { get: "name", of: { name: "item" }, zero: "" }, reads: [{ name: "item" }] };
/** A plan whose rpc takes `name` of a call. */
const planOf = (bff: string, supplementary = false) => ({
  version: 1,
  file: `${bff}/v1/${bff}.proto`,
  rpcs: [
    {
      rpc: `${bff}.v1.Bff/GetPage`,
      composes: `${bff}.v1.Page`,
      calls: [{ method: "up.v1.UpService/Get", calls: 1, attempts: 1 }],
    },
  ],
  messages: [],
  behaviour: {
    rpcs: [
      {
        rpc: `${bff}.v1.Bff/GetPage`,
        service: `${bff}.v1.Bff`,
        composes: `${bff}.v1.Page`,
        for_calls_ms: 1_000,
        starts: [],
        request: { message: `${bff}.v1.GetPageRequest`, fields: {} },
        degraded: "degraded",
      },
    ],
    messages: {
      [`${bff}.v1.Page`]: {
        steps: [
          {
            index: 0,
            name: "item",
            source: { kind: "call", call: { method: "up.v1.UpService/Get", wants: [], metadata: [], on_error: [] } },
            ...(supplementary && { supplementary: true }),
          },
        ],
        fields: [{ field: "name", by: STRING, presence: true }],
      },
    },
    services: {},
    answers: { "up.v1.UpService/Get": { message: "up.v1.Item", fields: { name: "tea" } } },
    breakers: {},
    functions: {},
    env: {},
  },
});

const fleet = (...args: string[]): Promise<Ran> => run(["fleet", ...args], work);
/** Runs the command, and returns its data. */
async function dataOf(...args: string[]): Promise<FleetDocument & { readonly ran: Ran }> {
  const ran = await fleet(...args, "--out", "fleet.json");
  return { ...JSON.parse(readFileSync(join(work, "fleet.json"), "utf8")), ran };
}

describe("protobff fleet", () => {
  test("lists methods and fields with the BFFs that use them, from locks alone", async () => {
    writeLock("a/shop/bff.lock.json", lockOf("shop"));
    writeLock("b/deep/er/desk/bff.lock.json", lockOf("desk", {}, { deprecated: true }));
    const { bffs, upstreams, deprecations, ran } = await dataOf("a", "b");
    expect(ran).toEqual({ exitCode: 0, stdout: "fleet.json: 2 BFFs, 0 rpcs, 1 upstream service\n", stderr: "" });
    expect(bffs.map(({ id, place, rpcs }) => [id, place, rpcs])).toEqual([
      ["desk", "b/deep/er/desk/bff.lock.json", null],
      ["shop", "a/shop/bff.lock.json", null],
    ]);
    expect(upstreams[0]?.methods[0]?.used_by).toEqual([
      { bff: "desk", files: ["desk/v1/desk.proto"], rpcs: null },
      { bff: "shop", files: ["shop/v1/shop.proto"], rpcs: null },
    ]);
    expect(upstreams[0]?.elements.map(({ element, type, used_by }) => [element, type, used_by])).toEqual([
      ["up.v1.Item.name", "string", ["desk", "shop"]],
    ]);
    expect(upstreams[0]?.without_plan).toEqual(["desk", "shop"]);
    expect(deprecations.map(({ element, used_by }) => [element, used_by])).toEqual([
      ["up.v1.Item.name", ["desk", "shop"]],
    ]);
  });

  test("predicts from plans what an outage takes away", async () => {
    writeLock("shop/bff.lock.json", lockOf("shop"));
    writeLock("shop/gen/shop_plan.json", planOf("shop"));
    writeLock("desk/bff.lock.json", lockOf("desk"));
    writeLock("desk/gen/desk_plan.json", planOf("desk", true));
    const { upstreams, ran } = await dataOf(".");
    expect(ran.stderr).toBe("");
    expect(upstreams[0]?.methods[0]?.used_by.map(({ rpcs }) => rpcs)).toEqual([
      ["desk.v1.Bff/GetPage"],
      ["shop.v1.Bff/GetPage"],
    ]);
    expect(upstreams[0]?.down).toEqual([
      { bff: "shop", rpc: "shop.v1.Bff/GetPage", outcome: "fails", codes: ["UNAVAILABLE"] },
      {
        bff: "desk",
        rpc: "desk.v1.Bff/GetPage",
        outcome: "degraded",
        missing: [{ path: "name", effects: ["MISSING"] }],
      },
    ]);
    expect(upstreams[0]?.without_plan).toEqual([]);
  });

  test("reads a plan without a lock, and names the differences of a lock and its plans", async () => {
    write("shop/buf.gen.yaml", "");
    writeLock("shop/gen/v1/shop_plan.json", planOf("shop"));
    const lock = lockOf("desk");
    lock.files["desk/v1/desk.proto"] = {} as never;
    writeLock("desk/bff.lock.json", lock);
    writeLock("desk/gen/desk_plan.json", planOf("desk"));
    writeLock("desk/copy/desk_plan.json", planOf("desk"));
    const { bffs, notes } = await dataOf(".");
    expect(bffs.map(({ id, place, lock_version }) => [id, place, lock_version])).toEqual([
      ["desk", "desk/bff.lock.json", 3],
      ["shop", "shop", null],
    ]);
    expect(notes).toEqual([
      "desk/gen/desk_plan.json is left out: desk/copy/desk_plan.json is a plan of desk/v1/desk.proto, too",
      "desk: the lock lacks up.v1.UpService/Get of its plans: run `buf generate`",
    ]);
  });

  test("two BFFs with one name have their places in their ids", async () => {
    for (const folder of ["a", "b"]) {
      write(`${folder}/package.json`, '{ "name": "shop" }');
      writeLock(`${folder}/bff.lock.json`, lockOf("shop"));
    }
    const { bffs, notes, upstreams } = await dataOf(".");
    expect(bffs.map(({ id }) => id)).toEqual(["shop (a/bff.lock.json)", "shop (b/bff.lock.json)"]);
    expect(notes).toEqual(['2 BFFs are called "shop": a/bff.lock.json, b/bff.lock.json']);
    expect(upstreams[0]?.elements[0]?.used_by).toHaveLength(2);
    expect((await fleet(".", "--owner", "shop=@x")).stderr).toBe(
      '--owner: 2 BFFs are called "shop": write "shop (a/bff.lock.json)" or "shop (b/bff.lock.json)"\n',
    );
    const { bffs: owned } = await dataOf(".", "--owner", "shop (a/bff.lock.json)=@x");
    expect(owned.map(({ owners }) => owners)).toEqual([["@x"], []]);
  });

  test("names damaged, newer and older locks, and writes the rest", async () => {
    for (let i = 0; i < 47; i++) writeLock(`team${i}/bff.lock.json`, lockOf(`team${i}`));
    write("damaged/bff.lock.json", '{\n  "version": 3,\n  "files": nope\n}');
    write("cut/bff.lock.json", '{\n  "version": 3,\n  "files": {');
    writeLock("newer/bff.lock.json", lockOf("newer", { version: 4 }));
    writeLock("older/bff.lock.json", lockOf("older", { version: 2 }));
    write("older/gen/older_plan.json", "[");
    writeLock("older/gen/plan.json", { version: 9, file: "x", rpcs: [] });
    const { bffs, problems, notes, ran } = await dataOf(".");
    expect(ran.exitCode).toBe(2);
    expect(ran.stdout).toBe("fleet.json: 48 BFFs, 0 rpcs, 1 upstream service, 5 inputs missing\n");
    expect(ran.stderr.split("\n")).toEqual([
      "error: cut/bff.lock.json:3:13: the BFF is left out: it is not JSON",
      "error: damaged/bff.lock.json:3:13: the BFF is left out: it is not JSON",
      "error: newer/bff.lock.json:1:1: the BFF is left out: it has version 4, and the latest supported version is 3: update protoc-gen-bff: a newer version wrote the lock",
      "error: older/gen/older_plan.json:1:2: the plan is left out: it is not JSON",
      "error: older/gen/plan.json:1:1: the plan is left out: it has version 9, and this protobff reads 1: update protobff",
      "note: older/bff.lock.json has version 2 of the format: run `buf generate` for version 3",
      "",
    ]);
    expect(bffs).toHaveLength(48);
    expect([problems.length, notes.length]).toEqual([5, 1]);
    await fleet(".");
    const page = readFileSync(join(work, "fleet.html"), "utf8");
    expect(page).toContain("Missing in this page");
    expect(page).toContain("damaged/bff.lock.json:3:13");
  });

  test.each([{ presence: "perhaps" }, { cardinality: "twice" }, { kind: "enum", values: null }])(
    "a lock with the fact %j is damaged",
    async (fact) => {
      writeLock("shop/bff.lock.json", lockOf("shop", {}, fact));
      expect((await fleet(".")).stderr).toMatch(
        /^no BFF can be read\nshop\/bff\.lock\.json:\d+:\d+: the BFF is left out: its entry for "up\.v1\.Item\.name" is not complete\n$/,
      );
    },
  );

  test("names folders without BFFs and paths that do not exist", async () => {
    mkdirSync(join(work, "empty"));
    write("bad/bff.lock.json", "{");
    expect(await fleet("empty", "none")).toEqual({
      exitCode: 2,
      stdout: "",
      stderr:
        "no BFF can be read\nempty: it has no bff.lock.json and no plan: name folders of BFFs in which `buf generate` has run\nnone: there is no such file or folder\n",
    });
    expect((await fleet("bad")).stderr).toBe(
      "no BFF can be read\nbad/bff.lock.json:1:2: the BFF is left out: it is not JSON\n",
    );
    writeLock("shop/bff.lock.json", lockOf("shop"));
    const { problems, bffs, ran } = await dataOf("shop", "shop/", "shop/bff.lock.json", "empty");
    expect([bffs.length, problems.map(({ file }) => file), ran.exitCode]).toEqual([1, ["empty"], 2]);
  });

  test("skips node_modules, follows no symbolic links and names them", async () => {
    writeLock("shop/bff.lock.json", lockOf("shop"));
    writeLock("shop/node_modules/x/bff.lock.json", lockOf("x"));
    writeLock("elsewhere/bff.lock.json", lockOf("elsewhere"));
    symlinkSync("../elsewhere", join(work, "shop/linked"));
    symlinkSync(".", join(work, "shop/circle"));
    mkdirSync(join(work, "shop/sub"));
    symlinkSync("../bff.lock.json", join(work, "shop/sub/bff.lock.json"));
    const { bffs, notes } = await dataOf("shop");
    expect(bffs.map(({ id }) => id)).toEqual(["shop"]);
    expect(notes).toEqual(["symbolic links are not followed: shop/circle, shop/linked, shop/sub/bff.lock.json"]);
  });

  test("finds a lock among 10,000 files, and names folders that are too deep", async () => {
    for (let i = 0; i < 10_000; i++) {
      if (i % 100 === 0) mkdirSync(join(work, `many/${i}`), { recursive: true });
      writeFileSync(join(work, `many/${i - (i % 100)}/${i}.txt`), "");
    }
    writeLock("many/5000/bff.lock.json", lockOf("shop"));
    expect((await fleet("many")).stdout).toBe("fleet.html: 1 BFF, 0 rpcs, 1 upstream service\n");
    writeLock(`many/${"d/".repeat(42)}bff.lock.json`, lockOf("deep"));
    const { exitCode, stderr } = await fleet("many");
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^error: many(\/d){41}: it is more than 40 folders deep: name it in the command\n$/);
  });

  test("takes owners from the nearest CODEOWNERS of the repository, or from --owner", async () => {
    write("CODEOWNERS", "* @root\n");
    write("a/.github/CODEOWNERS", "# teams\n* @octo/all\nshop/ @octo/shop @ann\n/none/\n!x @bad\n");
    write("a/CODEOWNERS", "* @unused\n");
    for (const path of ["a/shop", "a/desk", "a/none", "b"]) writeLock(`${path}/bff.lock.json`, lockOf("shop"));
    const { bffs, upstreams, notes } = await dataOf(
      ".",
      "--owner",
      "up.v1=@up",
      "--owner",
      "desk=@d",
      "--owner",
      "desk=@e",
    );
    expect(bffs.map(({ id, owners, owners_from }) => [id, owners, owners_from])).toEqual([
      ["b", ["@root"], "CODEOWNERS:1"],
      ["desk", ["@d", "@e"], "--owner"],
      ["none", [], ".github/CODEOWNERS:4"],
      ["shop", ["@octo/shop", "@ann"], ".github/CODEOWNERS:3"],
    ]);
    expect(upstreams[0]?.owners).toEqual(["@up"]);
    expect(notes).toEqual(['.github/CODEOWNERS:5 is skipped: "!x" negates a pattern, which CODEOWNERS cannot']);
    const { exitCode, stderr } = await fleet(".", "--owner", "shopp=@x");
    expect([exitCode, stderr]).toEqual([2, '--owner: the fleet has no "shopp": did you mean "shop"?\n']);
  });

  test("the page escapes all texts, and has nothing but its own style and script", async () => {
    const name = "<img src=x onerror=alert(1)>\u202e\u001b[31m";
    write("shop/package.json", JSON.stringify({ name }));
    writeLock("shop/bff.lock.json", lockOf("shop", {}, { type: "</script><b>" }));
    const { stdout } = await fleet(".", "--owner", "up.v1='\"<i>");
    expect(stdout).not.toContain("\u001b");
    const page = readFileSync(join(work, "fleet.html"), "utf8");
    expect(page).toContain("&lt;img src=x onerror=alert(1)&gt;\\u{202e}\\u{1b}[31m");
    for (const part of ["<img", "<i>", "\u001b", "\u202e", "http:", "https:"]) expect(page).not.toContain(part);
    expect(page).toContain(`http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-`);
  });

  test.each([
    [["--out", "fleet.txt"], "write a file that ends with .html or .json"],
    [["--owner", "=x"], "write name=team, as in shop=@octo/web"],
    [["--owner", "shop"], "write name=team, as in shop=@octo/web"],
    [["--change", "nothing"], "--change nothing cannot be read"],
  ])("refuses %j", async (args, message) => {
    writeLock("shop/bff.lock.json", lockOf("shop"));
    const { exitCode, stdout, stderr } = await fleet(".", ...args);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
  });
});

describe("protobff fleet --change", () => {
  const UP = `syntax = "proto3";
package up.v1;
service UpService { rpc Get(GetRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetRequest { string id = 1; }
message Item { string other = 1; string name = 2; }
`;
  const other = {
    version: 3,
    files: {
      "x/v1/x.proto": {
        "far.v1.FarService/Get": { ...METHOD, request: "far.v1.R", response: "far.v1.R", reads: [], used_by: [] },
      },
    },
  };

  test("reports the BFFs that new protos break, and services that it does not compare", async () => {
    writeLock("shop/bff.lock.json", lockOf("shop"));
    writeLock("far/bff.lock.json", other);
    write("new/up/v1/up.proto", UP);
    const same = await dataOf("shop", "far", "--change", "new");
    expect(same.change).toEqual({
      protos: "new",
      services: ["up.v1.UpService"],
      not_compared: ["far.v1.FarService"],
      bffs: [],
    });
    expect(same.ran).toMatchObject({ exitCode: 0, stderr: "" });
    expect(same.ran.stdout).toContain("none broken by new, not compared: far.v1.FarService\n");
    write("new/up/v1/up.proto", UP.replace("string name", "int64 name"));
    const { change, ran } = await dataOf("shop", "far", "--change", "new");
    expect(ran.exitCode).toBe(1);
    expect(ran.stdout).toContain('break BFF914: field "up.v1.Item.name" is int64, and was string');
    expect(change?.bffs.map(({ bff, breaks }) => [bff, breaks.map(({ code }) => code)])).toEqual([
      ["shop", ["BFF914"]],
    ]);
    await fleet("shop", "--change", "new");
    expect(readFileSync(join(work, "fleet.html"), "utf8")).toContain("It breaks 1 BFF.");
  });

  test("another version of a package alone removes the used one", async () => {
    writeLock("shop/bff.lock.json", lockOf("shop"));
    write("new/up/v2/up.proto", UP.replace("up.v1", "up.v2"));
    const { exitCode, stdout } = await fleet("shop", "--change", "new");
    expect(exitCode).toBe(1);
    expect(stdout).toContain('package "up.v1" is removed; its services are in "up.v2" now');
  });

  test("names BFFs that cannot be compared, and protos that no BFF uses", async () => {
    const entry = { ...METHOD, sets: undefined, request: "up.v1.GetRequest", response: "up.v1.Item", used_by: [] };
    writeLock("old/bff.lock.json", { version: 1, files: { "old/v1/old.proto": { "up.v1.UpService/Get": entry } } });
    write("planned/buf.gen.yaml", "");
    writeLock("planned/planned_plan.json", planOf("planned"));
    write("new/up/v1/up.proto", UP);
    write("far/far/v9/x.proto", UP.replace("up.v1", "none.v1"));
    const { problems, ran } = await dataOf("old", "planned", "--change", "new");
    expect(ran.exitCode).toBe(2);
    expect(problems.map(({ file, message }) => [file, message.split(":")[0]])).toEqual([
      ["old/bff.lock.json", "it is not compared with --change"],
      ["planned", "there is no lock, so its plans alone are not compared with --change"],
    ]);
    const { exitCode, stderr } = await fleet("old", "--change", "far");
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--change: no BFF calls a service of a package in far");
  });
});
