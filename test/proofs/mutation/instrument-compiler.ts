// Loads the compiler with a switch at every place that reports. Import it before anything of plugin/src.
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { HOOK, instrument, type Site } from "./sites.ts";

const plugin = new URL("../../../plugin/src/", import.meta.url).href;
/** Code of a diagnostic from a switched-off site. */
const OFF = "BFF000";

const found: Site[] = [];
let off: string | undefined;
let passed = new Set<string>();

Object.assign(globalThis, {
  [HOOK]: (name: string, code: string): string => {
    passed.add(name);
    return name === off ? OFF : code;
  },
});

registerHooks({
  load(url, context, next) {
    const file = url.startsWith(plugin) ? url.slice(plugin.length) : "";
    if (!/^(?!gen\/).*(?<!codes|\.test)\.ts$/.test(file)) return next(url, context);
    const { text, sites } = instrument(file, readFileSync(fileURLToPath(url), "utf8"));
    found.push(...sites);
    return {
      format: "module-typescript",
      source: file === "diagnostic/severity.ts" ? withoutSwitchedOff(text) : text,
      shortCircuit: true,
    };
  },
});

/** All diagnostics pass `withSeverity`, which removes those of the site that is off. */
function withoutSwitchedOff(source: string): string {
  const arrival = "const { code, at, severity } = diagnostic;";
  if (!source.includes(arrival))
    throw new Error(`severity.ts has no more \`${arrival}\`: where do diagnostics arrive?`);
  return source.replace(arrival, `${arrival} if (code === "${OFF}") return undefined;`);
}

/** Returns all sites of the modules loaded until now. */
export function reportSites(): readonly Site[] {
  return found;
}

/** Runs with the diagnostics of a site dropped (undefined: of none), and returns the sites that it passed. */
export function withSiteOff<T>(
  site: Site | undefined,
  run: () => T,
): { readonly result: T; readonly passed: ReadonlySet<string> } {
  off = site?.name;
  passed = new Set();
  try {
    return { result: run(), passed };
  } finally {
    off = undefined;
  }
}
