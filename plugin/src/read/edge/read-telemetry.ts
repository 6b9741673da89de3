import type { Bind, Meter, Telemetry, Usage } from "@protobff/messages/options.js";
import { fault, type Report, type Sourced, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrMeter, IrTelemetry, IrUsage } from "../../ir/edge.ts";
import type { Place } from "../source/place.ts";
import { isEmpty } from "../steps/read-policy.ts";
import { checkDistinct, checkUnique } from "../values/names.ts";
import { children, type Declared, duration, expression, expressions, sourced, text } from "../values/values.ts";

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
  return fault(report, "BFF104", found.at, {
    message: `"sample" is ${found.value}, which is not a ratio`,
    hint: `write a number from 0 to 1${percent}`,
  });
}

/** Labels with a meaning in these metrics, in Prometheus or in its scrapes. */
const TAKEN: ReadonlySet<string> = new Set(["rpc_method", "left_out", "le", "quantile", "job", "instance"]);

/** Reads the meters of a `telemetry`, except for those with a fault. */
function readMeters(values: readonly Meter[], parent: Place, report: Report): readonly IrMeter[] {
  const meters = children(values, parent, "meter").flatMap((declared) => readMeter(declared, report) ?? []);
  checkDistinct(
    meters,
    "BFF108",
    (name) => `the meter "${name}" is declared twice`,
    "leave out one of them, or choose another name",
    report,
  );
  return meters;
}

function readMeter(declared: Declared<Meter>, report: Report): IrMeter | undefined {
  const { value, place } = declared;
  const named = namedValue(declared, "meter", report);
  const labels = children(value.label, place, "label").map((label) => readLabel(label, report));
  checkDistinct(labels, "BFF108", (name) => `the label "${name}" is set twice`, "leave out one of them", report);
  const sound = labels.filter((label) => label !== undefined);
  return named === undefined || sound.length < labels.length ? undefined : { at: place.at, ...named, labels: sound };
}

function readLabel(declared: Declared<Bind>, report: Report): NamedValue | undefined {
  const { value, place } = declared;
  for (const other of ["if", "spread"] as const) {
    if (value[other] === undefined) continue;
    return fault(report, "BFF197", place.field(other).at, {
      message: `a label of a meter has no "${other}"`,
      hint: 'write `{ name: "…" by: "…" }`',
    });
  }
  const named = namedValue(declared, "label", report);
  if (named === undefined || !TAKEN.has(named.name.value)) return named;
  return fault(report, "BFF197", named.name.at, {
    message: `the label "${named.name.value}" has another meaning in metrics`,
    hint: `choose another name, as in "request_${named.name.value}"`,
  });
}

interface NamedValue {
  readonly name: Text;
  readonly by: Text;
}

/** Names of labels begin with a letter: Prometheus keeps names with `__` in front. */
const NAMES = { meter: /^[a-z0-9_]+$/, label: /^[a-z][a-z0-9_]*$/ };

/** Returns undefined after a diagnostic. */
function namedValue(
  { value, place }: Declared<{ readonly name?: string | undefined; readonly by?: string | undefined }>,
  what: keyof typeof NAMES,
  report: Report,
): NamedValue | undefined {
  const name = text(value.name, place, "name");
  const by = expression(value.by, place, "by", report);
  if (name === undefined || by === undefined)
    return fault(report, "BFF197", place.at, {
      message: `this ${what} has no "${name === undefined ? "name" : "by"}"`,
      hint: 'write `{ name: "…" by: "…" }`',
    });
  if (NAMES[what].test(name.value)) return { name, by };
  const like = name.value.toLowerCase().replace(/[^a-z0-9]+/g, "_");
  const letters = what === "meter" ? "" : ", and begin with a letter";
  return fault(report, "BFF197", name.at, {
    message: `${JSON.stringify(name.value)} is not a valid name of a ${what}`,
    hint:
      NAMES[what].test(like) && like !== "_"
        ? `write "${like}"`
        : `write lower-case letters, digits and underscores only${letters}`,
  });
}

/** Reads the usage events of a package. A field with a fault is left out. */
export function readUsage({ value, place }: Declared<Usage>, report: Report): IrUsage {
  const fields = children(value.field, place, "field").flatMap((declared) => readField(declared, report) ?? []);
  checkDistinct(fields, "BFF108", (name) => `the field "${name}" is set twice`, "leave out one of them", report);
  return { at: place.at, subject: readSubject(text(value.subject, place, "subject"), report), fields };
}

function readSubject(subject: Text | undefined, report: Report): Text | undefined {
  if (subject === undefined || /^[^\s.*>]+(\.[^\s.*>]+)*$/.test(subject.value)) return subject;
  const hint = 'write words with dots between them, as in "usage.shop"';
  return fault(report, "BFF440", subject.at, {
    message: `${JSON.stringify(subject.value)} is not a subject of one event`,
    hint,
  });
}

const HINT = 'write `{ name: "…" by: "…" }`';

function readField({ value, place }: Declared<Bind>, report: Report): IrUsage["fields"][number] | undefined {
  for (const other of ["if", "spread", "fields", "reveal"] as const) {
    if (value[other] === undefined) continue;
    return fault(report, "BFF440", place.field(other).at, {
      message: `a field of \`usage\` has no "${other}"`,
      hint: HINT,
    });
  }
  const name = text(value.name, place, "name");
  const by = expression(value.by, place, "by", report);
  if (name === undefined || by === undefined) {
    const missing = name === undefined ? "name" : "by";
    return fault(report, "BFF440", place.at, { message: `this field of \`usage\` has no "${missing}"`, hint: HINT });
  }
  if (/^[a-z][a-z0-9_]*$/.test(name.value)) return { name, by };
  return fault(report, "BFF440", name.at, {
    message: `${JSON.stringify(name.value)} is not a valid name of a field`,
    hint: "write lower-case letters, digits and underscores only, and begin with a letter",
  });
}
