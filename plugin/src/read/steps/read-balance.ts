import type { Balance } from "@protobff/messages/bff/v1/options_pb.js";
import type { Report } from "../../diagnostic/diagnostic.ts";
import type { Sourced } from "../../diagnostic/origin.ts";
import type { IrBalance } from "../../ir/step.ts";
import { caution, fault } from "../fault.ts";
import { type Declared, sourced } from "../values/value-place.ts";
import { count, duration, ratio } from "../values/values.ts";
import { isEmpty } from "./read-policy.ts";

/** Longest ejection of an address, in milliseconds, even after many ejections in a row (runtime.md, "Balancing"). */
const LONGEST_EJECTION_MS = 300_000;
/** Shortest time between resolutions, in milliseconds. Caches along the way do not refresh more often. */
const SHORTEST_REFRESH_MS = 1_000;
const MOST_CONNECTIONS = 8;

/** Reads the distribution of calls over the addresses of an upstream. */
export function readBalance(declared: Declared<Balance>, report: Report): IrBalance {
  const { value, place } = declared;
  checkEffect(declared, report);
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
      {
        message: `"eject_for" is ${JSON.stringify(value.ejectFor)}: no address is ejected for longer than 5 minutes`,
        hint: 'write "5m" or less; an address that stays sick is ejected again, each time for longer',
      },
      report,
    ),
    maxEjected:
      value.maxEjected === 0
        ? sourced(value.maxEjected, place, "max_ejected")
        : ratio(value.maxEjected, place, "max_ejected", report),
    refresh: within(
      duration(value.refresh, place, "refresh", report),
      (ms) => ms >= SHORTEST_REFRESH_MS,
      {
        message: `"refresh" is ${JSON.stringify(value.refresh)}: names are resolved at most once a second`,
        hint: 'write "1s" or more; when a connection is lost the name is resolved at once',
      },
      report,
    ),
    connections: within(
      connections,
      (number) => number <= MOST_CONNECTIONS,
      {
        message: `"connections" is ${connections?.value}: an address has at most ${MOST_CONNECTIONS}`,
        hint: `write ${MOST_CONNECTIONS} or less; one connection carries as many calls at once as the upstream allows`,
      },
      report,
    ),
  };
}

/** Options that are missing, or without effect. */
function checkEffect({ value, place }: Declared<Balance>, report: Report): void {
  if (isEmpty(value))
    caution(
      report,
      "BFF141",
      place.at,
      'this "balance" says nothing',
      "write what differs from the default, or leave it out",
    );
  if (value.maxEjected === 0 && (value.ejectAfter !== undefined || value.ejectFor !== undefined))
    caution(
      report,
      "BFF143",
      place.field("max_ejected").at,
      "nothing is ejected: what else is said of it here has no effect",
      "leave out `eject_after` and `eject_for`",
    );
}

function within(
  found: Sourced<number> | undefined,
  ok: (number: number) => boolean,
  { message, hint }: { readonly message: string; readonly hint: string },
  report: Report,
): Sourced<number> | undefined {
  if (found === undefined || ok(found.value)) return found;
  fault(report, "BFF159", found.at, message, { hint });
  return undefined;
}
