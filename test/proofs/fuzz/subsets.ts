// npm run fuzz -- subsets: random BFFs with aliases of their composed messages, of random fields. Every answer is
// compared with the oracle. A whole answer is also the projection of the composed message's answer, with no call that this lacks.
import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { seeded } from "../../bffs/second/random-message.ts";
import type { Case } from "./cases.ts";
import { questions } from "./rich/rich-questions.ts";
import { UNDECIDED } from "./rich/rich-request.ts";
import { eachRandom, faultsOf, type Generated, type RunOptions } from "./rich/rich-run.ts";
import { answerOf, callsDiffer, plain, withoutQueues } from "./whole-answer.ts";

export interface Subsets {
  readonly bffs: number;
  /** Whole answers of aliases that were compared with those of their messages. */
  readonly projected: number;
  /** Calls that aliases left out in these answers. */
  readonly saved: number;
  readonly degraded: number;
  readonly failed: number;
  readonly undecided: number;
  readonly faults: readonly string[];
}

export async function fuzzSubsets(options: RunOptions, progress: (text: string) => void): Promise<Subsets> {
  const so = { bffs: 0, projected: 0, saved: 0, degraded: 0, failed: 0, undecided: 0 };
  const { seed } = options;
  const faults = await eachRandom(
    options,
    {
      name: "subsets",
      change: (testCase) => withSubsets(testCase, seed),
      use: async (made) => {
        so.bffs++;
        const { fault, ...came } = await compared(made, seed);
        for (const what of ["projected", "saved", "degraded", "failed", "undecided"] as const) so[what] += came[what];
        return fault;
      },
      summary: (failed) =>
        `${so.bffs} BFFs, ${so.projected} answers projected, ${so.saved} calls saved, ${failed} failed`,
    },
    progress,
  );
  return { ...so, faults };
}

/** Returns the faults of cases with an rpc `GetSmall`, whose response is an alias. */
export function faultsOfAliases(cases: readonly Case[], seed: number): Promise<readonly string[]> {
  return faultsOf(cases, async (made) => (await compared(made, seed)).fault);
}

// ---- aliases ----

/** Adds an alias of the page and one of Sub, with an rpc. Undefined for rpcs other than the page's. */
function withSubsets(testCase: Case, seed: number): Case | undefined {
  const text = withoutQueues(testCase.protos[testCase.file] ?? "");
  const random = seeded("subsets", seed, testCase.index);
  const rpc = /\brpc GetPage\((\w+)\) returns \(Page\) \{/.exec(text);
  if (rpc === null || text.includes("resolver: true") || /message (Page|Sub) \{(?!\s*option)/.test(text))
    return undefined;
  const options = balanced(text, rpc.index + rpc[0].length - 1);
  const sub = aliasOf("Sub", text, random);
  const page = aliasOf("Page", text, random);
  if (page === undefined) return undefined;
  const small = `rpc GetSmall(${rpc[1]}) returns (SmallPage) ${options.replace(/get: "[^"]*"|post: "[^"]*"/g, (path) => path.replace(/"$/, '/small"'))}`;
  const parts = text.includes("rpc StreamPage(") ? `rpc StreamSmall(${rpc[1]}) returns (stream SmallPage);\n  ` : "";
  const changed = `${text.slice(0, rpc.index)}${small}\n  ${parts}${text.slice(rpc.index)}\n${page}\n${sub ?? ""}`;
  const protos = { ...testCase.protos, [testCase.file]: changed };
  return { ...testCase, base: { ...testCase.base, protos }, protos };
}

function balanced(text: string, start: number): string {
  let depth = 0;
  let quoted = false;
  for (let i = start; i < text.length; i++) {
    if (text[i] === '"') quoted = !quoted;
    if (quoted) continue;
    if (text[i] === "{") depth++;
    if (text[i] === "}" && --depth === 0) return text.slice(start, i + 1);
  }
  return "{}";
}

const FIELD = /^ {2}((?:optional |repeated )?[\w.]+(?:<\w+, [\w.]+>)?) (f\d+) = \d+/gm;
const MEMBER = /\b([\w.]+) (m\d+) = \d+/g;

function aliasOf(name: string, text: string, random: () => number): string | undefined {
  const start = text.indexOf(`message ${name} {`);
  const body = start < 0 ? "" : balanced(text, start + `message ${name} `.length);
  if (!body.includes('name: "s0"')) return undefined;
  const share = random() < 0.5 ? 0.2 : 0.5;
  const hasSub = text.includes("message Sub {");
  let number = 0;
  const field = (type: string, of: string): string => {
    const rules: string[] = [];
    let target = type;
    if (hasSub && /\bSub\b/.test(type) && random() < 0.7) target = type.replace(/\bSub\b/, "SmallSub");
    const chance = type === "optional string" ? random() : 1;
    if (chance < 0.3) target = "string";
    else if (chance < 0.5) rules.push(`fallback: "'none'"`);
    const named = random() < 0.5 ? of : `${of}_own`;
    if (named !== of) rules.push(`alias: "${of}"`);
    return `${target} ${named} = ${++number}${rules.length === 0 ? "" : ` [(bff.v1.field) = { ${rules.join(" ")} }]`};`;
  };
  const taken = (all: readonly RegExpMatchArray[]): string[] =>
    all.filter(() => random() < share).map(([, type = "", of = ""]) => field(type, of));
  const fields = taken([...body.matchAll(FIELD)]);
  const oneof = /^ {2}oneof one \{.*$/m.exec(body)?.[0] ?? "";
  const members = taken([...oneof.matchAll(MEMBER)]);
  const all = [...fields, ...(members.length === 0 ? [] : [`oneof one_own { ${members.join(" ")} }`])];
  const filled = [...body.matchAll(/^ {2}repeated bff\.v1\.(?:Part|Degradation) \w+ = \d+;/gm)].join("\n");
  return `message Small${name} {\n  option (bff.v1.message).alias = "${name}";\n  ${all.join("\n  ")}\n${filled}\n}`;
}

// ---- answers ----

interface Compared {
  projected: number;
  saved: number;
  degraded: number;
  failed: number;
  undecided: number;
  fault: string | undefined;
}

async function compared(made: Generated, seed: number): Promise<Compared> {
  const so: Compared = { projected: 0, saved: 0, degraded: 0, failed: 0, undecided: 0, fault: undefined };
  const smaller = made.methods.filter(({ name }) => /^(Get|Stream)Small$/.test(name));
  for (let world = 0; world < 4 && so.fault === undefined && smaller.length > 0; world++) {
    const key = `${seed} ${made.testCase.index} ${world}`;
    for (const came of await questions({ ...made, methods: smaller }, key)) {
      if (came.end !== "whole") so[came.end]++;
      if (came.fault === UNDECIDED) so.undecided++;
      else so.fault ??= came.fault;
    }
    for (const small of smaller) {
      const page = made.methods.find(({ name }) => name === small.name.replace("Small", "Page"));
      if (so.fault !== undefined || presenceDiffers(made) || page === undefined) continue;
      const fault = await projectionFault(made, { page, small }, key, so);
      if (fault !== undefined) so.fault = `${small.name}, world ${world}: ${fault}`;
    }
  }
  return so;
}

async function projectionFault(
  made: Generated,
  { page, small }: Readonly<Record<"page" | "small", DescMethod>>,
  key: string,
  so: Compared,
): Promise<string | undefined> {
  const [full, part] = [await answerOf(made, page, key), await answerOf(made, small, key)];
  if (full === undefined || part === undefined) return undefined;
  so.projected++;
  so.saved += full.calls.size - part.calls.size;
  const found = JSON.stringify(shown(part.message));
  const expected = JSON.stringify(projected(full.message, small.output, made));
  if (found !== expected) return `${found} is no projection, which is ${expected}`;
  // A side effect of the service happens for the rpcs that read it.
  return callsDiffer(part.calls, serviceHasEffects(made) ? full.calls.intersection(part.calls) : full.calls);
}

/**
 * Returns true if Sub has several places, and its alias one of them: an unset argument may then be unset in the alias
 * alone. These answers are compared with the oracle only.
 */
function presenceDiffers({ testCase: { protos } }: Generated): boolean {
  const text = Object.values(protos).join("\n");
  return text.split('compose: { message: "Sub"').length > 2 && /\bSmallSub>? f/.test(text);
}

function serviceHasEffects({ testCase: { protos } }: Generated): boolean {
  const text = Object.values(protos).join("\n");
  return /OrderService\/(Place|Pay|Cancel)Order/.test(
    text.slice(text.indexOf("service PageService"), text.indexOf("rpc GetSmall")),
  );
}

/** The fields of a message by their names, without unset ones. */
function shown(message: ReflectMessage): object {
  const fields = message.desc.fields.filter((field) => message.isSet(field) && !isFilled(field));
  return Object.fromEntries(fields.map((field) => [field.name, plain(message.get(field), shown)]));
}
/** Returns true for a field that the runtime fills. */
const isFilled = ({ message }: DescField): boolean => message?.typeName.startsWith("bff.v1.") === true;

/** The fields of an alias as the answer of its message has them. */
function projected(from: ReflectMessage, to: DescMessage, made: Generated): object {
  const rules = made.ir.files.flatMap(({ messages }) => messages).find(({ desc }) => desc.typeName === to.typeName);
  if (rules === undefined || from.desc.typeName === to.typeName) return shown(from);
  return Object.fromEntries(
    rules.fields.flatMap(({ desc, alias, fallback }) => {
      const source = from.desc.fields.find(({ name }) => name === (alias?.value ?? desc.name));
      if (source === undefined || isFilled(desc)) return [];
      const inside = desc.message;
      const child = (value: ReflectMessage): object =>
        inside?.name.startsWith("Small") === true ? projected(value, inside, made) : shown(value);
      if (from.isSet(source)) {
        const value = plain(from.get(source), child);
        // Without presence an empty text is an unset one.
        return value === "" && desc.presence === IMPLICIT ? [] : [[desc.name, value]];
      }
      return fallback === undefined ? [] : [[desc.name, "none"]];
    }),
  );
}
const IMPLICIT = 2;
