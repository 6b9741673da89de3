// `buf generate` as users run it, in a workspace of their own: what they see, what is written, how it ends.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { goldenCases, printedOf, textsBelow, textsIn, UPSTREAMS } from "../../support/golden.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const bin = join(root, "node_modules/.bin");

describe("buf generate", () => {
  let dir: string;
  const put = (name: string, text: string) => {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  };
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "protobff-"));
    for (const [name, text] of Object.entries(UPSTREAMS)) put(name, text);
    for (const name of ["bff/v1/options.proto", "bff/v1/identity.proto", "bff/v1/degradation.proto"]) {
      mkdirSync(join(dir, dirname(name)), { recursive: true });
      copyFileSync(join(root, "proto", name), join(dir, name));
    }
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** A workspace of one module, so that paths are as the goldens have them. */
  const generate = (protos: Readonly<Record<string, string>>, ...options: readonly string[]) =>
    generateBy("all", protos, options);
  const generateBy = (strategy: string, protos: Readonly<Record<string, string>>, options: readonly string[]) => {
    for (const [name, text] of Object.entries(protos)) put(name, text);
    put(
      "buf.gen.yaml",
      `version: v2
plugins:
  - local: protoc-gen-bff
    out: gen
    strategy: ${strategy}
    opt: [${["import_extension=ts", ...options].join(", ")}]
`,
    );
    const { status, stdout, stderr } = spawnSync(join(bin, "buf"), ["generate"], {
      cwd: dir,
      encoding: "utf8",
      env: { ...process.env, PATH: `${bin}:${process.env.PATH ?? ""}`, CI: "" },
    });
    expect(`${stdout}${stderr}`).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
    return { status, stderr, written: textsBelow(join(dir, "gen")) };
  };
  const golden = (name: string) => {
    const match = goldenCases("diagnostics").find((candidate) => candidate.name === name)!;
    return { protos: match.protos, text: printedOf(match) };
  };

  test("writes the code of a correct BFF and prints nothing", () => {
    const golden = goldenCases("emit").find(({ name }) => name === "call")!;
    const { status, stderr, written } = generate(golden.protos, "server=true");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(written).toEqual(textsIn(golden, "expected"));
  });

  test.each(["MULTI-all-at-once", "MULTI-two-files", "BFF601-field"])(
    "prints every error and writes nothing: %s",
    (name) => {
      const { protos, text } = golden(name);
      const { status, stderr, written } = generate(protos);
      expect(status).toBe(1);
      expect(stderr).toContain(`\n${text}`);
      expect(written).toEqual({});
    },
  );

  test("reports a missing `strategy: all`, including for a name in a file that is only imported", () => {
    const { protos } = golden("BFF343-unread");
    const [app = "", text = ""] = Object.entries(protos)[0] ?? [];
    const parts = `syntax = "proto3";
package parts.v1;
import "bff/v1/options.proto";
message Part {
  option (bff.v1.message) = { let: { name: "x" call: { method: "far.v1.Far/Get" set: { spread: "args" } } } };
  string name = 1 [(bff.v1.field).by = "x.name"];
}
`;
    const far = `syntax = "proto3";
package far.v1;
service Far {
  rpc Get(GetRequest) returns (Thing);
}
message GetRequest {}
message Thing {
  string name = 1;
}
`;
    const importing = text.replace(/^import /m, 'import "parts/v1/parts.proto";\nimport ');
    const all = { [app]: importing, "parts/v1/parts.proto": parts, "far/v1/far.proto": far };
    const { status, stderr } = generateBy("directory", all, []);
    expect(status).toBe(1);
    const hints = stderr.split("\n").filter((line) => line.startsWith("  hint:"));
    expect(hints.length).toBeGreaterThan(1); // of the run for app/v1, and of that for parts/v1
    for (const hint of hints) expect(hint).toContain("give the plugin `strategy: all`");
    expect(generate(all).status).toBe(0);
  });

  test("prints warnings on standard error and writes files", () => {
    const { protos, text } = golden("BFF343-unread");
    const { status, stderr, written } = generate(protos);
    expect({ status, stderr }).toEqual({ status: 0, stderr: text });
    expect(Object.keys(written)).toEqual(["app/v1/app_bff.ts", "app/v1/app_codec.ts"]);
  });

  test("treats a warning as an error if an option requires it", () => {
    const { protos } = golden("BFF343-unread");
    const { status, stderr, written } = generate(protos, "error=BFF343");
    expect(status).toBe(1);
    expect(stderr).toContain('app/v1/app.proto:24:15: error BFF343: step "other" is never read');
    expect(written).toEqual({});
  });

  test("annotates lines for GitHub", () => {
    const { status, stderr } = generate(golden("MULTI-all-at-once").protos, "error_format=github");
    expect(status).toBe(1);
    const commands = stderr.split("\n").filter((line) => line.startsWith("::"));
    expect(commands.length).toBe(golden("MULTI-all-at-once").text.split(/^app.*: error /m).length - 1);
    expect(commands[0]).toMatch(
      /^::error file=app\/v1\/app\.proto,line=23,endLine=23,col=15,endColumn=19,title=BFF107::/,
    );
  });

  test("writes all diagnostics as JSON, including on errors", () => {
    const { status } = generate(golden("BFF601-field").protos, "error_output=found.json");
    expect(status).toBe(1);
    const { diagnostics } = JSON.parse(readFileSync(join(dir, "found.json"), "utf8"));
    expect(diagnostics).toMatchObject([
      {
        code: "BFF601",
        severity: "error",
        at: { file: "app/v1/app.proto", line: 25, column: 41 },
        related: [{ at: { line: 23 } }],
      },
    ]);
  });

  test("writes all diagnostics as SARIF", () => {
    generate(golden("BFF343-unread").protos, "error_output=found.sarif");
    const { version, runs } = JSON.parse(readFileSync(join(dir, "found.sarif"), "utf8"));
    expect(version).toBe("2.1.0");
    expect(runs[0].results).toMatchObject([
      {
        ruleId: "BFF343",
        level: "warning",
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: "app/v1/app.proto" },
              region: { startLine: 24, startColumn: 15 },
            },
          },
        ],
      },
    ]);
  });

  test("writes files after an earlier failure, and a failing run leaves existing files", () => {
    const [good, bad] = [
      goldenCases("emit").find(({ name }) => name === "call")!.protos,
      golden("BFF601-field").protos,
    ];
    expect(generate(good).status).toBe(0);
    expect(generate(bad).status).toBe(1);
    expect(existsSync(join(dir, "gen/shop/v1/shop_bff.ts"))).toBe(true);
    expect(existsSync(join(dir, "gen/app/v1/app_bff.ts"))).toBe(false);
  });

  // Whatever stands in a string of an option, the answer is a diagnostic with a place.
  const garbage = [
    "",
    " ",
    "\\000",
    "((((",
    "a.b.c.d.e",
    "/",
    "💥",
    "args.args.args",
    "{",
    "'",
    "\\\\",
    "[[]]",
    "a/b/c",
    "1s1s",
    "x?y",
    "\\n\\n",
    "-1",
    "item",
  ];
  const holes: readonly (readonly [string, (text: string) => string])[] = [
    ["method", (text) => `let: { name: "item" call: { method: "${text}" } }`],
    [
      "set.name",
      (text) =>
        `let: { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "${text}" by: "args.id" } } }`,
    ],
    [
      "set.by",
      (text) => `let: { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "${text}" } } }`,
    ],
    [
      "batch",
      (text) =>
        `let: { name: "item" call: { method: "up.v1.ItemService/BatchGetItems" batch: { name: "${text}" by: "${text}" items: "${text}" key: "${text}" } } }`,
    ],
    [
      "each",
      (text) =>
        `let: { name: "item" each: { var: "${text}" in: "${text}" if: "${text}" by: "${text}" key: "${text}" } }`,
    ],
    [
      "compose",
      (text) => `let: { name: "item" compose: { message: "${text}" args: { name: "${text}" by: "${text}" } } }`,
    ],
    ["switch", (text) => `let: { name: "item" switch: { case: { if: "${text}" by: "${text}" } default: "${text}" } }`],
    [
      "guard",
      (text) => `let: { guard: { if: "${text}" fail: { code: ABORTED message: "{${text}}" details: "${text}" } } }`,
    ],
    ["names", (text) => `let: { name: "${text}" if: "${text}" fallback: "${text}" after: "${text}" by: "${text}" }`],
    [
      "policies",
      (text) =>
        `let: { name: "item" call: { method: "up.v1.ItemService/GetItem" timeout: "${text}" metadata: { name: "${text}" by: "${text}" } forward: "${text}" on_error: { if: "${text}" fallback: "${text}" } } }`,
    ],
    ["alias", (text) => `alias: "${text}"`],
  ];
  test.each(holes.map(([what, hole]) => ({ what, hole })))(
    "garbage in $what gives diagnostics and no stack trace",
    ({ hole }) => {
      const messages = garbage.map(
        (text, i) =>
          `message M${i} {\n  option (bff.v1.message) = { ${hole(text)} };\n  string a = 1 [(bff.v1.field).by = "item.id"];\n}\n`,
      );
      const rpcs = garbage.map((_, i) => `  rpc Get${i}(Request) returns (M${i});\n`);
      const proto = `syntax = "proto3";\n\npackage app.v1;\n\nimport "bff/v1/options.proto";\n\nservice AppService {\n  option (bff.v1.service) = {};\n${rpcs.join("")}}\n\nmessage Request {\n  string id = 1;\n}\n\n${messages.join("\n")}`;
      const { status, stderr, written } = generate({ "app/v1/app.proto": proto });
      expect(status).toBe(1);
      expect(stderr.match(/^app\/v1\/app\.proto:\d+:\d+: error BFF\d{3}: /gm)?.length).toBeGreaterThan(
        garbage.length / 2,
      );
      expect(written).toEqual({});
    },
  );
});
