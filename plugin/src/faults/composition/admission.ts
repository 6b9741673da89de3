// Admission: permits and rate limits, which are evaluated before the response is composed.
import type { LimitBehaviour, PermitBehaviour, RpcBehaviour } from "../behaviour.ts";
import { distinct, type Failure, type Result } from "../values/results.ts";
import { isListValue, type MessageValue, UNKNOWN, Untold, type Value } from "../values/values.ts";
import { Block } from "./block.ts";
import type { Response } from "./composition.ts";

const [INVALID_ARGUMENT, DENIED, INTERNAL, UNAVAILABLE, UNAUTHENTICATED] = [3, 7, 13, 14, 16];

export interface RequestCase {
  readonly args: ReadonlyMap<string, Result>;
  readonly request: Value;
  /** Number of requests in a row. */
  readonly times: number;
}
/** Caller for which a prediction is computed. */
export interface Caller {
  /** Source of the credential. */
  readonly source: string;
  readonly principal: MessageValue;
  /** Values of the principal that differ from its sample. Undefined: the principal was passed in. */
  readonly set: ReadonlyMap<string, Value> | undefined;
}

/** Returns codes, one of which refuses the request. Empty: it is admitted. Throws Untold. */
export function refusals(
  response: Response,
  rpc: RpcBehaviour,
  caller: Caller | undefined,
  request: RequestCase,
): readonly number[] {
  const { permit, limits = [] } = rpc;
  const early = limited(
    response,
    limits.filter((limit) => limit.early),
    request,
  );
  if (early !== undefined) return [early];
  if (response.behaviour.identity !== undefined && !admits(permit, caller))
    return [caller === undefined ? UNAUTHENTICATED : DENIED];
  const block = permitBlock(response, permit, request);
  const atOnce = block && earlyRefusal(block);
  if (atOnce !== undefined) return [atOnce];
  const late = limited(
    response,
    limits.filter((limit) => !limit.early),
    request,
  );
  if (late !== undefined) return [late];
  return block === undefined ? [] : decided(block);
}

/** Checks sources, scopes and roles only. */
function admits(permit: PermitBehaviour | undefined, caller: Caller | undefined): boolean {
  if (permit?.public) return true;
  if (caller === undefined) return false;
  const { sources, scopes = [], roles = [] } = permit ?? {};
  if (sources !== undefined && !sources.includes(caller.source)) return false;
  const [has, plays] = [textsOf(caller, "scopes"), textsOf(caller, "roles")];
  return scopes.every((scope) => has.includes(scope)) && roles.every((any) => any.some((role) => plays.includes(role)));
}
export function textsOf({ principal }: Pick<Caller, "principal">, field: "scopes" | "roles"): readonly Value[] {
  const value = principal.fields.get(field);
  return value !== undefined && isListValue(value) ? value : [];
}

// ---- conditions and decisions ----

export function permitBlock(
  response: Response,
  permit: PermitBehaviour | undefined,
  { args, request }: RequestCase,
): Block | undefined {
  if (permit === undefined || permit.steps.length === 0) return undefined;
  return new Block(response, { steps: permit.steps, fields: [] }, { args, request, strict: true });
}

/** Refusals before any upstream call. */
function earlyRefusal(block: Block): number | undefined {
  for (const step of block.report.steps) {
    if (step.immediate !== true || step.source.kind !== "guard") continue;
    const held = block.condition(step.source.if);
    // A decision that cannot be computed refuses the request.
    if (held.state === "dead") return DENIED;
    if (!holds(held)) return step.source.code ?? DENIED;
  }
  return undefined;
}

function decided(block: Block): readonly number[] {
  const { refusals: refusalCodes } = block.response;
  const before = refusalCodes.length;
  const codes: number[] = [];
  for (const step of block.report.steps) if (step.source.kind !== "guard") codes.push(...undecided(block.step(step)));
  codes.push(...refusalCodes.splice(before));
  for (const { source } of block.report.steps) {
    if (source.kind !== "guard") continue;
    const held = block.condition(source.if);
    if (held.state !== "dead" && !holds(held)) codes.push(source.code ?? DENIED);
  }
  return distinct(codes);
}
/** False for a condition that cannot be evaluated. */
const holds = (held: Result): boolean => held.state === "value" && held.value === true;

/** Returns the codes that a client receives for a failed decision. */
function undecided(result: Result): readonly number[] {
  if (result.state !== "failed") return [];
  return result.failures.map(({ code, cause }: Failure) => {
    if (code !== INTERNAL) return code;
    return cause.upstream === "" ? DENIED : UNAVAILABLE;
  });
}

// ---- limits ----

/** The code with which the first request of all is refused. */
function limited(
  response: Response,
  limits: readonly LimitBehaviour[],
  { args, request, times }: RequestCase,
): number | undefined {
  const block = new Block(response, { steps: [], fields: [] }, { args, request });
  let dear = false;
  for (const { if: condition, key, cost, most } of limits) {
    const applies = condition === undefined ? undefined : block.condition(condition);
    if (applies?.state === "failed") return DENIED;
    if (applies !== undefined && !holds(applies)) continue;
    const whom = block.evaluate(key);
    if (whom.state === "absent") continue;
    if (whom.state !== "value" || whom.value === "") return DENIED;
    const much = cost && block.evaluate(cost);
    if (much?.state === "value" && much.value === UNKNOWN) throw new Untold(`\`${cost?.text}\` decides`);
    if (much?.state === "failed") return DENIED;
    const computed = much?.state === "value" ? Math.ceil(Number(much.value)) : 0;
    const units = much === undefined ? 1 : computed;
    if (Number.isNaN(units)) throw new Untold(`\`${cost?.text}\` is charged`);
    if (units > most) dear = true;
    else if (units * times > most) throw new Untold("its limit does not let so many requests through");
  }
  return dear ? INVALID_ARGUMENT : undefined;
}
