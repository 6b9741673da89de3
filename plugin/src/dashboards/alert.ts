// An alert, and the series that alerts of rpcs read.
import { anyOf } from "./promql.ts";
import type { Watched, WatchedRpc } from "./watched-server.ts";

export interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly wait: string;
  readonly severity: "page" | "ticket";
  readonly labels?: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description: string;
}

export const COUNT = "rpc_server_call_duration_seconds_count";
export const BY = ["job", "rpc_method"];

/** Selects the rpcs that have this property. */
export const rpcsWith = ({ rpcs }: Watched, property: (rpc: WatchedRpc) => boolean): string =>
  anyOf(
    "rpc_method",
    rpcs.filter(property).map(({ method }) => method),
  );
