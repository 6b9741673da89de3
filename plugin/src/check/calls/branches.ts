import { caution, fault, type Origin, type Report } from "../../diagnostic/diagnostic.ts";
import { blocksOf, packageOf } from "../../resolve/model/blocks.ts";
import { type Branch, type Call, servingBranches } from "../../resolve/model/call.ts";
import type { Model } from "../../resolve/model/model.ts";
import { branchSettings } from "../../resolve/policies/entries.ts";
import { allCalls, governedBlocks } from "../callers/governing-identities.ts";
import type { Check } from "../check.ts";

/** Reports branches that only a header selects: the condition must also read the caller or the peer. */
export const branchHeaders: Check = {
  rules: {
    BFF560:
      "A branch that a header selects also has a condition on the caller or its address. Otherwise any client with the header can use an unreleased branch.",
  },
  run(model, report) {
    const reported = new Set<Origin>();
    for (const { ir, if: condition } of callsIn(model).flatMap(({ policy }) => servingBranches(policy))) {
      if (condition === undefined || reported.has(ir.at)) continue;
      const roles = new Set(condition.reads.map(({ variable }) => variable.role));
      if (!roles.has("headers") || roles.has("principal") || roles.has("peer")) continue;
      reported.add(ir.at);
      caution(report, "BFF560", condition.text.at, {
        message: `any client with this header is on branch "${ir.name.value}"`,
        hint: hintFor(model),
      });
    }
  },
};

function hintFor({ identities: [identity] }: Model): string {
  if (identity === undefined)
    return "write `share` instead, or declare an `identity` and add a condition on the caller";
  const roles = identity.type.fields.find(({ name, fieldKind }) => name === "roles" && fieldKind === "list");
  const known = roles === undefined ? "principal.subject in ['…']" : "'tester' in principal.roles";
  return `add a condition on the caller, as in && ${known}`;
}

/** Reports variables of addresses that have the same name for different upstreams and branches. */
export const branchVariables: Check = {
  rules: {
    BFF271:
      "The environment variables for the addresses of upstreams and branches have different names. Otherwise one address would replace another.",
  },
  run(model, report) {
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
        fault(report, "BFF271", branch.ir.name.at, {
          message: `the address of branch "${branch.ir.name.value}" of "${service}" would be in ${prefix}_URL, which contains the address of "${other}"`,
          hint: "give the branch another name",
        });
      }
    }
  },
};

/**
 * Reports messages of one request that declare different branches for an upstream. Each message has the policies of its
 * package, and a request uses one side of an upstream.
 */
export const oneSide: Check = {
  rules: {
    BFF272:
      "All calls of a request to an upstream go to the same side of its branches. Packages that compose each other's messages thus declare the same branches.",
  },
  run(model, report) {
    const first = new Map<string, { readonly call: Call; readonly of: string }>();
    for (const { block, methods, strangers } of governedBlocks(model)) {
      const of = packageOf(block);
      for (const method of [...methods, ...strangers.flatMap((stranger) => stranger.method ?? [])])
        for (const call of allCalls(block)) {
          const service = call.method.parent.typeName;
          const key = `${method.desc.parent.typeName}/${method.desc.name} ${service}`;
          const before = first.get(key);
          if (before === undefined) first.set(key, { call, of });
          else if (before.of !== of && branchesText(before.call) !== branchesText(call)) {
            const [here, there] = call.policy.branches.length === 0 ? [{ call, of }, before] : [before, { call, of }];
            first.set(key, { call: there.call, of }); // told once
            reportTwoSides(service, here, there, report);
          }
        }
    }
  },
};
interface Side {
  readonly call: Call;
  /** The package. */
  readonly of: string;
}

/** @param there has branches */
function reportTwoSides(service: string, here: Side, there: Side, report: Report): void {
  const names = ({ call }: Side): string => call.policy.branches.map(({ ir }) => `"${ir.name.value}"`).join(", ");
  const [branch] = there.call.policy.branches;
  fault(report, "BFF272", here.call.methodAt, {
    message: `one request calls "${service}" with the policies of two packages, whose branches differ: ${names(there)} in "${there.of}", ${names(here) || "none"} in "${here.of}"`,
    related: branch === undefined ? [] : [{ at: branch.ir.at, message: `for package "${there.of}"` }],
    hint: `declare the entry in a separate file, and import that file in "${here.of}" and "${there.of}"`,
  });
}

const branchesText = ({ policy }: Call): string => JSON.stringify(policy.branches.map(({ ir }) => branchSettings(ir)));

/** Returns the prefix of a service's variables, as the server forms it (deploying.md). */
const prefixOf = (service: string): string => service.toUpperCase().replaceAll(".", "_");

/** Returns the calls of all steps, and the calls that resolvers can make. */
const callsIn = (model: Model): readonly Call[] => blocksOf(model).flatMap(allCalls);
