// The report of a comparison as text, JSON, JUnit's XML and Markdown. Texts of captures are data in all of them.
import { printableLine } from "../report/printable.ts";
import type { GateReport, Group } from "./tally.ts";

const TITLES: Readonly<Record<Group["kind"], string>> = {
  answer: "other answer",
  status: "other status",
  calls: "other calls",
  degradations: "other degradations",
  slower: "slower on the critical path",
  faster: "faster on the critical path",
  unknown: "not comparable",
};
/** Names of the formats, and their writers. */
export const FORMATS = { text, json, junit, markdown } as const;

const allowedIn = ({ kind, isCounted }: Group): string => (isCounted || kind === "faster" ? "" : " (allowed)");
const exampleOf = ({ file, id, method, text: what }: Group["examples"][number]): string =>
  `${id === 0 ? "" : `request ${id} of `}${file}${method === "" ? "" : ` (${method})`}${what === "" ? "" : `: ${what}`}`;
const headline = ({ requests, same, beyond, unknown }: GateReport): string =>
  `${requests} requests: ${same} same, ${beyond} with differences that are not allowed, ${unknown} not comparable`;

function assumptions({ assumed, sampled, live }: GateReport): readonly string[] {
  return [
    ...(assumed > 0 ? [`assumed: ${assumed} answers of equal calls that had another place`] : []),
    ...(sampled > 0 ? [`assumed: ${sampled} samples as answers that the captures lack`] : []),
    ...(live > 0 ? [`assumed: ${live} answers of live upstreams, which the captures lack`] : []),
  ];
}

/** Each difference of the plans with its requests. */
function planOf({ plan = [] }: GateReport): readonly { readonly line: string; readonly examples: readonly string[] }[] {
  if (typeof plan === "string") return [{ line: `the plans are not compared: ${plan}`, examples: [] }];
  return plan.map(({ text: what, rpcs, requests, different, examples }) => {
    const counts = `${requests} requests reach it, ${different} with differences`;
    const reached = requests === 0 ? "no captured request reaches it" : counts;
    return {
      line: `plan: ${what}: ${rpcs === undefined ? "it is of no single rpc" : reached}`,
      examples: examples.map((example) => exampleOf({ ...example, text: "" })),
    };
  });
}

function text(tally: GateReport): string {
  const lines = [headline(tally)];
  for (const group of tally.groups) {
    const { kind, what, requests, examples } = group;
    lines.push(`${TITLES[kind]}: ${what}: ${requests}${allowedIn(group)}`);
    for (const example of examples) lines.push(`    ${exampleOf(example)}`);
  }
  for (const { line, examples } of planOf(tally)) lines.push(line, ...examples.map((example) => `    ${example}`));
  lines.push(...assumptions(tally));
  for (const reason of tally.unusable) lines.push(`unusable: ${reason}`);
  return lines.map((line) => `${printableLine(line)}\n`).join("");
}

function json(tally: GateReport): string {
  // Control characters are escapes in JSON; those that only terminals obey are none.
  return `${printableLine(JSON.stringify(tally))}\n`;
}

/** https://github.com/testmoapp/junitxml: a test case for each rpc, and one for the captures. */
function junit(tally: GateReport): string {
  const cases = tally.rpcs.map(({ method, requests, beyond }) => {
    const [service = "", name = ""] = [method.slice(0, method.indexOf("/")), method.slice(method.indexOf("/") + 1)];
    const groups = tally.groups.filter(
      ({ isCounted, examples }) => isCounted && examples.some((example) => example.method === method),
    );
    const found = groups.map(({ kind, what }) => `${TITLES[kind]}: ${what}`).join("\n");
    const open = `  <testcase classname="${xml(service)}" name="${xml(name)}"`;
    if (beyond === 0) return `${open}/>`;
    return `${open}>\n    <failure message="${beyond} of ${requests} requests differ">${xml(found)}</failure>\n  </testcase>`;
  });
  if (tally.unusable.length > 0) {
    const reasons = xml(tally.unusable.join("\n"));
    cases.push(
      `  <testcase classname="captures" name="usable">\n    <error message="unusable">${reasons}</error>\n  </testcase>`,
    );
  }
  const tests = cases.length;
  const plan = planOf(tally).map(({ line }) => xml(line));
  if (plan.length > 0) cases.push(`  <system-out>${plan.join("\n")}</system-out>`);
  const failures = tally.rpcs.filter(({ beyond }) => beyond > 0).length;
  const head = `<testsuite name="protobff replay" tests="${tests}" failures="${failures}" errors="${Math.min(1, tally.unusable.length)}">`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${head}\n${cases.join("\n")}\n</testsuite>\n`;
}
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};
const xml = (value: string): string =>
  value
    .split("\n")
    .map(printableLine)
    .join("\n")
    .replace(/[&<>"']/g, (found) => ENTITIES[found] ?? "");

function markdown(tally: GateReport): string {
  const rows = tally.groups.map((group) => {
    const { kind, what, requests, examples } = group;
    const [example] = examples;
    return `| ${TITLES[kind]}${allowedIn(group)} | ${cell(what)} | ${requests} | ${example === undefined ? "" : cell(exampleOf(example))} |`;
  });
  const table =
    rows.length === 0 ? [] : ["", "| difference | what | requests | example |", "|---|---|---|---|", ...rows];
  const notes = [
    ...planOf(tally).map(({ line }) => `- ${cell(line)}`),
    ...assumptions(tally).map((line) => `- ${line}`),
    ...tally.unusable.map((reason) => `- unusable: ${cell(reason)}`),
  ];
  return `${[headline(tally), ...table, ...(notes.length > 0 ? ["", ...notes] : [])].join("\n")}\n`;
}
/** A text as code, which has neither links nor HTML. */
const cell = (value: string): string => `\`${printableLine(value).replaceAll("`", "'").replaceAll("|", "\\|")}\``;
