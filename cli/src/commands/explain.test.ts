import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { FIXED_VARIABLES } from "../../../plugin/src/deploy/variables.ts";
import { functionNames } from "../../../plugin/src/language.ts";
import { explanations } from "../../../scripts/explanations.ts";
import { optionsRegistry } from "../project/options-registry.ts";
import { run } from "../testing/run.ts";

interface Document {
  readonly found: readonly { readonly kind: string; readonly from: string; readonly text: string }[];
  readonly more: readonly string[];
}

const explained = async (...name: readonly string[]): Promise<Document> => {
  const { exitCode, stdout, stderr } = await run(["explain", "--json", ...name], ".");
  expect([name, exitCode, stderr]).toEqual([name, 0, ""]);
  return JSON.parse(stdout);
};

test.each(["BFF601", "bff601", "601"])("the command explains %s", async (code) => {
  const { exitCode, stdout, stderr } = await run(["explain", code], ".");
  expect([exitCode, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^BFF601 \(error\): A value that may be absent .*\.\n\nWrong:\n\n {4}\S/);
  expect(stdout).toMatch(/\n\nDiagnostic:\n\n {4}app\/v1\/app\.proto:\d+:\d+: error BFF601: .*\n/);
  expect(stdout).toMatch(/\n\nRight:\n\n {4}\S(.*\n)*$/);
});

test("the command explains every code, and lists all", async () => {
  const all = explanations();
  expect(all.length).toBeGreaterThan(100);
  const { stdout: list } = await run(["explain", "codes"], ".");
  for (const { code, severity, meaning, sections } of all) {
    const { exitCode, stdout } = await run(["explain", code], ".");
    expect(exitCode, code).toBe(0);
    const [head, ...examples] = stdout.split(/\n(?=\S.*:\n\n {4})/);
    expect(head).toBe(`${code} (${severity}): ${meaning}\n`);
    expect(list).toContain(head);
    expect(examples).toEqual(sections.map(({ title, text }) => `${title}:\n\n${text.replace(/^(?=.)/gm, "    ")}\n`));
  }
});

test("the command explains every option, by itself and with its message", async () => {
  const messages = [...optionsRegistry()].filter(
    (desc) => desc.kind === "message" && desc.file.name === "bff/v1/options",
  );
  expect(messages.length).toBeGreaterThan(40);
  const fields = messages.flatMap((desc) => (desc.kind === "message" ? desc.fields : []));
  for (const { name, parent } of fields) {
    const { found } = await explained(`${parent.name}.${name}`);
    const [option] = found.filter(({ kind }) => kind === "option");
    expect(option?.text, `${parent.name}.${name}`).toMatch(new RegExp(`^${parent.name}\\.${name} \\(.+\\): \\S`));
  }
  for (const name of new Set(fields.map((field) => field.name))) {
    const { found } = await explained(name);
    const owners = fields.filter((field) => field.name === name).map(({ parent }) => parent.name);
    for (const owner of owners) expect(found[0]?.text).toContain(`${owner}.${name} (`);
  }
});

test("an option is shown with the fields of its value", async () => {
  const { found } = await explained("(bff.v1.service)");
  expect(found[0]?.text).toMatch(/^ServiceRule: [\s\S]*\n {2}let \(list of Step\): /);
  const limits = await explained("rate_limit");
  expect(limits.found[0]?.text).toMatch(/^FileRule\.rate_limit [\s\S]*\n\nRateLimit: [\s\S]*\n {2}burst \(uint64\): /);
  expect(limits.found[0]?.text).toContain("See protobff explain edge#limits");
  expect((await explained("edge#limits")).found[0]?.from).toBe("edge#limits");
});

test("the command explains every function of the compiler, every variable and options of the plugin", async () => {
  for (const name of functionNames()) {
    const { found } = await explained(name);
    expect(
      found.map(({ kind }) => kind).filter((kind) => kind === "function" || kind === "entry"),
      name,
    ).not.toEqual([]);
  }
  for (const { name } of FIXED_VARIABLES)
    expect((await explained(name)).found[0]?.text.split("\n")[0], name).toBe(`\`${name}\``);
  for (const name of ["embed", "lock_mode", "openapi"])
    expect((await explained(name)).found[0]?.from).toBe("options#plugin-options");
  expect((await explained("RATE_LIMITED")).found[0]?.from).toBe("errors.md");
  expect((await explained("bff_shed_total")).found[0]?.from).toBe("metrics.md");
});

test("the command explains topics, and names further sections, each of which it explains", async () => {
  const { found, more } = await explained("Streams");
  expect(found.at(-1)).toMatchObject({ kind: "topic", from: "language#streams" });
  expect(more).toContain("streams.md");
  const unnamed = await explained("stale-while-revalidate");
  expect(unnamed.found).toEqual([]);
  for (const address of [...more, ...unnamed.more]) expect((await explained(address)).found[0]?.from).toBe(address);
  expect((await explained("rate", "limiting")).found[0]?.from).toBe("runtime#rate-limits");
  const { stdout } = await run(["explain", "stale-while-revalidate"], ".");
  expect(stdout).toMatch(
    /^no section is called "stale-while-revalidate", but these mention it:\n {2}protobff explain \w/,
  );
});

test("the command explains every page but those for maintainers and those of codes and commands", async () => {
  const others = ["architecture.md", "commands.md", "diagnostics.md", "reading.md"];
  const pages = readdirSync("docs").filter((name) => name.endsWith(".md") && !others.includes(name));
  expect(pages.length).toBeGreaterThan(15);
  for (const page of pages) expect((await explained(page)).found[0]?.from).toBe(page);
});

test("without a name the command lists what it explains", async () => {
  const { stdout } = await run(["explain"], ".");
  expect(stdout).toMatch(/^protobff explain <name> explains\n/);
  expect(stdout).toContain("\nedge: Protocols, Limits,");
  const { stdout: functions } = await run(["explain", "functions"], ".");
  expect(functions).toContain("  `list.take(int) list`  `[1, 2, 3].take(2) == [1, 2]");
  const { stdout: options } = await run(["explain", "options"], ".");
  expect(options).toMatch(/^FileRule: /m);
  expect(options).toMatch(/^Latest: /m);
});

test.each([
  [["explain", "BFF061"], 'nothing is called "BFF061": did you mean BFF161?'],
  [["explain", "xyzzy"], 'nothing is called "xyzzy": protobff explain lists what there is'],
  [["explain", "rate_limt"], 'nothing is called "rate_limt": did you mean rate_limit?'],
  [["explain", "Call.tmeout"], 'nothing is called "Call.tmeout": did you mean Call.timeout?'],
  [["explain", "constructor"], 'nothing is called "constructor": protobff explain lists what there is'],
  [["explain", "("], 'nothing is called "(": protobff explain lists what there is'],
])("%j is refused", async (args, message) => {
  const { exitCode, stdout, stderr } = await run(args, ".");
  expect([exitCode, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
});
