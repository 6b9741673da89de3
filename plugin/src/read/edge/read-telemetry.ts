import type { Telemetry } from "@protobff/messages/options.js";
import { fault, type Report, type Sourced } from "../../diagnostic/diagnostic.ts";
import type { IrTelemetry } from "../../ir/edge.ts";
import { isEmpty } from "../steps/read-policy.ts";
import { checkUnique } from "../values/names.ts";
import { type Declared, duration, expressions, sourced } from "../values/values.ts";
import { readMeters } from "./read-meters.ts";

/** Reads the telemetry of the rpcs of a package. */
export function readTelemetry(declared: Declared<Telemetry>, report: Report): IrTelemetry {
  const { value, place } = declared;
  if (isEmpty(value)) {
    fault(report, "BFF124", place.at, {
      message: "this `telemetry` sets no option",
      hint: "leave it out, because the environment sets the sampling of traces, or add `sample`, `slow`, `attribute` or `meter`",
    });
  }
  const attributes = expressions(value.attribute, place, "attribute", report);
  checkUnique(
    attributes,
    "BFF142",
    (text) => `the attribute "${text}" is in the list twice`,
    "leave out one of them: the name of an attribute is its expression",
    report,
  );
  return {
    at: place.at,
    attributes,
    sample: shareOf(declared, report),
    slow: duration(value.slow, place, "slow", report),
    meters: readMeters(value.meter, place, report),
  };
}

/** From 0 to 1. */
function shareOf({ value, place }: Declared<Telemetry>, report: Report): Sourced<number> | undefined {
  const found = sourced(value.sample, place, "sample");
  if (found === undefined || (found.value >= 0 && found.value <= 1)) return found;
  const percent = found.value > 1 && found.value <= 100 ? `: write ${found.value / 100} for ${found.value} %` : "";
  fault(report, "BFF104", found.at, {
    message: `"sample" is ${found.value}, which is not a ratio`,
    hint: `write a number from 0 to 1${percent}`,
  });
  return undefined;
}
