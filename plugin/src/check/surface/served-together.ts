// Common parts of the packages of one server: the identity, and the environment.

import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrEnvVar } from "../../ir/ir.ts";
import type { BffPackage, Model } from "../../resolve/model/model.ts";
import type { ServedTogether } from "../../resolve/model/server-paths.ts";
import { governing } from "../../resolve/policies/entries.ts";
import type { Check } from "../check.ts";
import { restPaths } from "./rest-paths.ts";
import { toolNames } from "./tools.ts";

/** The packages of a run, and the servers that they form. */
interface Served {
  readonly model: Model;
  readonly servers: readonly ServedTogether[];
}

export const servedTogether: Check<Served> = {
  rules: {
    BFF268:
      "Packages that are served together have one identity. Their callers use one port, and a credential has one meaning.",
  },
  run({ model, servers }, report) {
    for (const server of servers) {
      checkIdentities(model, server, report);
      checkTypes(server, report);
      restPaths.run(server, report);
      toolNames.run(server, report);
    }
  },
};

/**
 * Reports packages of one server with different identities. A faulty identity counts, although its fault has been
 * reported.
 */
function checkIdentities({ ir }: Model, { name, packages }: ServedTogether, report: Report): void {
  const declared = packages.map((bffPackage) => ({
    bffPackage,
    identity: governing(ir, bffPackage.name).identities[0]?.identity,
  }));
  const [first, ...others] = declared;
  if (first === undefined) return;
  for (const { bffPackage, identity } of others) {
    if (identity === first.identity) continue;
    const [without, other] =
      identity === undefined ? [bffPackage, first] : [first.bffPackage, { bffPackage, identity }];
    if (identity !== undefined && first.identity !== undefined) {
      fault(report, "BFF268", identity.at, {
        message: `"${bffPackage.name}" and "${first.bffPackage.name}" are served together, but declare two identities`,
        related: [{ at: first.identity.at, message: `the identity of "${first.bffPackage.name}"` }],
        hint: `declare the identity once, in a file like "${name.replaceAll(".", "/")}/identity.proto", and import that file in both`,
      });
      continue;
    }
    const at = placeOf(without);
    if (at === undefined) continue;
    fault(report, "BFF268", at, {
      message: `"${without.name}" has no identity, but is served together with "${other.bffPackage.name}", which has one`,
      ...(other.identity !== undefined && {
        related: [{ at: other.identity.at, message: `the identity of "${other.bffPackage.name}"` }],
        hint: `import "${other.identity.at.file}" here too, and give the rpcs a \`permit\`, such as \`{ public: true }\` for public rpcs`,
      }),
    });
  }
}
const placeOf = ({ files }: BffPackage) => files.flatMap(({ services }) => services)[0]?.ir.at;

/**
 * Reports a variable with different types: a process has one value of a variable. Defaults and alternates may differ,
 * because each service reads the variable separately.
 */
function checkTypes({ packages }: ServedTogether, report: Report): void {
  const first = new Map<string, { readonly of: BffPackage; readonly variable: IrEnvVar }>();
  for (const bffPackage of packages)
    for (const { ir: variable } of bffPackage.files.flatMap((file) => [
      ...file.env,
      ...file.services.flatMap(({ env }) => env),
    ])) {
      const before = first.get(variable.name.value);
      if (before === undefined) first.set(variable.name.value, { of: bffPackage, variable });
      else if (before.of !== bffPackage && before.variable.type.value !== variable.type.value) {
        first.set(variable.name.value, { of: bffPackage, variable }); // told once of each package
        fault(report, "BFF416", variable.type.at, {
          message: `the environment variable "${variable.name.value}" has type "${variable.type.value}" here, but type "${before.variable.type.value}" in "${before.of.name}", which is served together with this package`,
          related: [{ at: before.variable.type.at, message: `type "${before.variable.type.value}" here` }],
          hint: "give both variables the same type, or rename one of them",
        });
      }
    }
}
