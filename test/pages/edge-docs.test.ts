// What docs/edge.md shows generates without a diagnostic: the protos of a section, together.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compile } from "../../plugin/src/compile.ts";
import { renderDiagnostics } from "../../plugin/src/diagnostic/render.ts";
import { requestFor } from "../support/request.ts";

const page = readFileSync(fileURLToPath(new URL("../../docs/edge.md", import.meta.url)), "utf8");
/** By heading, the whole files among its protos. */
const sections = page
  .split(/^## /m)
  .slice(1)
  .map((section) => ({
    name: section.slice(0, section.indexOf("\n")),
    files: [...section.matchAll(/^```proto\n(syntax = .*?)^```$/gms)].map(([, text = ""]) => text),
  }))
  .filter(({ files }) => files.length > 0);

test("the page has protos in the expected sections", () => {
  expect(sections.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["Validation", "Caching answers", "Versions", "Branches"]),
  );
});

test.each(sections)("the protos of $name generate", ({ files }) => {
  const texts = Object.fromEntries(
    files.map((text) => {
      const [, name = ""] = /^package ([\w.]+);$/m.exec(text) ?? [];
      return [`${name.replaceAll(".", "/")}/${name.split(".")[0]}.proto`, text];
    }),
  );
  expect(Object.keys(texts)).toHaveLength(files.length);
  const { response, diagnostics } = compile(
    { ...requestFor(texts, Object.keys(texts)), parameter: "import_extension=ts,server=true" },
    (name) => texts[name],
  );
  expect(renderDiagnostics(diagnostics, (name) => texts[name], "text")).toBe("");
  expect(response.file.length).toBeGreaterThan(0);
});
