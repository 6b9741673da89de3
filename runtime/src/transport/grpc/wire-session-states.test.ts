// Holds docs/runtime.md#upstream-connections

import { expect, test } from "vitest";
import { illegalTransitions, untakenTransitions } from "../../../../test/support/setup/checked-states.ts";
import { FrameType } from "../../http2/frames.ts";
import { transition } from "../../states.ts";
import { type FramePeer, frameOf } from "../../testing/frame-upstream.ts";
import { answer, underWay } from "../../testing/wire-rig.ts";
import { SESSION_TRANSITIONS } from "./wire-session.ts";

/** Sends GOAWAY after stream 1. */
const leave = (peer: FramePeer): void =>
  peer.send(frameOf(FrameType.GOAWAY, 0, 0, Buffer.from([0, 0, 0, 1, 0, 0, 0, 0])));

test("each legal transition is taken, and each other one throws", async () => {
  const taken = async (): Promise<void> => {
    const answered = await underWay();
    leave(answered.peer);
    answered.peer.send(answer("1"));
    expect((await answered.call.outcome).message).toBe("1");
    await answered.peer.closed;
    await answered.client.close();
    const lost = await underWay();
    leave(lost.peer);
    lost.peer.socket.end();
    expect((await lost.call.outcome).fault).toMatchObject({ kind: "transport" });
    const cut = await underWay();
    cut.peer.socket.end();
    expect((await cut.call.outcome).fault).toMatchObject({ kind: "transport" });
    const wrong = await underWay();
    wrong.peer.send(frameOf(FrameType.PING, 0, 1, Buffer.alloc(8)));
    expect((await wrong.call.outcome).fault).toMatchObject({ kind: "transport" });
  };
  expect(await untakenTransitions(SESSION_TRANSITIONS, taken)).toEqual([]);
  for (const [from, to] of illegalTransitions(SESSION_TRANSITIONS))
    expect(() => transition(SESSION_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
});
