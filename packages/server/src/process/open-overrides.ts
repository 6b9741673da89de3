// Overrides of operators: a process without them loads nothing of them.
import type { Message } from "@bufbuild/protobuf";
import { systemClock } from "@protobff/runtime/internal/clock";
import { type ConfigFault, type Environment, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import type { Overrides } from "@protobff/runtime/internal/environment/overrides";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { OpenIdentity } from "@protobff/runtime/internal/identity/spec";
import type { RateLimit } from "@protobff/runtime/internal/limits/rate-limit";

/** Reads the tables that `BFF_OVERRIDES=true` turns on. Undefined: they are off, or have faults, or nothing uses them. */
export async function declaredOverrides(
  source: Environment,
  used: boolean,
  limits: readonly RateLimit[],
): Promise<{ readonly overrides?: Overrides; readonly faults: readonly ConfigFault[] }> {
  const faults: ConfigFault[] = [];
  const read = new EnvReader(source, faults);
  if (!used || !read.bool("BFF_OVERRIDES", "false")) return { faults };
  const { readKeyStore } = await import("@protobff/runtime/internal/identity/api-key/open-store");
  const store = await readKeyStore(read, "BFF_OVERRIDES");
  if (store === undefined) return { faults };
  const { Overrides } = await import("@protobff/runtime/internal/environment/overrides");
  try {
    return { overrides: await Overrides.open(store, systemClock, limits), faults };
  } catch (error) {
    await store.close();
    const why = error instanceof Error ? error.message : String(error);
    read.fault("BFF_OVERRIDES", `is true, and its tables cannot be read (${why})`, "false, or correct the store");
    return { faults };
  }
}

/** Returns the identity with the denylist in front of it. From now on both tables are read every 5 s. */
export async function guarded<P extends Message>(
  identity: OpenIdentity<P> | undefined,
  overrides: Overrides | undefined,
  fault: ServerFault,
): Promise<OpenIdentity<P> | undefined> {
  overrides?.watch(fault);
  if (identity === undefined || overrides === undefined) return identity;
  const { GuardedIdentity } = await import("@protobff/runtime/internal/identity/denylist/denylist");
  return new GuardedIdentity(identity, overrides.denylist);
}
