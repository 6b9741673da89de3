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
  "resolver",
  "response",
  "breaker",
  "ejection",
  "audit",
  "certificate",
] as const;

/** Wraps an observer, which must not affect the server: its failures are reported and change nothing else. */
export function harmless(own: Observer, failed: (event: string, thrown: unknown) => void): Observer {
  const guarded =
    <Event>(name: (typeof EVENTS)[number], run: (event: Event) => unknown) =>
    (event: Event): void => {
      try {
        const ended = run.call(own, event);
        if (ended instanceof Promise) ended.catch((thrown: unknown) => failed(name, thrown));
      } catch (thrown) {
        failed(name, thrown);
      }
    };
  const begin = (event: ResponseStartEvent): Trace | undefined => {
    try {
      const trace = own.responseStart?.(event);
      return trace && { onCall: harmlessTrace(trace, failed) };
    } catch (thrown) {
      failed("responseStart", thrown);
      return undefined;
    }
  };
  return {
    ...(own.upstream && { upstream: guarded("upstream", own.upstream) }),
    ...(own.responseStart && { responseStart: begin }),
    ...(own.callStart && { callStart: guarded("callStart", own.callStart) }),
    ...(own.call && { call: guarded("call", own.call) }),
    ...(own.attempt && { attempt: guarded("attempt", own.attempt) }),
    ...(own.cache && { cache: guarded("cache", own.cache) }),
    ...(own.joined && { joined: guarded("joined", own.joined) }),
    ...(own.limited && { limited: guarded("limited", own.limited) }),
    ...(own.resolver && { resolver: guarded("resolver", own.resolver) }),
    ...(own.response && { response: guarded("response", own.response) }),
    ...(own.breaker && { breaker: guarded("breaker", own.breaker) }),
    ...(own.ejection && { ejection: guarded("ejection", own.ejection) }),
    ...(own.audit && { audit: guarded("audit", own.audit) }),
    ...(own.certificate && { certificate: guarded("certificate", own.certificate) }),
  };
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
