// Reports as Python's XML parser (expat) reads them.
import { spawnSync } from "node:child_process";
import { assert, property, string, uniqueArray } from "fast-check";
import { expect, test } from "vitest";
import { renderJunit } from "./junit.ts";

const SCRIPT = `
import json, sys, xml.etree.ElementTree as tree
suites = tree.fromstring(sys.stdin.buffer.read())
print(json.dumps([[c.get("name"), c.find("failure").get("message"), c.find("failure").text] for c in suites.iter("testcase")]))
`;

function readByPython(report: string): unknown {
  const { stdout, stderr } = spawnSync("python3", ["-c", SCRIPT], { input: report, encoding: "utf8" });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}
/** XML has no form for some characters. */
const readable = (text: string): string =>
  text.toWellFormed().replaceAll(/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");

test("any text of a failure is read as it is", () => {
  const texts = uniqueArray(string({ unit: "binary", minLength: 1 }), { minLength: 1, maxLength: 200 });
  const hostile = ["]]>", "<![CDATA[", "&lt;", "\0\u0007\u001b[31m", "\r\n\t ", "\ud800", "\ufffe\uffff", "😀", "\"'"];
  assert(
    property(texts, (found) => {
      const all = [...hostile, ...found];
      const report = renderJunit(
        "a&b.json",
        all.map((text, i) => ({ index: i + 1, method: "a.v1.A/Get", faults: [text], skipped: undefined, seconds: 0 })),
      );
      expect(readByPython(report)).toEqual(
        all.map((text, i) => [`Get (example ${i + 1})`, readable(text), readable(text)]),
      );
    }),
    { numRuns: 20 },
  );
});
