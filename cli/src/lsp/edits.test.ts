// Every golden as a text that is being edited: cut, shortened, with signs added.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Golden, goldenCases, UPSTREAMS } from "../../../test/support/golden.ts";
import { together } from "../../../test/support/together.ts";
import { complete } from "./features/completion.ts";
import { inlayHints } from "./features/hints.ts";
import { hover } from "./features/hover.ts";
import { definition, references } from "./features/places.ts";
import { planAt } from "./features/plan.ts";
import { semanticTokens } from "./features/tokens.ts";
import { fileOf, offsetOf, type Program } from "./program/program.ts";
import { mentionsIn } from "./program/symbols.ts";
import { programOf } from "./testing/programs.ts";

/** Edits of a run; `PROTOBFF_EDITS=10000` for the whole proof. */
const EDITS = Number(process.env.PROTOBFF_EDITS ?? 2_000);

const cases: readonly Golden[] = goldenCases("emit");
together(
  UPSTREAMS,
  cases.map(({ protos }) => protos),
);

function programOfCase({ protos }: Golden): Program | undefined {
  try {
    return programOf(protos, UPSTREAMS);
  } catch {
    // Some goldens are requests that buf refuses.
    return undefined;
  }
}

describe("fields behind a dot", () => {
  test("are among the offers in every well-typed expression, and in the text cut there", () => {
    const missing: string[] = [];
    let count = 0;
    for (const golden of cases) {
      const program = programOfCase(golden);
      for (const name of Object.keys(golden.protos)) {
        const file = program?.files(name);
        if (program === undefined || file === undefined) continue;
        const text = file.document.getText();
        for (const { expression } of program.textsOf(name)) {
          for (const { meant, at } of expression === undefined ? [] : mentionsIn(expression, program)) {
            if (meant.kind !== "declared" || meant.desc.kind !== "field") continue;
            const offset = offsetOf(file, at);
            const { name: field } = meant.desc;
            // A field between backticks, or in an escape.
            if (text.slice(offset, offset + field.length) !== field || text[offset - 1] === "`") continue;
            count++;
            const offersOf = (edited: string) =>
              complete(program, fileOf(name, file.document.uri, edited), offset).items.map(({ label }) => label);
            for (const edited of [text, text.slice(0, offset)])
              if (!offersOf(edited).includes(field))
                missing.push(`${golden.name} ${at.line}:${at.column} ${field} ${edited === text ? "" : "cut"}`);
          }
        }
      }
    }
    expect(missing).toEqual([]);
    expect(count).toBeGreaterThan(500);
  }, 300_000);
});

describe("random edits", () => {
  const programs = new Map<Golden, Program | undefined>();
  const known = (golden: Golden): Program | undefined => {
    if (!programs.has(golden)) programs.set(golden, programOfCase(golden));
    return programs.get(golden);
  };
  const signs = fc.constantFrom(
    ..."\"'{}[]().,:;/\\ \n?|&x",
    "let: ",
    "by: ",
    "message ",
    "option (bff.v1.field).by = ",
  );
  const edit = fc.record({
    golden: fc.constantFrom(...cases),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.integer({ min: 0, max: 40 }),
    added: signs,
    cut: fc.boolean(),
  });

  test("break no feature", () => {
    fc.assert(
      fc.property(edit, ({ golden, at, removed, added, cut }) => {
        const program = known(golden);
        const [name = ""] = Object.keys(golden.protos);
        const text = golden.protos[name] ?? "";
        const offset = Math.floor(at * text.length);
        const edited = `${text.slice(0, offset)}${added}${cut ? "" : text.slice(offset + removed)}`;
        const file = fileOf(name, `file:///${name}`, edited);
        if (program === undefined) return;
        const cursor = offset + added.length;
        complete(program, file, cursor);
        hover(program, file, cursor);
        definition(program, file, cursor);
        references(program, file, cursor, true);
        planAt(program, file, cursor);
        inlayHints(program, file, 0, edited.length);
        semanticTokens(program, file);
      }),
      { numRuns: EDITS },
    );
  }, 900_000);
});
