import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { packageFiles, VERSIONS } from "./package-files.ts";

interface Manifest {
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

test("a new package installs the tested versions, and the minimum Node", () => {
  const root = new URL("../../../", import.meta.url);
  const manifests = ["", "cli/", "runtime/", "packages/server/", "plugin/"].map((folder) =>
    JSON.parse(readFileSync(new URL(`${folder}package.json`, root), "utf8")),
  );
  for (const [name, version] of Object.entries(VERSIONS)) {
    const known = manifests.flatMap(({ dependencies, devDependencies }) => [
      dependencies?.[name],
      devDependencies?.[name],
    ]);
    const bare = version.replace("^", "").split(".")[0];
    expect(
      known.filter((range) => range?.replace("^", "").split(".")[0] === bare),
      name,
    ).not.toEqual([]);
    if (!version.startsWith("^")) expect(known, name).toContain(version);
  }
  const text =
    packageFiles({ name: "shop", folder: "shop/v1", modules: ["proto"], shared: new Map() }).get("package.json") ?? "";
  const { devDependencies, allowScripts } = JSON.parse(text) as Manifest;
  expect(devDependencies.node).toBe(VERSIONS.node);
  expect(allowScripts).toEqual({ "@bufbuild/buf": true, node: true });
});
