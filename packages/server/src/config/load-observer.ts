import type { ConfigFault, Environment } from "@protobff/runtime/internal/environment/env-reader";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { ResponseStartEvent, Trace } from "@protobff/runtime/internal/observer-requests";
import { importModule } from "./import-module.ts";

/** In the order of their page in the documentation. */
const EVENTS = [
  "upstream",
  "responseStart",
  "callStart",
  "call",
  "attempt",
  "cache",
  "joined",
  "limited",
  "shed",
  "shedding",
  "resolver",
  "response",
  "breaker",
  "ejection",
  "audit",
  "certificate",
] as const;

/** Wraps an observer, which must not affect the server: its failures are reported and change nothing else. */
export function harmless(observer: Observer, failed: (event: string, thrown: unknown) => void): Observer {
  const guarded =
    (name: (typeof EVENTS)[number], run: (event: never) => unknown) =>
    (event: never): void => {
      try {
        const ended = run.call(observer, event);
        if (ended instanceof Promise) ended.catch((thrown: unknown) => failed(name, thrown));
      } catch (thrown) {
        failed(name, thrown);
      }
    };
  const begin = (event: ResponseStartEvent): Trace | undefined => {
    try {
      const trace = observer.responseStart?.(event);
      return trace && { onCall: harmlessTrace(trace, failed) };
    } catch (thrown) {
      failed("responseStart", thrown);
      return undefined;
    }
  };
  const all = EVENTS.flatMap((name) => {
    const run = observer[name];
    return run === undefined ? [] : [[name, name === "responseStart" ? begin : guarded(name, run)] as const];
  });
  return Object.fromEntries(all) as Observer;
}

function harmlessTrace(trace: Trace, failed: (event: string, thrown: unknown) => void): Trace["onCall"] {
  return (call, headers = {}) => {
    try {
      return trace.onCall(call, headers);
    } catch (thrown) {
      failed("responseStart", thrown);
      return headers;
    }
  };
}

/** Imports the module in BFF_OBSERVER, and returns its export `observer`. Undefined if the variable is not set. */
export async function loadObserver(
  source: Environment,
): Promise<{ readonly observer?: Observer; readonly faults: readonly ConfigFault[] }> {
  const path = source.BFF_OBSERVER || undefined;
  if (path === undefined) return { faults: [] };
  const remedy = `the path of a module that exports \`observer\`, an object with functions for some of ${EVENTS.join(", ")}`;
  const fault = (problem: string) => ({ faults: [{ variable: "BFF_OBSERVER", problem, remedy }] });
  const is = `is ${JSON.stringify(path)}, `;
  const { exports, problem } = await importModule(path);
  if (exports === undefined) return fault(`${is}${problem}`);
  const { observer } = exports;
  if (typeof observer !== "object" || observer === null) return fault(`${is}which exports no object \`observer\``);
  const functions = observer as Readonly<Record<string, unknown>>;
  const wrong = EVENTS.filter((name) => functions[name] !== undefined && typeof functions[name] !== "function");
  if (wrong.length > 0) return fault(`${is}whose \`observer\` has no function as ${wrong.join(", ")}`);
  if (EVENTS.every((name) => functions[name] === undefined))
    return fault(`${is}whose \`observer\` has no function for a known event`);
  return { observer, faults: [] };
}
