// Usage events of a package: their fields, in the scope of each RPC with limits that are charged after credentials.

import { typeName } from "../../cel/index.ts";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrUsage } from "../../ir/edge.ts";
import type { Usage, UsageField } from "../model/model.ts";
import { type RpcContext, requestScope } from "../packages/rpc-context.ts";
import { check } from "../scope/scope.ts";
import { checkNames, type NameRules } from "./check-names.ts";
import { fittingRpcs, reads } from "./fitting-rpcs.ts";
import { carried } from "./telemetry.ts";

/**
 * Resolves the usage events of a package.
 *
 * @param all RPCs with limits that are charged after credentials
 */
export function resolveUsage(
  declared: readonly IrUsage[],
  all: readonly RpcContext[],
  report: Report,
): ReadonlyMap<RpcContext, Usage> {
  const [ir, other] = declared;
  if (ir === undefined) return new Map();
  if (other !== undefined)
    fault(report, "BFF443", other.at, {
      message: "another file of the package declares its `usage`",
      related: [{ at: ir.at, message: "the other declaration" }],
      hint: "leave out one of the two: a request has one event",
    });
  if (all.length === 0)
    fault(report, "BFF444", ir.at, {
      message: "this `usage` has no events: no rpc of the package has a limit that is charged after credentials",
      hint: 'add a limit, such as `rate_limit: { name: "user" key: "principal.subject" rate: 600 per: "1m" }`, or leave out `usage`',
      derived: true,
    });
  const fields = new Map(all.map((rpc) => [rpc, [] as UsageField[]]));
  for (const field of ir.fields) {
    const differs = (rpc: RpcContext): boolean => reads(rpc, [field.by], ["args"]);
    const { found, faults } = fittingRpcs(all, differs, (rpc) => fieldOf(rpc, field));
    for (const [rpc, value] of found) fields.get(rpc)?.push(value);
    const certain = faults.flat().filter(({ code }) => code === "BFF441" || code === "BFF442");
    // A limit with an error is left out, and so may be the rpc that has the values.
    const [first = []] = faults.map((of) => of.map((diagnostic) => ({ ...diagnostic, derived: true })));
    for (const diagnostic of found.size === 0 && certain.length === 0 ? first : certain) report(diagnostic);
  }
  return new Map(all.map((rpc) => [rpc, { ir, fields: fields.get(rpc) ?? [] }]));
}

function fieldOf(rpc: RpcContext, { name, by: text }: IrUsage["fields"][number]): UsageField | undefined {
  const { scope, env } = requestScope(rpc, { env: "package", args: true });
  if (!checkNames(rpc, scope, text, "BFF442", NAMES)) return undefined;
  const by = check(scope, text);
  if (by === undefined) return undefined;
  const proto = carried(by.type);
  if (proto?.kind === "scalar") return { name: name.value, by, proto, env };
  return fault(scope.report, "BFF441", text.at, {
    message: `this field of \`usage\` is ${typeName(by.type)}, not a text, a number or a bool`,
    hint: by.type.kind === "message" ? "name a field of it" : "write a text, a number or a bool, such as a `size`",
  });
}

const NAMES: NameRules = {
  principal: {
    message: "a field by `principal` needs an identity, and this package has none",
    hint: "add `identity` to the file rule of this package, or read `args` or `env`",
  },
  other(names) {
    const other = ["headers", "peer", "now", "result"].find((name) => names.has(name));
    if (other === undefined) return undefined;
    return { message: `a field of \`usage\` cannot read \`${other}\``, hint: "read `principal`, `args` or `env`" };
  },
  step: (name) => ({
    message: `a field of \`usage\` cannot read step "${name}"`,
    hint: "read `principal`, `args` or `env`",
  }),
};
