import { type ConfigFault, type Environment, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { addressFault } from "@protobff/runtime/internal/redis/redis-address";

/** Loads the package for Redis, and checks the addresses in these variables, of which one is set. */
export async function redisFaults(source: Environment, variables: readonly string[]): Promise<readonly ConfigFault[]> {
  const faults: ConfigFault[] = [];
  const read = new EnvReader(source, faults);
  const addresses = variables.flatMap((name) => {
    const url = read.optional(name);
    return url === undefined ? [] : [[name, url] as const];
  });
  for (const [name, url] of addresses) {
    const [problem, remedy = ""] = addressFault(url) ?? [];
    if (problem !== undefined) read.fault(name, problem, remedy);
  }
  await import("@protobff/runtime/internal/redis/redis-client").catch(() =>
    read.fault("@redis/client", `is not installed, which ${addresses[0]?.[0]} needs`, "npm install @redis/client@6"),
  );
  return faults;
}
