// The denylist: a process without it loads nothing of it.
import type { Message } from "@bufbuild/protobuf";
import { systemClock } from "@protobff/runtime/internal/clock";
import { type ConfigFault, type Environment, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { Denylist } from "@protobff/runtime/internal/identity/denylist/denylist";
import type { OpenIdentity } from "@protobff/runtime/internal/identity/spec";

/** Reads the list that `BFF_OVERRIDES=true` turns on. Undefined: it is off, or has faults, or there is no identity. */
export async function declaredDenylist(
  source: Environment,
  hasIdentity: boolean,
): Promise<{ readonly list?: Denylist; readonly faults: readonly ConfigFault[] }> {
  const faults: ConfigFault[] = [];
  const read = new EnvReader(source, faults);
  if (!hasIdentity || !read.bool("BFF_OVERRIDES", "false")) return { faults };
  const { readKeyStore } = await import("@protobff/runtime/internal/identity/api-key/open-store");
  const store = await readKeyStore(read, "BFF_OVERRIDES");
  if (store === undefined) return { faults };
  const { Denylist } = await import("@protobff/runtime/internal/identity/denylist/denylist");
  try {
    return { list: await Denylist.open(store, systemClock), faults };
  } catch (error) {
    await store.close();
    const why = error instanceof Error ? error.message : String(error);
    read.fault("BFF_OVERRIDES", `is true, and the list cannot be read (${why})`, "false, or make the store available");
    return { faults };
  }
}

/** Returns the identity with the list in front of it. */
export async function guarded<P extends Message>(
  identity: OpenIdentity<P> | undefined,
  list: Denylist | undefined,
  fault: ServerFault,
): Promise<OpenIdentity<P> | undefined> {
  if (identity === undefined || list === undefined) return identity;
  const { GuardedIdentity } = await import("@protobff/runtime/internal/identity/denylist/denylist");
  list.watch(fault);
  return new GuardedIdentity(identity, list);
}
