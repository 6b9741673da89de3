// A package's code is its own: a second version beside it, over second versions of the upstreams, changes nothing in it.
import { expect, test } from "vitest";
import { compileCase, goldenCases, requestOf, UPSTREAMS } from "../../support/golden.ts";

/** The same protos as v2. */
function asV2(protos: Readonly<Record<string, string>>, packages: readonly string[]): Readonly<Record<string, string>> {
  const second = (text: string): string =>
    packages.reduce(
      (all, name) => all.replaceAll(`${name}.v1`, `${name}.v2`).replaceAll(`${name}/v1`, `${name}/v2`),
      text,
    );
  return Object.fromEntries(Object.entries(protos).map(([name, text]) => [second(name), second(text)]));
}

// Names of upstreams, of calls, of functions of the user, and the order of guards.
test.each(["names", "guards", "resolver-two-rpcs", "service-let-guards", "two-files"])("%s", (name) => {
  const goldenCase = goldenCases("emit").find((golden) => golden.name === name);
  const protos = goldenCase?.protos ?? {};
  const packages = Object.values(protos).map((text) => /^package (\S+)\.v1;/m.exec(text)?.[1] ?? "");
  const upstreams = { ...UPSTREAMS, ...asV2(UPSTREAMS, ["up"]) };
  const both = { ...protos, ...asV2(protos, [...new Set(packages), "up"]) };
  expect(Object.keys(both)).toHaveLength(2 * Object.keys(protos).length);

  const { response } = compileCase(
    requestOf({ protos: both }, upstreams),
    { ...upstreams, ...both },
    "import_extension=ts,server=true",
  );
  expect(response.error).toBe("");
  const files = Object.fromEntries(response.file.map(({ name, content }) => [name, content]));
  const alone = compileCase(requestOf({ protos }), { ...UPSTREAMS, ...protos }, "import_extension=ts,server=true");
  const expected = Object.fromEntries(alone.response.file.map(({ name, content }) => [name, content]));
  expect(Object.keys(files)).toHaveLength(2 * Object.keys(expected).length);
  expect(files).toMatchObject(expected);
});
