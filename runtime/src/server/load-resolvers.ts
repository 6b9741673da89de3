import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Environment, Fault } from "./env-reader.ts";

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
  const is = said === undefined ? `is not set, and ${path}` : `is ${JSON.stringify(path)}, which`;
  if (!existsSync(path)) return fault(`is ${JSON.stringify(path)}, and there is no such file`);
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    return fault(`${is} cannot be loaded (${error instanceof Error ? error.message : String(error)})`);
  }
  const { resolvers } = module;
  if (typeof resolvers !== "object" || resolvers === null) return fault(`${is} exports no object \`resolvers\``);
  const missing = names.filter((name) => typeof (resolvers as Record<string, unknown>)[name] !== "function");
  if (missing.length > 0)
    return fault(
      `${is} lacks ${missing.join(", ")} in its \`resolvers\``,
      "one that has a function for each: `protoc-gen-bff init-resolvers` adds what is missing",
    );
  return { resolvers, faults: [] };
}
