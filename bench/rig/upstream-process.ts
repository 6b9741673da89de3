import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { addressVariables } from "../../examples/dashboard/bff-process.ts";
import { query } from "./server-process.ts";
import type { Behaviour, Order, UpstreamUsage } from "./upstream.ts";

/** The upstreams' process. */
export interface UpstreamProcess {
  /** `<FULL_SERVICE_NAME>_URL` of every service, as servers read them. */
  readonly env: Readonly<Record<string, string>>;
  /** The same by service. */
  readonly urls: Readonly<Record<string, string>>;
  readonly pid: number;
  /** Calls since the start, by path. */
  calls(): Promise<Readonly<Record<string, number>>>;
  /** Sets the behaviour of methods from now on, by path; the other methods answer at once. */
  behave(paths: Readonly<Record<string, Behaviour>>): Promise<void>;
  stop(): Promise<void>;
}

/** @param places where services listen; default: at free ports */
export async function startUpstream(places: Readonly<Record<string, string>> = {}): Promise<UpstreamProcess> {
  const child = fork(fileURLToPath(new URL("./upstream.ts", import.meta.url)), [JSON.stringify(places)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [urls] = (await once(child, "message")) as [Record<string, string>];
  const send = (order: Order) => query<UpstreamUsage>(child, order);
  return {
    env: addressVariables(urls),
    urls,
    pid: child.pid ?? 0,
    calls: async () => (await send({ order: "usage" })).calls,
    behave: async (paths) => {
      await send({ order: "behave", paths });
    },
    stop: async () => {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

/** Returns the number of calls of all methods. */
export function total(calls: Readonly<Record<string, number>>): number {
  return Object.values(calls).reduce((sum, count) => sum + count, 0);
}
