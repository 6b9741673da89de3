// Damaged option files give diagnostics or code that type-checks: short runs of `npm run fuzz`.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { seedOf } from "../../support/seed/seed.ts";
import { parseOptions } from "./arguments.ts";
import { BASES } from "./bases.ts";
import { caseWith, makeCase } from "./cases.ts";
import { faultsIn } from "./compiler.ts";
import { requestsFor } from "./descriptors.ts";
import { FOUND_ALIASES } from "./found/found-aliases.ts";
import { FOUND_CASES } from "./found/found-cases.ts";
import { faultsUnderMasks } from "./masks.ts";
import { optionTree } from "./option-tree.ts";
import { answersOf, fuzzAnswers } from "./rich/rich-run.ts";
import { faultsOfAliases } from "./subsets.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
async function fuzzed(...args: readonly string[]): Promise<string> {
  const run = promisify(execFile)(process.execPath, [main, ...args]);
  const { stdout } = await run.catch((error: { stdout: string; stderr: string }) => ({
    stdout: `${error.stdout}${error.stderr}`,
  }));
  return stdout;
}

test("50 damaged option files cause no failure", { timeout: 600_000 }, async () => {
  const stdout = await fuzzed("compiler", "--cases", "50", "--seed", seedOf());
  const [, share] = /^50 cases, (\d+) % generate .*, 0 failed$/m.exec(stdout) ?? [];
  expect(share, stdout).toBeDefined();
  expect(Number(share)).toBeGreaterThanOrEqual(30);
});

test("the command prints its usage and rejects wrong arguments", { timeout: 60_000 }, async () => {
  expect(await fuzzed("--help")).toMatch(/^usage: npm run fuzz -- \[compiler \| .*(\n {2}--.*)+\n$/);
  expect(parseOptions(["-h"])).toBeUndefined();
  expect(parseOptions(["--sed", "2"])).toMatch(/^Unknown option '--sed'/);
  expect(parseOptions(["poor"])).toBe('There is no scenario "poor".');
  expect(parseOptions(["rich", "answers"])).toBe('One scenario at a time, without "answers".');
  expect(parseOptions(["rich", "--only", "x"])).toBe('--only is a number, not "x".');
  expect(parseOptions(["rich", "--seed", "7"])).toMatchObject({
    scenario: "rich",
    seed: 7,
    cases: 20_000,
    only: undefined,
  });
});

test("15 random BFFs cause no failure", { timeout: 300_000 }, async () => {
  const stdout = await fuzzed("rich", "--cases", "15", "--seed", seedOf());
  expect(stdout).toMatch(/^15 cases, .*, 0 failed$/m);
});

/** What fuzzing has found and no golden shows, since a warning stands beside it: in a base, one text in place of another. */
const FOUND: readonly (readonly [base: string, from: string, to: string])[] = [
  // After a member that is always there none is asked, and no constant is needed.
  ["emit/oneof", 'by: "order" if: "order.paid"', 'by: "order"'],
  [
    "emit/contradictions",
    'by: "up.v1.Kind.KIND_BOOK" },',
    'by: "[up.v1.Kind.KIND_BOOK].filter(v, true).map(v, v)[0]" },',
  ],
  // What may be null is unset where it is an argument.
  ["emit/well-known-fields", '{ name: "w_int64" by: "w.w_int64" }', '{ name: "w_int64" by: "[w.w_int64][0]" }'],
  // An enum in an optional is an integer.
  [
    "emit/literals",
    'if: "args.flag" by: "up.v1.Kind.KIND_BOOK"',
    'if: "args.flag" by: "optional.of(up.v1.Kind.KIND_BOOK).orValue(up.v1.Kind.KIND_BOOK)"',
  ],
  // Where one has asked whether somebody is there, and reads it in both branches.
  [
    "emit/identity-absent",
    'name: "ids" by: "principal.subject"',
    'name: "ids" by: "ok(principal) ? principal.subject : principal.subject"',
  ],
  [
    "emit/identity-absent",
    'by: "principal.realms.filter(r, r != principal.subject)"',
    'by: "ok(principal) ? principal.realms.filter(r, r != principal.subject) : principal.realms.filter(r, r != principal.subject)"',
  ],
  // What comes later is unset before.
  ["emit/names-inherited", '{ name: "other" supplementary: true', '{ name: "other" defer: true'],
];
test("earlier finds in the bases type-check", { timeout: 120_000 }, async () => {
  const cases = FOUND.map(([name, from, to], index) => {
    const base = BASES.find((base) => base.name === name);
    const [file = "", text = ""] =
      Object.entries(base?.protos ?? {}).find(([, content]) => content.includes(from)) ?? [];
    if (base === undefined || text === "") throw new Error(`"${from}" is not in ${name}`);
    return caseWith({ index, base, file }, [{ what: to, text: text.replace(from, to) }]);
  });
  const { faults } = await faultsIn(cases);
  expect([...faults].map(([{ mutations }, fault]) => `${mutations[0]?.what}: ${fault}`)).toEqual([]);
});

test("earlier finds of random cases type-check, and have no fault but warnings", { timeout: 60_000 }, async () => {
  const { faults, generated } = await faultsIn(FOUND_CASES);
  const wrong = FOUND_CASES.flatMap((testCase) => {
    const fault = faults.get(testCase) ?? (generated.has(testCase) ? undefined : "is refused");
    return fault === undefined ? [] : [`${testCase.what}: ${fault}`];
  });
  expect(wrong).toEqual([]);
});

test("earlier finds of random cases give the oracle's answers", { timeout: 120_000 }, async () => {
  // The oracle does not parse entries with `?`, and knows of no callers.
  const known = FOUND_CASES.filter(({ protos }) => !/[{[,] *\?|identity:/.test(Object.values(protos).join("")));
  const { faults, bffs } = await answersOf(known, 1, 40);
  expect(bffs).toBe(known.length);
  expect(faults.join("\n")).toBe("");
});

test("parts of earlier finds have the side effects of the whole", { timeout: 120_000 }, async () => {
  const found = FOUND_CASES.filter(({ what }) => FOUND_ALIASES.some((alias) => alias.what === what));
  for (const seed of [1, 2, 3, 4, 5]) {
    expect(await faultsOfAliases(found, seed)).toEqual([]);
    expect(await faultsUnderMasks(found, seed)).toEqual([]);
  }
});

test("random BFFs give the oracle's answers, also in parts and item by item", {
  timeout: 120_000,
}, async () => {
  const { faults, bffs, whole, degraded, failed } = await fuzzAnswers(
    { cases: 60, seed: Number(seedOf()), only: undefined },
    2,
    () => {},
  );
  expect(faults.join("\n")).toBe("");
  expect([bffs > 15, whole > 10, degraded > 1, failed > 5]).toEqual([true, true, true, true]);
});

test("buf accepts every base, and several copies of a base side by side", {
  timeout: 60_000,
}, async () => {
  const twice = [...BASES, ...BASES].map((base, index) =>
    caseWith({ index, base, file: Object.keys(base.protos)[0] ?? "" }, []),
  );
  expect([...(await requestsFor(twice)).rejected].map(({ base }) => base.name)).toEqual([]);
});

test("a seed and a number always give the same case", () => {
  const texts = (seed: number) => Array.from({ length: 20 }, (_, i) => Object.values(makeCase(seed, i).protos).join());
  expect(texts(7)).toEqual(texts(7));
  expect(texts(7)).not.toEqual(texts(8));
});

test("the entries of option literals are found in every notation", () => {
  const text = `message M {
  option (bff.v1.message) = { let: [ { name: "a" 'b' by: "1" }, { name: "c" } ] let { name: "d" } };
  option (bff.v1.message).let = { name: "e" };
  optional string f = 1 [(bff.v1.field).by = "x", (bff.v1.field).if = "y"];
}`;
  const { entries, fields } = optionTree(text);
  const shown = entries.map(({ name, value }) => [name, text.slice(value.from, value.to)]);
  expect(shown.filter(([, value]) => !/^[[{]/.test(value ?? ""))).toEqual([
    ["name", `"a" 'b'`],
    ["by", '"1"'],
    ["name", '"c"'],
    ["name", '"d"'],
    ["name", '"e"'],
    ["by", '"x"'],
    ["if", '"y"'],
  ]);
  expect(fields.map(({ type }) => text.slice(type.from, type.to))).toEqual(["string"]);
});
