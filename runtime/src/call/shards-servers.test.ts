// Shards over real connections.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Reason } from "../failure.ts";
import { FakeClient } from "../testing/fake-client.ts";
import { front, page } from "../testing/front.ts";
import { BatchGetRequestSchema, BatchGetResponseSchema } from "../testing/gen/test_pb.ts";
import { connected, started } from "../testing/grpc-rig.ts";
import { type Received, reply } from "../testing/h2-upstream.ts";
import type { ShardRule } from "./policy.ts";

const NAMES = ["a", "b", "c"];
/** Keys begin with the name of their shard. */
const BY_KEY = (key: string) => ({ name: key.charAt(0) });

async function servers() {
  const all = await Promise.all(
    NAMES.map(async (name) => {
      const answer = (received: Received): void => {
        const { ids } = fromBinary(BatchGetRequestSchema, received.body);
        const things = ids.toReversed().map((id) => ({ id, tags: [name] }));
        reply(received, Buffer.from(toBinary(BatchGetResponseSchema, create(BatchGetResponseSchema, { things }))));
      };
      const server = await started(answer);
      return { name, server, client: connected(server.url) };
    }),
  );
  const shards = new Map(all.map(({ name, client }) => [name, client]));
  const shard: ShardRule = ({ ids }: { ids: string[] }) => BY_KEY(ids[0] ?? "");
  const { send } = front({ call: { shard } }, Object.assign(new FakeClient(), { shards }));
  return { send, server: (name: string) => all.find((entry) => entry.name === name)?.server };
}

test("a batch reaches the server of each key, and a server that is down fails its keys alone", async () => {
  const { send, server } = await servers();
  const titles = async (ids: readonly string[]) => {
    const { page: found } = await send(async (cx) => {
      const batch = { ...cx.app.byId, shard: BY_KEY };
      const items = await Promise.all(ids.map((id) => cx.tryLoad(batch, id)));
      return page({ title: items.map((item) => (item === undefined ? "-" : `${item.id}@${item.tags[0]}`)).join(" ") });
    }).answer;
    return found?.title;
  };
  expect(await titles(["c1", "a1", "b1", "a2", "c2"])).toBe("c1@c a1@a b1@b a2@a c2@c");
  await server("b")?.stop();
  expect(await titles(["b1", "a3", "c3", "b2"])).toBe("- a3@a c3@c -");
});

test("a scatter merges the answers of all shards", async () => {
  const { send, server } = await servers();
  const scatter = () =>
    send(async (cx) => {
      const calls = NAMES.map((name) => cx.call(cx.app.batchGet, { ids: ["x"] }, { shard: { name } }));
      return page({ title: (await Promise.all(calls)).flatMap(({ things }) => things[0]?.tags[0] ?? []).join("") });
    }).answer;
  expect((await scatter()).page?.title).toBe("abc");
  await server("c")?.stop();
  expect((await scatter()).failure?.reason).toBe(Reason.UNAVAILABLE);
});
