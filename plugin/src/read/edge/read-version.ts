import type { Version } from "@protobff/messages/options.js";
import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrVersion } from "../../ir/edge.ts";
import type { Place } from "../source/place.ts";
import { isEmpty } from "../steps/read-policy.ts";
import { checkMethod, checkReference } from "../values/names.ts";
import { child, text } from "../values/values.ts";

/** Reads the end of an rpc, or of each rpc of a service. */
export function readVersion(
  { version: value }: { readonly version?: Version | undefined },
  within: Place,
  report: Report,
): IrVersion | undefined {
  const declared = child(value, within, "version");
  if (declared === undefined) return undefined;
  const { place } = declared;
  if (isEmpty(declared.value))
    fault(report, "BFF124", place.at, {
      message: "this version sets no option",
      hint: 'add the day of the deprecation, as in `version: { deprecated: "2026-11-01" }`, or leave out `version`',
    });
  const successor = text(declared.value.successor, place, "successor");
  if (successor?.value.includes("/")) checkMethod(successor, report);
  else checkReference(successor, "a service", report);
  const dates = {
    deprecated: text(declared.value.deprecated, place, "deprecated"),
    sunset: text(declared.value.sunset, place, "sunset"),
  };
  const deprecated = day(dates.deprecated, "deprecated", report);
  const sunset = day(dates.sunset, "sunset", report);
  const faulty = deprecated !== dates.deprecated || sunset !== dates.sunset;
  return { kind: "version", at: place.at, deprecated, sunset, successor, faulty };
}

/** A day as ISO 8601 has it; undefined after a diagnostic too. */
function day(found: Text | undefined, name: string, report: Report): Text | undefined {
  if (found === undefined || isDay(found.value)) return found;
  fault(report, "BFF180", found.at, {
    message: `${JSON.stringify(found.value)} of "${name}" is not a day`,
    hint: 'write year, month and day, as in "2026-11-01": the day begins at midnight UTC',
  });
  return undefined;
}

/** Returns true for a day that exists; JavaScript alone would accept the 30th of February. */
function isDay(value: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const time = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value);
}
