// Routes of `deploy=gateway-api` against the CRDs of Gateway API, from its Go module: their schemas by ajv, their rules by cel-es.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CelInput, celList, celMap, isCelError, run } from "@bufbuild/cel";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { compile } from "../../../plugin/src/compile.ts";
import { goldenCases, parameterOf, UPSTREAMS } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";

const MODULES = ["sigs.k8s.io/gateway-api@v1.3.0", "sigs.k8s.io/gateway-api@v1.5.1"];
const KINDS = ["HTTPRoute", "GRPCRoute"] as const;
type Kind = (typeof KINDS)[number];

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly "x-kubernetes-validations"?: readonly { readonly rule: string; readonly message?: string }[];
}
type Route = { readonly kind: Kind; spec: { rules: { matches: unknown[] }[] } };

function crd(module: string, kind: Kind): Schema {
  const found = execFileSync("go", ["mod", "download", "-json", module], { cwd: tmpdir(), encoding: "utf8" });
  const { Dir } = JSON.parse(found) as { readonly Dir: string };
  const file = `gateway.networking.k8s.io_${kind.toLowerCase()}s.yaml`;
  const { spec } = parse(readFileSync(join(Dir, "config/crd/standard", file), "utf8")) as {
    readonly spec: {
      readonly versions: readonly { readonly name: string; readonly schema: { openAPIV3Schema: Schema } }[];
    };
  };
  const version = spec.versions.find(({ name }) => name === "v1");
  if (version === undefined) throw new Error(`no v1 of ${kind}`);
  return version.schema.openAPIV3Schema;
}

/** Messages of the rules in CEL that a value breaks, and the number of evaluated rules. */
function broken(schema: Schema, value: unknown, found = { rules: 0, messages: [] as string[] }) {
  for (const { rule, message } of schema["x-kubernetes-validations"] ?? []) {
    found.rules++;
    const result = run(rule, { self: toCel(value) });
    if (result !== true) found.messages.push(isCelError(result) ? `${rule}: ${result.message}` : (message ?? rule));
  }
  if (Array.isArray(value)) for (const item of value) broken(schema.items ?? {}, item, found);
  else if (typeof value === "object" && value !== null)
    for (const [name, member] of Object.entries(value)) broken(schema.properties?.[name] ?? {}, member, found);
  return found;
}
function toCel(value: unknown): CelInput {
  if (Array.isArray(value)) return celList(value.map(toCel));
  if (typeof value === "number") return BigInt(value);
  if (typeof value !== "object" || value === null) return value as CelInput;
  // Kubernetes escapes the names of members that CEL reserves.
  const members = Object.entries(value).map(
    ([name, member]) => [name === "namespace" ? "__namespace__" : name, toCel(member)] as const,
  );
  return celMap(new Map(members));
}

const routes: readonly Route[] = [...goldenCases("deploy"), ...goldenCases("emit")]
  .filter(({ protos }) => Object.keys(protos).length > 0)
  .flatMap((golden) => {
    const texts = { ...UPSTREAMS, ...golden.protos };
    const parameter = `${parameterOf(golden)},server=true,deploy=gateway-api`;
    const request = { ...requestFor(texts, Object.keys(golden.protos)), parameter };
    const { response } = compile(request, (name) => texts[name]);
    expect(response.error, golden.name).toBe("");
    return response.file
      .filter(({ name }) => name.endsWith("route.yaml"))
      .flatMap(({ content }) => [parseAllDocuments(content)].flat().map((document) => document.toJS() as Route));
  });

describe.skipIf(process.env.PROTOBFF_WITHOUT_GO === "1").each(MODULES)("%s", (module) => {
  test.each(KINDS)("accepts each %s of every golden", (kind) => {
    const schema = crd(module, kind);
    const validate = new Ajv({ strict: false, validateFormats: false, useDefaults: true, allErrors: true }).compile(
      schema,
    );
    /** Faults by the schema, which also sets defaults, and by the rules. */
    const faultsOf = (route: Route): readonly string[] => {
      const copy = structuredClone(route);
      if (!validate(copy))
        return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
      const { rules, messages } = broken(schema, copy);
      expect(rules).toBeGreaterThan(2);
      return messages;
    };
    const all = routes.filter((route) => route.kind === kind);
    expect(all.length).toBeGreaterThan(100);
    for (const route of all) expect(faultsOf(route)).toEqual([]);

    // The limits are the CRD's: one more of each is refused.
    const [first] = all;
    const [rule] = first?.spec.rules ?? [];
    if (first === undefined || rule === undefined) throw new Error("no route");
    const [match] = rule.matches;
    const sized = (rules: number, matches: number): Route => ({
      ...first,
      spec: { ...first.spec, rules: Array(rules).fill({ ...rule, matches: Array(matches).fill(match) }) },
    });
    expect(faultsOf(sized(16, 8))).toEqual([]);
    expect(faultsOf(sized(2, 64))).toEqual([]);
    expect(faultsOf(sized(17, 1))).not.toEqual([]);
    expect(faultsOf(sized(1, 65))).not.toEqual([]);
    expect(faultsOf(sized(3, 43))).not.toEqual([]);
  });
});
