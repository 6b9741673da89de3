import { readFileSync } from "node:fs";

/** Returns this package's version from its package.json; "unknown" if that file is missing, as in a bundle. */
export function runtimeVersion(): string {
  try {
    const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    return String((JSON.parse(text) as { readonly version?: unknown }).version ?? "unknown");
  } catch {
    return "unknown";
  }
}
