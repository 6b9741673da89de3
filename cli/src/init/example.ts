// A request that a new BFF answers, and a test of it.
import { ScalarType } from "@bufbuild/protobuf";
import { nameOf } from "./choose-rpcs.ts";
import type { BegunBff } from "./plan-bff.ts";

const MAX_FIELDS = 3;

/** Returns an example as JSON, with a few text fields only. */
export function exampleRequest({ requestFields }: BegunBff): string {
  const texts = requestFields.filter(
    ({ field, oneof }) => field.fieldKind === "scalar" && field.scalar === ScalarType.STRING && oneof === undefined,
  );
  const entries = texts
    .slice(0, MAX_FIELDS)
    .map(({ name }) => [camelCase(name), `${name.replaceAll("_", "-")}-1`] as const);
  return JSON.stringify(Object.fromEntries(entries));
}

/** A line for a shell. */
export function curlLine(bff: BegunBff, url: string): string {
  return `curl -s -H 'content-type: application/json' -d '${exampleRequest(bff)}' ${url}/${pathOf(bff)}`;
}

export const pathOf = ({ package: name, service, rpc }: BegunBff): string => `${name}.${service}/${rpc}`;

/** @param mock the module with its mocks, from the test's folder */
export function exampleTest(bff: BegunBff, mock: string): string {
  const rpc = bff.rpc.charAt(0).toLowerCase() + bff.rpc.slice(1);
  const request = exampleRequest(bff)
    .replaceAll(/"(\w+)":/g, "$1: ")
    .replaceAll(",", ", ")
    .replace(/^\{(.+)\}$/, "{ $1 }");
  const lines = [
    'import { expect, test } from "vitest";',
    `import { createTestBff } from "${mock}";`,
    "",
    `test("${bff.rpc} contains the data of its upstreams", async () => {`,
    "  const bff = createTestBff();",
    `  const answer = await bff.${rpc}(${request});`,
    "  expect(answer.degraded).toEqual([]);",
    "});",
  ];
  return `${[...lines, ...outageTest(bff, rpc, request)].join("\n")}\n`;
}

/** Returns the lines of a test for the response without one of the upstreams. */
function outageTest(bff: BegunBff, rpc: string, request: string): readonly string[] {
  for (const { name, method, supplementary } of bff.steps) {
    const field = bff.responseFields.find(
      ({ by, mayBeAbsent }) => mayBeAbsent && (by === name || by.startsWith(`${name}.`)),
    );
    if (!supplementary || field === undefined) continue;
    return [
      "",
      `test("without ${method.name} the rest is answered, with its degradations", async () => {`,
      "  const bff = createTestBff();",
      `  const upstream = Object.values(bff.mocks).find(({ service }) => service === "${method.parent.typeName}");`,
      `  upstream?.setBehaviour("${nameOf(method)}", { kind: "hang" });`,
      `  const answer = await bff.${rpc}(${request});`,
      `  expect(answer.degraded.map(({ path }) => path)).toContain("${field.name}");`,
      "});",
    ];
  }
  return [];
}

/** Returns the name of a field in protobuf-es and JSON. */
function camelCase(name: string): string {
  return name.replace(/_+(.?)/g, (_, letter: string) => letter.toUpperCase());
}
