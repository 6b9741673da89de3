import { fullName } from "../../model/full-name.ts";
import type { Version } from "../../resolve/model/edge.ts";
import type { PlanVersion } from "../model/plan.ts";

/** Returns the headers and the log text of a deprecated rpc; undefined if the rpc is not deprecated. */
export function planVersion(version: Version | undefined): PlanVersion | undefined {
  if (version === undefined) return undefined;
  const { deprecated, sunset } = version;
  const method = version.successor?.method;
  const successor = method && fullName(method);
  // A date of structured fields (RFC 9745, section 2.1), an HTTP-date (RFC 8594, section 3), and a relation (RFC 5829, section 3.4).
  const headers = [
    ...(deprecated === undefined ? [] : ["deprecation", `@${midnight(deprecated.value) / 1_000}`]),
    ...(sunset === undefined ? [] : ["sunset", new Date(midnight(sunset.value)).toUTCString()]),
    ...(successor === undefined ? [] : ["link", `</${successor}>; rel="successor-version"`]),
  ];
  if (headers.length === 0) return undefined;
  const deprecation = deprecated && { since: deprecated.value, sunset: sunset?.value, successor };
  return { headers, deprecation, successor };
}

const midnight = (day: string): number => Date.parse(`${day}T00:00:00Z`);

/** `deprecated since 2026-11-01, gone from 2027-05-01 on: web.v2.PageService/Get takes its place` */
export function versionText({ deprecation, successor }: PlanVersion): string {
  const since = deprecation && `deprecated since ${deprecation.since}`;
  const gone = deprecation?.sunset && `gone from ${deprecation.sunset} on`;
  const instead = successor && `${successor} takes its place`;
  return [since, gone, instead].filter((part) => part !== undefined).join(", ");
}
