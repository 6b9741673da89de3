import { basename, join, resolve } from "node:path";
import { tryRead } from "protoc-gen-bff/compiler";

/** Returns the name in package.json, or else the name of the folder. */
export function projectName(folder: string): string {
  const fallback = basename(resolve(folder));
  const text = tryRead(join(folder, "package.json"));
  if (text === undefined) return fallback;
  try {
    const { name } = JSON.parse(text) as { readonly name?: unknown };
    return typeof name === "string" && name !== "" ? name : fallback;
  } catch {
    return fallback;
  }
}
