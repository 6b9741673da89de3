// Who waits for a key of a batch may leave before its call ends, and others may not: each way in which that may have been is found, and soon.
import { create, type Message, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  type BatchGetUsersRequest,
  BatchGetUsersRequestSchema,
  BatchGetUsersResponseSchema,
  UserService,
} from "../../../../generated/user/v1/user_pb.ts";
import { type CallOutcome, type LoggedCall, type Outcomes, outcomesOf } from "../outcomes.ts";

const method = UserService.method.batchGetUsers;
const ids = Array.from({ length: 12 }, (_, i) => `u${i}`);
const NOT_FOUND = { code: 5, reason: 5, upstream: UserService.typeName, clientCode: 5 };
const TIMEOUT = { code: 4, reason: 1, upstream: UserService.typeName, clientCode: 4 };

function logged(outcome: CallOutcome, late: boolean): LoggedCall {
  const message = toBinary(BatchGetUsersRequestSchema, create(BatchGetUsersRequestSchema, { ids }));
  return { method: `${UserService.typeName}/${method.name}`, message, outcome, late };
}
const step = { index: 0 };
function codeOf(outcomes: Outcomes, id: string, way: string): number | undefined {
  const alone = create(BatchGetUsersRequestSchema, { ids: [id] });
  const alike = (request: Message) => (request as BatchGetUsersRequest).ids.includes(id);
  const found = outcomes.batch(method, alone, alike, { way, step } as Parameters<Outcomes["batch"]>[3]);
  return found !== undefined && "failed" in found ? found.failed.code : undefined;
}
/** What came of the keys, asked for by a list, and of one of them that is asked for elsewhere; for each way in turn. */
function* ways(log: readonly LoggedCall[]) {
  for (const outcomes of outcomesOf(log)) {
    const listed = ids.map((id) => codeOf(outcomes, id, "/1"));
    yield { listed, elsewhere: codeOf(outcomes, "u3", "/2") };
  }
}
const all = (code: number | undefined) => ids.map(() => code);

test("a list may time out before its call fails, and other waiting callers may as well", () => {
  const log = [logged({ failed: NOT_FOUND }, true)];
  const few = [...ways(log)].slice(0, 4);
  expect(few).toContainEqual({ listed: all(5), elsewhere: 5 });
  expect(few).toContainEqual({ listed: all(4), elsewhere: 5 });
  expect(few).toContainEqual({ listed: all(4), elsewhere: 4 });
});

test("each key of a list may have its own outcome", () => {
  const log = [logged({ failed: NOT_FOUND }, true)];
  const listed = [...all(5).slice(1), 4];
  expect([...ways(log)]).toContainEqual({ listed, elsewhere: 5 });
});

test("a call that answers in time has one outcome, and so has one that itself times out", () => {
  const answer = toBinary(BatchGetUsersResponseSchema, create(BatchGetUsersResponseSchema));
  expect([...ways([logged({ ok: answer }, false)])]).toEqual([{ listed: all(undefined), elsewhere: undefined }]);
  const codes = [...ways([logged({ failed: TIMEOUT }, true)])].flatMap((way) => [...way.listed, way.elsewhere]);
  expect(new Set(codes)).toEqual(new Set([4, undefined]));
});

test("an item may be cancelled before its call fails, if the call continues for another step", () => {
  const single = UserService.method.getUser;
  const request = create(single.input, { id: "u1" });
  const name = `${UserService.typeName}/${single.name}`;
  const log = [{ method: name, message: toBinary(single.input, request), outcome: { failed: NOT_FOUND } }];
  const outcomeKind = (kind: "each" | "call", outcomes: Outcomes) => {
    const step = { source: { kind } } as Parameters<Outcomes["call"]>[2]["step"];
    const came = outcomes.call(single, request, { effect: false, step } as Parameters<Outcomes["call"]>[2]);
    return came === undefined ? "none" : Object.keys(came)[0];
  };
  const came = Array.from(outcomesOf(log), (outcomes) => [
    outcomeKind("each", outcomes),
    outcomeKind("call", outcomes),
    outcomes.unasked().length,
  ]);
  expect(came).toContainEqual(["cancelled", "failed", 0]);
  expect(came.filter(([, other]) => other !== "failed")).toEqual([]);
  // Where nobody else has asked it was made for nobody.
  const alone = Array.from(outcomesOf(log), (outcomes) => [outcomeKind("each", outcomes), outcomes.unasked().length]);
  expect(new Set(alone.map(String))).toEqual(new Set(["failed,0", "cancelled,1"]));
});

test("a waiter of a cancelled call may have had its own timeout", () => {
  const log = [logged({ cancelled: true }, false)];
  expect([...ways(log)].map(({ elsewhere }) => elsewhere)).toEqual(expect.arrayContaining([undefined, 4]));
});

test("a step may have ended before its call failed", () => {
  const came = [...ways([logged({ failed: NOT_FOUND }, false)])];
  expect(came).toContainEqual({ listed: all(5), elsewhere: 5 });
  expect(came).toContainEqual({ listed: all(5), elsewhere: undefined });
  expect(came).toContainEqual({ listed: all(undefined), elsewhere: 5 });
});
