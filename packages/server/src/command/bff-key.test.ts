// Holds docs/runtime.md#api-keys
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { digestOf, isWhole } from "@protobff/runtime/internal/identity/api-key/key-format";
import { SqliteKeys } from "@protobff/runtime/internal/identity/api-key/sqlite-keys";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runBffKey } from "./bff-key.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bff-key-"));
  path = join(folder, "keys.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

async function run(...args: string[]): Promise<{ code: number; out: string; error: string; audit: unknown[] }> {
  return runWith({ BFF_STORE_FILE: path, BFF_AUDIT: join(folder, "audit") }, ...args);
}
async function runWith(environment: Readonly<Record<string, string>>, ...args: string[]) {
  const [out, error]: [string[], string[]] = [[], []];
  const code = await runBffKey(args, environment, {
    out: (text) => void out.push(text),
    error: (text) => void error.push(text),
  });
  let lines: string[] = [];
  try {
    lines = readFileSync(join(folder, "audit"), "utf8").trim().split("\n");
  } catch {}
  return { code, out: out.join(""), error: error.join(""), audit: lines.map((line): unknown => JSON.parse(line)) };
}
async function stored() {
  const store = await SqliteKeys.at(path);
  const all = store.list();
  return { all, find: (key: string) => store.find(digestOf(key)), close: () => store.close() };
}

describe("the command create", () => {
  test("create prints the key once, and stores its digest", async () => {
    const { code, out, error, audit } = await run(
      ...["create", "--subject", "ada", "--scope", "read", "--scope", "write", "--prefix", "acme_"],
      ...["--claims", '{"org":"acme"}', "--expires", "90d"],
    );
    expect([code, out]).toEqual([0, expect.stringMatching(/^acme_[0-9A-Za-z]{49}\n$/)]);
    const key = out.trim();
    expect(isWhole(key)).toBe(true);
    const { find, close } = await stored();
    const found = find(key);
    close();
    expect(found).toMatchObject({ subject: "ada", scopes: ["read", "write"], claims: '{"org":"acme"}' });
    expect((found?.expires ?? 0) - (found?.created ?? 0)).toBe(90 * 86_400);
    expect(error).toMatch(/^key_\w{11} of ada expires \S+Z; the key is not shown again\n$/);
    expect(error).not.toContain(key);
    expect(audit).toEqual([{ time: expect.any(String), event: "key-created", id: found?.id, subject: "ada" }]);
  });

  test.each([
    [[], "create needs --subject, whose key it is"],
    [["--subject", ""], "create needs --subject, whose key it is"],
    [["--subject", "a", "--scope", "a b"], "--scope is one word: write it once for each scope"],
    [["--subject", "a", "--scope", ""], "--scope is one word: write it once for each scope"],
    [["--subject", "a", "--claims", "{"], "--claims is no JSON: broken JSON: it ends too early"],
    [
      ["--subject", "a", "--claims", '{"sub":"a","sub":"b"}'],
      "--claims is no JSON: a name is given twice in one object (character 12)",
    ],
    [["--subject", "a", "--claims", "1"], "--claims is no JSON object"],
    [["--subject", "a", "--claims", "[]"], "--claims is no JSON object"],
    [["--subject", "a", "--claims", `{"a":"${"x".repeat(8192)}"}`], "--claims has more than 8192 bytes"],
    [["--subject", "a", "--expires", "soon"], "--expires is no time: write 90d, 2030-01-31 or 2030-01-31T12:00:00Z"],
    [
      ["--subject", "a", "--expires", "2030-13-01"],
      "--expires is no time: write 90d, 2030-01-31 or 2030-01-31T12:00:00Z",
    ],
    [["--subject", "a", "--expires", "0m"], "--expires has passed"],
    [["--subject", "a", "--expires", "2020-01-31"], "--expires has passed"],
    [["--subject", "a", "--prefix", "a.*"], "--prefix has other characters than A-Z a-z 0-9 _ -, or more than 32"],
  ])("create with %j explains the error", async (args, why) => {
    expect(await run("create", ...args)).toEqual({ code: 2, out: "", error: `bff-key: ${why}\n`, audit: [] });
    const { all, close } = await stored();
    close();
    expect(all).toEqual([]);
  });
});

describe("the command revoke", () => {
  test("revoke ends keys by their ids", async () => {
    await run("create", "--subject", "ada");
    const { all, close } = await stored();
    close();
    const id = all[0]!.id;
    const first = await run("revoke", id);
    expect(first).toMatchObject({ code: 0, error: `${id} of ada is revoked\n` });
    expect(first.audit[1]).toMatchObject({ event: "key-revoked", id, subject: "ada" });
    const again = await run("revoke", id);
    expect(again).toMatchObject({
      code: 0,
      error: expect.stringMatching(`^${id} has been revoked at \\S+Z already\n$`),
    });
    expect(again.audit).toHaveLength(2);
  });

  test("revoke refuses unknown ids, and never repeats a key", async () => {
    const { out } = await run("create", "--subject", "ada");
    expect(await run("revoke", out.trim())).toMatchObject({ code: 1, error: "bff-key: there is no key of that id\n" });
    expect(await run("revoke", "key_1")).toMatchObject({ code: 1, error: "bff-key: there is no key of key_1\n" });
    expect(await run("revoke")).toMatchObject({
      code: 2,
      error: "bff-key: revoke needs the id of a key, as list shows it\n",
    });
  });
});

test("list shows all entries, and no key", async () => {
  const { out: key } = await run("create", "--subject", "ada\u001b[31m", "--scope", "read");
  await run("create", "--subject", "bob", "--expires", "2999-01-31");
  const { out } = await run("list");
  const [head, ...lines] = out.split("\n");
  const [end, ada = "", bob = ""] = lines.sort((a, b) => (a.slice(17) < b.slice(17) ? -1 : 1));
  expect(head).toMatch(/^id +subject +scopes +created +expires +revoked +last used$/);
  expect(ada).toMatch(/^key_\w{11} +ada.\[31m +read +\S+Z +- +- +-$/);
  expect(ada).not.toContain("\u001b");
  expect(bob).toMatch(/^key_\w{11} +bob +- +\S+Z +2999-01-31T00:00:00Z +- +-$/);
  expect(end).toBe("");
  expect(out).not.toContain(key.trim());
  const { out: json } = await run("list", "--json");
  const subjects = json
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line).subject);
  expect(subjects.sort()).toEqual(["ada\u001b[31m", "bob"]);
});

describe("failures of the command", () => {
  test("each failure has an exit code and a message", async () => {
    const nothing = await runWith({}, "list");
    expect(nothing).toMatchObject({
      code: 2,
      error: expect.stringMatching(/^bff-key: BFF_STORE_FILE is not set, nor is DATABASE_URL/),
    });
    const url = await runWith({ DATABASE_URL: "mysql://u:secret@h" }, "list");
    expect(url).toMatchObject({
      code: 2,
      error: expect.stringMatching(/^bff-key: DATABASE_URL is no address with postgres:\/\//),
    });
    expect(url.error).not.toContain("secret");
    expect(await runWith({ BFF_STORE_FILE: folder }, "list")).toMatchObject({
      code: 2,
      error: expect.stringMatching(/BFF_STORE_FILE cannot be used/),
    });
    expect(await run("delete")).toMatchObject({
      code: 2,
      error: expect.stringMatching(/there is no command "delete"/),
    });
    expect(await run("list", "--all")).toMatchObject({ code: 2, error: expect.stringMatching(/--all/) });
    expect(await run()).toMatchObject({
      code: 2,
      error: expect.stringMatching(/^Manages keys, the denylist and rates of callers/),
    });
    expect(await run("--help")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Manages keys, the denylist and rates of callers/),
    });
  });

  test("an unwritable audit log fails the command", async () => {
    const { code, error } = await runWith({ BFF_STORE_FILE: path, BFF_AUDIT: folder }, "create", "--subject", "ada");
    expect([code, error]).toEqual([1, expect.stringContaining("cannot write the audit log")]);
  });

  test("only the owner can read the created file", async () => {
    await run("create", "--subject", "ada");
    expect(statSync(path).mode & 0o077).toBe(0);
  });
});

test("the installed command creates, lists and revokes keys", () => {
  const command = fileURLToPath(new URL("../../bin/bff-key.js", import.meta.url));
  const env = { PATH: process.env.PATH ?? "", BFF_STORE_FILE: path };
  const created = spawnSync(process.execPath, [command, "create", "--subject", "ada"], { env, encoding: "utf8" });
  expect([created.status, created.stdout]).toEqual([0, expect.stringMatching(/^\w{49}\n$/)]);
  const listed = spawnSync(process.execPath, [command, "list"], { env, encoding: "utf8" });
  expect(listed.stdout).toMatch(/ ada /);
  expect(spawnSync(process.execPath, [command, "x"], { env }).status).toBe(2);
});

describe("the denylist", () => {
  test("deny, denied and allow change the list, with an audit of each change", async () => {
    expect(await run("deny", "subject", "ada", "--why", "abuse", "--for", "2h")).toMatchObject({ code: 0, out: "" });
    expect(await run("deny", "address", "192.0.2.0/24", "--why", "scans")).toMatchObject({ code: 0 });
    expect(await run("deny", "address", "192.0.2.0/24", "--why", "more scans")).toMatchObject({ code: 0 });
    const { out } = await run("denied", "--json");
    expect(
      out
        .trim()
        .split("\n")
        .map((line): unknown => JSON.parse(line)),
    ).toEqual([
      { kind: "address", value: "192.0.2.0/24", why: "more scans" },
      { kind: "subject", value: "ada", until: expect.any(Number), why: "abuse" },
    ]);
    expect((await run("denied")).out).toMatch(/^kind +value +until +why\naddress +192\.0\.2\.0\/24 +- +more scans\n/);
    expect(await run("allow", "subject", "ada")).toMatchObject({ code: 0, error: "subject ada is no longer denied\n" });
    expect(await run("allow", "subject", "ada")).toMatchObject({ code: 1 });
    const { audit, out: left } = await run("denied", "--json");
    expect(left.trim().split("\n")).toHaveLength(1);
    expect(audit).toEqual(
      [
        ["denylist-added", "subject ada: abuse"],
        ["denylist-added", "address 192.0.2.0/24: scans"],
        ["denylist-added", "address 192.0.2.0/24: more scans"],
        ["denylist-removed", "subject ada"],
      ].map(([event, reason]) => ({ time: expect.any(String), event, reason })),
    );
  });
  test.each([
    [["deny", "subject", "ada"], "deny needs --why, the reason for other operators"],
    [
      ["deny", "tenant", "a", "--why", "b"],
      "deny needs a kind and a value: subject u-17, address 192.0.2.0/24, or key key_0Jq3vXk2LmT",
    ],
    [
      ["deny", "address", "10.0.0.0/33", "--why", "b"],
      "the value is neither an address nor a network, like 192.0.2.7 or 192.0.2.0/24",
    ],
    [["deny", "subject", "x".repeat(1025), "--why", "b"], "the value has more than 1024 bytes"],
    [
      ["deny", "subject", "a", "--why", "b", "--for", "soon"],
      "--for is no time: write 90d, 2030-01-31 or 2030-01-31T12:00:00Z",
    ],
    [
      ["allow", "subject"],
      "allow needs a kind and a value: subject u-17, address 192.0.2.0/24, or key key_0Jq3vXk2LmT",
    ],
  ])("%j explains the error", async (args, why) => {
    expect(await run(...args)).toEqual({ code: 2, out: "", error: `bff-key: ${why}\n`, audit: [] });
  });
});

describe("overrides of limits", () => {
  test("limit, limits and unlimit change the list, with an audit of each change", async () => {
    expect(await run("limit", "shop.v1/user", "ada", "--rate", "10")).toMatchObject({ code: 0, out: "" });
    expect(await run("limit", "shop.v1/user", "ada", "--rate", "600", "--burst", "60")).toMatchObject({ code: 0 });
    expect(await run("limit", "shop.v1/user", "bea", "--rate", "5", "--for", "2h")).toMatchObject({ code: 0 });
    const { out } = await run("limits", "--json");
    const rows = out.trim().split("\n");
    expect(rows.map((line): unknown => JSON.parse(line))).toEqual([
      { limit: "shop.v1/user", key: "ada", rate: 600, burst: 60 },
      { limit: "shop.v1/user", key: "bea", rate: 5, until: expect.any(Number) },
    ]);
    expect((await run("limits")).out).toMatch(
      /^limit +key +rate +burst +until\nshop\.v1\/user +ada +600 +60 +-\nshop\.v1\/user +bea +5 +- +\d{4}-/,
    );
    expect(await run("unlimit", "shop.v1/user", "ada")).toMatchObject({
      code: 0,
      error: "shop.v1/user has its own rate for ada again\n",
    });
    expect(await run("unlimit", "shop.v1/user", "ada")).toMatchObject({ code: 1 });
    const { audit } = await run("limits");
    expect(audit).toEqual(
      [
        ["limit-overridden", "shop.v1/user ada: rate 10"],
        ["limit-overridden", "shop.v1/user ada: rate 600, burst 60"],
        ["limit-overridden", "shop.v1/user bea: rate 5"],
        ["limit-restored", "shop.v1/user ada"],
      ].map(([event, reason]) => ({ time: expect.any(String), event, reason })),
    );
  });
  const place = "needs a limit and the text of its key: shop.v1/user u-17";
  const count = "is no whole number above 0: write 600; to refuse a caller, use bff-key deny";
  test.each([
    [["limit", "shop.v1/user", "ada"], "limit needs --rate, the number of units per period of the limit"],
    [["limit", "user", "ada", "--rate", "1"], `limit ${place}`],
    [["limit", "shop.v1/user", "--rate", "1"], `limit ${place}`],
    [["limit", "shop.v1/user", "a", "b", "--rate", "1"], `limit ${place}`],
    [["unlimit", "shop.v1/user"], `unlimit ${place}`],
    [["limit", "shop.v1/user", "ada", "--rate", "0"], `--rate ${count}`],
    [["limit", "shop.v1/user", "ada", "--rate", "1.5"], `--rate ${count}`],
    [["limit", "shop.v1/user", "ada", "--rate", "1", "--burst", "-1"], /--burst/],
    [["limit", "shop.v1/user", "x".repeat(1025), "--rate", "1"], "the key has more than 1024 bytes"],
  ])("%j explains the error", async (args, why) => {
    const { code, error } = await run(...args);
    expect(code).toBe(2);
    if (typeof why === "string") expect(error).toBe(`bff-key: ${why}\n`);
    else expect(error).toMatch(why);
  });
});
