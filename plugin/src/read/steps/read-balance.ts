import type { Balance } from "@protobff/messages/options.js";
import { caution, fault, type Report, type Sourced } from "../../diagnostic/diagnostic.ts";
import type { IrBalance } from "../../ir/step.ts";
import { count, type Declared, duration, ratio, sourced } from "../values/values.ts";
import { isEmpty } from "./read-policy.ts";

/** Longest ejection of an address, in milliseconds, even after many ejections in a row (runtime.md, "Balancing"). */
const MAX_EJECTION_MS = 300_000;
/** Shortest time between resolutions, in milliseconds. Caches along the way do not refresh more often. */
const SHORTEST_REFRESH_MS = 1_000;
const MAX_CONNECTIONS = 8;
/** As in the runtime: with fewer, one failure of an address is a large share of the calls. */
const MIN_SUBSET = 3;

/** Reads the distribution of calls over the addresses of an upstream. */
export function readBalance(declared: Declared<Balance>, report: Report): IrBalance {
  const { value, place } = declared;
  checkEffect(declared, report);
  const connections = count(
    value.connections,
    place,
    "connections",
    "write the number of connections to each address",
    report,
  );
  return {
    at: place.at,
    ejectAfter: count(
      value.ejectAfter,
      place,
      "eject_after",
      "write at least 1, or `max_ejected: 0` to eject no address",
      report,
    ),
    ejectFor: within(
      duration(value.ejectFor, place, "eject_for", report),
      (ms) => ms <= MAX_EJECTION_MS,
      {
        message: `"eject_for" is ${JSON.stringify(value.ejectFor)}: an address is ejected for at most 5 minutes`,
        hint: 'write at most "5m"; an address that still fails is ejected again, each time for longer',
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
        hint: 'write at least "1s"; after the loss of a connection the name is resolved immediately',
      },
      report,
    ),
    connections: within(
      connections,
      (number) => number <= MAX_CONNECTIONS,
      {
        message: `"connections" is ${connections?.value}: an address has at most ${MAX_CONNECTIONS} connections`,
        hint: `write at most ${MAX_CONNECTIONS}; one connection carries as many simultaneous calls as the upstream allows`,
      },
      report,
    ),
    subset: readSubset(declared, report),
  };
}

function readSubset({ value, place }: Declared<Balance>, report: Report): Sourced<number> | undefined {
  const subset = sourced(value.subset, place, "subset");
  return within(
    subset,
    (number) => number >= MIN_SUBSET,
    {
      message: `"subset" is ${subset?.value}: a process uses at least ${MIN_SUBSET} addresses`,
      hint: `write at least ${MIN_SUBSET}, or leave it out`,
    },
    report,
  );
}

/** Options that are missing, or without effect. */
function checkEffect({ value, place }: Declared<Balance>, report: Report): void {
  if (isEmpty(value))
    caution(report, "BFF141", place.at, {
      message: 'this "balance" sets no option',
      hint: "add the options that differ from the defaults, or leave it out",
    });
  if (value.maxEjected === 0 && (value.ejectAfter !== undefined || value.ejectFor !== undefined))
    caution(report, "BFF143", place.field("max_ejected").at, {
      message: "`max_ejected: 0` ejects no address: `eject_after` and `eject_for` have no effect",
      hint: "leave out `eject_after` and `eject_for`",
    });
}

function within(
  found: Sourced<number> | undefined,
  ok: (number: number) => boolean,
  { message, hint }: { readonly message: string; readonly hint: string },
  report: Report,
): Sourced<number> | undefined {
  if (found === undefined || ok(found.value)) return found;
  return fault(report, "BFF159", found.at, { message, hint });
}
