// Holds docs/runtime.md#usage-events
// Usage events of a generated server in JetStream, of a nats-server that is killed and returns.
import { DeliverPolicy } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startNats } from "../../../runtime/src/testing/nats-rig.ts";
import { eventOf, items, RPC, SERVER, usageProject } from "./usage-project.ts";

const project = usageProject("usage-nats", "usage.shop");
beforeAll(() => project.generate());
afterAll(() => project.remove());

test("every charged request is one message, though nats-server is killed with -9 and returns", async () => {
  const nats = await startNats();
  await nats.start();
  const { jsm, js } = await nats.admin();
  await jsm.streams.add({ name: "USAGE", subjects: ["usage.>"] });
  const { post, stop, log } = await project.served(SERVER, items, { NATS_URL: nats.url });
  const ids: string[] = [];
  const send = async (count: number): Promise<void> => {
    const next = Array.from({ length: count }, (_, i) => `i${ids.length + i}`);
    ids.push(...next);
    for (const { status } of await Promise.all(next.map((id) => post(RPC, { id })))) expect(status).toBe(200);
  };
  for (let round = 0; round < 3; round++) {
    const sending = send(100);
    await nats.stop();
    await sending;
    await send(20);
    await nats.start();
  }
  while ((await jsm.streams.info("USAGE").catch(() => undefined))?.state.messages !== ids.length);
  expect(await stop()).toBe(0);
  const consumer = await js.consumers.get("USAGE", { deliver_policy: DeliverPolicy.All });
  const found: { id: string; field: { id: string } }[] = [];
  for await (const message of await consumer.fetch({ max_messages: ids.length, expires: 30_000 })) {
    const event = message.json<{ id: string; field: { id: string } }>();
    expect(message.subject).toBe("usage.shop");
    expect(message.headers?.get("Nats-Msg-Id")).toBe(event.id);
    expect(event).toEqual(eventOf(event.field.id));
    found.push(event);
  }
  expect(found.map(({ field }) => field.id).sort()).toEqual([...ids].sort());
  expect(log()).toContain("NATS is there again");
});

test("a server without NATS_URL and BFF_USAGE_FILE does not start", () => {
  const { status, stderr } = project.start(SERVER, { UP_V1_ITEMSERVICE_URL: "http://127.0.0.1:1" });
  expect(status).toBe(2);
  expect(stderr).toContain("NATS_URL is not set, nor is BFF_USAGE_FILE, and usage events need one");
});
