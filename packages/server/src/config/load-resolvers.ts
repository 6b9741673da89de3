import { existsSync } from "node:fs";
import type { ConfigFault, Environment } from "@protobff/runtime/internal/environment/env-reader";
import { importModule } from "./import-module.ts";

const STANDARD = ["resolvers.ts", "resolvers.js", "resolvers.mjs"];

/** Exports of the user's module. */
export interface Supplied {
  readonly resolvers: unknown;
  readonly functions: unknown;
}

/**
 * Imports the module with the user's functions: BFF_RESOLVERS, or resolvers.ts (.js, .mjs) in the working directory.
 *
 * @param names members that each export must have; an export without required members is not checked
 */
export async function loadResolvers(
  source: Environment,
  names: { readonly [Export in keyof Supplied]: readonly string[] },
): Promise<{ readonly supplied?: Supplied; readonly faults: readonly ConfigFault[] }> {
  const variable = source.BFF_RESOLVERS || undefined;
  const path = variable ?? STANDARD.find((name) => existsSync(name));
  const required = (["resolvers", "functions"] as const).filter((name) => names[name].length > 0);
  const remedy = `the path of a module that exports ${required.map((name) => `\`${name}\``).join(" and ")}, as \`protobff init resolvers resolvers.ts\` writes one`;
  const fault = (problem: string, instead = remedy) => ({
    faults: [{ variable: "BFF_RESOLVERS", problem, remedy: instead }],
  });
  if (path === undefined) return fault("is not set, and there is no resolvers.ts here");
  const is = variable === undefined ? `is not set: there is ${path}, ` : `is ${JSON.stringify(path)}, `;
  const { exports, problem } = await importModule(path);
  if (exports === undefined) return fault(`${is}${problem}`);
  for (const name of required) {
    const members = exports[name];
    if (typeof members !== "object" || members === null) return fault(`${is}which exports no object \`${name}\``);
    const missing = names[name].filter((name) => typeof (members as Record<string, unknown>)[name] !== "function");
    if (missing.length > 0)
      return fault(
        `${is}which lacks ${missing.join(", ")} in its \`${name}\``,
        "one that has a function for each: `protobff init resolvers` adds what is missing",
      );
  }
  return { supplied: { resolvers: exports.resolvers, functions: exports.functions }, faults: [] };
}
