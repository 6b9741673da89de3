// What users see when something is wrong: one golden at least for every code, with the proto and the exact text.
import { fileURLToPath } from "node:url";
import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { check } from "../../../cli/src/check-plugin/check.ts";
import { RULES } from "../../../cli/src/check-plugin/rules.ts";
import { CheckRequestSchema } from "../../../cli/src/gen/buf/plugin/check/v1/check_service_pb.ts";
import { CODE_TABLES, CODES } from "../../../plugin/src/codes/codes.ts";
import type { Diagnostic } from "../../../plugin/src/diagnostic/diagnostic.ts";
import { inOrder } from "../../../plugin/src/diagnostic/order.ts";
import { renderDiagnostics } from "../../../plugin/src/diagnostic/render.ts";
import { CODES as driftCodes } from "../../../plugin/src/lock/codes.ts";
import { allFrames, archivesOf, framesIn } from "../../support/archive.ts";
import {
  compileCase,
  type Golden,
  type GoldenCase,
  goldenCases,
  goldenOf,
  parameterOf,
  printedOf,
  requestOf,
  textsBelow,
  textsIn,
  UPSTREAMS,
} from "../../support/golden.ts";
import { together } from "../../support/together.ts";

const plugin = fileURLToPath(new URL("../../../plugin/src", import.meta.url));
/** Codes of changes are in a room that the server imports as well. */
const facts = fileURLToPath(new URL("../../../packages/messages/src/upstream-facts", import.meta.url));
/** Of drift there are goldens with a lock beside each, in plugin/src/lock. */
const declared: Readonly<Record<string, string>> = Object.fromEntries(CODES);
const shownHere = Object.fromEntries([...CODES].filter(([code]) => !(code in driftCodes)));
/** `<CODE>-<slug>` has that code alone; `MULTI-<slug>` has several faults at once. */
const cases = goldenCases("diagnostics");
/** Those with a folder of protos that take the place of what is wrong in them. */
const corrected = (
  folder: "right" | "followed",
): readonly (Golden & { readonly replacements: GoldenCase["protos"] })[] =>
  cases
    .map((golden) => ({ ...golden, replacements: textsIn(golden, folder) }))
    .filter(({ replacements }) => Object.keys(replacements).length > 0);
const right = corrected("right");
const followed = corrected("followed");
const put = ({ protos, replacements }: (typeof right)[number]): GoldenCase["protos"] => ({
  ...protos,
  ...replacements,
});
together(UPSTREAMS, [...cases.map(({ protos }) => protos), ...[...right, ...followed].map(put)]);

function compiled(golden: GoldenCase) {
  const texts = { ...UPSTREAMS, ...golden.protos };
  const request = requestOf(golden);
  const { response, diagnostics } = compileCase(request, texts, parameterOf(golden));
  const ordered = [...diagnostics];
  const text = `${renderDiagnostics(ordered, (file) => texts[file], "text")}\n`;
  return { request, texts, response, diagnostics: ordered, text };
}

/** What buf's check plugin finds. */
function checked(golden: GoldenCase, { request, texts }: ReturnType<typeof compiled>) {
  const targets = new Set(request.fileToGenerate);
  const imports = new Set(request.protoFile.map(({ name }) => name).filter((name) => !targets.has(name)));
  const fileDescriptors = request.protoFile.map((file) => ({
    fileDescriptorProto: file,
    isImport: imports.has(file.name),
  }));
  const ruleIds = RULES.map(({ id }) => id);
  return check(create(CheckRequestSchema, { fileDescriptors, ruleIds }), {
    files: request.protoFile,
    imports,
    parameter: parameterOf(golden),
    sources: (file: string) => texts[file],
  }).annotations;
}
const codeOf = ({ name }: GoldenCase): string => name.slice(0, name.indexOf("-"));
/** The first condition of each code. */
const firstOf = new Map([...cases].reverse().map((golden) => [codeOf(golden), golden]));
const isError = ({ severity }: Diagnostic): boolean => severity === "error";

describe("diagnostics", () => {
  test.each(cases)("$name", (golden) => {
    const compilation = compiled(golden);
    const { response, diagnostics, text } = compilation;
    // First, so that UPDATE_GOLDENS writes no section that reports another code.
    const code = codeOf(golden);
    const codes = diagnostics.map((diagnostic) => diagnostic.code);
    if (code !== "MULTI") expect(codes).toEqual([code]);
    const path = `${golden.prefix}expected.txt`;
    expect(text).toBe(goldenOf(golden.archive, path, { "": text })[""]);
    const folders = new Set(Object.keys(textsIn(golden, "")).map((name) => name.split("/")[0]));
    expect([...folders].filter((name) => name !== "right" && name !== "followed").sort()).toEqual([
      "expected.txt",
      "proto",
    ]);

    const failed = diagnostics.some(isError);
    expect({ error: response.error !== "", files: response.file.length > 0 }).toEqual({
      error: failed,
      files: !failed,
    });

    // The check plugin says the same, at places that buf knows. It treats all conditions of a code alike.
    if (code !== "MULTI" && firstOf.get(code) !== golden) return;
    const found = checked(golden, compilation).map(({ ruleId, message, fileLocation }) => ({
      ruleId,
      message,
      file: fileLocation?.fileName,
      path: fileLocation?.sourcePath.join() ?? "",
    }));
    const paths = compilation.request.protoFile.flatMap(({ name, sourceCodeInfo }) =>
      (sourceCodeInfo?.location ?? []).map(({ path }) => `${name} ${path.join()}`),
    );
    expect(found.filter(({ file, path }) => path !== "" && !paths.includes(`${file} ${path}`))).toEqual([]);
    expect(found).toEqual(
      inOrder(diagnostics).map(({ at, code, message, severity }, i) => ({
        ruleId: `BFF_${code.charAt(3)}XX_${severity.toUpperCase()}`,
        message: found[i]?.message.startsWith(`${at.line}:${at.column}: ${code}: ${message.replace(/\p{Cc}+/gu, " ")}`)
          ? found[i].message
          : message,
        file: at.file,
        path: found[i]?.path,
      })),
    );
  });

  // What docs/diagnostics.md and `protobff explain` show beside the wrong protos.
  test.each(right)("$name: its correction has no diagnostics", (golden) => {
    expect(Object.keys(golden.replacements).filter((name) => !(name in golden.protos))).toEqual([]);
    expect(golden.replacements).not.toEqual(golden.protos);
    expect(compiled({ ...golden, protos: put(golden) }).text).toBe("\n");
  });

  // The protos after doing what the hint says, to the letter.
  test.each(followed)("$name: its hint, when followed, leaves no diagnostics", (golden) => {
    expect(Object.keys(golden.replacements).filter((name) => !(name in golden.protos))).toEqual([]);
    expect(compiled({ ...golden, protos: put(golden) }).text).toBe("\n");
  });

  test("hints begin in lower case, and have no full stop", () => {
    const text = cases.map(printedOf).join("");
    const hints = [...text.matchAll(/^ {2}hint: (.*)$/gm)].map(([, hint = ""]) => hint);
    expect(hints.length).toBeGreaterThan(100);
    expect(hints.filter((hint) => /^[A-Z]|[^.]\.$/.test(hint))).toEqual([]);
  });

  test("each declared code has one golden with a right example", () => {
    const missing = Object.keys(shownHere).flatMap((code) => {
      const matches = cases.filter(({ name }) => name.startsWith(`${code}-`));
      const right = matches.filter((golden) => Object.keys(textsIn(golden, "right")).length > 0);
      if (right.length === 1) return [];
      if (right.length > 1) return [`${right.map(({ name }) => name).join(" and ")}: keep one right/`];
      return [
        `write ${matches[0]?.prefix ?? "…/"}right/app/v1/app.proto.diff in test/golden/diagnostics/${code}.txtar`,
      ];
    });
    expect(missing).toEqual([]);
  });

  test("each declared code has a golden", () => {
    const shown = new Set(cases.map(codeOf));
    expect(Object.keys(shownHere).filter((code) => !shown.has(code))).toEqual([]);
    expect([...shown].filter((code) => code !== "MULTI" && !(code in shownHere))).toEqual([]);
  });

  test("each frame is used", () => {
    const used = new Set(
      ["diagnostics", "diagnostics-lock", "emit", "plan", "deploy"].flatMap(archivesOf).flatMap(framesIn),
    );
    expect(Object.keys(allFrames()).filter((name) => name !== "" && !used.has(name))).toEqual([]);
  });

  test("no code is in two tables", () => {
    const all = CODE_TABLES.flatMap((table) => Object.keys(table));
    expect(all.filter((code, i) => all.indexOf(code) !== i)).toEqual([]);
  });

  test("every code that the plugin uses is declared", () => {
    const texts = { ...textsBelow(plugin), ...textsBelow(facts) };
    const sources = Object.entries(texts).filter(
      ([name]) => /(?<!\.test)\.ts$/.test(name) && !/^gen\/|\/testing\/|(^|\/)codes\.ts$/.test(name),
    );
    const used = new Set(
      sources.flatMap(([, text]) => [...text.matchAll(/"(BFF\d{3})"/g)].map(([, code]) => code ?? "")),
    );
    expect([...used].filter((code) => !(code in declared)).sort()).toEqual([]);
    expect(Object.keys(declared).filter((code) => !used.has(code))).toEqual([]);
  });
});
