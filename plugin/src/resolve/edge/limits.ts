import { type Expression, testedBy, typeName, type Variable } from "../../cel/index.ts";
import { distinctReport, fault, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrRateLimit } from "../../ir/edge.ts";
import type { IrMethod } from "../../ir/ir.ts";
import { valueHint } from "../model/missing/missing-hints.ts";
import type { Limits, LimitUse, Usage } from "../model/model.ts";
import { itemOf } from "../names/stream-item.ts";
import { packageContext } from "../packages/package-context.ts";
import { publicAt } from "../packages/principal.ts";
import {
  bareStep,
  messageVariable,
  type RpcContext,
  requestScope,
  rpcBlock,
  rpcContexts,
} from "../packages/rpc-context.ts";
import { check, checkCondition, type MessageScope, where } from "../scope/scope.ts";
import type { Run } from "../steps/context.ts";
import { checkNames, type NameRules } from "./check-names.ts";
import { checkLimitsAgree, type DeclaredLimit, limitsOf } from "./limits-agreement.ts";
import { resolveUsage } from "./usage.ts";

/** Returns the limits of every RPC that has any. A limit with a fault is left out. */
export function resolveLimits(run: Run): ReadonlyMap<IrMethod, Limits> {
  checkLimitsAgree(run);
  const found = new Map<IrMethod, Limits>();
  const open = new Set<IrRateLimit>();
  const report = distinctReport(run.report);
  const packages = Map.groupBy(run.ir.files, ({ desc }) => desc.proto.package);
  for (const [name, files] of packages) {
    const context = packageContext(run, name);
    const limited = new Map<RpcContext, readonly LimitUse[]>();
    for (const rpc of rpcContexts(run, report, files)) {
      const declared = limitsOf(context, rpc.service, rpc.method);
      const uses = declared.flatMap((limit) => resolveUse(rpc, limit, open) ?? []);
      if (uses.length > 0) limited.set(rpc, uses);
    }
    const late = [...limited].flatMap(([rpc, uses]) => (uses.some(({ early }) => !early) ? [rpc] : []));
    const served = files.some(({ services }) => services.length > 0);
    const usages = resolveUsage(served ? context.governing.usages : [], late, report);
    for (const [rpc, uses] of limited) found.set(rpc.method, blockOf(rpc, uses, usages.get(rpc)));
  }
  return found;
}

/** Returns a block, so that every walk over all expressions visits these. */
function blockOf(rpc: RpcContext, uses: readonly LimitUse[], usage: Usage | undefined): Limits {
  const fields = usage?.fields ?? [];
  return {
    ...rpcBlock(rpc),
    kind: "limits",
    uses,
    usage,
    env: [...uses, ...fields].flatMap(({ env }) => env),
    steps: [
      ...uses.flatMap((use) =>
        [use.key, use.cost, use.settle].flatMap((by, i) =>
          by === undefined ? [] : [bareStep(use.ir.at, by, i === 0 ? use.if : undefined)],
        ),
      ),
      ...fields.map(({ by }) => bareStep(by.text.at, by)),
    ],
  };
}

/** @param open limits that are reported because they do not count anonymous callers of some rpc */
function resolveUse(rpc: RpcContext, { limit, of }: DeclaredLimit, open: Set<IrRateLimit>): LimitUse | undefined {
  const { scope, env } = scopeOf(rpc, of);
  const { key: keyText, cost: costText, settle: settleText, if: ifText } = limit;
  const texts = [keyText, costText, settleText, ifText].filter((text) => text !== undefined);
  const lacks = texts.map((text) => checkNames(rpc, scope, text, "BFF245", namesOf(of, text === settleText)));
  if (lacks.includes(false)) return undefined;
  const condition = ifText && checkCondition(scope, ifText, "this `if`");
  const key = checkKey(where(scope, condition), keyText);
  if (key === undefined || (ifText !== undefined && condition === undefined)) return undefined;
  if (leavesOut(key, condition) && open.size < open.add(limit).size) reportOpen(rpc, limit, key, condition);
  const { item, answered } = withAnswer(rpc, scope, of);
  const cost = costText && checkCost(rpc, where(scope, condition), costText, "cost", limit);
  const settle = settleText && checkCost(rpc, where(answered, condition), settleText, "settle", limit);
  if ((costText !== undefined && cost === undefined) || (settleText !== undefined && settle === undefined)) return;
  const read = new Set(settle?.reads.map(({ variable }) => variable));
  if (settle !== undefined && item !== undefined && read.has(item) && [...read].some(({ name }) => name === "result"))
    return fault(scope.report, "BFF245", settle.text.at, {
      message: `this \`settle\` reads \`result\` and \`${item.name}\`: items and messages of a stream differ in number`,
      hint: "read one of them",
    });
  const reads = [key, condition, cost]
    .flatMap((expression) => expression?.reads ?? [])
    .map(({ variable }) => variable.role);
  return {
    ir: limit,
    of,
    package: rpc.context.governing.package,
    key,
    if: condition,
    cost,
    settle,
    settledItem: item !== undefined && read.has(item) ? item : undefined,
    early:
      settle === undefined &&
      reads.every((role) => EARLY.has(role)) &&
      key.reads.some(({ variable: { role } }) => role === "peer" || role === "headers"),
    spares:
      condition !== undefined && [...testedBy(condition)].some(({ role, absent }) => role === "principal" && absent),
    env,
  };
}

/** Adds the answer, and the item of the rpc's stream, to a scope. */
function withAnswer(
  { run, service, method: { desc, stream } }: RpcContext,
  scope: MessageScope,
  of: DeclaredLimit["of"],
) {
  const named = of === "rpc" ? stream?.var?.value : undefined;
  const type = stream && itemOf(run.ir, service, stream);
  const item = named === undefined || type === undefined ? undefined : messageVariable(named, "item", type);
  const answered = [messageVariable("result", "item", desc.output), ...(item === undefined ? [] : [item])];
  const builtins = new Map([...scope.builtins, ...answered.map((variable) => [variable.name, variable] as const)]);
  // Without an item the call of the stream is faulty.
  const broken = new Set([...scope.broken, ...(named === undefined || item !== undefined ? [] : [named])]);
  return { item, answered: { ...scope, builtins, broken } };
}

/** Roles of variables with values before credentials are checked. */
const EARLY: ReadonlySet<Variable["role"]> = new Set(["peer", "headers", "env", "var"]);

/** @param settles true for `settle`, which runs after the answer */
const namesOf = (of: DeclaredLimit["of"], settles: boolean): NameRules => ({
  principal: {
    message: "a limit by `principal` needs an identity, and this package has none",
    hint: "add `identity` to the file rule of this package, or count by `peer.address`",
  },
  other(names) {
    if (names.has("args") && of !== "rpc")
      return {
        message: `a limit of a ${of} cannot read \`args\`: the requests of its rpcs differ`,
        hint: "move it to the rpcs, or read `principal`, `peer`, `headers`, `env` or `now`",
      };
    if (names.has("result") && of !== "rpc")
      return {
        message: `a limit of a ${of} cannot read \`result\`: the answers of its rpcs differ`,
        hint: "move the limit to the rpcs: limits with one name share a counter",
      };
    if (names.has("result") && !settles)
      return {
        message: "`cost` cannot read `result`: it is charged before the answer",
        hint: "set the maximum cost in `cost`, and the actual cost in `settle`",
      };
    return undefined;
  },
  step: (name) => ({
    message: `a limit cannot read step "${name}": it is checked before any call`,
    hint: "read `principal`, `args`, `peer`, `headers`, `env` or `now`",
  }),
});

const KEYS: ReadonlySet<string> = new Set(["string", "int", "uint", "bool"]);

function checkKey(scope: MessageScope, text: Text): Expression | undefined {
  const key = check(scope, text);
  if (key === undefined || KEYS.has(key.type.kind)) return key;
  const hints: Readonly<Record<string, string>> = {
    optional: 'write a value for the unset case, as in `.orValue("")`; an empty key is refused',
    message: "name a field of it",
    bytes: "write text, as in `base64.encode(…)`",
  };
  return fault(scope.report, "BFF246", text.at, {
    message: `this key is ${typeName(key.type)}, not string, int, uint or bool`,
    hint: hints[key.type.kind] ?? "write text or a whole number that differs between callers",
  });
}

/** Returns true if the limit does not count some callers, and its `if` does not declare that with `ok` or `has`. */
function leavesOut(key: Expression, condition: Expression | undefined): boolean {
  if (condition === undefined) return key.unsafe.length > 0;
  const tested = testedBy(condition);
  return key.unsafe.length > 0 || condition.unsafe.some((variable) => !tested.has(variable));
}

/** Reports a limit that does not count the anonymous callers of a public rpc. */
function reportOpen(
  { run, method, report }: RpcContext,
  { name, key: text }: IrRateLimit,
  key: Expression,
  condition: Expression | undefined,
): void {
  const at = publicAt(run, method);
  const named = key.reads.some(({ variable: { role } }) => role === "principal");
  const count = [
    ...(named ? [`\`key: "${byAddress(key)}"\``] : []),
    ...(condition === undefined || condition.unsafe.length === 0
      ? []
      : [`\`if: "!ok(principal) || ${condition.text.value}"\``]),
  ].join(" and ");
  const known = condition === undefined ? "" : ` && ${operandOf(condition)}`;
  fault(report, "BFF654", text.at, {
    message: `the limit "${name.value}" does not count anonymous callers of "${method.desc.name}", which is public`,
    ...(at === undefined ? {} : { related: [{ at, message: `any client may call "${method.desc.name}"` }] }),
    hint: `count them by their address, ${count}, or declare that they are not counted, \`if: "ok(principal)${known}"\``,
  });
}

/** Returns a key for callers with and without credentials. */
function byAddress({ text: { value }, type, root }: Expression): string {
  if (type.kind !== "string") return `ok(principal) ? string(${value}) : peer.address`;
  const nested = root.kind === "call" && root.overload === "conditional";
  return `ok(principal) ? ${nested ? `(${value})` : value} : peer.address`;
}

/** Returns a condition as an operand of `&&`. */
function operandOf({ text: { value }, root }: Expression): string {
  const weak = root.kind === "call" && (root.overload === "logical_or" || root.overload === "conditional");
  return weak ? `(${value})` : value;
}

function checkCost(
  { run, method }: RpcContext,
  scope: MessageScope,
  text: Text,
  what: "cost" | "settle",
  { if: condition }: IrRateLimit,
): Expression | undefined {
  const cost = check(scope, text);
  if (cost === undefined) return undefined;
  if (cost.type.kind !== "int" && cost.type.kind !== "uint")
    return fault(scope.report, "BFF246", text.at, {
      message: `this \`${what}\` is ${typeName(cost.type)}, not int or uint`,
      hint:
        cost.type.kind === "double"
          ? "round it up, as in `int(math.ceil(…))`"
          : "write a whole number, such as `1` or a field that holds one",
    });
  const [absent] = cost.unsafe;
  if (absent === undefined) return cost;
  const at = publicAt(run, method);
  const known =
    condition === undefined && absent.missing === undefined ? `, or add \`if: "ok(${absent.name})"\` to the limit` : "";
  const least = cost.type.kind === "uint" ? "1u" : "1";
  return fault(scope.report, "BFF247", text.at, {
    message: `this \`${what}\` has no value if "${absent.name}" is absent, but the limit still applies`,
    ...(at === undefined ? {} : { related: [{ at, message: `any client may call "${method.desc.name}"` }] }),
    hint: `${valueHint(absent, text.value, least)}${known}`,
  });
}

/** The scope is strict, because an expression without a result would let a caller pass. */
const scopeOf = (rpc: RpcContext, of: DeclaredLimit["of"]) =>
  requestScope(rpc, { env: of === "file" ? "package" : "service", args: of === "rpc", strict: "limit" });
