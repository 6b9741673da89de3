// npm run fuzz -- masks: random BFFs whose clients choose fields by random masks. A whole answer to a mask is the pruned
// answer to `*`, by another implementation, and has no call that this lacks.
import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { seeded } from "../../bffs/second/random-message.ts";
import type { Case } from "./cases.ts";
import { pick } from "./random.ts";
import { eachRandom, faultsOf, type Generated, type RunOptions } from "./rich/rich-run.ts";
import { answerOf, callsDiffer, plain, withoutQueues } from "./whole-answer.ts";

export interface MaskCounts {
  readonly bffs: number;
  /** Answers that were compared. */
  readonly compared: number;
  /** Calls that masks left out. */
  readonly saved: number;
  readonly faults: readonly string[];
}

const WORLDS = 3;
const MASKS = 4;

export async function fuzzMasks(options: RunOptions, progress: (text: string) => void): Promise<MaskCounts> {
  const so = { bffs: 0, compared: 0, saved: 0 };
  const { seed } = options;
  const faults = await eachRandom(
    options,
    {
      name: "masks",
      change: (testCase) => masked(testCase, seed),
      use: async (made) => {
        so.bffs++;
        const { fault, ...came } = await compared(made, seed);
        so.compared += came.compared;
        so.saved += came.saved;
        return fault;
      },
      summary: (failed) =>
        `${so.bffs} BFFs, ${so.compared} answers compared, ${so.saved} calls saved, ${failed} failed`,
    },
    progress,
  );
  return { ...so, faults };
}

/** Returns the faults of cases under random masks. */
export function faultsUnderMasks(cases: readonly Case[], seed: number): Promise<readonly string[]> {
  const all = cases.flatMap((testCase) => masked(testCase, seed) ?? []);
  return faultsOf(all, async (made) => (await compared(made, seed)).fault);
}

/** Adds a mask to the page's rpc, and `on_request` to some fields of the page. */
function masked(testCase: Case, seed: number): Case | undefined {
  const random = seeded("masks", seed, testCase.index);
  const text = withoutQueues(testCase.protos[testCase.file] ?? "");
  const rpc = /\brpc GetPage\((\w+)\) returns \(Page\) \{/.exec(text);
  const request = new RegExp(`\\nmessage ${rpc?.[1]} \\{`).exec(text);
  if (rpc === null || request === null || /message Page \{[^}]*resolver: true/.test(text)) return undefined;
  const from = text.indexOf("message Page {");
  const to = text.indexOf("\n}", from);
  const page = text
    .slice(from, to)
    .replace(FIELD, (line) => (random() < 0.15 ? line.replace("{ by:", "{ on_request: true by:") : line));
  const changed = `${text.slice(0, from)}${page}${text.slice(to)}`
    .replace(request[0], `${request[0]}\n  google.protobuf.FieldMask mask = 900;`)
    .replace(rpc[0], `${rpc[0]} option (bff.v1.method).fields = "args.mask";`)
    .replace(/\brpc StreamPage\(GetPageRequest\) returns \(stream Page\)(?: \{\}|;)/, STREAMED);
  const imported = /import "google\/protobuf\/field_mask.proto"/.test(text)
    ? changed
    : changed.replace(/^import /m, 'import "google/protobuf/field_mask.proto";\nimport ');
  const protos = { ...testCase.protos, [testCase.file]: imported };
  return { ...testCase, base: { ...testCase.base, protos }, protos };
}
const STREAMED =
  'rpc StreamPage(GetPageRequest) returns (stream Page) { option (bff.v1.method).fields = "args.mask"; }';
const FIELD = /^ {2}(?:optional |repeated )?[\w.]+(?:<\w+, [\w.]+>)? f\d+ = \d+ \[\(bff\.v1\.field\) = \{ by:.*$/gm;

interface Compared {
  compared: number;
  saved: number;
  fault: string | undefined;
}

async function compared(made: Generated, seed: number): Promise<Compared> {
  const so: Compared = { compared: 0, saved: 0, fault: undefined };
  for (const method of made.methods)
    if (/^(Get|Stream)Page$/.test(method.name) && so.fault === undefined) await compareAll(made, method, seed, so);
  return so;
}

async function compareAll(made: Generated, method: DescMethod, seed: number, so: Compared): Promise<void> {
  const onRequest = new Set(
    made.ir.files.flatMap(({ messages }) =>
      messages.flatMap(({ fields }) => fields.flatMap((field) => (field.onRequest === undefined ? [] : field.desc))),
    ),
  );
  for (let world = 0; world < WORLDS && so.fault === undefined; world++) {
    const key = `${seed} ${made.testCase.index} ${world}`;
    const full = await answerOf(made, method, key, masking("*"));
    if (full === undefined) continue;
    const random = seeded("masks of answers", seed, made.testCase.index * WORLDS + world);
    for (let i = 0; i < MASKS && so.fault === undefined; i++) {
      const paths = Array.from({ length: i }, () => randomPath(method.output, random));
      const part = await answerOf(made, method, key, masking(paths.join()));
      const about = `${method.name}, world ${world}, mask ${paths.join() || "none"}`;
      if (part === undefined) so.fault = `${about}: fails or is degraded, unlike the answer to *`;
      else {
        const found = JSON.stringify(shown(part.message));
        const expected = JSON.stringify(pruned(full.message, i === 0 ? [""] : paths, onRequest));
        const calls = callsDiffer(part.calls, full.calls);
        so.compared++;
        so.saved += full.calls.size - part.calls.size;
        if (found !== expected) so.fault = `${about}: ${found} and not ${expected}`;
        else if (calls !== undefined) so.fault = `${about}: ${calls}`;
      }
    }
  }
}

const masking = (mask: string) => ({ fields: { mask: undefined }, headers: { "bff-fields": mask } });

function randomPath(desc: DescMessage, random: () => number): string {
  const field = pick(desc.fields, random) as DescField;
  const inside = field.message?.typeName.startsWith("google.protobuf.") ? undefined : field.message;
  if (inside === undefined || inside.fields.length === 0 || random() < 0.3) return field.name;
  if (random() < 0.2) return `${field.name}.*`;
  const star = field.fieldKind === "map" || (field.fieldKind === "list" && random() < 0.5) ? "*." : "";
  return `${field.name}.${star}${randomPath(inside, random)}`;
}

/** The fields of a message by their names, without unset ones. */
const shown = (message: ReflectMessage): object => pruned(message, ["*"], new Set());

/** The fields that paths select; "" is the default selection, and `*` all fields. */
function pruned(message: ReflectMessage, paths: readonly string[], onRequest: ReadonlySet<DescField>): object {
  const usual = paths.includes("");
  const whole = paths.includes("*");
  return Object.fromEntries(
    message.desc.fields.flatMap((field): (readonly [string, unknown])[] => {
      if (!message.isSet(field) || field.message?.typeName.startsWith("bff.v1.")) return [];
      const below = paths.flatMap((path) => {
        if (path === field.name) return [""];
        return path.startsWith(`${field.name}.`) ? [path.slice(field.name.length + 1)] : [];
      });
      const several = field.fieldKind === "list" || field.fieldKind === "map";
      const inside = below.map((path) => (several ? path.replace(/^\*\.(?=.)/, "") : path));
      if (whole) inside.push("*");
      else if (usual && !onRequest.has(field)) inside.push("");
      if (inside.length === 0) return [];
      return [[field.name, plain(message.get(field), (value) => pruned(value, inside, onRequest))]];
    }),
  );
}
