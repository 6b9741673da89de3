import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CaptureError } from "../capture/capture-error.ts";
import { type Declaration, taken } from "./collect.ts";

const SERVERS = new Set(["@protobff/server", "@protobff/server/start"]);

/**
 * Loads a generated `server.ts` without serving it.
 *
 * @throws CaptureError if the file is no generated server
 */
export function loadServer(path: string): Promise<Declaration> {
  const key = resolve(path);
  const known = loaded.get(key) ?? load(path);
  loaded.set(key, known);
  return known;
}
/** A module is evaluated once, and declares its server then. */
const loaded = new Map<string, Promise<Declaration>>();

async function load(path: string): Promise<Declaration> {
  const url = new URL(import.meta.url.endsWith(".ts") ? "./collect.ts" : "./collect.js", import.meta.url).href;
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      SERVERS.has(specifier) ? { url, shortCircuit: true } : next(specifier, context),
  });
  try {
    await import(pathToFileURL(resolve(path)).href);
  } catch (thrown) {
    throw new CaptureError(`${path} cannot be loaded: ${thrown instanceof Error ? thrown.message : thrown}`);
  } finally {
    hooks.deregister();
  }
  const declaration = taken();
  if (declaration === undefined)
    throw new CaptureError(
      `${path} starts no server: pass a generated server.ts, as in --server generated/web/v1/server.ts`,
    );
  return declaration;
}
