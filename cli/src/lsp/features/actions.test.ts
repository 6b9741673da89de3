// Quick fixes of the goldens: after a fix its diagnostic is gone, and the text builds.

import { expect, test } from "vitest";
import type { CodeAction } from "vscode-languageserver";
import { goldenCases, UPSTREAMS } from "../../../../test/support/golden.ts";
import { together } from "../../../../test/support/together.ts";
import type { SourceFile } from "../program/program.ts";
import { programOf } from "../testing/programs.ts";
import { diagnosticOf } from "../workspace/publisher.ts";
import { actions } from "./actions.ts";

interface Fix {
  readonly golden: string;
  readonly title: string;
  readonly diagnostic: string;
  /** The golden's protos after the fix. */
  readonly protos: Readonly<Record<string, string>>;
}

const cases = goldenCases("diagnostics");
together(
  UPSTREAMS,
  cases.map(({ protos }) => protos),
);

function applied({ document }: SourceFile, { edit }: CodeAction): string {
  const edits = edit?.changes?.[document.uri] ?? [];
  return edits.reduce((text, { range, newText }) => {
    const [from, to] = [document.offsetAt(range.start), document.offsetAt(range.end)];
    return text.slice(0, from) + newText + text.slice(to);
  }, document.getText());
}

const named = ({ code, message }: { readonly code: string; readonly message: string }): string => `${code} ${message}`;

function fixesOf(golden: (typeof cases)[number]): readonly Fix[] {
  const program = programOf(golden.protos, UPSTREAMS);
  const { diagnostics } = program.analysis;
  return diagnostics.flatMap((finding) => {
    const { file: name } = finding.at;
    const file = golden.protos[name] === undefined ? undefined : program.files(name);
    if (file === undefined) return [];
    return actions(program, file, [diagnosticOf(finding, () => "")]).map((action) => {
      const protos = { ...golden.protos, [name]: applied(file, action) };
      return { golden: golden.name, title: action.title, diagnostic: named(finding), protos };
    });
  });
}

/** A fix may uncover the next mistake, but it leaves no value half. */
const HALF = /has no "(?:name|by|if|method)"$|sets no option$|is not the name of an rpc$/;

function faultOf({ protos, diagnostic }: Fix): string | undefined {
  try {
    const left = programOf(protos, UPSTREAMS).analysis.diagnostics.map(named);
    return left.find((name) => name === diagnostic || HALF.test(name));
  } catch (error) {
    return String(error).slice(0, 300);
  }
}

test("each fix removes its diagnostic, and the text builds", () => {
  const fixes = cases.flatMap(fixesOf);
  together(
    UPSTREAMS,
    fixes.map(({ protos }) => protos),
  );
  const wrong = fixes.flatMap((fix) => {
    const fault = faultOf(fix);
    return fault === undefined ? [] : [`${fix.golden}: ${fix.title}: ${fault}`];
  });
  expect(wrong).toEqual([]);
  expect(fixes.length).toBeGreaterThan(200);
}, 600_000);
