import type { Exchanged } from "./exchange.ts";

/**
 * Renders results as a report of JUnit, with one case per request, in the form of the schema `junit-10.xsd` of Jenkins.
 *
 * @param path of the golden file
 */
export function renderJunit(path: string, exchanged: readonly Exchanged[]): string {
  const failures = exchanged.filter(({ faults }) => faults.length > 0).length;
  const skipped = exchanged.filter(({ skipped: reason }) => reason !== undefined).length;
  const seconds = exchanged.reduce((total, exchange) => total + exchange.seconds, 0);
  const counts = attributes({ tests: exchanged.length, failures, errors: 0 });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: "protobff golden" })}${counts}>`,
    `  <testsuite${attributes({ name: path })}${counts}${attributes({ skipped, time: seconds.toFixed(3) })}>`,
    ...exchanged.map(testCase),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function testCase({ index, method, faults, skipped, seconds }: Exchanged): string {
  const [service = "", rpc = ""] = method.split("/");
  const name = attributes({ classname: service, name: `${rpc} (example ${index})`, time: seconds.toFixed(3) });
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
