// Predictions of faults, for the sample request of each rpc and for the requests of faults.json.
import { type DescMessage, fromJson, type JsonObject, type JsonValue, type Registry } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { originAt } from "../../diagnostic/diagnostic.ts";
import type { Conditions, ValueReport } from "../../faults/index.ts";
import { givenCaller, type RpcTable, tableOf, tableText } from "../../faults/index.ts";
import { fullName } from "../../model/full-name.ts";
import type { Parameter } from "../../options/parameter.ts";
import type { Plan, PlanFile } from "../../plan/model/plan.ts";
import { duplicateName } from "../../text/duplicate-name.ts";
import { behaviourOf } from "./describe-behaviour.ts";
import { messageReport } from "./value-report.ts";

/** A request for which faults are predicted. */
export interface Example {
  readonly name: string;
  /** Undefined: the sample. */
  readonly json: JsonValue | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Undefined: a permitted caller; null: no identified caller. */
  readonly caller?: ExampleCaller | null | undefined;
}
interface ExampleCaller {
  readonly principal: JsonValue;
  /** Source of the credential; undefined: the first permitted source. */
  readonly source: string | undefined;
}
export interface RpcPrediction {
  /** `package.Service/Method` */
  readonly rpc: string;
  readonly example: Example;
  readonly table: RpcTable;
}

const SAMPLE: Example = { name: "the sample request", json: undefined, headers: undefined };
/** The further fault of a public rpc: its caller is not known. */
export const ANONYMOUS: Example = { ...SAMPLE, name: "the sample request of an anonymous caller", caller: null };

/** Returns the predictions of a file, in the order of its rpcs; `examples` by rpc. */
export function predictionsOf(file: PlanFile, plan: Plan, examples: Examples, registry: Registry): RpcPrediction[] {
  const behaviour = behaviourOf(file, plan);
  const inputs = new Map(
    file.services.flatMap(({ methods }) => methods.map(({ method }) => [fullName(method.desc), method.desc.input])),
  );
  return behaviour.rpcs.flatMap((rpc) =>
    [SAMPLE, ...(isOpen(rpc) ? [ANONYMOUS] : []), ...(examples.get(rpc.rpc) ?? [])].map((example): RpcPrediction => {
      const { json, headers, caller } = example;
      const input = inputs.get(rpc.rpc);
      const type = file.identity?.type;
      const context: Conditions = {
        ...(headers && { headers }),
        // The author of a request writes a request that may pass.
        ...(json !== undefined && input && { request: reportOf(input, json, registry), assumed: true }),
        ...(caller === null && { caller }),
        ...(caller &&
          type && { caller: givenCaller(behaviour, rpc, reportOf(type, caller.principal, registry), caller.source) }),
      };
      return { rpc: rpc.rpc, example, table: tableOf(behaviour, rpc, context) };
    }),
  );
}
const isOpen = ({ permit }: { readonly permit?: { readonly public?: true } }): boolean => permit?.public === true;

function reportOf(desc: DescMessage, json: JsonValue, registry: Registry): ValueReport {
  return messageReport(reflect(desc, fromJson(desc, json, { registry })));
}

/** `web/v1/web_faults.txt` */
export function faultFiles(plan: Plan, predictionsOf: (file: PlanFile) => readonly RpcPrediction[]) {
  return plan.files
    .filter(({ services }) => services.length > 0)
    .map((file) => ({
      name: `${file.desc.name}_faults.txt`,
      content: `${predictionsOf(file)
        .map(({ table, example }) => tableText(table, example.name))
        .join("\n\n")}\n`,
    }));
}

// ---- faults.json ----

/**
 * Returns true if a run with these options predicts faults, and so needs these requests.
 *
 * @example
 * const examples = readsExamples(parameter) ? tryRead(EXAMPLES) : undefined;
 */
export function readsExamples({ plan, faults }: Pick<Parameter, "plan" | "faults">): boolean {
  return plan.has("faults") || faults !== undefined;
}

type Examples = ReadonlyMap<string, readonly Example[]>;

/** The file of further requests, in the working directory. */
export const EXAMPLES = "faults.json";
/** Maximum number of requests of one rpc. */
const MOST = 100;

/** @param text undefined: the file does not exist. Each fault is a sentence. */
export function examplesIn(
  text: string | undefined,
  plan: Plan,
  registry: Registry,
): { readonly examples: Examples; readonly faults: readonly string[] } {
  const examples = new Map<string, readonly Example[]>();
  const faults: string[] = [];
  let all: JsonValue;
  try {
    all = text === undefined ? {} : (JSON.parse(text, keepDigits as never) as JsonValue);
  } catch (error) {
    if (error instanceof LostDigits) return { examples, faults: [error.message] };
    return { examples, faults: [`${EXAMPLES} is not JSON: ${error instanceof Error ? error.message : error}`] };
  }
  const twice = duplicateName(text ?? "");
  if (twice !== undefined) {
    const { line, column } = originAt(text ?? "", EXAMPLES, twice.offset);
    return { examples, faults: [`${EXAMPLES}:${line}:${column}: "${twice.name}" is given twice in one object`] };
  }
  if (!isObject(all)) return { examples, faults: [`${EXAMPLES} is an object with an rpc for each key: ${SHAPE}`] };
  for (const [rpc, list] of Object.entries(all)) {
    const [service = "", name = ""] = rpc.split("/");
    const input = registry.getService(service)?.methods.find((method) => method.name === name)?.input;
    if (input === undefined) {
      faults.push(`${EXAMPLES} names ${rpc}, and there is no such rpc in this run: write package.Service/Method`);
      continue;
    }
    if (!Array.isArray(list) || list.length > MOST) {
      faults.push(`${EXAMPLES} has for ${rpc} no list of at most ${MOST} requests: ${SHAPE}`);
      continue;
    }
    const found = list.map((item: JsonValue, i) =>
      exampleOf(item, `${rpc}[${i}]`, { input, identity: identityOf(plan, service), registry }),
    );
    faults.push(...found.flatMap((item) => (typeof item === "string" ? [item] : [])));
    examples.set(
      rpc,
      found.filter((item) => typeof item !== "string"),
    );
  }
  return { examples, faults };
}
const SHAPE = `write {"web.v1.WebService/GetPage": [{"name": "nobody", "request": {"userId": ""}, "headers": {"x-a": "b"}}]}`;

class LostDigits extends Error {}
/** A reviver of `JSON.parse`. @throws LostDigits for a number that a double does not hold */
function keepDigits(_: string, value: unknown, { source }: { readonly source: string }): unknown {
  if (typeof value !== "number") return value;
  if (Number.isFinite(value) && !(/^-?\d+$/.test(source) && BigInt(source) !== BigInt(value))) return value;
  throw new LostDigits(`${EXAMPLES} has the number ${source}, which loses digits: write it as "${source}"`);
}

interface ExampleTypes {
  readonly input: DescMessage;
  readonly identity: PlanFile["identity"];
  readonly registry: Registry;
}
function identityOf({ files }: Plan, service: string): PlanFile["identity"] {
  return files.find(({ services }) => services.some(({ desc }) => desc.typeName === service))?.identity;
}

function exampleOf(entry: JsonValue, place: string, { input, identity, registry }: ExampleTypes): Example | string {
  if (!isObject(entry)) return `${EXAMPLES}, ${place} is no object: ${SHAPE}`;
  const { name, request, headers, caller, ...rest } = entry;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    return `${EXAMPLES}, ${place} has "${unknown}": an example has name, request, headers and caller`;
  if (typeof name !== "string" || name === "") return `${EXAMPLES}, ${place} has no name: ${SHAPE}`;
  if (headers !== undefined && !(isObject(headers) && Object.values(headers).every((of) => typeof of === "string")))
    return `${EXAMPLES}, ${place}: headers are texts by name: ${SHAPE}`;
  if (request !== undefined) {
    try {
      fromJson(input, request, { registry });
    } catch (error) {
      return `${EXAMPLES}, ${place}: ${error instanceof Error ? error.message : error}`;
    }
  }
  const called = caller === undefined ? undefined : callerOf(caller, place, identity, registry);
  if (typeof called === "string") return called;
  const lower = headers && Object.entries(headers).map(([key, value]) => [key.toLowerCase(), String(value)] as const);
  return { name, json: request, headers: lower && Object.fromEntries(lower), caller: called };
}

function callerOf(
  caller: JsonValue,
  place: string,
  identity: PlanFile["identity"],
  registry: Registry,
): ExampleCaller | null | string {
  const at = `${EXAMPLES}, ${place}`;
  if (identity === undefined) return `${at} has a caller, but the package has no identity: leave it out`;
  if (caller === null) return null;
  if (!isObject(caller)) return `${at}: a caller is an object, or null for an anonymous caller: ${CALLER}`;
  const { principal, source, ...rest } = caller;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) return `${at}: a caller has no "${unknown}", but principal and source: ${CALLER}`;
  const sources = identity.sources.map(({ name }) => name);
  if (source !== undefined && (typeof source !== "string" || !sources.includes(source)))
    return `${at}: a caller's source is ${sources.map((source) => `"${source}"`).join(" or ")}`;
  if (principal === undefined) return `${at}: a caller has a principal: ${CALLER}`;
  try {
    fromJson(identity.type, principal, { registry });
  } catch (error) {
    return `${at}: ${error instanceof Error ? error.message : error}`;
  }
  return { principal, source };
}
const CALLER = `write {"principal": {"id": "u1"}, "source": "user"}`;

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
