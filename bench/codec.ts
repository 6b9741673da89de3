// Generated codecs beside protobuf-es, in this process: `npm run bench -- codec`. Ratios count: the machine is in both columns.
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { SummarySchema } from "../generated/agent/v1/agent_pb.ts";
import { UsageSchema } from "../generated/billing/v1/billing_pb.ts";
import { BatchGetUsersResponseSchema } from "../generated/user/v1/user_pb.ts";
import * as web from "../generated/web/v1/web_codec.ts";
import { AgentStatus, DashboardSchema } from "../generated/web/v1/web_pb.ts";
import { codecCounters } from "../runtime/src/index.ts";
import { frame } from "../runtime/src/wire/frame.ts";
import * as file from "./generated/bench/blob/v1/blob_codec.ts";
import { FileSchema } from "./generated/bench/blob/v1/blob_pb.ts";
import * as home from "./generated/bench/fanout/v1/fanout_codec.ts";
import { HomeSchema } from "./generated/bench/fanout/v1/fanout_pb.ts";
import { BlobSchema, ItemsSchema, ProfileSchema, SettingsSchema } from "./generated/bench/types/v1/types_pb.ts";
import { blob, example, items, profile, settings } from "./rig/upstream-data.ts";

interface Row {
  readonly what: string;
  readonly bytes: number;
  /** Nanoseconds per message. */
  readonly generated: number;
  readonly protobufEs: number;
}

export function runCodec(json: boolean): void {
  const [whole, parts] = [dashboard(), { profile, items, settings }];
  const rows = [
    decoding("example: agent.v1.Summary, some of it", SummarySchema, example.summary, web.decodeSummary),
    decoding("example: billing.v1.Usage, one field", UsageSchema, example.usage, web.decodeUsage),
    decoding(
      "example: three users, some of them",
      BatchGetUsersResponseSchema,
      example.owners,
      web.decodeBatchGetUsersResponse,
    ),
    row("example: web.v1.Dashboard, written", toBinary(DashboardSchema, whole).length, {
      generated: () => web.encodeDashboard(whole),
      protobufEs: () => frame(toBinary(DashboardSchema, whole)),
    }),
    decoding("fanout: Profile", ProfileSchema, profile, home.decodeProfile),
    decoding("fanout: Items", ItemsSchema, items, home.decodeItems),
    decoding("fanout: Settings", SettingsSchema, settings, home.decodeSettings),
    row("fanout: three answers into a reply", toBinary(HomeSchema, create(HomeSchema, parts)).length, homes()),
    row("blob: 8 MiB into a reply", blob.data.length, files()),
  ];
  if (json) console.log(JSON.stringify({ rows, counters: codecCounters }));
  else {
    console.table(
      rows.map(({ what, bytes, generated, protobufEs }) => ({
        message: what,
        bytes,
        "generated, µs": (generated / 1e3).toFixed(2),
        "protobuf-es, µs": (protobufEs / 1e3).toFixed(2),
        ratio: (generated / protobufEs).toFixed(2),
      })),
    );
    console.log(codecCounters);
  }
}

type Ways = { readonly generated: () => unknown; readonly protobufEs: () => unknown };

function row(what: string, bytes: number, { generated, protobufEs }: Ways): Row {
  for (let i = 0; i < (bytes > 1 << 20 ? 2 : 5_000); i++) for (const run of [generated, protobufEs]) sink = run();
  let count = 1;
  while (elapsed(protobufEs, count) < ROUND_MS) count *= 2;
  // In turns, so that both meet the same machine.
  const rounds = Array.from({ length: ROUNDS }, () => [elapsed(generated, count), elapsed(protobufEs, count)] as const);
  const least = (way: 0 | 1): number => (Math.min(...rounds.map((round) => round[way])) * 1e6) / count;
  return { what, bytes, generated: least(0), protobufEs: least(1) };
}
const ROUNDS = 15;
const ROUND_MS = 10;
/** Receives the results, so that the engine does not optimise the work away. */
export let sink: unknown;
function elapsed(run: () => unknown, count: number): number {
  const start = performance.now();
  for (let i = 0; i < count; i++) sink = run();
  return performance.now() - start;
}
function decoding<Desc extends DescMessage>(
  what: string,
  schema: Desc,
  message: MessageShape<Desc>,
  decode: (bytes: Uint8Array) => unknown,
): Row {
  const bytes = Buffer.from(toBinary(schema, message));
  return row(what, bytes.length, { generated: () => decode(bytes), protobufEs: () => fromBinary(schema, bytes) });
}

function homes(): Ways {
  const bytes = {
    profile: Buffer.from(toBinary(ProfileSchema, profile)),
    items: Buffer.from(toBinary(ItemsSchema, items)),
    settings: Buffer.from(toBinary(SettingsSchema, settings)),
  };
  return {
    generated: () =>
      home.encodeHome({
        $typeName: "bench.fanout.v1.Home",
        profile: home.decodeProfile(bytes.profile),
        items: home.decodeItems(bytes.items),
        settings: home.decodeSettings(bytes.settings),
      }),
    protobufEs: () =>
      frame(
        toBinary(HomeSchema, {
          $typeName: "bench.fanout.v1.Home",
          profile: fromBinary(ProfileSchema, bytes.profile),
          items: fromBinary(ItemsSchema, bytes.items),
          settings: fromBinary(SettingsSchema, bytes.settings),
        }),
      ),
  };
}
function files(): Ways {
  const bytes = Buffer.from(toBinary(BlobSchema, blob));
  return {
    generated: () => file.encodeFile({ $typeName: "bench.blob.v1.File", blob: file.decodeBlob(bytes) }),
    protobufEs: () =>
      frame(toBinary(FileSchema, { $typeName: "bench.blob.v1.File", blob: fromBinary(BlobSchema, bytes) })),
  };
}

function dashboard(): MessageShape<typeof DashboardSchema> {
  const { summary, usage, unread, found, owners } = example;
  const names = new Map(owners.users.map(({ id, name }) => [id, name]));
  const init: MessageInitShape<typeof DashboardSchema> = {
    agent: { id: summary.id, status: AgentStatus.RUNNING, displayName: summary.displayName },
    spentCents: usage.spentCents,
    unread: unread.count,
    facts: found.items.map(({ text }) => text),
    runs: summary.runs.map(({ id, title, ownerId }) => ({ id, title, ownerName: names.get(ownerId) })),
  };
  return create(DashboardSchema, init);
}
