// Clients of the live bench. As a program it holds followers of a URL until its parent disconnects:
// collections of their memory then delay no other client.
import { fork } from "node:child_process";
import { once } from "node:events";
import { setPriority } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { create, type DescMethod, toBinary } from "@bufbuild/protobuf";
import { GrpcClient, type OpenStream } from "@protobff/runtime";
import { GetHomeRequestSchema, HomeService } from "../generated/bench/live/v1/live_pb.ts";
import { framed } from "../rig/upstream-data.ts";
import { CALLER_HEADERS } from "../rig/variant.ts";

const TICK_MS = 10;
/** They share a processor with the generator of requests, whose times count. */
const LOW = 10;
/** More would overload a server that has just started, which then refuses some. */
const AT_A_TIME = 50;

export const userId = (client: number): string => `u-${client}`;
const frameOf = (client: number): Uint8Array =>
  framed(toBinary(GetHomeRequestSchema, create(GetHomeRequestSchema, { userId: userId(client) })));

export function opened(
  { parent, name }: DescMethod,
  client: GrpcClient,
  of: number,
  timeoutMs: number,
  item: () => void,
): OpenStream {
  const fail = (how: string): never => {
    throw new Error(`client ${of} of ${name}: ${how}`);
  };
  const stream = client.open(`/${parent.typeName}/${name}`, frameOf(of), timeoutMs, CALLER_HEADERS, {
    item: () => {
      item();
      stream.take(1);
    },
    ended: () => {},
    faulted: ({ code, message }) => fail(`${code} ${message}`),
  });
  stream.take(1);
  return stream;
}

/** Opens followers of separate keys. Resolves when each has its first message. */
export async function openFollowers(client: GrpcClient, count: number, received: () => void): Promise<OpenStream[]> {
  let first = 0;
  const streams: OpenStream[] = [];
  while (streams.length < count) {
    while (streams.length - first < AT_A_TIME && streams.length < count)
      streams.push(
        opened(HomeService.method.watchHome, client, streams.length, Number.POSITIVE_INFINITY, () => {
          first++;
          received();
        }),
      );
    await sleep(TICK_MS);
  }
  while (first < count) await sleep(TICK_MS);
  return streams;
}

/** Starts a process with followers. Resolves when each has its first message, with the end of the process. */
export async function startFollowers(url: string, count: number): Promise<() => Promise<void>> {
  const child = fork(fileURLToPath(import.meta.url), [url, `${count}`]);
  const ended = once(child, "exit");
  const open = await Promise.race([once(child, "message"), ended.then(() => undefined)]);
  if (open === undefined) throw new Error("the followers have ended");
  return async () => {
    child.disconnect();
    await ended;
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , url = "", count = ""] = process.argv;
  setPriority(LOW);
  process.once("disconnect", () => process.exit());
  await openFollowers(new GrpcClient(url), Number(count), () => {});
  process.send?.("open");
}
