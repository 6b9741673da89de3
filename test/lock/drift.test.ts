// Drift: a condition per change, with what the user sees. `before/` is what the lock was written from (of the BFF too, where it has
// changed since), `after/` the upstream now, `proto/` the BFF now; without `before/` the lock is `bff.lock.json`, or missing.
import { describe, expect, test } from "vitest";
import { compile } from "../../plugin/src/compile.ts";
import { renderDiagnostics } from "../../plugin/src/diagnostic/render.ts";
import { CODES } from "../../plugin/src/lock/codes.ts";
import { FOLLOWED, isChange } from "../../scripts/explanations.ts";
import { type Golden, goldenCases, goldenOf, textsIn } from "../support/golden.ts";
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

function lockOfCase(one: Golden): string | undefined {
  const before = textsIn(one, "before");
  if (Object.keys(before).length === 0) return textsIn(one, PATH)[""];
  return lockOf({ ...one.protos, ...before }, Object.keys(one.protos));
}

function changed(one: Golden, parameter = "") {
  const now = { ...one.protos, ...textsIn(one, "after") };
  const text = lockOfCase(one);
  const request = { ...requestFor(now, Object.keys(one.protos)), parameter };
  const sources = (file: string) => (file === PATH ? text : now[file]);
  const ci = one.name.endsWith("-in-ci");
  return { ...compile(request, sources, { text, ci }), sources };
}

/** Of each code the golden with a right example, else its first. */
function explained(): readonly Golden[] {
  return Object.keys(CODES).flatMap((code) => {
    const own = cases.filter(({ name }) => name.startsWith(`${code}-`));
    return own.find((one) => Object.keys(textsIn(one, "right")).length > 0) ?? own.slice(0, 1);
  });
}

describe("drift", () => {
  test.each(cases)("$name", (one) => {
    const { diagnostics, response, lock, sources } = changed(one);
    const said = `${renderDiagnostics(diagnostics, sources, "text")}\n`;
    expect(said).toBe(goldenOf(one.archive, `${one.prefix}expected.txt`, { "": said })[""]);
    const failed = diagnostics.some(({ severity }) => severity === "error");
    expect(response.error !== "").toBe(failed);
    expect(response.file.length > 0).toBe(!failed);
    // Nothing but `lock_mode=update` accepts a change.
    expect(lock).toBe(undefined);

    const code = /^BFF\d+/.exec(one.name)?.[0];
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toContain(code ?? "BFF912");
  });

  // What docs/diagnostics.md and `protobff explain` show: the BFF follows the upstream, or what has changed is accepted.
  test.each(explained())("$name: its correction has no diagnostics", (one) => {
    const now = { ...one.protos, ...textsIn(one, "after"), ...textsIn(one, "right") };
    const code = one.name.slice(0, 6);
    const parameter = isChange(code) && !FOLLOWED.includes(code) ? "lock_mode=update" : "";
    const request = { ...requestFor(now, Object.keys(one.protos)), parameter };
    const sources = (file: string) => now[file];
    const text = code === "BFF903" ? undefined : lockOfCase(one);
    const accepted = compile(request, sources, { text, ci: false });
    expect(renderDiagnostics(accepted.diagnostics, sources, "text")).toBe("");
    const after = compile({ ...request, parameter: "" }, sources, { text: accepted.lock ?? text, ci: true });
    expect(renderDiagnostics(after.diagnostics, sources, "text")).toBe("");
  });

  test("every code has a golden", () => {
    const shown = new Set(cases.map(({ name }) => name.slice(0, 6)));
    expect(Object.keys(CODES).filter((code) => !shown.has(code))).toEqual([]);
  });
});
