// A BFF whose RPCs answer with streams: deferred parts, a followed stream of an upstream, and a topic.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { type BffProcess, startBff } from "../../../examples/dashboard/bff-process.ts";
import { startUpstreams, type Upstreams } from "../../../examples/dashboard/upstreams.ts";
import { upstreamAddresses } from "../../bffs/worked-example/example.ts";
import type { Bff } from "../../proofs/load/bff.ts";
import { protosIn } from "../../proofs/load/bffs.ts";
import { generate } from "../../proofs/load/generate-bff.ts";
import { LiveWorker } from "./live-worker.ts";

const LIVE = `syntax = "proto3";
package live.v1;
import "agent/v1/agent.proto";
import "billing/v1/billing.proto";
import "notify/v1/notify.proto";
import "user/v1/user.proto";
import "worker/v1/worker.proto";
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "bff/v1/stream.proto";
option (bff.v1.file).upstream = { timeout: "5s" };
service LiveService {
  option (bff.v1.service).topic = {
    name: "run"
    type: "worker.v1.RunEvent"
    call: {
      method: "worker.v1.WorkerService/Watch"
      set: [ { name: "run_id" by: "key" }, { name: "after_seq" by: "resume.orValue(0u)" } ]
    }
    position: "event.seq"
    until: "event.final"
  };
  rpc OpenPage(OpenPageRequest) returns (stream Page) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc FollowRun(FollowRunRequest) returns (stream RunUpdate) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).stream = {
      var: "event"
      call: {
        method: "worker.v1.WorkerService/Watch"
        set: [ { name: "run_id" by: "args.run_id" }, { name: "after_seq" by: "resume.orValue(0u)" } ]
      }
      if: "event.text != 'internal'"
      until: "event.final"
      position: "event.seq"
    };
  }
  rpc FollowTopic(FollowRunRequest) returns (stream RunUpdate) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).stream = { var: "event" follow: { topic: "run" key: "args.run_id" } };
  }
}
message FollowRunRequest { string run_id = 1; }
message RunUpdate {
  option (bff.v1.message).let = {
    name: "actor" supplementary: true
    call: {
      method: "user.v1.UserService/BatchGetUsers"
      batch: { name: "ids" by: "args.event.actor_id" items: "users" key: "id" }
    }
  };
  uint32 percent = 1 [(bff.v1.field).by = "args.event.percent"];
  string text = 2 [(bff.v1.field).by = "args.event.text"];
  optional string actor_name = 3 [(bff.v1.field).by = "actor.name"];
  bff.v1.Position position = 14;
  repeated bff.v1.Degradation degraded = 15;
}
message OpenPageRequest { string workspace_id = 1; string user_id = 2; }
message Page {
  option (bff.v1.message) = { let: [
    { name: "agent" call: { method: "agent.v1.AgentService/GetSummary" set: { name: "workspace_id" by: "args.workspace_id" } } },
    { name: "usage" defer: true supplementary: true
      call: { method: "billing.v1.BillingService/GetUsage" set: { name: "workspace_id" by: "args.workspace_id" } } },
    { name: "unread" defer: true supplementary: true
      call: { method: "notify.v1.NotifyService/CountUnread" set: { name: "user_id" by: "args.user_id" } } }
  ] };
  string name = 1 [(bff.v1.field).by = "agent.display_name"];
  optional int64 spent_cents = 2 [(bff.v1.field).by = "usage.spent_cents"];
  optional int32 unread = 3 [(bff.v1.field).by = "unread.count"];
  repeated bff.v1.Part parts = 14;
  repeated bff.v1.Degradation degraded = 15;
}
`;
const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A running BFF that captures all requests. */
export interface Live {
  /** Path of its generated server. */
  readonly server: string;
  readonly bff: BffProcess;
  readonly upstreams: Upstreams;
  readonly worker: LiveWorker;
  /** Folder of its captures. */
  readonly folder: string;
  /** Stops the BFF, and returns the path of its first capture. */
  captured(): Promise<string>;
}

/**
 * Starts the BFF, which ends with the test.
 *
 * @param bounds of its captures, like `;bytes=4GB`
 */
export async function startLive(bounds = ""): Promise<Live> {
  const folder = mkdtempSync(join(tmpdir(), "protobff-live-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const protos = { ...protosIn("proto/example"), "live/v1/live.proto": LIVE };
  const generated = generate({ name: "live", protos, targets: ["live/v1/live.proto"] } as unknown as Bff, true, true);
  onTestFinished(() => rmSync(generated, { recursive: true, force: true }));
  const server = relative(root, join(generated, "gen/live/v1/server.ts"));
  const upstreams = await startUpstreams({});
  onTestFinished(() => upstreams.close());
  const capture = { BFF_CAPTURE: `all;dir=${folder}${bounds}` };
  const worker = await LiveWorker.start();
  onTestFinished(() => worker.stop());
  const addresses = { ...upstreamAddresses(upstreams.urls), WORKER_V1_WORKERSERVICE_URL: worker.url };
  const bff = await startBff(server, { ...addresses, ...capture });
  onTestFinished(async () => void (await bff.stop()));
  return {
    server,
    folder,
    bff,
    upstreams,
    worker,
    async captured() {
      await bff.stop();
      return join(folder, readdirSync(folder)[0] ?? "");
    },
  };
}

/**
 * Sends a request by Connect, and returns the messages of its stream with its end.
 *
 * @param method of `live.v1.LiveService`, or `package.Service/Method`
 */
export async function streamed(url: string, method: string, request: object, signal?: AbortSignal) {
  const json = Buffer.from(JSON.stringify(request));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(json.length, 1);
  const answer = await fetch(`${url}/${method.includes("/") ? method : `live.v1.LiveService/${method}`}`, {
    method: "POST",
    headers: { "content-type": "application/connect+json" },
    body: Buffer.concat([head, json]),
    ...(signal !== undefined && { signal }),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const frames: unknown[] = [];
  for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt32BE(at + 1))
    frames.push(JSON.parse(bytes.toString("utf8", at + 5, at + 5 + bytes.readUInt32BE(at + 1))));
  return frames as Record<string, unknown>[];
}

/** Begins a request, and leaves it when the condition holds. */
export async function leftWhen(begin: (signal: AbortSignal) => Promise<unknown>, holds: () => boolean): Promise<void> {
  const controller = new AbortController();
  const begun = begin(controller.signal);
  await expect.poll(holds, { timeout: 30_000 }).toBe(true);
  controller.abort();
  await expect(begun).rejects.toThrow(/abort/);
}
