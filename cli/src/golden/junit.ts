import type { Exchanged } from "./exchange.ts";

/** One case of a report. */
export interface JunitCase {
  readonly group: string;
  readonly name: string;
  /** Empty: it has passed. */
  readonly faults: readonly string[];
  /** Reason why it was not run. */
  readonly skipped: string | undefined;
  readonly seconds: number;
}

/**
 * Renders results as a report of JUnit, with one case per request, in the form of the schema `junit-10.xsd` of Jenkins.
 *
 * @param path of the golden file
 */
export function renderJunit(path: string, exchanged: readonly Exchanged[]): string {
  const cases = exchanged.map(({ index, method, faults, skipped, seconds }) => {
    const [group = "", rpc = ""] = method.split("/");
    return { group, name: `${rpc} (example ${index})`, faults, skipped, seconds };
  });
  return renderCases("protobff golden", path, cases);
}

/** @param suite name of the report @param path of the file that lists the cases */
export function renderCases(suite: string, path: string, cases: readonly JunitCase[]): string {
  const failures = cases.filter(({ faults }) => faults.length > 0).length;
  const skipped = cases.filter(({ skipped: reason }) => reason !== undefined).length;
  const seconds = cases.reduce((total, { seconds: duration }) => total + duration, 0);
  const counts = attributes({ tests: cases.length, failures, errors: 0 });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: suite })}${counts}>`,
    `  <testsuite${attributes({ name: path })}${counts}${attributes({ skipped, time: seconds.toFixed(3) })}>`,
    ...cases.map(testCase),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function testCase({ group, name: ofCase, faults, skipped, seconds }: JunitCase): string {
  const name = attributes({ classname: group, name: ofCase, time: seconds.toFixed(3) });
  const [first] = faults;
  const result =
    first === undefined
      ? skipped && `<skipped${attributes({ message: skipped })}/>`
      : `<failure${attributes({ type: "failure", message: first })}>${escaped(faults.join("\n"))}</failure>`;
  return result === undefined ? `    <testcase${name}/>` : `    <testcase${name}>${result}</testcase>`;
}

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join("");

/** XML 1.0 has no form for other control characters and for halves of surrogate pairs. */
const escaped = (text: string): string =>
  text
    .replace(/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replace(/[&<>"\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
