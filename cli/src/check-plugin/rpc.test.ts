import { create, fromBinary, toBinary, toJsonString } from "@bufbuild/protobuf";
import { anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { main } from "../buf-plugin.ts";
import {
  CheckRequestSchema,
  ListCategoriesResponseSchema,
  ListRulesResponseSchema,
} from "../gen/buf/plugin/check/v1/check_service_pb.ts";
import { Code, RequestSchema, type Response, ResponseSchema, SpecSchema } from "../gen/pluginrpc/v1/pluginrpc_pb.ts";

const CHECK = "/buf.plugin.check.v1.CheckService/Check";
const RULES = "/buf.plugin.check.v1.CheckService/ListRules";
const CATEGORIES = "/buf.plugin.check.v1.CheckService/ListCategories";

async function run(args: readonly string[], input: Uint8Array = new Uint8Array()) {
  const written: Uint8Array[] = [];
  let stderr = "";
  const exitCode = await main(args, {
    cwd: "/",
    input: (async function* () {
      yield input;
    })(),
    write: (bytes) => void written.push(bytes),
    error: (line) => {
      stderr += `${line}\n`;
    },
  });
  return { exitCode, stdout: new Uint8Array(Buffer.concat(written)), stderr };
}
const response = async (args: readonly string[], input?: Uint8Array): Promise<Response> =>
  fromBinary(ResponseSchema, (await run(args, input)).stdout);

describe("the plugin protocol", () => {
  test("the plugin prints its protocol and its RPCs in both formats", async () => {
    const decoder = new TextDecoder();
    expect(decoder.decode((await run(["--protocol"])).stdout)).toBe("1\n");
    const paths = [CHECK, RULES, CATEGORIES];
    const { procedures } = fromBinary(SpecSchema, (await run(["--spec", "--format", "binary"])).stdout);
    expect(procedures.map(({ path }) => path)).toEqual(paths);
    for (const args of [
      ["--format", "json", "--spec"],
      ["--spec", "--format=json"],
    ])
      expect(JSON.parse(decoder.decode((await run(args)).stdout))).toEqual({
        procedures: paths.map((path) => ({ path })),
      });
  });

  test("the lists contain every category of every rule, and only ids that buf accepts", async () => {
    const { value: rulesValue } = await response([RULES]);
    const { value: categoriesValue } = await response([CATEGORIES]);
    const { rules } = anyUnpack(rulesValue!, ListRulesResponseSchema)!;
    const { categories } = anyUnpack(categoriesValue!, ListCategoriesResponseSchema)!;
    const ids = [...rules, ...categories].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, purpose } of [...rules, ...categories]) {
      expect(id).toMatch(/^[A-Z0-9][A-Z0-9_]{1,62}[A-Z0-9]$/);
      expect(purpose).toMatch(/^[A-Z].*[.]$/);
    }
    expect(new Set(rules.flatMap(({ categoryIds }) => categoryIds))).toEqual(new Set(categories.map(({ id }) => id)));
    for (const rule of rules) expect(rule.default).toBe(rule.categoryIds[0] === "BFF_ERROR");
    expect(rules.length).toBeLessThan(250);
  });

  test("an empty standard input and an empty envelope are empty requests", async () => {
    expect((await response([CHECK])).error).toBeUndefined();
    const json = await run([CHECK, "--format", "json"], new TextEncoder().encode("{}"));
    expect(JSON.parse(new TextDecoder().decode(json.stdout))).toEqual({
      value: { "@type": "type.googleapis.com/buf.plugin.check.v1.CheckResponse" },
    });
  });

  test("a malformed request is answered with an explanation", async () => {
    const wrong = toBinary(RequestSchema, create(RequestSchema, { value: anyPack(SpecSchema, create(SpecSchema)) }));
    for (const input of [new Uint8Array([1, 2, 3]), wrong]) {
      const { error } = await response([CHECK], input);
      expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT });
      expect(error?.message).toMatch(/^the request cannot be read: /);
    }
  });

  test("an unknown option is named", async () => {
    const request = create(CheckRequestSchema, { options: [{ key: "parameter" }] });
    const input = toBinary(RequestSchema, create(RequestSchema, { value: anyPack(CheckRequestSchema, request) }));
    expect((await response([CHECK], input)).error?.message).toBe(
      'there is no option "parameter": template is the only one',
    );
  });

  test.each([[[]], [["--what"]], [["--spec", "more"]], [["--format", "xml", "--spec"]]])(
    "%j is not an RPC",
    async (args) => {
      const { exitCode, stdout, stderr } = await run(args);
      expect([exitCode, stdout.length]).toEqual([1, 0]);
      expect(stderr).toMatch(/^buf-plugin-bff is for `plugins:` in buf.yaml: /);
      expect(stderr).not.toContain("    at ");
    },
  );

  test("a project that does not build does not fail buf", async () => {
    const file = { fileDescriptorProto: { name: "bff/v1/options.proto" } };
    const request = create(CheckRequestSchema, { fileDescriptors: [file] });
    const input = toBinary(RequestSchema, create(RequestSchema, { value: anyPack(CheckRequestSchema, request) }));
    const { exitCode, stdout, stderr } = await run([CHECK], input);
    expect(exitCode).toBe(0);
    expect(
      toJsonString(ResponseSchema, create(ResponseSchema, { error: fromBinary(ResponseSchema, stdout).error })),
    ).toBe("{}");
    expect(stderr).toContain("there is no buf.yaml in /, and none above it");
  });
});
