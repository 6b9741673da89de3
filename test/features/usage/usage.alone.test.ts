// Holds docs/runtime.md#usage-events
// Usage events that a generated server appends to a file.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventOf, items, RPC, SERVER, usageProject } from "./usage-project.ts";

const project = usageProject("usage");
beforeAll(() => project.generate());
afterAll(() => project.remove());

test("the generated code has no type errors", () => expect(project.typeChecked()).toBe(""));

test("each charged request is one line of the file, and a refused one is none", async () => {
  const path = join(project.folder, "usage.jsonl");
  const { post, stop } = await project.served(SERVER, items, { BFF_USAGE_FILE: path });
  const ids = ["a", "a", "a", "bee"];
  const statuses: number[] = [];
  for (const id of ids) statuses.push((await post(RPC, { id }, { headers: { "x-request-id": `r-${id}` } })).status);
  expect(statuses).toEqual([200, 200, 429, 200]);
  expect(await stop()).toBe(0); // events that wait are stored before the end
  const events = readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
  const expected = ["a", "a", "bee"].map((id) => ({ ...eventOf(id), request_id: `r-${id}` }));
  expect(events).toEqual(expected);
});

test.each([
  [{}, "BFF_USAGE_FILE is not set, and usage events need it"],
  [{ BFF_USAGE_FILE: "/nowhere/usage.jsonl" }, "BFF_USAGE_FILE cannot be written (ENOENT"],
])("a server without a destination does not start: %j", (variables, fault) => {
  const { status, stderr } = project.start(SERVER, { UP_V1_ITEMSERVICE_URL: "http://127.0.0.1:1", ...variables });
  expect(status).toBe(2);
  expect(stderr).toContain(fault);
});
