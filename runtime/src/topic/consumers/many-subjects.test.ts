// Holds docs/runtime.md#topics
import type { NatsConnection } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { addMany, hasLists, NoLists } from "./many-subjects.ts";

test.each([
  ["2.9.25", false],
  ["2.10.0", true],
  ["2.11.0-dev", true],
  ["3.0.0", true],
  [undefined, false],
])("nats-server %s has consumers of several subjects: %s", (version, expected) => {
  expect(hasLists(version)).toBe(expected);
});

/** A server with this reply to the creation of a consumer, and the subjects of its requests. */
function server(reply: object) {
  const requests: string[] = [];
  const request = async (subject: string) => {
    requests.push(subject);
    return { json: () => reply };
  };
  return { connection: { request } as unknown as NatsConnection, requests };
}
const CONFIG = { name: "c", filter_subjects: ["a.1", "a.2"] };

test("a consumer of several subjects is created by name", async () => {
  const { connection, requests } = server({ name: "c", config: CONFIG });
  expect((await addMany(connection, "RUNS", CONFIG, 1_000)).name).toBe("c");
  expect(requests).toEqual(["$JS.API.CONSUMER.CREATE.RUNS.c"]);
});
test("a refused consumer is an error with the server's description", async () => {
  const { connection } = server({ error: { description: "maximum consumers limit reached" } });
  await expect(addMany(connection, "RUNS", CONFIG, 1_000)).rejects.toThrow("maximum consumers limit reached");
});
test("a consumer of a server that ignored the subjects is deleted", async () => {
  const { connection, requests } = server({ name: "c", config: { name: "c" } });
  await expect(addMany(connection, "RUNS", CONFIG, 1_000)).rejects.toThrow(NoLists);
  expect(requests.at(-1)).toBe("$JS.API.CONSUMER.DELETE.RUNS.c");
});
