// Batches whose keys are wrapped, computed, or messages, in a generated server; what it answers is what the oracle says of the same calls.
import type { JsonValue } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Call, irOf, run } from "../../proofs/oracle/scenario.ts";
import { goldenTexts } from "../../support/archive.ts";
import { GeneratedProject, type Handlers } from "../../support/generated-project.ts";

const { "app/v1/app.proto": app = "", ...UPSTREAMS } = goldenTexts("emit/batch-computed", "proto");
const PROTOS = { "app/v1/app.proto": app };
const project = new GeneratedProject("batches", PROTOS, UPSTREAMS);

beforeAll(() => project.generate());
afterAll(() => project.remove());

interface Ref {
  readonly value: { readonly case: "id"; readonly value: string } | { readonly case: "name"; readonly value: Name };
}
interface Name {
  readonly owner: string;
  readonly module: string;
}

test("each key is sent once, wrapped, and items are matched by computed keys and by messages", async () => {
  const calls: Call[] = [];
  const json = ({ value }: Ref): JsonValue =>
    value.case === "id" ? { id: value.value } : { name: { owner: value.value.owner, module: value.value.module } };
  const handlers: Handlers<{ moduleRefs: readonly Ref[]; locale: string }> = {
    "mod.v1.ModuleService/GetModules": ({ moduleRefs, locale }) => {
      const modules = moduleRefs
        .map(({ value }) => (value.case === "id" ? value.value : value.value.module))
        .filter((id) => id !== "none")
        .map((id) => ({ id, name: { owner: "acme", module: id }, rank: Number(id), text: `text of ${id}` }));
      const request = { moduleRefs: moduleRefs.map(json), ...(locale !== "" && { locale }) };
      calls.push(["mod.v1.ModuleService/GetModules", request, { modules }]);
      return { modules };
    },
  };
  project.write("resolvers.ts", "export const functions = { rankText: (rank: bigint) => String(rank) };\n");
  expect(project.typeChecked()).toBe("");
  const { post } = await project.served("app/v1/server.ts", handlers);
  const request = { ids: ["7", "8", "7", "none"], namespace: "acme" };
  const { body } = await post("app.v1.AppService/GetPage", request);
  const card = (id: string) => {
    const label = `text of ${id}`;
    return { text: label, name: label, path: label, ranked: [label], namespace: "acme" };
  };
  expect(body).toEqual({ cards: [card("7"), card("8"), card("7"), { namespace: "acme" }] });
  expect(calls.map(([, sent]) => JSON.stringify(sent)).sort()).toEqual(
    [
      { moduleRefs: [{ id: "7" }, { id: "8" }, { id: "none" }] },
      { moduleRefs: [{ id: "7" }, { id: "8" }, { id: "none" }] },
      { moduleRefs: ["7", "8", "none"].map((module) => ({ name: { owner: "acme", module } })), locale: "acme" },
      { moduleRefs: ["7", "8", "none"].map((module) => ({ name: { owner: "acme", module } })) },
    ]
      .map((sent) => JSON.stringify(sent))
      .sort(),
  );
  const functions = { "rank.text": (rank: unknown) => String(rank) };
  const foretold = run(irOf({ ...UPSTREAMS, ...PROTOS }), "app.v1.AppService/GetPage", { request, calls, functions });
  expect(foretold).toEqual({ answer: body });
});
