// Host names of routes. An implementation looks only at the routes of the nearest host name, so each has all its paths.
import type { ServedRpc } from "./served-server.ts";

/** The rpcs that certain host names admit. */
export interface HostGroup {
  /** Empty: every host of the gateway's listeners. */
  readonly hostnames: readonly string[];
  /** Notes on host names that are left out. */
  readonly notes: readonly string[];
  readonly rpcs: readonly ServedRpc[];
}

/** Limit of HTTPRoute and GRPCRoute. */
const MAX_HOSTNAMES = 16;

/** Groups rpcs by the host names that admit them. Entries with holes are known only to the server. */
export function hostGroups(rpcs: readonly ServedRpc[]): readonly HostGroup[] {
  const names = [...new Set(rpcs.flatMap(({ hosts }) => hosts.filter(isKnown)))];
  const admitted = names.map((name) => ({ name, rpcs: rpcs.filter(({ hosts }) => admits(hosts, name)) }));
  const groups = Map.groupBy(admitted, (of) => of.rpcs.map((rpc) => rpc.name).join());
  const rest = rpcs.filter(({ hosts }) => !hosts.some(isKnown));
  return [
    ...[...groups.values()].map((group) =>
      groupOf(
        group.map(({ name }) => name),
        group[0]?.rpcs ?? [],
      ),
    ),
    ...(rest.length === 0 ? [] : [groupOf([], rest)]),
  ];
}

function groupOf(names: readonly string[], rpcs: readonly ServedRpc[]): HostGroup {
  const holes = [...new Set(rpcs.flatMap(({ hosts }) => hosts.filter((host) => !isKnown(host))))];
  const tooMany = names.length > MAX_HOSTNAMES;
  return {
    hostnames: tooMany ? [] : names,
    notes: [
      ...(holes.length === 0
        ? []
        : [`Host names that the server reads at its start, for an overlay: ${holes.join(", ")}`]),
      ...(tooMany
        ? [`${names.length} host names are more than the ${MAX_HOSTNAMES} of a route. The server refuses other hosts.`]
        : []),
    ],
    rpcs,
  };
}

const isKnown = (host: string): boolean => !host.includes("{");

/** Returns true if requests to the host, or to all hosts of a wildcard, are admitted. */
const admits = (hosts: readonly string[], name: string): boolean =>
  hosts.length === 0 || hosts.some((host) => host === name || (host.startsWith("*.") && name.endsWith(host.slice(1))));
