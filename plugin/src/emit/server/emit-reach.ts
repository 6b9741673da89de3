// Connection settings of upstreams besides their addresses: options of the clients that `server.ts` creates.

import type { PlanUpstream } from "../../plan/model/calls.ts";
import type { PlanServer } from "../../plan/model/plan.ts";
import type { FileNames } from "../names/file-names.ts";
import { ruleText } from "../services/emit-rest.ts";
import { block, group, type Line, type Lines } from "../text/lines.ts";

/** Prints the settings of upstreams that declare any. */
export function reachLines({ upstreams }: PlanServer, names: FileNames): Lines {
  const rows = upstreams.flatMap((upstream): Line[] => [
    ...reachOf(upstream.name, upstream, names),
    // A branch without a protocol is reached as its upstream.
    ...upstream.branches.flatMap(({ name, protocol }) =>
      protocol === undefined
        ? []
        : reachOf(JSON.stringify(`${upstream.name}.${name}`), { ...upstream, protocol }, names, true),
    ),
  ]);
  return rows.length === 0 ? [] : block(["reach: {"], rows, ["},"]);
}

/** @param always true for an entry without settings, which replaces that of the upstream */
function reachOf(key: string, upstream: PlanUpstream, names: FileNames, always = false): Line[] {
  const rows = [...balanceRows(upstream), ...httpRows(upstream, names), ...connectRows(upstream)];
  if (rows.length === 0) return always ? [[`${key}: {},`]] : [];
  return block([`${key}: {`], rows, ["},"]).slice();
}

function balanceRows({ balance }: PlanUpstream): Line[] {
  if (balance === undefined) return [];
  const { ejectAfter, ejectMs, maxEjected, refreshMs, connections, subset } = balance;
  const all = Object.entries({ ejectAfter, ejectMs, maxEjected, refreshMs, connections, ...(subset && { subset }) });
  return [[`balance: { ${all.map(([name, { value }]) => `${name}: ${group(value)}`).join(", ")} },`]];
}

function connectRows({ protocol }: PlanUpstream): Line[] {
  return protocol?.value === "CONNECT" ? [["connect: true,"]] : [];
}

/** Prints the HTTP rule of each rpc that is called over HTTP. */
function httpRows({ service, http, protocol }: PlanUpstream, names: FileNames): Line[] {
  if (protocol?.value !== "HTTP_JSON") return [];
  const rows = http.map(
    ({ method, rule }): Line => [
      "{ rpc: ",
      names.service(service),
      `.method.${method.localName}, ${ruleText(rule)} }, // ${names.place(rule.ir.path.at)}`,
    ],
  );
  return rows.length === 0 ? [["http: [],"]] : block(["http: ["], rows, ["],"]).slice();
}
