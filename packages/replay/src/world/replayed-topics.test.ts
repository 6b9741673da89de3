import { create } from "@bufbuild/protobuf";
import { type StringValue, StringValueSchema } from "@bufbuild/protobuf/wkt";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { Topic } from "@protobff/runtime/internal/topic/topic";
import type { UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import type { CapturedRequest, CaptureHeader } from "@protobff/server/capture";
import { expect, test } from "vitest";
import { EchoService } from "../../../server/src/testing/test-echo.ts";
import { replayExactly } from "../tape/replay-exactly.ts";
import type { Declaration } from "./collect.ts";
import { openWorld } from "./create-endpoints.ts";

const HEADER = { clients: ["worker"], events: [] } as unknown as CaptureHeader;
const REQUEST = {
  ...{ id: 1, method: "echo.v1.EchoService/Echo", at: "2026-11-26T00:00:00Z", message: "CgFh", headers: {} },
  ...{ startedAt: 0, endedAt: 1, readings: [], dates: [], random: [], decisions: [], tape: [["answer"]] },
  outcome: { answer: "CgFh", degraded: "" },
} as unknown as CapturedRequest;

/** Replays a request of a server with a topic that only NATS has. */
async function replayed(run: (worker: UnaryClient) => void) {
  const topic = { name: "run", subject: "runs.{key}", jetstream: "RUNS", decode: () => "", keep: 1 };
  const declaration = {
    ...{ name: "echo.v1", services: [EchoService], upstreams: {}, env: () => ({}) },
    create({ clients, topics }: { clients: { worker: UnaryClient }; topics: ConstructorParameters<typeof Topic>[1] }) {
      new Topic(topic, topics);
      const endpoint: Partial<Endpoint> = {
        method: EchoService.method.echo,
        run(args, _headers, _clientMs, done) {
          run(clients.worker);
          done(create(StringValueSchema, args as StringValue), "", undefined);
          return { cancel: () => {} };
        },
      };
      return [endpoint];
    },
  } as unknown as Declaration;
  return replayExactly(await openWorld(declaration, {}), HEADER, REQUEST);
}

test("a server whose topics need NATS replays requests that read none", async () => {
  expect((await replayed(() => {})).difference).toBeUndefined();
});

test("a request that opens a stream of an upstream that it has not opened before is reported", async () => {
  const receiver = { item: () => {}, ended: () => {}, faulted: () => {} };
  const { difference } = await replayed((worker) =>
    worker.open?.("/w.v1.W/Watch", new Uint8Array(5), 1, undefined, receiver),
  );
  expect(difference).toBe('event 1 of 1: the replay does ["open","worker","/w.v1.W/Watch",0] before its end');
});
