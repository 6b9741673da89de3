import { Identify } from "@protobff/messages/options.js";
import { isTraceId } from "@protobff/messages/trace-ids.js";
import type { Expression, Variable } from "../../cel/index.ts";
import { pathName } from "../../model/path-name.ts";
import { type Call, servingBranches } from "../../resolve/model/call.ts";

/**
 * Returns the properties of a caller that a call sends: the identity, the branch of the upstream, and forwarded
 * headers. Metadata and request fields that read headers or the principal also belong to them. Callers share a cached
 * answer only if these properties are equal. Empty: all callers share it.
 */
export function perCaller(call: Call): readonly string[] {
  const forwarded = call.policy.forward.map(({ value }) => value).filter((name) => !isTraceId(name));
  const metadata = call.metadata.filter(({ by }) => readsCaller(by)).map(({ key }) => key);
  const fields = call.set.filter(({ bound }) => readsCaller(bound.expression)).map(({ path }) => pathName(path));
  const whole = readsCaller(call.request?.expression) ? ["request"] : [];
  const text = how(call);
  const branch = servingBranches(call.policy).length > 0 ? ["branch"] : [];
  return [...text, ...branch, ...new Set([...forwarded, ...metadata]), ...fields, ...whole];
}

/** Returns the part of the identity that callers of one answer share: the principal or the token. */
function how({ policy: { identify } }: Call): readonly string[] {
  if (identify === undefined || identify.value === Identify.NOTHING) return [];
  return [identify.value === Identify.TOKEN ? "token" : "principal"];
}

/** Variables of a request that describe its sender. */
const OF_CALLER: ReadonlySet<Variable["role"]> = new Set(["headers", "principal", "peer"]);

function readsCaller(expression: Expression | undefined): boolean {
  return expression?.reads.some(({ variable }) => OF_CALLER.has(variable.role)) ?? false;
}
