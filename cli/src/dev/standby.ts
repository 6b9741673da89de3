// Process of a server before its start: it loads modules that no save changes and waits, so that a restart takes little
// time. `child.ts` starts this program with a module of the project as its argument, from which packages are resolved.
import { createRequire, enableCompileCache, findPackageJSON, registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Order, Report } from "./orders.ts";

const [node = "", , from = ""] = process.argv;

function report(message: Report): void {
  if (process.connected) process.send?.(message);
}

// A change of a loaded file requires a restart.
let loaded = new Set<string>();
/** Folders of protobff's packages, as URLs. */
const packages: string[] = [];
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    if (found.url.startsWith("file:")) {
      if (loaded.size === 0) setImmediate(reportLoaded);
      loaded.add(found.url);
    }
    return found;
  },
});
function reportLoaded(): void {
  const all = [...loaded];
  const paths = all.filter((url) => !url.includes("/node_modules/")).map((url) => fileURLToPath(url));
  const urls = all.filter((url) => packages.some((folder) => url.startsWith(folder)));
  if (all.length > 0) report({ kind: "loaded", paths, urls });
  loaded = new Set();
}

process.on("exit", () => report({ kind: "exiting" }));
// The servers end with `dev`, even if `dev` is killed.
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));

process.on("message", async (order: Order) => {
  if (order.kind === "prepare") {
    try {
      for (const path of order.modules) await import(pathToFileURL(path).href);
      reportLoaded();
      report({ kind: "prepared" });
    } catch (error) {
      reportLoaded();
      report({ kind: "unprepared", message: textOf(error), code: (error as NodeJS.ErrnoException | undefined)?.code });
    }
    return;
  }
  if (order.kind === "preload") {
    // The server reports a module that is missing when it loads it.
    for (const url of order.urls) await import(url).catch(() => {});
    return;
  }
  process.argv = [node, order.file, ...order.args];
  Object.assign(process.env, order.env);
  // An error ends the process, as with `node <file>`.
  await import(pathToFileURL(order.file).href);
});

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Frames inside Node are no help with the user's file.
  const lines = (error.stack ?? error.message).split("\n");
  return lines.filter((line) => !/^\s+at .*\(?node:internal\//.test(line)).join("\n");
}

/** Packages that generated servers and their mocks import. */
const LOADED = [
  "@protobff/server",
  "@protobff/runtime",
  "@protobff/messages/bff/v1/options_pb.js",
  "@protobff/testing",
];

enableCompileCache();
const { resolve } = createRequire(from);
for (const name of LOADED) {
  try {
    const { href } = pathToFileURL(resolve(name));
    packages.push(new URL(".", pathToFileURL(findPackageJSON(href) ?? "/")).href);
    await import(href);
  } catch {
    // A missing package is reported by the user's module when it starts.
  }
}
