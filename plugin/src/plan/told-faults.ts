// What the plan says of faults, for the sample request of each rpc and for those of faults.json.
import { type DescMessage, fromJson, type JsonObject, type JsonValue, type Registry } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { type RpcTable, tableOf } from "../faults/predict.ts";
import { tableText } from "../faults/table.ts";
import type { Parameter } from "../parameter.ts";
import { fullName } from "../resolve/policies/entries.ts";
import { behaviourOf } from "./describe-behaviour.ts";
import type { Plan, PlanFile } from "./plan.ts";
import { messageReport } from "./value-report.ts";

/** A request that faults are told for. */
export interface Example {
  readonly name: string;
  /** Undefined: the sample. */
  readonly json: JsonValue | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
}
export interface ToldRpc {
  /** `package.Service/Method` */
  readonly rpc: string;
  readonly example: Example;
  readonly table: RpcTable;
}

const SAMPLE: Example = { name: "the sample request", json: undefined, headers: undefined };

/** Of a file, in the order of its rpcs; `examples` by rpc. */
export function toldFaults(file: PlanFile, plan: Plan, examples: Examples, registry: Registry): ToldRpc[] {
  const behaviour = behaviourOf(file, plan);
  const inputs = new Map(
    file.services.flatMap(({ methods }) => methods.map(({ method }) => [fullName(method.desc), method.desc.input])),
  );
  return behaviour.rpcs.flatMap((rpc) =>
    [SAMPLE, ...(examples.get(rpc.rpc) ?? [])].map((example): ToldRpc => {
      const input = inputs.get(rpc.rpc);
      if (example.json === undefined || input === undefined)
        return {
          rpc: rpc.rpc,
          example,
          table: tableOf(behaviour, rpc, example.headers && { headers: example.headers }),
        };
      const message = fromJson(input, example.json, { registry });
      const request = messageReport(reflect(input, message));
      // Whoever writes a request writes one that may pass.
      const given = { request, assumed: true, ...(example.headers && { headers: example.headers }) };
      return { rpc: rpc.rpc, example, table: tableOf(behaviour, rpc, given) };
    }),
  );
}

/** `web/v1/web_faults.txt` */
export function faultFiles(plan: Plan, told: (file: PlanFile) => readonly ToldRpc[]) {
  return plan.files
    .filter(({ services }) => services.length > 0)
    .map((file) => ({
      name: `${file.desc.name}_faults.txt`,
      content: `${told(file)
        .map(({ table, example }) => tableText(table, example.name))
        .join("\n\n")}\n`,
    }));
}

// ---- faults.json ----

/** Whether a run with these options tells of faults, and so of those requests. */
export function asksExamples({ plan, faults }: Pick<Parameter, "plan" | "faults">): boolean {
  return plan === "faults" || faults !== undefined;
}

export type Examples = ReadonlyMap<string, readonly Example[]>;

/** The file of further requests, in the working directory. */
export const EXAMPLES = "faults.json";
/** Requests of one rpc at most. */
const MOST = 100;

/** @param text undefined: there is no such file. Each fault is a sentence. */
export function examplesIn(
  text: string | undefined,
  registry: Registry,
): { readonly examples: Examples; readonly faults: readonly string[] } {
  const examples = new Map<string, readonly Example[]>();
  const faults: string[] = [];
  let all: JsonValue;
  try {
    all = text === undefined ? {} : (JSON.parse(text) as JsonValue);
  } catch (error) {
    return { examples, faults: [`${EXAMPLES} is not JSON: ${error instanceof Error ? error.message : error}`] };
  }
  if (!isObject(all)) return { examples, faults: [`${EXAMPLES} is an object with an rpc for each key: ${SHAPE}`] };
  for (const [rpc, list] of Object.entries(all)) {
    const [service = "", name = ""] = rpc.split("/");
    const input = registry.getService(service)?.methods.find((one) => one.name === name)?.input;
    if (input === undefined) {
      faults.push(`${EXAMPLES} names ${rpc}, and there is no such rpc in this run: write package.Service/Method`);
      continue;
    }
    if (!Array.isArray(list) || list.length > MOST) {
      faults.push(`${EXAMPLES} has for ${rpc} no list of at most ${MOST} requests: ${SHAPE}`);
      continue;
    }
    const found = list.map((one: JsonValue, i) => exampleOf(one, `${rpc}[${i}]`, input, registry));
    faults.push(...found.flatMap((one) => (typeof one === "string" ? [one] : [])));
    examples.set(
      rpc,
      found.filter((one) => typeof one !== "string"),
    );
  }
  return { examples, faults };
}
const SHAPE = `write {"web.v1.WebService/GetPage": [{"name": "nobody", "request": {"userId": ""}, "headers": {"x-a": "b"}}]}`;

function exampleOf(one: JsonValue, place: string, input: DescMessage, registry: Registry): Example | string {
  if (!isObject(one)) return `${EXAMPLES}, ${place} is no object: ${SHAPE}`;
  const { name, request, headers, ...rest } = one;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) return `${EXAMPLES}, ${place} has "${unknown}": an example has name, request and headers`;
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
  const lower = headers && Object.entries(headers).map(([key, value]) => [key.toLowerCase(), String(value)] as const);
  return { name, json: request, headers: lower && Object.fromEntries(lower) };
}
function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
