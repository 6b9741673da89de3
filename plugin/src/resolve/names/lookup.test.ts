import { expect, test } from "vitest";
import { compileCase } from "../../../../test/support/golden.ts";
import { requestFor } from "../../../../test/support/request.ts";
import { compile } from "../../compile.ts";

const OTHER = `syntax = "proto3";
package other.v1;
service Others { rpc Get(Key) returns (Other) { option idempotency_level = NO_SIDE_EFFECTS; } }
message Key { string id = 1; }
message Other { string name = 1; }
`;
const page = (imports: string): string => `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
${imports}
service AppService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = {
    let: { name: "other" call: { method: "other.v1.Others/Get" set: { spread: "args" } } }
  };
  string name = 1 [(bff.v1.field).by = "other.name"];
}
`;

/** Returns the text with the step twice, so that two places name the service. */
const twice = (text: string): string => {
  const step = /let: (.*)/.exec(text)?.[1] ?? "";
  const both = text.replace(step, `[${step}, ${step.replace('"other"', '"more"')}]`);
  return both.replace('"other.name"', '"other.name + more.name"');
};

const APP = "app/v1/app.proto";

/**
 * Returns a request like buf's with `strategy: all`, or with `strategy: directory` for the app's own directory. `gone`
 * are files that no module of the workspace contains.
 */
function requested(
  files: Readonly<Record<string, string>>,
  strategy: "all" | "directory",
  gone: readonly string[] = [],
) {
  const request = requestFor(
    files,
    strategy === "all" ? Object.keys(files).filter((name) => !gone.includes(name)) : [APP],
  );
  const byName = new Map(request.protoFile.map((file) => [file.name, file]));
  const reached = new Set<string>();
  const reach = (name: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const dependency of byName.get(name)?.dependency ?? []) reach(dependency);
  };
  for (const name of request.fileToGenerate) reach(name);
  const protoFile = request.protoFile.filter(({ name }) => reached.has(name));
  return { ...request, protoFile, parameter: "" };
}
function compiled(...run: Parameters<typeof requested>) {
  const { diagnostics } = compileCase(requested(...run), run[0]);
  return diagnostics.filter(({ severity }) => severity === "error");
}
const hintsOf = (...run: Parameters<typeof compiled>) => compiled(...run).map(({ code, hint }) => `${code} ${hint}`);

test.each(["all", "directory"] as const)("strategy %s: direct and indirect imports are visible", (strategy) => {
  const other = "other/v1/other.proto";
  const hub = (kind: string) =>
    `syntax = "proto3";\npackage hub.v1;\nimport ${kind} "${other}";\nmessage Hub { other.v1.Key key = 1; }\n`;
  const use = 'import "hub/v1/hub.proto";\nmessage Uses { hub.v1.Hub hub = 1; }';
  expect(hintsOf({ [APP]: page(`import "${other}";`), [other]: OTHER }, strategy)).toEqual([]);
  expect(hintsOf({ [APP]: page(`import weak "${other}";`), [other]: OTHER }, strategy)).toEqual([]);
  for (const kind of ["", "public"])
    expect(hintsOf({ [APP]: page(use), [other]: OTHER, "hub/v1/hub.proto": hub(kind) }, strategy)).toEqual([]);
});

test("a file that is not imported is visible only with strategy: all, as the hint explains", () => {
  const files = { [APP]: page(""), "other/v1/other.proto": OTHER };
  expect(hintsOf(files, "all")).toEqual([]);
  expect(hintsOf(files, "directory")).toEqual([expect.stringMatching(/^BFF201 .*give the plugin `strategy: all`/)]);
});

test("names hidden by another directory are one error", () => {
  const upstreams = ["one", "two", "three"];
  const files: Record<string, string> = {};
  for (const name of upstreams) files[`${name}/v1/${name}.proto`] = OTHER.replace("other.v1", `${name}.v1`);
  const call = (name: string, upstream: string) =>
    `{ name: "${name}" call: { method: "${upstream}.v1.Others/Get" set: { spread: "args" } } }`;
  const steps = [...upstreams.map((name) => call(name, name)), call("again", "two")];
  files[APP] = page("")
    .replace(/let: .*/, `let: [${steps.join(", ")}]`)
    .replace('"other.name"', '"one.name + two.name"');
  const [error, ...others] = compiled(files, "directory");
  expect(others).toEqual([]);
  expect(error).toMatchObject({ code: "BFF201", message: 'no service "one.v1.Others" is visible to this run' });
  expect(error?.related?.map(({ message }) => message)).toEqual([
    'no service "two.v1.Others" is visible to this run',
    'no service "three.v1.Others" is visible to this run',
  ]);
});

test("with a lock, too, another directory is one error that names the lock", () => {
  const third = '{ name: "third" call: { method: "third.v1.Others/Get" set: { spread: "args" } } },';
  const files: Readonly<Record<string, string>> = {
    [APP]: twice(page("")).replace("let: [", `let: [${third}`).replace("other.name +", "third.name + other.name +"),
    "other/v1/other.proto": OTHER,
    "third/v1/third.proto": OTHER.replace("other.v1", "third.v1"),
  };
  expect(files[APP]).toContain(third);
  const sources = (file: string): string | undefined => files[file];
  const { lock } = compile(requested(files, "all"), sources, { text: undefined, ci: false });
  const { diagnostics } = compile(requested(files, "directory"), sources, { text: lock, ci: false });
  expect(diagnostics.map(({ code, message, hint }) => [code, message, hint])).toEqual([
    ["BFF201", expect.stringContaining('"third.v1.Others"'), expect.stringContaining("`strategy: all`")],
  ]);
});

test("with strategy: all, an absent name needs an import", () => {
  const files = {
    [APP]: page(""),
    "other/v1/other.proto": OTHER,
    "third/v1/third.proto": 'syntax = "proto3";\npackage third.v1;\n',
  };
  expect(hintsOf(files, "all", ["other/v1/other.proto"])).toEqual([
    expect.stringMatching(/^BFF201 .*import its file\. This run contains the whole/),
  ]);
});
