// The process of a server before it is one: it loads what no save changes and waits, so that the next save has an answer at once. A program of its
// own, started by `child.ts` with a module of the project as its argument, from where packages are found.
import { createRequire, enableCompileCache, registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Order, Report } from "./orders.ts";

const [node = "", , from = ""] = process.argv;

function report(one: Report): void {
  if (process.connected) process.send?.(one);
}

// What is loaded is what a change of has to restart.
let loaded: string[] = [];
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    if (found.url.startsWith("file:") && !found.url.includes("/node_modules/")) {
      if (loaded.length === 0) setImmediate(tellLoaded);
      loaded.push(fileURLToPath(found.url));
    }
    return found;
  },
});
function tellLoaded(): void {
  if (loaded.length > 0) report({ kind: "loaded", paths: loaded });
  loaded = [];
}

// Whatever becomes of `dev`, its servers end with it.
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));

process.on("message", async (order: Order) => {
  if (order.kind === "prepare") {
    try {
      for (const path of order.modules) await import(pathToFileURL(path).href);
      tellLoaded();
      report({ kind: "prepared" });
    } catch (error) {
      tellLoaded();
      report({ kind: "unprepared", message: textOf(error), code: (error as NodeJS.ErrnoException | undefined)?.code });
    }
    return;
  }
  process.argv = [node, order.file, ...order.args];
  Object.assign(process.env, order.env);
  // What it throws ends the process, as with `node <file>`.
  await import(pathToFileURL(order.file).href);
});

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Where Node itself was says nothing about the user's file.
  const lines = (error.stack ?? error.message).split("\n");
  return lines.filter((line) => !/^\s+at .*\(?node:internal\//.test(line)).join("\n");
}

enableCompileCache();
try {
  await import(pathToFileURL(createRequire(from).resolve("@protobff/server")).href);
} catch {
  // Whoever needs it says so when it begins.
}
