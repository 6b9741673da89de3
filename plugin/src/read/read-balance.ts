import type { Balance } from "@protobff/messages/bff/v1/options_pb.js";
import type { Report } from "../diagnostic/diagnostic.ts";
import type { IrBalance } from "../ir-step.ts";
import type { Sourced } from "../origin.ts";
import { type Declared, sourced } from "./declared.ts";
import { caution, fault } from "./fault.ts";
import { isEmpty } from "./read-policy.ts";
import { count, duration, ratio } from "./values.ts";

/** However often in a row an address is ejected, it is for no longer, in milliseconds (runtime.md, "Balancing"). */
const LONGEST_EJECTION_MS = 300_000;
/** Whoever resolves more often asks for what caches along the way have not asked for themselves. */
const SHORTEST_REFRESH_MS = 1_000;
const MOST_CONNECTIONS = 8;

/** How calls are spread over the addresses of an upstream. */
export function readBalance({ value, place }: Declared<Balance>, report: Report): IrBalance {
  if (isEmpty(value))
    caution(
      report,
      "BFF141",
      place.at,
      'this "balance" says nothing',
      "write what differs from the default, or leave it out",
    );
  const none = value.maxEjected === 0;
  if (none && (value.ejectAfter !== undefined || value.ejectFor !== undefined))
    caution(
      report,
      "BFF143",
      place.field("max_ejected").at,
      "nothing is ejected: what else is said of it here has no effect",
      "leave out `eject_after` and `eject_for`",
    );
  const within = (
    found: Sourced<number> | undefined,
    ok: (number: number) => boolean,
    message: string,
    hint: string,
  ) => {
    if (found === undefined || ok(found.value)) return found;
    fault(report, "BFF159", found.at, message, { hint });
    return undefined;
  };
  const connections = count(
    value.connections,
    place,
    "connections",
    "write how many connections each address gets",
    report,
  );
  return {
    at: place.at,
    ejectAfter: count(
      value.ejectAfter,
      place,
      "eject_after",
      "write 1 or more, or `max_ejected: 0` to eject nothing",
      report,
    ),
    ejectFor: within(
      duration(value.ejectFor, place, "eject_for", report),
      (ms) => ms <= LONGEST_EJECTION_MS,
      `"eject_for" is ${JSON.stringify(value.ejectFor)}: no address is ejected for longer than 5 minutes`,
      'write "5m" or less; an address that stays sick is ejected again, each time for longer',
    ),
    maxEjected: none
      ? sourced(value.maxEjected, place, "max_ejected")
      : ratio(value.maxEjected, place, "max_ejected", report),
    refresh: within(
      duration(value.refresh, place, "refresh", report),
      (ms) => ms >= SHORTEST_REFRESH_MS,
      `"refresh" is ${JSON.stringify(value.refresh)}: names are resolved at most once a second`,
      'write "1s" or more; when a connection is lost the name is resolved at once',
    ),
    connections: within(
      connections,
      (number) => number <= MOST_CONNECTIONS,
      `"connections" is ${connections?.value}: an address has at most ${MOST_CONNECTIONS}`,
      `write ${MOST_CONNECTIONS} or less; one connection carries as many calls at once as the upstream allows`,
    ),
  };
}
