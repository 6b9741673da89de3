// Holds the states of a call: every legal transition is taken, every other one throws.
import type * as http from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";
import { Denied, type Verdict } from "@protobff/runtime/internal/admission/admission";
import { Failure, Reason } from "@protobff/runtime/internal/failure";
import type { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import { transition } from "@protobff/runtime/internal/states";
import { describe, expect, test } from "vitest";
import { illegalTransitions, untakenTransitions } from "../../../../test/support/setup/checked-states.ts";
import { PendingBytes } from "../requests/pending-bytes.ts";
import { CALL_TRANSITIONS } from "./call-states.ts";
import { type CallRpc, FastCall } from "./fast-call.ts";

const ERROR = new ConnectError("no", Code.InvalidArgument);
const denied = new Denied(
  new Failure({
    code: Code.PermissionDenied,
    reason: Reason.REJECTED,
    callee: "",
    message: "no",
    clientCode: Code.PermissionDenied,
    clientMessage: "no",
  }),
);
const authenticated = {} as AuthenticatedRequest;

/** A call without a connection, which records its answers. */
class TestCall extends FastCall {
  readonly answers: string[] = [];
  readonly #completed: (call: TestCall) => void;

  constructor(rpc: CallRpc, completed: (call: TestCall) => void) {
    const carrier = { socket: {} } as http.IncomingMessage;
    const head = { headers: {}, raw: [], carrier, clientMs: undefined, compression: null, extra: [] };
    super(rpc, { ...head, requestId: undefined });
    this.#completed = completed;
  }
  get session(): undefined {
    return undefined;
  }
  get expected(): number {
    return 0;
  }
  arrived(): void {}
  complete(): void {
    this.#completed(this);
  }
  run(): void {
    this.handOn(false, () => ({ cancel: () => this.answers.push("cancelled") }));
  }
  answer(): void {
    this.settle();
    this.answers.push("answered");
  }
  fail(error: ConnectError | Failure): void {
    this.answers.push(`${this.unread ? "early " : ""}${Code[error.code]}`);
  }
  cutOff(): void {}
  drop(): void {}
}

function callOf(completed: (call: TestCall) => void, verdict?: Verdict | Promise<Verdict>) {
  const reports: string[] = [];
  const call = new TestCall(
    {
      authenticate: verdict === undefined ? undefined : () => verdict,
      refused: ({ code }) => reports.push(String(Code[code])),
      peers: { of: () => ({ address: "", isTrusted: false }) } as unknown as CallRpc["peers"],
      parse: () => ERROR,
      prefix: 0,
      traffic: undefined,
      maxBytes: 1,
      open: [],
      pending: new PendingBytes(1 << 20),
      fault: (_, thrown) => {
        throw thrown;
      },
    },
    completed,
  );
  return { call, reports };
}
const run = (call: TestCall): void => call.run();
const nothing = (): void => {};
/** Lets promises settle. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a call", () => {
  test("takes every transition of its table", async () => {
    const untaken = await untakenTransitions(CALL_TRANSITIONS, async () => {
      const whole = callOf(run).call;
      whole.end();
      whole.answer();
      whole.close();
      expect(whole.answers).toEqual(["answered"]);

      const refused = callOf(nothing);
      refused.call.reject(ERROR);
      expect(refused.call.answers).toEqual([]);
      refused.call.end();
      expect(refused.call.answers).toEqual(["InvalidArgument"]);
      expect(refused.reports).toEqual(["InvalidArgument"]);

      const slow = callOf(nothing).call;
      slow.reject(ERROR);
      slow.lingered(ERROR);
      expect(slow.answers).toEqual(["early InvalidArgument"]);
      slow.close();

      const early = callOf(nothing).call;
      early.abort(ERROR);
      early.end();
      expect(early.answers).toEqual(["early InvalidArgument"]);

      const invalid = callOf((call) => call.reject(ERROR)).call;
      invalid.end();
      expect(invalid.answers).toEqual(["InvalidArgument"]);

      const admitted = callOf(run, Promise.resolve(authenticated)).call;
      admitted.end();
      await settled();
      admitted.close();
      expect(admitted.answers).toEqual(["cancelled"]);

      const closed = callOf(run, Promise.resolve(authenticated));
      closed.call.end();
      closed.call.close();
      expect(closed.reports).toEqual([]);
      await settled();
      expect(closed.reports).toHaveLength(1);
    });
    expect(untaken).toEqual([]);
  });
  test.each(illegalTransitions(CALL_TRANSITIONS))("may not go from %s to %s", (from, to) => {
    expect(() => transition(CALL_TRANSITIONS, from, to)).toThrow(`illegal transition from ${from} to ${to}`);
  });

  test("is refused by `authenticate`, which reports it", async () => {
    for (const verdict of [denied, Promise.resolve(denied)]) {
      const { call, reports } = callOf(run, verdict);
      call.end();
      await settled();
      expect(call.answers).toEqual(["PermissionDenied"]);
      call.close();
      expect(reports).toEqual([]);
    }
  });
  test("reports no abort of a request that `authenticate` refuses later", async () => {
    const { call, reports } = callOf(run, Promise.resolve(denied));
    call.end();
    call.abort(ERROR);
    await settled();
    expect(call.answers).toEqual(["InvalidArgument"]);
    expect(reports).toEqual([]);
  });
  test("cannot run twice", () => {
    const { call } = callOf(run);
    call.end();
    expect(() => call.run()).toThrow("illegal transition from running to running");
  });
});
