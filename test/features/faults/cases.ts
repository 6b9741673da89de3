// Compares the predictions of a BFF's plan with those of the oracle, for faults.

import type { CelInput } from "@bufbuild/cel";
import { clone, type DescMessage, type DescMethod, type Message, toBinary, toJson } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { BehaviourReport } from "../../../plugin/src/faults/behaviour.ts";
import type { Prediction } from "../../../plugin/src/faults/predict.ts";
import { type FaultName, OWN_TEXT } from "../../../plugin/src/faults/values/endings.ts";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import { sample } from "../../../runtime/src/samples/sample.ts";
import { breakerOpen, broken, type Failing, late, queueFull, senseless, status } from "../../proofs/oracle/faults.ts";
import { oracle, prepared } from "../../proofs/oracle/oracle.ts";
import { type CallOutcome, methodName, type Outcomes } from "../../proofs/oracle/outcomes.ts";
import { policyOf } from "../../proofs/oracle/policy.ts";
import type { Resolvers } from "../../proofs/oracle/response.ts";
import { Effect, Reason } from "../../proofs/oracle/taints/taint.ts";
import { compileCase } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";

/** The plans of a BFF, as `plan=json` has them. */
export function behavioursOf(protos: Readonly<Record<string, string>>, targets: readonly string[]): BehaviourReport[] {
  const { response } = compileCase(requestFor(protos, [...targets]), protos, "import_extension=ts,plan=json");
  if (response.error !== "") throw new Error(response.error);
  const plans = response.file.filter(({ name }) => name.endsWith("_plan.json"));
  return plans.map(({ content }) => (JSON.parse(content) as { behaviour: BehaviourReport }).behaviour);
}

const TEXT = "made to fail";
/** Entries of oracle/faults.ts for each fault, with the texts of the plan's interpreter. */
const FAILING: Readonly<Record<FaultName, Failing | undefined>> = {
  timeout: { ...late, message: OWN_TEXT.timeout },
  unavailable: status(14, TEXT),
  refused: { ...broken(), message: OWN_TEXT.refused },
  "not found": status(5, TEXT),
  exhausted: status(8, TEXT),
  garbage: { ...senseless, message: OWN_TEXT.garbage },
  oversize: { ...senseless, message: OWN_TEXT.oversize },
  "breaker open": { ...breakerOpen, message: OWN_TEXT["breaker open"] },
  limited: { ...queueFull, message: OWN_TEXT.limited },
  slow: undefined,
  stale: status(14, TEXT),
  "one item": status(14, TEXT),
};

const samples = new WeakMap<DescMessage, Message>();
/** A sample that may be changed. Each is found once, since rules make that slow. */
function sampleOf(desc: DescMessage): Message {
  const found = samples.get(desc) ?? sample(desc);
  samples.set(desc, found);
  return clone(desc, found);
}

/** Returns the answer of a mock: samples, and for a batch an item for each key. */
function answered(
  method: DescMethod,
  request: Message,
  batch?: { keys: string; items: string; key?: string },
): Uint8Array {
  const answer = reflect(method.output, sampleOf(method.output));
  if (batch !== undefined) {
    const keys = reflect(method.input, request);
    const keyField = method.input.fields.find(({ name }) => name === batch.keys);
    const items = method.output.fields.find(({ name }) => name === batch.items);
    if (keyField?.fieldKind === "list" && items !== undefined) {
      const all = [...keys.get(keyField)];
      if (items.fieldKind === "list" && items.listKind === "message") {
        const key = items.message.fields.find(({ name }) => name === batch.key);
        answer.clear(items);
        for (const value of all) {
          const item = reflect(items.message, sampleOf(items.message));
          if (key !== undefined) item.set(key, value);
          answer.get(items).add(item);
        }
      } else if (items.fieldKind === "map" && items.mapKind === "message") {
        answer.clear(items);
        for (const value of all) answer.get(items).set(value as never, reflect(items.message, sampleOf(items.message)));
      }
    }
  }
  return toBinary(method.output, answer.message);
}

/** Functions that give samples in place of a BFF's own, as the plan has it. */
export function standIns({ registry }: Ir, resolvers: Resolvers): Resolvers {
  return new Map(
    [...resolvers.keys()].map((name) => {
      const desc = registry.getMessage(name);
      if (desc !== undefined) return [name, () => toJson(desc, sample(desc))];
      const owner = registry.getMessage(name.slice(0, name.lastIndexOf(".")));
      const field = owner?.fields.find((field) => name.endsWith(`.${field.name}`));
      if (owner === undefined || field === undefined) throw new Error(`nothing is called ${name}`);
      return [name, () => reflect(owner, sample(owner)).get(field) as CelInput];
    }),
  );
}

/** Returns the oracle's result for a cell, in the form of a prediction; undefined: it predicts nothing. */
export function byOracle(
  ir: Ir,
  method: DescMethod,
  request: Message,
  headers: ReadonlyMap<string, string>,
  env: Readonly<Record<string, unknown>>,
  faulty: { readonly call: string; readonly fault: FaultName; readonly breaker: string | null } | undefined,
  resolvers?: Resolvers,
): Prediction {
  let first: Uint8Array | undefined;
  const isFirst = (of: DescMethod, request: Message): boolean => {
    const bytes = toBinary(of.input, request);
    first ??= bytes;
    return Buffer.compare(bytes, first) === 0;
  };
  const outcome = (of: DescMethod, request: Message, asker: Parameters<Outcomes["call"]>[2]): CallOutcome => {
    const { batch } = asker.call;
    const shape = batch && {
      keys: batch.name?.value ?? "",
      items: batch.items?.value ?? "",
      ...(batch.key && { key: batch.key.value }),
    };
    const ok = answered(of, request, shape);
    const name = methodName(of);
    const service = of.parent.typeName;
    const met =
      faulty?.fault === "limited"
        ? faulty.call.startsWith(`${service}/`)
        : faulty?.fault === "breaker open" && faulty.breaker === "service"
          ? faulty.call.startsWith(`${service}/`) &&
            policyOf(prepared(ir).program, asker.place, asker.call).breaker === "service"
          : faulty?.call === name && (faulty.fault !== "one item" || isFirst(of, request));
    const failing = faulty !== undefined && met ? FAILING[faulty.fault] : undefined;
    if (failing === undefined) return { ok };
    const upstream = of.parent.typeName;
    const remembered = policyOf(prepared(ir).program, asker.place, asker.call).cache !== undefined;
    if (faulty?.fault === "stale" && remembered) return { ok, stale: { reason: failing.reason, upstream } };
    return { failed: { ...failing, upstream } };
  };
  const outcomes: Outcomes = {
    call: outcome,
    batch: (of, alone, _, asker) => outcome(of, alone, asker),
    unasked: () => [],
  };
  const now = timestampFromMs(1_800_000_001_000);
  const { acceptable } = oracle(ir, method, request, headers, env, now, outcomes, resolvers);
  const [answer] = acceptable;
  if (answer?.kind === "answer")
    return {
      kind: "answer",
      entries: answer.entries.map(({ path, effects, causes, optional }) => ({
        path,
        effects: effects.map((effect) => keyOf(Effect, effect) as never),
        reasons: [...new Set(causes.map(({ reason }) => keyOf(Reason, reason) as never))],
        upstreams: [...new Set(causes.map(({ upstream }) => upstream))],
        optional,
      })),
    };
  const codes = acceptable.flatMap((outcome) => (outcome.kind === "status" ? [outcome.code] : []));
  return { kind: "status", codes: [...new Set(codes)] };
}
function keyOf(of: Readonly<Record<string, number>>, number: number): string {
  return Object.entries(of).find(([, value]) => value === number)?.[0] ?? String(number);
}

/** Returns the difference of two predictions for a cell, for people. */
export function difference(plan: Prediction, oracle: Prediction): string | undefined {
  const [a, b] = [written(plan), written(oracle)];
  return a === b ? undefined : `  plan   ${a}\n  oracle ${b}`;
}
function written(prediction: Prediction): string {
  if (prediction.kind === "status") return `status ${[...prediction.codes].sort().join("|")}`;
  if (prediction.kind === "unpredictable") return prediction.why;
  const entries = prediction.entries.map(
    ({ path, effects, reasons, upstreams, optional }) =>
      `${path}${optional ? "?" : ""} ${alternatives(effects)} ${alternatives(reasons)} ${alternatives(upstreams)}`,
  );
  return `answer ${[...new Set(entries)].sort().join(", ")}`;
}
const alternatives = (all: readonly string[]): string => [...all].sort().join("|");
