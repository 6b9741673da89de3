// An adaptive limit over real sockets, with grpc-js as server and four workers. Only counts are compared: concurrent
// calls of the server, and answered calls.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Server, ServerCredentials, type ServiceDefinition } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { endpoint } from "../endpoint/endpoint.ts";
import type { LimitPolicy } from "../guard/limit.ts";
import { page } from "../testing/front.ts";
import {
  Front,
  GetRequestSchema,
  ShowRequestSchema,
  ThingSchema,
  Upstream as UpstreamService,
} from "../testing/gen/test_pb.ts";
import { GrpcClient } from "../transport/grpc/grpc-client.ts";
import { Upstream } from "./upstream.ts";

const WORKERS = 4;
const WORK_MS = 10;

/** Answers four calls at a time; the others queue. */
async function pool() {
  const line: (() => void)[] = [];
  let busy = 0;
  const inside = { now: 0, most: 0 };
  const work = (): void => {
    while (busy < WORKERS && line.length > 0) {
      busy++;
      const answer = line.shift();
      setTimeout(() => {
        busy--;
        inside.now--;
        answer?.();
        work();
      }, WORK_MS);
    }
  };
  const definition: ServiceDefinition = {
    get: {
      path: "/test.v1.Upstream/Get",
      requestStream: false,
      responseStream: false,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    },
  };
  const server = new Server();
  server.addService(definition, {
    get: (call: { request: Buffer }, done: (error: null, bytes: Buffer) => void) => {
      inside.most = Math.max(inside.most, ++inside.now);
      const { id } = fromBinary(GetRequestSchema, call.request);
      line.push(() => done(null, Buffer.from(toBinary(ThingSchema, create(ThingSchema, { id })))));
      work();
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return { url: `http://127.0.0.1:${port}`, inside, stop: () => server.forceShutdown() };
}

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/**
 * Makes requests of one critical and eight supplementary calls each, sixteen at a time, until this number has ended.
 */
async function loaded(limit: LimitPolicy) {
  const server = await pool();
  const client = new GrpcClient(server.url);
  stops.push(server.stop, () => client.close());
  const upstream = new Upstream("test.v1.Upstream", client, { limit });
  const app = { get: upstream.unary(UpstreamService.method.get, {}) };
  let supplementary = 0;
  const ended = { whole: 0, degraded: 0, failed: 0 };
  const { run } = endpoint(Front.method.show, app, {
    timeoutMs: 5_000,
    compose: async (cx) => {
      const others = Array.from({ length: supplementary }, () => cx.tryCall(cx.app.get, { id: "other" }));
      const { id } = await cx.call(cx.app.get, { id: "main" });
      const had = (await Promise.all(others)).every((other) => other !== undefined);
      ended[had ? "whole" : "degraded"]++;
      return page({ title: id });
    },
  });
  const request = (): Promise<void> =>
    new Promise((resolve) =>
      run(
        create(ShowRequestSchema),
        new Headers(),
        undefined,
        () => resolve(),
        () => {
          ended.failed++;
          resolve();
        },
      ),
    );
  const load = async (many: number, requests: number): Promise<void> => {
    let left = requests;
    const loop = async (): Promise<void> => {
      while (left-- > 0) {
        await request();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    await Promise.all(Array.from({ length: many }, loop));
  };
  await load(1, 60); // alone, so that it knows how long an answer takes
  supplementary = 8;
  await load(16, 100);
  server.inside.most = 0;
  Object.assign(ended, { whole: 0, degraded: 0, failed: 0 });
  await load(16, 100);
  return { inside: server.inside.most, ...ended, now: upstream.state.limits[0] };
}

test("the server has far fewer concurrent calls than with a fixed limit, and requests degrade before they fail", {
  timeout: 60_000,
}, async () => {
  const fixed = await loaded({ concurrent: 100, queued: 1_000 });
  expect(fixed.inside).toBe(100);
  const adaptive = await loaded({ concurrent: 100, queued: 1_000, adaptive: true });
  expect(adaptive.inside).toBeLessThan(60);
  expect(adaptive.degraded).toBeGreaterThan(0);
  // On an idle machine, none or a few calls fail. The number depends on the regularity of its measurements.
  expect(adaptive.failed).toBeLessThan(adaptive.degraded);
  expect(adaptive.now).toMatchObject({ taken: 0, waiting: 0 });
});
