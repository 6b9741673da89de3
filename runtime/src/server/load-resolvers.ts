import { existsSync } from "node:fs";
import type { Environment, Fault } from "./env-reader.ts";
import { importModule } from "./import-module.ts";

const STANDARD = ["resolvers.ts", "resolvers.js", "resolvers.mjs"];
const REMEDY =
  "the path of a module that exports `resolvers`, as `protoc-gen-bff init-resolvers resolvers.ts` writes one";

/**
 * Imports the module with the user's functions: BFF_RESOLVERS, or resolvers.ts (.js, .mjs) in the working directory.
 *
 * @param names the functions that its export `resolvers` has to have
 */
export async function loadResolvers(
  source: Environment,
  names: readonly string[],
): Promise<{ readonly resolvers?: unknown; readonly faults: readonly Fault[] }> {
  const said = source.BFF_RESOLVERS || undefined;
  const path = said ?? STANDARD.find((name) => existsSync(name));
  const fault = (problem: string, remedy = REMEDY) => ({ faults: [{ variable: "BFF_RESOLVERS", problem, remedy }] });
  if (path === undefined) return fault("is not set, and there is no resolvers.ts here");
  const is = said === undefined ? `is not set: there is ${path}, ` : `is ${JSON.stringify(path)}, `;
  const { exports, problem } = await importModule(path);
  if (exports === undefined) return fault(`${is}${problem}`);
  const { resolvers } = exports;
  if (typeof resolvers !== "object" || resolvers === null) return fault(`${is}which exports no object \`resolvers\``);
  const missing = names.filter((name) => typeof (resolvers as Record<string, unknown>)[name] !== "function");
  if (missing.length > 0)
    return fault(
      `${is}which lacks ${missing.join(", ")} in its \`resolvers\``,
      "one that has a function for each: `protoc-gen-bff init-resolvers` adds what is missing",
    );
  return { resolvers, faults: [] };
}
