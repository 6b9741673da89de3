import { describe, expect, test } from "vitest";
import type { Diagnostic, Origin } from "./diagnostic.ts";
import { renderDocument } from "./document.ts";
import { renderDiagnostics } from "./render.ts";
import type { Sources } from "./sources.ts";

const proto = `syntax = "proto3";
option (x) = {
\ttimeout: "0s" /* 漢字 */ name: "é" bad: "no"\r
  let: {
    name: "a"
  }
};
`;
const texts: Record<string, string> = {
  "web/v1/web.proto": proto,
  "b.proto": `${"x".repeat(200)} here ${"y".repeat(200)}\n\u001b[31m red\n`,
};
const sources: Sources = (file) => texts[file];
const at = (line: number, column: number, endColumn: number, file = "web/v1/web.proto", endLine = line): Origin => ({
  file,
  line,
  column,
  endLine,
  endColumn,
});
const error = (more: Partial<Diagnostic>): Diagnostic => ({
  code: "BFF103",
  severity: "error",
  message: 'the duration "0s" is zero',
  at: at(3, 11, 15),
  ...more,
});
const text = (...diagnostics: Diagnostic[]) => renderDiagnostics(diagnostics, sources, "text");

describe("text", () => {
  test("the text has the line, the marked range, related places and the hint", () => {
    expect(
      text(
        error({
          related: [{ at: at(1, 10, 18), message: "declared here" }],
          hint: "write a duration of more than zero",
        }),
      ),
    ).toBe(`web/v1/web.proto:3:11: error BFF103: the duration "0s" is zero
    3 |   timeout: "0s" /* 漢字 */ name: "é" bad: "no"
      |            ^^^^
  web/v1/web.proto:1:10: declared here
    1 | syntax = "proto3";
      |          ^^^^^^^^
  hint: write a duration of more than zero`);
  });

  test("carets are aligned after wide characters", () => {
    expect(text(error({ at: at(3, 40, 44) }))).toBe(`web/v1/web.proto:3:40: error BFF103: the duration "0s" is zero
    3 |   timeout: "0s" /* 漢字 */ name: "é" bad: "no"
      |                                           ^^^^`);
  });

  test("only the first line of a range is marked", () => {
    expect(
      text(error({ at: at(4, 8, 4, undefined, 6) })),
    ).toBe(`web/v1/web.proto:4:8: error BFF103: the duration "0s" is zero
    4 |   let: {
      |        ^`);
  });

  test("long lines are shortened around the range", () => {
    const [, line, carets] = text(error({ at: at(1, 202, 206, "b.proto") })).split("\n");
    expect(line).toBe(`    1 | … ${"x".repeat(59)} here ${"y".repeat(95)} …`);
    expect(carets).toBe(`      | ${" ".repeat(62)}^^^^`);
  });

  test("control characters are replaced", () => {
    expect(text(error({ at: at(2, 1, 5, "b.proto"), message: 'bad "\u001b[31m"' }))).toBe(
      `b.proto:2:1: error BFF103: bad "\\x1b[31m"
    2 | \ufffd[31m red
      | ^^^^`,
    );
  });

  test("messages and hints of several lines are indented", () => {
    expect(text(error({ at: at(1, 1, 1, "gone.proto"), message: "a\nb", hint: "either\nor" }))).toBe(
      `gone.proto:1:1: error BFF103: a
  b
  hint: either
        or`,
    );
  });

  test("diagnostics are sorted by place, without duplicates", () => {
    const late = error({ at: at(3, 11, 15) });
    const early = error({ at: at(1, 1, 2), severity: "warning", code: "BFF141" });
    const same = error({ at: at(1, 1, 2), code: "BFF190" });
    const other = error({ at: at(9, 1, 2, "a.proto") });
    const heads = text(late, early, same, late, { ...late }, other)
      .split("\n")
      .filter((line) => line.includes(" BFF"));
    expect(heads).toEqual([
      'a.proto:9:1: error BFF103: the duration "0s" is zero',
      'web/v1/web.proto:1:1: error BFF190: the duration "0s" is zero',
      'web/v1/web.proto:1:1: warning BFF141: the duration "0s" is zero',
      'web/v1/web.proto:3:11: error BFF103: the duration "0s" is zero',
    ]);
  });

  test("files are named by their path if it is known", () => {
    const known: Sources = Object.assign((file: string) => texts[file], { path: (file: string) => `proto/${file}` });
    expect(renderDiagnostics([error({})], known, "text")).toMatch(/^proto\/web\/v1\/web\.proto:3:11: /);
  });

  test("an empty list has an empty text", () => {
    expect(text()).toBe("");
  });
});

describe("github", () => {
  test("each diagnostic is one escaped workflow command", () => {
    const diagnostics = [
      error({
        message: "50% of\nit",
        hint: "write a, b: c",
        related: [{ at: at(1, 10, 18), message: "declared here" }],
      }),
      error({ severity: "warning", code: "BFF141", at: at(4, 8, 4, "a,b:c.proto", 6) }),
    ];
    expect(renderDiagnostics(diagnostics, sources, "github")).toBe(
      `::warning file=a%2Cb%3Ac.proto,line=4,endLine=6,title=BFF141::the duration "0s" is zero
::error file=web/v1/web.proto,line=3,endLine=3,col=11,endColumn=15,title=BFF103::50%25 of%0Ait%0Aweb/v1/web.proto:1:10: declared here%0Ahint: write a, b: c`,
    );
  });
});

describe("documents", () => {
  const diagnostics = [
    error({ related: [{ at: at(1, 10, 18), message: "here" }], hint: "do" }),
    error({ severity: "warning", code: "BFF141" }),
  ];

  test("a document is written as JSON", () => {
    expect(JSON.parse(renderDocument(diagnostics, sources, "out.json"))).toEqual({
      version: 1,
      diagnostics: [
        {
          code: "BFF103",
          severity: "error",
          message: 'the duration "0s" is zero',
          at: at(3, 11, 15),
          related: [{ at: at(1, 10, 18), message: "here" }],
          hint: "do",
        },
        { code: "BFF141", severity: "warning", message: 'the duration "0s" is zero', at: at(3, 11, 15), related: [] },
      ],
    });
  });

  test("a document is written as SARIF", () => {
    const document = JSON.parse(renderDocument(diagnostics, sources, "out.SARIF"));
    expect(document.version).toBe("2.1.0");
    expect(document.runs[0].tool.driver.rules).toEqual([{ id: "BFF103" }, { id: "BFF141" }]);
    expect(document.runs[0].results).toHaveLength(2);
    expect(document.runs[0].results[0]).toEqual({
      ruleId: "BFF103",
      level: "error",
      message: { text: 'the duration "0s" is zero\nhint: do' },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: "web/v1/web.proto" },
            region: { startLine: 3, startColumn: 11, endLine: 3, endColumn: 15 },
          },
        },
      ],
      relatedLocations: [
        {
          id: 0,
          message: { text: "here" },
          physicalLocation: {
            artifactLocation: { uri: "web/v1/web.proto" },
            region: { startLine: 1, startColumn: 10, endLine: 1, endColumn: 18 },
          },
        },
      ],
    });
  });

  // What SARIF 2.1.0 requires of the objects used (§3.13, 3.14, 3.18, 3.19, 3.27, 3.28, 3.30, 3.11.9), and that ids are distinct.
  test("SARIF satisfies its schema, with and without related places, and without results", () => {
    for (const found of [diagnostics, diagnostics.slice(1), []]) {
      const document = JSON.parse(renderDocument(found, sources, "out.sarif"));
      expect(document).toEqual({ $schema: expect.any(String), version: "2.1.0", runs: [expect.anything()] });
      const [{ tool, results, columnKind }] = document.runs;
      expect(columnKind).toBe("utf16CodeUnits");
      expect(tool.driver.name).toMatch(/./);
      const ids: string[] = tool.driver.rules.map(({ id }: { id: string }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(results).toHaveLength(found.length);
      for (const { ruleId, level, message, locations, relatedLocations = [] } of results) {
        expect(ids).toContain(ruleId);
        expect(["error", "warning"]).toContain(level);
        expect(message.text).toMatch(/./);
        expect(locations).toHaveLength(1);
        for (const { physicalLocation, message: note } of [...locations, ...relatedLocations]) {
          const { startLine, startColumn, endLine, endColumn } = physicalLocation.region;
          for (const number of [startLine, startColumn, endLine, endColumn]) expect(number).toBeGreaterThanOrEqual(1);
          expect(endLine > startLine || endColumn >= startColumn).toBe(true);
          expect(physicalLocation.artifactLocation.uri).not.toMatch(/^\/|[#?\s]/);
          if (note !== undefined) expect(note.text).toMatch(/./);
        }
        const related = relatedLocations.map(({ id }: { id: number }) => id);
        expect(new Set(related).size).toBe(related.length);
      }
    }
  });

  test("paths are relative to the workspace, in every format", () => {
    const pathSources: Sources = Object.assign((file: string) => texts[file], {
      path: (file: string) => `proto/a #1/${file}`,
    });
    const related = [{ at: at(1, 10, 18), message: "here" }];
    const found = [error({ related, severity: "warning" })];
    const [json, sarif] = ["a.json", "a.sarif"].map((path) => JSON.parse(renderDocument(found, pathSources, path)));
    const file = "proto/a #1/web/v1/web.proto";
    expect([json.diagnostics[0].at.file, json.diagnostics[0].related[0].at.file]).toEqual([file, file]);
    const uri = "proto/a%20%231/web/v1/web.proto";
    const [{ locations, relatedLocations }] = sarif.runs[0].results;
    for (const { physicalLocation } of [...locations, ...relatedLocations])
      expect(physicalLocation.artifactLocation).toEqual({ uri });
    expect(renderDiagnostics(found, pathSources, "github")).toBe(
      `::warning file=${file},line=3,endLine=3,col=11,endColumn=15,title=BFF103::the duration "0s" is zero%0A${file}:1:10: here`,
    );
  });
});
