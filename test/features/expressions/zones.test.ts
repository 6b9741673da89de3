// What is a time zone is judged twice: by the compiler, of a literal, and by the runtime, of any text. Neither may import the other.
import fc from "fast-check";
import { expect, test } from "vitest";
import { literalFault } from "../../../plugin/src/cel/types/literals/literal.ts";
import { formatTime } from "../../../runtime/src/expressions/conversion/time-format.ts";
import { truncateTime } from "../../../runtime/src/expressions/time/calendar.ts";
import { fullYear, hours } from "../../../runtime/src/expressions/time/time.ts";

const at = { file: "", line: 1, column: 1, endLine: 1, endColumn: 1 };
const literal = (value: string) =>
  ({ kind: "constant", value, type: { kind: "string" }, proto: undefined, fails: false, at }) as const;
const time = { seconds: 1_700_000_000n, nanos: 0 };

/** By overload: what the compiler is given before the zone, and what the runtime does. */
const FUNCTIONS: Readonly<Record<string, readonly [before: readonly string[], run: (zone: string) => unknown]>> = {
  timestamp_getHours: [[], (zone) => hours(time, zone)],
  timestamp_getFullYear: [[], (zone) => fullYear(time, zone)],
  timestamp_format: [["HH"], (zone) => formatTime(time, "HH", zone)],
  timestamp_truncate: [["day"], (zone) => truncateTime(time, "day", zone)],
};

function compiler(overload: string, zone: string): boolean {
  const before = FUNCTIONS[overload]![0];
  return literalFault(overload, [literal("now"), ...before.map(literal), literal(zone)]) === undefined;
}
function runtime(overload: string, zone: string): boolean {
  try {
    FUNCTIONS[overload]![1](zone);
    return true;
  } catch {
    return false;
  }
}

const CASES: readonly (readonly [zone: string, is: boolean])[] = [
  ["Europe/Berlin", true],
  ["America/Argentina/Buenos_Aires", true],
  ["Asia/Calcutta", true], // an old name, a link
  ["Etc/GMT+5", true],
  ["EST5EDT", true],
  ["UTC", true],
  ["GMT", true],
  ["", true],
  ["+02:00", true],
  ["-23:59", true],
  ["02:30", true],
  ["Foo", false],
  ["Europe/Berlina", false],
  ["europe/berlin", false],
  ["Europe/BERLIN", false],
  ["utc", false],
  ["PST", false],
  ["IST", false],
  ["SystemV/PST8PDT", false],
  ["+0200", false],
  ["+2:00", false],
  ["+24:00", false],
  ["+02", false],
  ["02", false],
  ["Z", false],
  [" UTC", false],
  ["Europe/Berlin ", false],
];
const overloads = Object.keys(FUNCTIONS);

test.each(overloads)(
  "%s: the zones of a list are valid for both the compiler and the runtime, or for neither",
  (overload) => {
    const found = CASES.map(([zone]) => [zone, compiler(overload, zone), runtime(overload, zone)]);
    expect(found).toEqual(CASES.map(([zone, is]) => [zone, is, is]));
  },
);

test("all zones of Intl, in several spellings, are valid for both the compiler and the runtime, or for neither", () => {
  const known = Intl.supportedValuesOf("timeZone");
  expect(known.length).toBeGreaterThan(300);
  expect(known.filter((zone) => !compiler("timestamp_getHours", zone))).toEqual([]);
  const spelt = known.flatMap((zone) => [zone, zone.toUpperCase(), zone.toLowerCase(), zone.slice(1), `${zone}0`]);
  const differ = spelt.filter((zone) => compiler("timestamp_getHours", zone) !== runtime("timestamp_getHours", zone));
  expect(differ).toEqual([]);
});

test("any text is a zone for both the compiler and the runtime, or for neither", () => {
  const part = fc.constantFrom(
    ..."+-:0125/_AEPSTUCZgm ",
    "Etc/",
    "GMT",
    "Europe/",
    "Berlin",
    "UTC",
    "SystemV/",
    "\u0000",
    "ü",
  );
  const text = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(
      text,
      fc.constantFrom(...overloads),
      (zone, overload) => compiler(overload, zone) === runtime(overload, zone),
    ),
    { numRuns: 5_000 },
  );
});
