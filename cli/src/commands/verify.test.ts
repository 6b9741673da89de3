import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MAX_CONTRACT_BYTES } from "../contract/document.ts";
import { run } from "../testing/run.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const UPSTREAM = readFileSync(join(root, "proto/example/billing/v1/billing.proto"), "utf8");
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "protobff-"));
  put("billing/v1/billing.proto", UPSTREAM);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const put = (name: string, text: string) => {
  mkdirSync(dirname(join(dir, name)), { recursive: true });
  writeFileSync(join(dir, name), text);
};
/** Of this repository's example. */
const contract = (...args: string[]) => run(["contract", "--upstream", "billing.v1.BillingService", ...args], root);
const verify = (...args: string[]) => run(["verify", ...args], dir);

describe("protobff contract", () => {
  test("a contract contains the uses of a service from the lock", async () => {
    const { exitCode, stdout } = await contract();
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      protobff_contract: 1,
      consumer: "protobff-repo",
      services: ["billing.v1.BillingService"],
      methods: { "billing.v1.BillingService/GetUsage": { reads: ["billing.v1.Usage.spent_cents"] } },
    });
    expect(Object.keys(JSON.parse(stdout).elements)).toEqual([
      "billing.v1.GetUsageRequest.workspace_id",
      "billing.v1.Usage.spent_cents",
    ]);
    const written = await contract("--out", join(dir, "a.json"));
    expect(written).toMatchObject({ exitCode: 0, stderr: "" });
    expect(readFileSync(join(dir, "a.json"), "utf8")).toBe(stdout);
  });
  test("a contract contains examples, reduced to the fields that are read", async () => {
    const example = {
      method: "billing.v1.BillingService/GetUsage",
      request: { workspaceId: "w" },
      response: { spentCents: "5", month: "May" },
    };
    put("examples.json", JSON.stringify([example]));
    const examples = ["--examples", join(dir, "examples.json")];
    const { stdout, stderr } = await contract(...examples);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout).examples).toEqual([{ ...example, response: { spentCents: "5" } }]);
    put("examples.json", "[");
    expect((await contract(...examples)).stderr).toContain("examples.json is no JSON: ");
    expect((await contract("--examples", "no.json")).stderr).toContain("no.json cannot be read");
  });
  test("faults are explained", async () => {
    expect(await run(["contract", "--upstream", "billing.v1.BilingService"], root)).toMatchObject({
      exitCode: 1,
      stderr: '"bff.lock.json" has no use of "billing.v1.BilingService": did you mean "billing.v1.BillingService"?\n',
    });
    expect((await run(["contract", "--upstream", "a.B"], dir)).stderr).toContain("run `buf generate`");
    put("bff.lock.json", readFileSync(join(root, "bff.lock.json"), "utf8").replace('"version": 3', '"version": 9'));
    expect((await run(["contract", "--upstream", "a.B"], dir)).stderr).toContain(
      "it has version 9, and the latest supported version is 3",
    );
    expect((await contract("--out", join(dir, "no/such/a.json"))).stderr).toContain("a.json cannot be written: ");
  });
});

describe("protobff verify", () => {
  beforeEach(async () => put("contracts/shop.json", (await contract("--consumer", "shop")).stdout));

  test("verify accepts a folder, an image or a git reference in the upstream's repository, and several contracts", async () => {
    put("contracts/app.json", (await contract("--consumer", "app")).stdout);
    const both = ["--contract", "contracts/app.json", "contracts/shop.json"];
    const uses = (name: string, result: string) =>
      `contracts/${name}.json: ${name} uses billing.v1.BillingService: ${result}\n`;
    const nothing = "nothing that it uses has changed";
    expect(await verify(...both)).toEqual({
      exitCode: 0,
      stderr: "",
      stdout: uses("app", nothing) + uses("shop", nothing),
    });
    const git = (...args: string[]) =>
      expect(spawnSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd: dir }).status).toBe(0);
    git("init", "-q", "-b", "main");
    git("add", "billing");
    git("commit", "-qm", "first");
    put("billing/v1/billing.proto", UPSTREAM.replace("spent_cents", "cents"));
    const broken = await verify(...both);
    expect(broken.exitCode).toBe(1);
    expect(broken.stdout).toContain(uses("app", "1 break"));
    expect(broken.stdout).toContain(uses("shop", "1 break"));
    expect(broken.stdout).toContain('break BFF912: field "billing.v1.Usage.spent_cents" is called "cents" now\n');
    expect((await verify(...both, "--against", ".git#branch=main")).exitCode).toBe(0);
    spawnSync(join(root, "node_modules/.bin/buf"), ["build", "-o", "image.binpb"], { cwd: dir });
    expect((await verify(...both, "--against", "image.binpb")).exitCode).toBe(1);
    const github = await verify("--contract", "contracts/app.json", "--format", "github");
    expect(github.stdout).toMatch(/^::error file=billing\/v1\/billing.proto,line=\d+,col=\d+,title=BFF912::app: /m);
  }, 60_000);

  test.each<[string, (text: string) => string, string]>([
    [
      "a newer version",
      (text) => text.replace('contract": 1', 'contract": 2'),
      "it is of version 2, and this protobff reads 1: update protobff",
    ],
    ["no version", (text) => text.replace("protobff_contract", "x"), 'it has no "protobff_contract"'],
    ["an example that is none", (text) => text.replace('"elements"', '"examples": [{}], "elements"'), "example 1: "],
    [
      "too many examples",
      (text) =>
        text.replace('"elements"', `"examples": [${Array.from({ length: 1_001 }, () => "{}").join()}], "elements"`),
      "it has 1001 examples, and at most 1000 are read",
    ],
    ["no JSON", () => "{", "it is no JSON"],
    ["another JSON", () => "[]", "it is no JSON object"],
    [
      "an element that is cut off",
      (text) => text.replace('"number": 3', '"numero": 3'),
      "billing.v1.Usage.spent_cents is not complete",
    ],
    [
      "an unknown presence",
      (text) => text.replace('"presence": "implicit"', '"presence": "perhaps"'),
      "is not complete",
    ],
    [
      "a method that is cut off",
      (text) => text.replace('"reads"', '"red"'),
      "billing.v1.BillingService/GetUsage is not complete",
    ],
    [
      "a name that is none",
      (text) => text.replace('"billing.v1.Usage.spent_cents": {', '"\\u001b[2J": {'),
      "is no name of",
    ],
    ["a consumer that writes lines", (text) => text.replace('"shop"', '"a\\n::error::b"'), '"consumer" has to be'],
    ["too many bytes", (text) => text + " ".repeat(MAX_CONTRACT_BYTES), `and a contract at most ${MAX_CONTRACT_BYTES}`],
    [
      "too many elements",
      (text) => {
        const document = JSON.parse(text);
        for (let i = 0; i < 100_001; i++) document.elements[`a.${i}`] = {};
        return JSON.stringify(document);
      },
      "and at most 100000 are read",
    ],
  ])("verify refuses %s", async (_, changed, message) => {
    const text = readFileSync(join(dir, "contracts/shop.json"), "utf8");
    expect(changed(text)).not.toBe(text);
    put("contracts/other.json", changed(text));
    const { exitCode, stdout, stderr } = await verify("--contract", "contracts/other.json");
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("contracts/other.json");
    expect(stderr).toContain(message);
  });
  test("verify refuses missing contracts, protos that do not build, and too many contracts", async () => {
    expect((await verify("--contract", "no.json")).stderr).toContain("no.json cannot be read: ");
    const many = await verify("--contract", ...Array.from({ length: 1_001 }, () => "contracts/shop.json"));
    expect(many).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("name at most 1000") });
    put("billing/v1/billing.proto", "syntax");
    expect((await verify("--contract", "contracts/shop.json")).stderr).toContain("buf build fails:");
  });
});
