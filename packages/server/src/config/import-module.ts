import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Imports a module of the user's.
 *
 * @param path from the working directory
 * @returns what it exports, or what is wrong with it: the end of a sentence that begins with the path
 */
export async function importModule(
  path: string,
): Promise<
  | { readonly exports: Readonly<Record<string, unknown>>; readonly problem?: undefined }
  | { readonly exports?: undefined; readonly problem: string }
> {
  if (!existsSync(path)) return { problem: "and there is no such file" };
  try {
    return { exports: (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>> };
  } catch (error) {
    return { problem: `which cannot be loaded (${error instanceof Error ? error.message : String(error)})` };
  }
}
