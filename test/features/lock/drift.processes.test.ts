// Drift: a condition per change, with what the user sees. `before/` is what the lock was written from (of the BFF too, where it has
// changed since), `after/` the upstream now, `proto/` the BFF now; without `before/` the lock is `bff.lock.json`, or missing.
import { describe, expect, test } from "vitest";
import { compile } from "../../../plugin/src/compile.ts";
import { renderDiagnostics } from "../../../plugin/src/diagnostic/render.ts";
import { CODES } from "../../../plugin/src/lock/codes.ts";
import { FOLLOWED, isChange } from "../../../scripts/explanations.ts";
import { type Golden, goldenCases, goldenOf, textsIn } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";

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

function lockOfCase(golden: Golden): string | undefined {
  const before = textsIn(golden, "before");
  if (Object.keys(before).length === 0) return textsIn(golden, PATH)[""];
  return lockOf({ ...golden.protos, ...before }, Object.keys(golden.protos));
}

function changed(golden: Golden, parameter = "") {
  const now = { ...golden.protos, ...textsIn(golden, "after") };
  const text = lockOfCase(golden);
  const request = { ...requestFor(now, Object.keys(golden.protos)), parameter };
  const sources = (file: string) => (file === PATH ? text : now[file]);
  const ci = golden.name.endsWith("-in-ci");
  return { ...compile(request, sources, { text, ci }), sources };
}

/** Of each code the golden with a right example, else its first. */
function explained(): readonly Golden[] {
  return Object.keys(CODES).flatMap((code) => {
    const matches = cases.filter(({ name }) => name.startsWith(`${code}-`));
    return matches.find((golden) => Object.keys(textsIn(golden, "right")).length > 0) ?? matches.slice(0, 1);
  });
}

describe("drift", () => {
  test.each(cases)("$name", (golden) => {
    const { diagnostics, response, lock, sources } = changed(golden);
    const output = `${renderDiagnostics(diagnostics, sources, "text")}\n`;
    expect(output).toBe(goldenOf(golden.archive, `${golden.prefix}expected.txt`, { "": output })[""]);
    const failed = diagnostics.some(({ severity }) => severity === "error");
    expect(response.error !== "").toBe(failed);
    expect(response.file.length > 0).toBe(!failed);
    const code = /^BFF\d+/.exec(golden.name)?.[0];
    // Nothing but `lock_mode=update` accepts a change. A value that was there before is no change.
    if (code !== "BFF569") expect(lock).toBe(undefined);
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toContain(code ?? "BFF912");
  });

  // What docs/diagnostics.md and `protobff explain` show: the BFF follows the upstream, or what has changed is accepted.
  test.each(explained())("$name: its correction has no diagnostics", (golden) => {
    const now = { ...golden.protos, ...textsIn(golden, "after"), ...textsIn(golden, "right") };
    const code = golden.name.slice(0, 6);
    const parameter = isChange(code) && !FOLLOWED.includes(code) ? "lock_mode=update" : "";
    const request = { ...requestFor(now, Object.keys(golden.protos)), parameter };
    const sources = (file: string) => now[file];
    const text = code === "BFF903" ? undefined : lockOfCase(golden);
    const accepted = compile(request, sources, { text, ci: false });
    expect(renderDiagnostics(accepted.diagnostics, sources, "text")).toBe("");
    const after = compile({ ...request, parameter: "" }, sources, { text: accepted.lock ?? text, ci: true });
    expect(renderDiagnostics(after.diagnostics, sources, "text")).toBe("");
  });

  test.each(cases.filter((golden) => Object.keys(textsIn(golden, "followed")).length > 0))(
    "$name: its hint, when followed, leaves no diagnostics",
    (golden) => {
      const { diagnostics, sources } = changed({
        ...golden,
        protos: { ...golden.protos, ...textsIn(golden, "followed") },
      });
      expect(renderDiagnostics(diagnostics, sources, "text")).toBe("");
    },
  );

  test("every code has a golden", () => {
    const shown = new Set(cases.map(({ name }) => name.slice(0, 6)));
    expect(Object.keys(CODES).filter((code) => !shown.has(code))).toEqual([]);
  });
});
