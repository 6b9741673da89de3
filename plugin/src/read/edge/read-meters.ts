import type { Bind, Meter } from "@protobff/messages/options.js";
import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrMeter } from "../../ir/edge.ts";
import type { Place } from "../source/place.ts";
import { checkUnique } from "../values/names.ts";
import { children, type Declared, expression, text } from "../values/values.ts";

/** Labels with a meaning in these metrics, in Prometheus or in its scrapes. */
const TAKEN: ReadonlySet<string> = new Set(["rpc_method", "left_out", "le", "quantile", "job", "instance"]);

/** Reads the meters of a `telemetry`, except for those with a fault. */
export function readMeters(values: readonly Meter[], parent: Place, report: Report): readonly IrMeter[] {
  const meters = children(values, parent, "meter").flatMap((declared) => readMeter(declared, report) ?? []);
  checkUnique(
    meters.map(({ name }) => name),
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
  checkUnique(
    labels.map((label) => label?.name),
    "BFF108",
    (name) => `the label "${name}" is set twice`,
    "leave out one of them",
    report,
  );
  const sound = labels.filter((label) => label !== undefined);
  return named === undefined || sound.length < labels.length ? undefined : { at: place.at, ...named, labels: sound };
}

function readLabel(declared: Declared<Bind>, report: Report): NamedValue | undefined {
  const { value, place } = declared;
  for (const other of ["if", "spread"] as const) {
    if (value[other] === undefined) continue;
    fault(report, "BFF197", place.field(other).at, {
      message: `a label of a meter has no "${other}"`,
      hint: 'write `{ name: "…" by: "…" }`',
    });
    return undefined;
  }
  const named = namedValue(declared, "label", report);
  if (named === undefined || !TAKEN.has(named.name.value)) return named;
  fault(report, "BFF197", named.name.at, {
    message: `the label "${named.name.value}" has another meaning in metrics`,
    hint: `choose another name, as in "request_${named.name.value}"`,
  });
  return undefined;
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
  if (name === undefined || by === undefined) {
    fault(report, "BFF197", place.at, {
      message: `this ${what} has no "${name === undefined ? "name" : "by"}"`,
      hint: 'write `{ name: "…" by: "…" }`',
    });
    return undefined;
  }
  if (NAMES[what].test(name.value)) return { name, by };
  const like = name.value.toLowerCase().replace(/[^a-z0-9]+/g, "_");
  const letters = what === "meter" ? "" : ", and begin with a letter";
  fault(report, "BFF197", name.at, {
    message: `${JSON.stringify(name.value)} is not a valid name of a ${what}`,
    hint:
      NAMES[what].test(like) && like !== "_"
        ? `write "${like}"`
        : `write lower-case letters, digits and underscores only${letters}`,
  });
  return undefined;
}
