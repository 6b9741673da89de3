import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import { REFLECTION_PATHS, WATCH_PATH } from "./service-paths.ts";
import { defaultFollowersPerCaller, REFLECTION_BOUNDS, StreamAccount, WATCH_BOUNDS } from "./stream-account.ts";

interface StreamAccountsOptions {
  readonly maxFollowers: number;
  /** Undefined: a part of `maxFollowers`. */
  readonly maxFollowersPerCaller: number | undefined;
  readonly fault: ServerFault;
}

/** The accounts of one server: of streams of rpcs, of watches of health, and of reflection. */
export class StreamAccounts {
  readonly followers: StreamAccount;
  readonly #watches = new StreamAccount(WATCH_BOUNDS);
  readonly #reflections = new StreamAccount(REFLECTION_BOUNDS);

  constructor({ maxFollowers: process, maxFollowersPerCaller, fault }: StreamAccountsOptions) {
    const caller = maxFollowersPerCaller ?? defaultFollowersPerCaller(process);
    this.followers = new StreamAccount(
      { process, caller, connection: Number.POSITIVE_INFINITY }, // BFF_MAX_STREAMS bounds it
      { callerVariable: "BFF_MAX_FOLLOWERS_PER_CALLER", fault },
    );
  }
  /** The account of the rpc with this path. */
  at(path: string): StreamAccount {
    if (path === WATCH_PATH) return this.#watches;
    return REFLECTION_PATHS.has(path) ? this.#reflections : this.followers;
  }
}
