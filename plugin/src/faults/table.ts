// The table for people: what each fault of each call does to an rpc.

import type { Cell, RpcTable } from "./cells.ts";
import { codeName } from "./codes.ts";
import type { Caller } from "./composition/admission.ts";
import type { Then } from "./composition/followed-call.ts";
import type { Prediction } from "./predict.ts";
import { FAULTS } from "./values/endings.ts";

/**
 * Formats the predictions of an RPC for people, one line per outcome.
 *
 * @param example what the request is called
 * @example
 * console.log(tableText(tableOf(behaviour, rpc), "the sample request"));
 */
export function tableText({ rpc, caller, items, healthy, cells }: RpcTable, example: string): string {
  const calls = Map.groupBy(cells, ({ call }) => call);
  const width = Math.max(0, ...[...calls.values()].flatMap(rowsOf).map(({ faults }) => faults.length));
  const lines = [...calls].flatMap(([call, all]) => [
    "",
    `  ${call}`,
    ...rowsOf(all).map(({ faults, outcome }) => `    ${faults.padEnd(width)}  ${outcome}`),
  ]);
  const by = caller === undefined ? [] : [`  called by ${written(caller)}`];
  return [
    `${rpc}, ${example}${items ? ", its first item" : ""}`,
    ...by,
    `  when nothing is wrong: ${outcomeOf(healthy)}`,
    ...lines,
  ].join("\n");
}

/** Formats a caller as `somebody known from "user", roles = ["admin"]`. Values equal to the sample's are left out. */
function written(caller: Caller | null): string {
  if (caller === null) return "nobody that is known";
  const { source, set } = caller;
  const differences = [...(set ?? [])].map(([name, value]) => `${name} = ${JSON.stringify(value, asNumber)}`);
  return [`somebody known from "${source}"`, ...differences].join(", ");
}
const asNumber = (_: string, value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);

interface Row {
  readonly faults: string;
  readonly outcome: string;
}
/** Returns one row for all faults with the same outcome. Faults that cannot happen are last. */
function rowsOf(cells: readonly Cell[]): Row[] {
  const predicted = Map.groupBy(
    cells.filter(({ left }) => left === undefined),
    ({ prediction }) => outcomeOf(prediction),
  );
  const left = Map.groupBy(
    cells.filter(({ left: why }) => why !== undefined),
    ({ left: why }) => `(${why})`,
  );
  return [...predicted, ...left].map(([outcome, all]) => ({ faults: faultsOf(all), outcome }));
}

function faultsOf(cells: readonly Cell[]): string {
  const names = cells.map(({ fault }) => fault);
  const failing = FAULTS.filter((fault) => !["slow", "stale", "one item"].includes(fault));
  if (!failing.every((fault) => names.includes(fault))) return names.join(", ");
  return ["any failure", ...names.filter((name) => !failing.includes(name as never))].join(", ");
}

function outcomeOf(prediction: Prediction | undefined): string {
  if (prediction === undefined) return "";
  if (prediction.kind === "unpredictable") {
    const otherwise = prediction.otherwise && `; if not, ${outcomeOf(prediction.otherwise)}`;
    return `cannot be told: ${prediction.why}${otherwise ?? ""}`;
  }
  if (prediction.kind === "status") return `the request fails: ${prediction.codes.map(codeName).join(" or ")}`;
  const then = prediction.then === undefined ? "" : `; ${thenOf(prediction.then)}`;
  if (prediction.entries.length === 0) return `nothing is missing${then}`;
  const all = prediction.entries.map(
    ({ path, effects, optional }) => `${path} ${effects.join(" or ").toLowerCase()}${optional ? " (perhaps)" : ""}`,
  );
  return `answered, with ${all.join(", ")}${then}`;
}
/** Describes the end of a stream after its first item. */
function thenOf(then: Then): string {
  if (then.kind === "status") return `then the stream fails: ${codeName(then.code)}`;
  return then.kind === "end" ? "then the stream is at its end" : "then it is opened again, and goes on";
}
