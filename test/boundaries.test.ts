// Who may import whom: no stage of the compiler knows a later one, the runtime knows nothing of the compiler, and what judges the
// generated code shares nothing with what made it.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Import {
  readonly from: string;
  /** A path from the root, or the name of a package. */
  readonly to: string;
}

function imports(folder: string): Import[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.parentPath.includes("node_modules"))
    .flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      const text = readFileSync(path, "utf8");
      const specifiers = [
        ...text.matchAll(
          /^\s*(?:import|export)\b[^"';]*?from\s+"([^"]+)"|\bimport\(\s*"([^"]+)"|^import\s+"([^"]+)"/gm,
        ),
      ];
      return specifiers.map(([, from, dynamic, bare]): Import => {
        const specifier = from ?? dynamic ?? bare ?? "";
        const to = specifier.startsWith(".") ? relative(root, resolve(dirname(path), specifier)) : specifier;
        return { from: relative(root, path), to };
      });
    });
}
const isTest = (path: string): boolean => path.endsWith(".test.ts") || path.includes("/testing/");
const below = (path: string, ...folders: string[]): boolean => folders.some((folder) => path.startsWith(`${folder}/`));
const shown = (found: readonly Import[]): string[] => found.map(({ from, to }) => `${from} imports ${to}`);

describe("imports", () => {
  const plugin = imports("plugin/src").filter(({ from }) => !isTest(from));
  const runtime = imports("runtime/src");
  const generated = imports("generated");

  test("are found at all", () => {
    expect(shown(plugin)).toContain("plugin/src/compile.ts imports plugin/src/read/read-ir.ts");
    expect(shown(generated)).toContain("generated/web/v1/web_bff.ts imports @protobff/runtime");
    expect(shown(imports("test/oracle")).length).toBeGreaterThan(20);
  });

  const stages = ["read", "resolve", "check", "plan", "emit"].map((stage) => `plugin/src/${stage}`);
  test.each(stages.map((stage, i) => ({ stage, later: stages.slice(i + 1) })))(
    "$stage: no later stage",
    ({ stage, later }) => {
      expect(shown(plugin.filter(({ from, to }) => below(from, stage) && below(to, ...later)))).toEqual([]);
    },
  );

  test("expressions know no stage", () => {
    expect(shown(plugin.filter(({ from, to }) => below(from, "plugin/src/cel") && below(to, ...stages)))).toEqual([]);
  });

  test("a declaration is read without looking into expressions", () => {
    const found = plugin.filter(({ from, to }) => below(from, "plugin/src/read") && below(to, "plugin/src/cel"));
    expect(shown(found.filter(({ to }) => to !== "plugin/src/cel/types/reserved.ts"))).toEqual([]);
  });

  test("diagnostics know no stage", () => {
    const found = plugin.filter(
      ({ from, to }) => below(from, "plugin/src/diagnostic") && below(to, ...stages, "plugin/src/cel"),
    );
    expect(shown(found)).toEqual([]);
  });

  test("only main.ts, and command.ts, init-resolvers.ts and protos.ts for the subcommands, do IO", () => {
    const allowed = ["main", "command/command", "command/init-resolvers", "command/protos"].map(
      (name) => `plugin/src/${name}.ts`,
    );
    const found = plugin.filter(
      ({ from, to }) => /^node:(fs|child_process|process|net|http)/.test(to) && !allowed.includes(from),
    );
    expect(shown(found)).toEqual([]);
  });

  test("the plugin and the runtime know nothing of each other", () => {
    const tools = (to: string): boolean => below(to, "runtime") || to.startsWith("@protobff/runtime");
    expect(shown(plugin.filter(({ to }) => tools(to)))).toEqual([]);
    const compiler = (to: string): boolean => below(to, "plugin", "test") || to.startsWith("@protobff/plugin");
    expect(shown(runtime.filter(({ from, to }) => !isTest(from) && compiler(to)))).toEqual([]);
  });

  test("generated code imports the runtime, protobuf, and generated code", () => {
    const allowed = ({ to }: Import): boolean =>
      to === "@protobff/runtime" || /^@bufbuild\/protobuf(\/|$)/.test(to) || below(to, "generated");
    expect(shown(generated.filter((one) => !allowed(one)))).toEqual([]);
  });

  test("the oracle shares nothing with what it judges", () => {
    const judged = ["resolve", "check", "plan", "emit", "cel"].map((folder) => `plugin/src/${folder}`);
    const found = imports("test/oracle").filter(
      ({ to }) => below(to, ...judged, "runtime") || to.startsWith("@protobff/runtime"),
    );
    expect(shown(found)).toEqual([]);
  });
});
