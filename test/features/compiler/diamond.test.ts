// Checks look at each step and message once, however many ways lead to it: here there are more than there are atoms in the universe.
import { expect, test } from "vitest";
import { diamondOfMessages, diamondOfSteps } from "../../../bench/generate-protos.ts";
import { compileCase } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";

test.each([
  ["400 steps", diamondOfSteps(400)],
  ["200 layers of messages", diamondOfMessages(200)],
])("a layered diamond of %s, with 2^200 paths, generates", (_, protos) => {
  const { response, diagnostics } = compileCase(requestFor(protos), protos, "import_extension=ts,plan=json");
  expect(diagnostics).toEqual([]);
  const names = response.file.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["diamond/v1/diamond_bff.ts", "diamond/v1/diamond_plan.json"]));
});
