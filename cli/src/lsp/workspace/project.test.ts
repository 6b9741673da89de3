import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
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

test("the changed files are compiled before the project is built, and the project decides", async () => {
  const root = mkdtempSync(join(tmpdir(), "protobff-project-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(join(root, "buf.yaml"), "version: v2\n");
  const path = join(root, "a.proto");
  for (const name of ["a", "b"]) writeFileSync(join(root, `${name}.proto`), text(name.toUpperCase()));
  let open = new Map<string, string>();
  const events: string[] = [];
  const project = new Project(root, {
    open: () => open,
    found: (_, name) => events.push(name),
    ended: ({ faults, diagnostics }) =>
      events.push(`${diagnostics?.length} ${[...new Set(faults.map(({ path }) => basename(path)))]}`),
    failed: (thrown) => events.push(String(thrown)),
  });
  const changed = async (edited: string) => {
    open = new Map([[path, edited]]);
    events.length = 0;
    await project.compile(path);
    return events;
  };
  await changed(text("A"));
  expect(await changed(text("C"))).toEqual(["a.proto", "a.proto", "0 "]);
  expect(project.program?.registry.getMessage("a.C")).toBeDefined();
  // Both files are right alone.
  expect((await changed(text("B"))).at(-1)).toMatch(/^undefined [ab].proto$/);
  // A fault of the other file would stay.
  writeFileSync(join(root, "b.proto"), "message");
  expect(await changed(text("D"))).toEqual(["undefined b.proto"]);
  expect(await changed(text("E"))).toEqual(["undefined b.proto"]);
});
