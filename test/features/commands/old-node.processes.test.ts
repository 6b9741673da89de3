// Each command refuses a Node that is too old by its version, and names a remedy. Versions are simulated; an old Node on the PATH runs, too.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { workspaces } from "../../../scripts/workspaces.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** The commands of all packages, by name. */
const COMMANDS: Readonly<Record<string, string>> = Object.assign(
  {},
  ...workspaces().map(({ folder }) => {
    const { bin = {} } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as {
      readonly bin?: Readonly<Record<string, string>>;
    };
    return Object.fromEntries(Object.entries(bin).map(([name, path]) => [name, join(root, folder, path)]));
  }),
);

const isTooOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.replace("v", "").split(".").map(Number);
  return major < 22 || (major === 22 && minor < 18);
};
const versionOf = (node: string): string => execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
const simulated = (version: string) => {
  const script = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version.slice(1)}" } });
Object.defineProperty(process, "version", { value: "${version}" });`;
  return {
    node: process.execPath,
    version,
    before: ["--import", `data:text/javascript,${encodeURIComponent(script)}`],
  };
};
const installed = [...new Set((process.env.PATH ?? "").split(delimiter))]
  .map((folder) => join(folder, "node"))
  .filter((node) => existsSync(node))
  .map((node) => ({ node, version: versionOf(node), before: [] as string[] }))
  .filter(({ version }) => isTooOld(version));

test("the list covers every command", () => {
  expect(Object.keys(COMMANDS).sort()).toEqual([
    "bff-bundle",
    "bff-key",
    "buf-plugin-bff",
    "conformance",
    "protobff",
    "protoc-gen-bff",
  ]);
});

describe.each([simulated("v20.20.2"), simulated("v22.17.1"), ...installed])("$version", ({ node, version, before }) => {
  test.each(Object.entries(COMMANDS))("is refused by %s", (name, path) => {
    const { status, stdout, stderr } = spawnSync(node, [...before, path], { encoding: "utf8", input: "" });
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      new RegExp(
        `^${name} needs Node 22\\.18 or newer, and this is ${version}: run (it|buf) through npx or .* PATH\n$`,
      ),
    );
  });
});

test("v22.18.0 is accepted", () => {
  const { node, before } = simulated("v22.18.0");
  const version = spawnSync(node, [...before, COMMANDS.protobff ?? "", "--version"], { encoding: "utf8" });
  expect([version.status, version.stderr]).toEqual([0, ""]);
});

test("the packages allow the versions that their commands accept", () => {
  const engines = workspaces().map(({ folder }) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as {
      readonly engines?: { readonly node?: string };
    };
    return [folder, manifest.engines?.node];
  });
  expect(engines).toEqual(engines.map(([folder]) => [folder, ">=22.18"]));
});
