// Bytes of a capture that are no messages of their types.
import { BoolValueSchema, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { expect, test } from "vitest";
import { ReplayClock } from "./replay-clock.ts";
import { start } from "./running.ts";
import { Stage } from "./stage.ts";

const REQUEST = { id: 3, message: "", headers: {}, decisions: [] };
const CALLER = { principal: "", credential: "", token: false };

test.each([
  ["message", { message: "////" }],
  ["caller.credential", { caller: { ...CALLER, credential: "////" } }],
  ["caller.principal", { caller: { ...CALLER, principal: "////" } }],
])("a request whose %s is no such message is damaged", (name, damage) => {
  const clock = new ReplayClock({ startedAt: 0, readings: [], dates: [], random: [], date: 0 });
  const endpoint = { method: { input: StringValueSchema, output: BoolValueSchema }, run: () => ({ cancel: () => {} }) };
  const world = { principal: PrincipalSchema, propagator: undefined };
  expect(() =>
    start(endpoint as never, { ...REQUEST, ...damage } as never, world as never, new Stage(clock, [], true), () => {}),
  ).toThrow(
    `the capture is damaged: \`${name}\` of request 3 cannot be read: invalid wire format before byte 3; remove the line of the request`,
  );
});
