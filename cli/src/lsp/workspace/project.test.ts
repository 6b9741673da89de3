import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { buildImage } from "../../project/buf.ts";
import { Project } from "./project.ts";

const text = (message: string): string => `syntax = "proto3";\npackage a;\nmessage ${message} {}\n`;

test("the first compilation takes the image that was built before, unless unsaved text replaces it", async () => {
  const root = mkdtempSync(join(tmpdir(), "protobff-project-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(join(root, "buf.yaml"), "version: v2\n");
  const path = join(root, "a.proto");
  writeFileSync(path, text("Before"));
  const image = Promise.resolve(buildImage({ cwd: root }));
  writeFileSync(path, text("After"));
  let ended = 0;
  const compiled = async (open: ReadonlyMap<string, string>) => {
    const failed = (thrown: unknown) => {
      throw thrown;
    };
    const project = new Project(
      root,
      { open: () => open, found: () => {}, ended: () => {}, failed },
      { image, end: () => void ended++ },
    );
    await project.compile();
    return ["Before", "After", "Unsaved"].filter((name) => project.program?.registry.getMessage(`a.${name}`));
  };
  expect(await compiled(new Map())).toEqual(["Before"]);
  expect(ended).toBe(0);
  expect(await compiled(new Map([[path, text("Unsaved")]]))).toEqual(["Unsaved"]);
  expect(ended).toBe(1);
});

test("messages of the file in use are checked first, and equal files are not compiled again", async () => {
  const root = mkdtempSync(join(tmpdir(), "protobff-project-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(join(root, "buf.yaml"), "version: v2\n");
  for (const name of ["a", "b"]) writeFileSync(join(root, `${name}.proto`), text(name.toUpperCase()));
  const events: unknown[] = [];
  const project = new Project(root, {
    open: () => new Map(),
    found: ({ diagnostics }, name) => events.push([name, diagnostics?.length]),
    ended: (outcome) => events.push(outcome),
    failed: (thrown) => events.push(thrown),
  });
  await project.compile(join(root, "b.proto"));
  await project.compile();
  const outcome = expect.objectContaining({ diagnostics: [], faults: [] });
  expect(events).toEqual([["b.proto", 0], ["b.proto", 0], outcome, outcome]);
  expect(events[3]).toBe(events[2]);
  writeFileSync(join(root, "a.proto"), `${text("A")} `);
  await project.compile();
  expect(events.length).toBe(7);
});
