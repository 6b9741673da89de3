import { create, createRegistry } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { expect, test } from "vitest";
import { ThingSchema } from "../testing/gen/test_pb.ts";
import { requestWriter } from "./request-writer.ts";

const ID = { field: "id", from: 1, to: 2 };

// Colons that a server would take for a verb's are escaped.
test.each([
  ["a verb after a variable", { segments: ["v1", "*"], verb: "b:c", variables: [ID] }, "/v1/x%3Ay:b:c"],
  ["a literal before a verb", { segments: ["v1", "*", "a:b"], verb: "c", variables: [ID] }, "/v1/x%3Ay/a:b:c"],
  ["a literal at the end", { segments: ["v1", "*", "a:b"], variables: [ID] }, "/v1/x%3Ay/a%3Ab"],
  ["a verb after a literal", { segments: ["v1", "*", "a"], verb: "b:c", variables: [ID] }, "/v1/x%3Ay/a:b%3Ac"],
  ["a literal in the middle", { segments: ["a:b", "*"], variables: [ID] }, "/a:b/x%3Ay"],
])("colons of %s", (_, rule, target) => {
  const write = requestWriter(
    ThingSchema,
    { method: "GET", ...rule },
    { prefix: "", registry: createRegistry(ThingSchema) },
  );
  expect(write(reflect(ThingSchema, create(ThingSchema, { id: "x:y" }))).target).toBe(target);
});
