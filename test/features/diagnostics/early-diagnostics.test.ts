// Diagnostics that an editor shows of one file, before the others are checked.
import { expect, test } from "vitest";
import { analyzeInSlices } from "../../../plugin/src/compile.ts";
import type { Diagnostic } from "../../../plugin/src/diagnostic/diagnostic.ts";
import { inOrder } from "../../../plugin/src/diagnostic/order.ts";
import { finish } from "../../../plugin/src/slices/sliced.ts";
import { type GoldenCase, goldenCases, parameterOf, requestOf, UPSTREAMS } from "../../support/golden.ts";
import { together } from "../../support/together.ts";

const cases = goldenCases("diagnostics");
together(
  UPSTREAMS,
  cases.map(({ protos }) => protos),
);

function analyzed(golden: GoldenCase, file?: string) {
  const texts = { ...UPSTREAMS, ...golden.protos };
  const request = { ...requestOf(golden), parameter: parameterOf(golden) };
  const early: (readonly Diagnostic[])[] = [];
  const shown = file === undefined ? undefined : { files: () => new Set([file]), found: early.push.bind(early) };
  const { diagnostics } = finish(analyzeInSlices(request, (name) => texts[name], undefined, shown));
  return { early, diagnostics };
}
const linesOf = (diagnostics: readonly Diagnostic[]): readonly string[] =>
  inOrder(diagnostics).map(({ at, code, message }) => `${at.file}:${at.line}:${at.column} ${code} ${message}`);

test("the early ones of a file are complete for its messages, and all of them stay", () => {
  let count = 0;
  for (const golden of cases) {
    for (const file of Object.keys(golden.protos)) {
      const { early, diagnostics } = analyzed(golden, file);
      const [first = [], all = []] = early.map(linesOf);
      const whole = linesOf(diagnostics);
      const gone = first.filter((line) => !whole.includes(line));
      expect(gone, golden.name).toEqual([]);
      const ofFile = (line: string): boolean => line.startsWith(`${file}:`);
      expect(first.filter(ofFile), golden.name).toEqual(all.filter(ofFile));
      count += first.filter(ofFile).length;
    }
  }
  expect(count).toBeGreaterThan(500);
}, 300_000);

test("messages of other files follow, unless they are composed with those of the file", () => {
  const message = (name: string, rule: string): string =>
    `message ${name} { string a = 1 [(bff.v1.field).by = "${rule}"]; }`;
  const file = (imports: string, ...lines: readonly string[]): string =>
    ['syntax = "proto3";\npackage app.v1;\nimport "bff/v1/options.proto";', imports, ...lines].join("\n");
  const service = (name: string): string =>
    `service ${name}Service {\n  option (bff.v1.service) = {};\n  rpc Get${name}(Request) returns (${name}) { option idempotency_level = NO_SIDE_EFFECTS; }\n}`;
  const composer = `message Composer {
  option (bff.v1.message) = { let: { name: "inner" compose: { message: "Inner" } } };
  Inner inner = 1 [(bff.v1.field).by = "inner"];
  string a = 2 [(bff.v1.field).by = "missing_composer"];
}`;
  const protos = {
    "app/v1/inner.proto": file("", "message Request {}", message("Inner", "missing_inner")),
    "app/v1/composer.proto": file('import "app/v1/inner.proto";', service("Composer"), composer),
    "app/v1/other.proto": file('import "app/v1/inner.proto";', service("Other"), message("Other", "missing_other")),
  };
  const named = (all: readonly Diagnostic[] = []) =>
    all.flatMap(({ message }) => /missing_\w+/.exec(message) ?? []).sort();
  const golden = { name: "composed", protos };
  const { early, diagnostics } = analyzed(golden, "app/v1/inner.proto");
  expect(early.map(named)).toEqual([
    ["missing_composer", "missing_inner"],
    ["missing_composer", "missing_inner", "missing_other"],
  ]);
  expect(linesOf(diagnostics)).toEqual(linesOf(analyzed(golden).diagnostics));
});
