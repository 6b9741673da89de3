// Holds the states of sockets and of their follows: every legal transition is taken, every other one throws.
import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { createRegistry } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Incoming } from "@protobff/runtime/internal/identity/incoming-request";
import { transition } from "@protobff/runtime/internal/states";
import type { Follower } from "@protobff/runtime/internal/stream/stream-endpoint";
import { expect, test } from "vitest";
import type { WebSocket } from "ws";
import { illegalTransitions, untakenTransitions } from "../../../../test/support/setup/checked-states.ts";
import { PendingBytes } from "../requests/pending-bytes.ts";
import { FollowSocket, SOCKET_TRANSITIONS } from "./follow-socket.ts";
import { SOCKET_FOLLOW_TRANSITIONS, SocketFollow } from "./socket-follow.ts";
import type { StreamRpc } from "./stream-call.ts";

const registry = createRegistry();
const headers = { get: () => null, peer: { address: "" } } as unknown as Incoming;

function follows() {
  const messages: string[] = [];
  const reports: string[] = [];
  const followers: Follower[] = [];
  const carrier = { full: false, send: (message: Buffer) => messages.push(String(message)), leave: () => {} };
  const rpc = {
    followers: { enter: () => undefined, leave: () => {}, draining: false },
    maxBytes: 100,
    parse: () => ({}),
    refused: ({ code }: { code: Code }) => reports.push(String(Code[code])),
    follow: (...parameters: unknown[]) => {
      followers.push(parameters.at(-1) as Follower);
      return { ready: () => {}, drain: () => {}, cancel: () => messages.push("cancelled") };
    },
  } as unknown as StreamRpc;
  const message = { kind: "follow", id: 1, rpc: "a.B/C", request: {} } as never;
  const follow = (more: Partial<StreamRpc> = {}) => {
    const follow = new SocketFollow(carrier, { ...rpc, ...more }, { message, headers, registry });
    follow.begin();
    return follow;
  };
  return { follow, messages, reports, followers };
}

test("a follow takes every transition of its table", async () => {
  const untaken = await untakenTransitions(SOCKET_FOLLOW_TRANSITIONS, () => {
    const { follow, messages, reports, followers } = follows();
    follow({ parse: () => new ConnectError("no", Code.InvalidArgument) });
    expect(reports).toEqual(["InvalidArgument"]);
    follow();
    followers[0]?.opened(undefined);
    followers[0]?.opened(undefined);
    followers[0]?.ended(undefined);
    follow().cancel();
    expect(messages.map((message) => Object.keys(message === "cancelled" ? { message } : JSON.parse(message)))).toEqual(
      [["id", "error"], ["id", "opened"], ["id", "end"], ["message"]],
    );
    expect(reports).toHaveLength(1);
  });
  expect(untaken).toEqual([]);
});
test("a socket takes every transition of its table", async () => {
  const untaken = await untakenTransitions(SOCKET_TRANSITIONS, () => {
    for (const drains of [true, false]) {
      const events: string[] = [];
      const record = (event: string) => () => events.push(event);
      const socket = Object.assign(new EventEmitter(), {
        send: () => {},
        close: record("close"),
        terminate: record("terminate"),
      });
      const follower = new FollowSocket(socket as unknown as WebSocket, new PassThrough(), {
        pending: new PendingBytes(1 << 20),
        registry,
        rpcOf: () => undefined,
        headersOf: () => headers,
        onClose: record("closed"),
      });
      if (drains) follower.drain();
      else follower.terminate();
      follower.drain();
      socket.emit("close");
      expect(events).toEqual([drains ? "close" : "terminate", "closed"]);
    }
  });
  expect(untaken).toEqual([]);
});
test.each(illegalTransitions(SOCKET_FOLLOW_TRANSITIONS))("a follow may not go from %s to %s", (from, to) => {
  expect(() => transition(SOCKET_FOLLOW_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
});
test.each(illegalTransitions(SOCKET_TRANSITIONS))("a socket may not go from %s to %s", (from, to) => {
  expect(() => transition(SOCKET_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
});
