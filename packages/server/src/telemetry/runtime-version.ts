import { readFileSync } from "node:fs";

/** The version of this package, as its package.json says; "unknown" where that does not lie beside it, as in a bundle. */
export function runtimeVersion(): string {
  try {
    const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    return String((JSON.parse(text) as { readonly version?: unknown }).version ?? "unknown");
  } catch {
    return "unknown";
  }
}
