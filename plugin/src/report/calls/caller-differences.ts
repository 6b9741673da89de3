import { Identify } from "@protobff/messages/bff/v1/options_pb.js";
import { isTraceId } from "@protobff/messages/trace-ids.js";
import type { Expression, Variable } from "../../cel/index.ts";
import type { Call } from "../../resolve/model/call.ts";

/**
 * What of a caller is part of what a call sends, by its place: who calls, forwarded headers, metadata and request fields that read headers or
 * the principal, and which branch of the upstream it goes to. An answer in its cache is then only for callers who are alike in that. Empty: all callers share it.
 */
export function perCaller(call: Call): readonly string[] {
  const forwarded = call.policy.forward.map(({ value }) => value).filter((name) => !isTraceId(name));
  const metadata = call.metadata.filter(({ by }) => readsCaller(by)).map(({ key }) => key);
  const fields = call.set
    .filter(({ bound }) => readsCaller(bound.expression))
    .map(({ path }) => path.map(({ name }) => name).join("."));
  const whole = readsCaller(call.request?.expression) ? ["request"] : [];
  const told = how(call);
  const branch = call.policy.branches.length > 0 ? ["branch"] : [];
  return [...told, ...branch, ...new Set([...forwarded, ...metadata]), ...fields, ...whole];
}

/** An answer is for those whose principal, or token, is the same. */
function how({ policy: { identify } }: Call): readonly string[] {
  if (identify === undefined || identify.value === Identify.NOTHING) return [];
  return [identify.value === Identify.TOKEN ? "token" : "principal"];
}

/** What a request says of who sends it. */
const OF_CALLER: ReadonlySet<Variable["role"]> = new Set(["headers", "principal", "peer"]);

function readsCaller(expression: Expression | undefined): boolean {
  return expression?.reads.some(({ variable }) => OF_CALLER.has(variable.role)) ?? false;
}
