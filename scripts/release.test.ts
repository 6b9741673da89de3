import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  CONSTANTS,
  inDependencyOrder,
  publicPackages,
  releaseFaults,
  withConstant,
  withRelease,
  withVersion,
} from "./release.ts";
import type { Workspace } from "./workspaces.ts";

const packages: readonly Workspace[] = [
  { folder: "cli", manifest: { name: "tool", version: "0.2.0", dependencies: { core: "0.2.0", yaml: "^2.0.0" } } },
  { folder: "server", manifest: { name: "server", version: "0.2.0", peerDependencies: { core: "0.2.0" } } },
  { folder: "core", manifest: { name: "core", version: "0.2.0" } },
];
const CHANGELOG = "# Changelog\n\n## Unreleased\n\n### Fixed\n\n- A fault.\n\n## 0.1.0 (2026-01-01)\n";

test("a package is published after its dependencies", () => {
  expect(inDependencyOrder(packages).map(({ folder }) => folder)).toEqual(["core", "cli", "server"]);
  const circle = { folder: "core", manifest: { name: "core", version: "0.2.0", dependencies: { tool: "0.2.0" } } };
  expect(() => inDependencyOrder([...packages.slice(0, 2), circle])).toThrow("in a circle");
});

test("the packages of this repository have an order, and depend on each other by exact version", () => {
  const workspaces = publicPackages();
  const version = workspaces[0]?.manifest.version ?? "";
  expect(inDependencyOrder(workspaces)).toHaveLength(workspaces.length);
  expect(releaseFaults(workspaces, `## ${version} (2026-01-01)`, `v${version}`)).toEqual([]);
});

test("prepare writes the version, and pins the repository's own packages", () => {
  const names = new Set(["core", "server", "tool"]);
  expect(packages.map(({ manifest }) => withVersion(manifest, "0.3.0-rc.1", names))).toEqual([
    { name: "tool", version: "0.3.0-rc.1", dependencies: { core: "0.3.0-rc.1", yaml: "^2.0.0" } },
    { name: "server", version: "0.3.0-rc.1", peerDependencies: { core: "0.3.0-rc.1" } },
    { name: "core", version: "0.3.0-rc.1" },
  ]);
});

test.each(CONSTANTS)("prepare writes the version into %s, which has that of the packages until then", (path) => {
  const source = readFileSync(path, "utf8");
  expect(withConstant(source, publicPackages()[0]?.manifest.version ?? "")).toBe(source);
  expect(withConstant(source, "0.3.0-rc.1")).toContain('export const VERSION = "0.3.0-rc.1";\n');
});
test("prepare refuses a source without the constant", () => {
  expect(() => withConstant("export {};\n", "0.3.0")).toThrow("no constant VERSION");
});

test("prepare moves unreleased changes under the version", () => {
  expect(withRelease(CHANGELOG, "0.2.0", "2026-02-03")).toBe(
    "# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-02-03)\n\n### Fixed\n\n- A fault.\n\n## 0.1.0 (2026-01-01)\n",
  );
  const released = withRelease(CHANGELOG, "0.2.0", "2026-02-03");
  expect(() => withRelease(released, "0.3.0", "2026-03-04")).toThrow("no unreleased changes");
});

test("publish refuses other versions, other pins and an unlisted release", () => {
  const listed = withRelease(CHANGELOG, "0.2.0", "2026-02-03");
  expect(releaseFaults(packages, listed, "v0.2.0")).toEqual([]);
  expect(releaseFaults(packages.slice(0, 1), CHANGELOG, "v0.3.0")).toEqual([
    "cli/package.json has version 0.2.0, the tag v0.3.0",
    'CHANGELOG.md has no section "## 0.3.0 (date)"',
  ]);
  expect(releaseFaults(packages, withRelease(CHANGELOG, "0.3.0", "2026-03-04"), "v0.3.0")).toContain(
    "server/package.json depends on core 0.2.0 in place of 0.3.0",
  );
});
