// Drift: a directory per change, with what the user sees. `before/` is what the lock was written from (of the BFF too, where it has
// changed since), `after/` the upstream now, `proto/` the BFF now; without `before/` the lock is `bff.lock.json`, or missing.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile } from "../../plugin/src/compile.ts";
import { renderDiagnostics } from "../../plugin/src/diagnostic/render.ts";
import { CODES } from "../../plugin/src/lock/codes.ts";
import { type GoldenCase, goldenCases, textsBelow, UPDATE } from "../support/golden.ts";
import { requestFor } from "../support/request.ts";

type Protos = Readonly<Record<string, string>>;
const PATH = "bff.lock.json";
const cases = goldenCases("diagnostics-lock");

/** The lock that generating writes where there is none. */
function lockOf(protos: Protos, targets: readonly string[]): string {
  const { lock, diagnostics } = compile(requestFor(protos, targets), (file) => protos[file], {
    text: undefined,
    ci: false,
  });
  expect(diagnostics).toEqual([]);
  return lock ?? "";
}

function lockOfCase({ folder, protos }: GoldenCase): string | undefined {
  const before = textsBelow(join(folder, "before"));
  if (Object.keys(before).length === 0) return textsBelow(folder)[PATH];
  return lockOf({ ...protos, ...before }, Object.keys(protos));
}

function changed(one: GoldenCase, parameter = "") {
  const now = { ...one.protos, ...textsBelow(join(one.folder, "after")) };
  const text = lockOfCase(one);
  const request = { ...requestFor(now, Object.keys(one.protos)), parameter };
  const sources = (file: string) => (file === PATH ? text : now[file]);
  const ci = one.name.endsWith("-in-ci");
  return { ...compile(request, sources, { text, ci }), sources };
}

describe("drift", () => {
  test.each(cases)("$name", (one) => {
    const { diagnostics, response, lock, sources } = changed(one);
    const said = `${renderDiagnostics(diagnostics, sources, "text")}\n`;
    const expected = join(one.folder, "expected.txt");
    if (UPDATE) writeFileSync(expected, said);
    expect(said).toBe(textsBelow(one.folder)["expected.txt"]);
    const failed = diagnostics.some(({ severity }) => severity === "error");
    expect(response.error !== "").toBe(failed);
    expect(response.file.length > 0).toBe(!failed);
    // Nothing but `lock_mode=update` accepts a change.
    expect(lock).toBe(undefined);

    const code = /^BFF\d+/.exec(one.name)?.[0];
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toContain(code ?? "BFF912");
  });

  test("every code has a golden", () => {
    const shown = new Set(cases.map(({ name }) => name.slice(0, 6)));
    expect(Object.keys(CODES).filter((code) => !shown.has(code))).toEqual([]);
  });
});
