// Quick fixes of the goldens: a fix gives the text that the golden has after its hint was followed literally.
import { expect, test } from "vitest";
import { goldenCases, textsIn, UPSTREAMS } from "../../../../test/support/golden.ts";
import { together } from "../../../../test/support/together.ts";
import { programOf } from "../testing/programs.ts";
import { diagnosticOf } from "../workspace/publisher.ts";
import { actions } from "./actions.ts";

const cases = goldenCases("diagnostics").filter((golden) => Object.keys(textsIn(golden, "followed")).length > 0);
together(
  UPSTREAMS,
  cases.map(({ protos }) => protos),
);

const withoutBlanks = (text: string): string => text.replace(/\s+/g, "");

test("each fix follows the hint literally", () => {
  const wrong: string[] = [];
  let count = 0;
  for (const golden of cases) {
    const [name = ""] = Object.keys(golden.protos);
    const program = programOf(golden.protos, UPSTREAMS);
    const file = program.files(name);
    if (file === undefined) continue;
    const found = program.analysis.diagnostics
      .filter(({ at }) => at.file === name)
      .map((finding) => diagnosticOf(finding, () => ""));
    const edits = actions(program, file, found).flatMap(({ edit }) => edit?.changes?.[file.document.uri] ?? []);
    if (edits.length === 0) continue;
    count++;
    const { document } = file;
    const fixed = edits
      .toSorted((a, b) => document.offsetAt(b.range.start) - document.offsetAt(a.range.start))
      .reduce((text, { range, newText }) => {
        const [from, to] = [document.offsetAt(range.start), document.offsetAt(range.end)];
        return text.slice(0, from) + newText + text.slice(to);
      }, document.getText());
    const expected = textsIn(golden, "followed")[name] ?? "";
    if (withoutBlanks(fixed) !== withoutBlanks(expected)) wrong.push(`${golden.name}: ${found[0]?.message}\n${fixed}`);
  }
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(30);
}, 300_000);
