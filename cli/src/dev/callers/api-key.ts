import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { SourceOfCallers } from "protoc-gen-bff/compiler";
import { madePrincipals } from "./principals.ts";

/**
 * Creates an API key of the principal `dev`, with `bff-key` of the project's server package.
 *
 * @param from a file from which the server package is resolved
 * @throws Error with the output of `bff-key` if it fails
 */
export async function makeApiKey(from: string, source: SourceOfCallers, storeFile: string): Promise<string> {
  const program = join(dirname(createRequire(from).resolve("@protobff/server")), "../bin/bff-key.js");
  const [principal] = madePrincipals(source);
  const scopes = source.rights.find(({ path }) => path.join() === "scope")?.values ?? [];
  // Scopes are no claim of a key.
  const { scope: _, ...claims } = principal?.claims ?? {};
  const args = [
    ...["create", "--subject", principal?.subject ?? "dev", "--claims", JSON.stringify(claims)],
    ...scopes.flatMap((scope) => ["--scope", scope]),
    ...(source.prefix === undefined ? [] : ["--prefix", source.prefix]),
  ];
  const env = { ...process.env, BFF_STORE_FILE: storeFile, DATABASE_URL: "" };
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { env, timeout: 60_000 });
  return stdout.trim().split(/\s+/).at(-1) ?? "";
}
