import type { Report } from "../diagnostic/diagnostic.ts";
import type { Origin } from "../origin.ts";
import { blocksOf } from "../resolve/model/blocks.ts";
import type { Branch, Call, Model } from "../resolve/model/model.ts";
import { allCalls } from "./governing-identities.ts";

/** Whoever writes a header chooses the branch: somebody else has to agree, who knows the caller or where the request comes from. */
export function checkBranchHeaders(model: Model, report: Report): void {
  const told = new Set<Origin>();
  for (const { ir, if: condition } of callsIn(model).flatMap(({ policy }) => policy.branches)) {
    if (condition === undefined || told.has(ir.at)) continue;
    const roles = new Set(condition.reads.map(({ variable }) => variable.role));
    if (!roles.has("headers") || roles.has("principal") || roles.has("peer")) continue;
    told.add(ir.at);
    report({
      code: "BFF560",
      severity: "warning",
      message: `whoever sends this header is on branch "${ir.name.value}"`,
      at: condition.text.at,
      hint: hintFor(model),
    });
  }
}

function hintFor({ identities: [identity] }: Model): string {
  if (identity === undefined) return "write `share` in place of it, or declare an `identity`, and say who may";
  const roles = identity.type.fields.find(({ name, fieldKind }) => name === "roles" && fieldKind === "list");
  const known = roles === undefined ? "principal.subject in ['…']" : "'tester' in principal.roles";
  return `add who may, as in && ${known}`;
}

/** The variables of addresses are made of names that may come to the same. */
export function checkBranchVariables(model: Model, report: Report): void {
  const all = callsIn(model);
  const services = new Map(all.map(({ method }) => [prefixOf(method.parent.typeName), method.parent.typeName]));
  const branches = new Map<string, Branch>();
  for (const { method, policy } of all) {
    for (const branch of policy.branches) {
      const service = method.parent.typeName;
      const prefix = `${prefixOf(service)}_${branch.ir.name.value.toUpperCase()}`;
      const other = services.get(prefix);
      if (other === undefined || branches.has(prefix)) continue;
      branches.set(prefix, branch);
      report({
        code: "BFF271",
        severity: "error",
        message: `the address of branch "${branch.ir.name.value}" of "${service}" would be in ${prefix}_URL, which has that of "${other}"`,
        at: branch.ir.name.at,
        hint: "give the branch another name",
      });
    }
  }
}

/** As the server does (deploying.md). */
const prefixOf = (service: string): string => service.toUpperCase().replaceAll(".", "_");

/** Of all steps, and those that resolvers can make. */
const callsIn = (model: Model): readonly Call[] => blocksOf(model).flatMap(allCalls);
