// Tools of others' APIs: each unary rpc of their mirrors is a tool, whose schemas accept what protobuf-es writes.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { type DescMessage, toJson } from "@bufbuild/protobuf";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, expect, test } from "vitest";
import type { Tool } from "../../../../packages/server/src/mcp/tool.ts";
import { numbers, randomMessage } from "../../../support/random-message.ts";
import { schemaOf } from "../../../support/request.ts";
import { seedOf } from "../../../support/seed/seed.ts";
import { compileMirror } from "./build-mirror.ts";
import { FAMILIES, type Family, MORE_FAMILIES } from "./packages.ts";

const MESSAGES = 20;
const seed = Number(seedOf("PROTOBFF_TOOL_SCHEMAS_SEED"));
const folder = join(import.meta.dirname, "../../../.generated", `tool-schemas-${process.pid}`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Makes a tool of each rpc, with the descriptors of the mirror. */
async function toolsOf(family: Family) {
  let count = 0;
  // Two versions of an API have the same names of rpcs.
  const named = (_: string, rpc: string, name: string): string =>
    `${rpc} { option (bff.v1.method).tool = { name: "${name}_${++count}" confirm: false }; }`;
  const { request, response } = compileMirror(family, (proto) =>
    proto.replaceAll(/^( +rpc (\w+)\([\w.]+\) returns \([\w.]+\));$/gm, named),
  );
  const file = response.file.find((output) => output.name.endsWith("server_tools.ts"));
  const path = join(folder, family.name, "tools.ts");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, file?.content ?? "");
  const { TOOLS } = (await import(pathToFileURL(path).href)) as { readonly TOOLS: readonly Tool[] };
  return { tools: TOOLS, registry: schemaOf(request).registry };
}

test.each([...FAMILIES, ...MORE_FAMILIES])(
  "schemas of $name accept its messages",
  async (family) => {
    const { tools, registry } = await toolsOf(family);
    const random = numbers(seed);
    const ajv = new Ajv2020({ strict: true, allErrors: true, formats: { "date-time": true }, allowUnionTypes: true });
    const accepts = (schema: object, desc: DescMessage, about: string): void => {
      const validate = ajv.compile(schema);
      for (let i = 0; i < MESSAGES; i++) {
        const json = toJson(desc, randomMessage(desc, random), { registry });
        // Agents write names of enums only; answers may have numbers that this version does not know.
        if (about.startsWith("arguments") && JSON.stringify(json).includes("12345")) continue;
        const valid = validate(json);
        expect([valid, validate.errors?.slice(0, 3)], `seed ${seed}, ${about}: ${JSON.stringify(json)}`).toEqual([
          true,
          undefined,
        ]);
      }
    };
    for (const { name, method, inputSchema, outputSchema } of tools) {
      const [service = "", rpc] = method.split("/");
      const desc = registry.getService(service)?.methods.find((candidate) => candidate.name === rpc);
      if (desc === undefined) throw new Error(`no ${method}`);
      accepts(inputSchema, desc.input, `arguments of ${name}`);
      accepts(outputSchema, desc.output, `answer of ${name}`);
    }
    console.log(`seed ${seed}: ${tools.length} tools of ${family.name}`);
    expect(tools.length).toBeGreaterThan(0);
  },
  300_000,
);
