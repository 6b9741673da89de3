import { expect, test } from "vitest";
import { outagesOf } from "./build-fleet.ts";
import { parsePlan } from "./read-plan.ts";

const BEHAVIOUR = { rpcs: [null], messages: {}, services: {}, answers: {}, breakers: {}, functions: {}, env: {} };
const CALL = { method: "up.v1.UpService/Get", calls: 1, attempts: 1 };
const plan = (rpcs: readonly object[], messages: readonly object[] = []): string =>
  JSON.stringify({ version: 1, file: "shop/v1/shop.proto", rpcs, messages, behaviour: BEHAVIOUR });

test("collects methods of calls, permits, streams and topics, also through composed messages", () => {
  const topic = { name: "runs", subject: "runs.{key}", call: "run.v1.RunService/Watch" };
  const read = parsePlan(
    plan(
      [
        {
          rpc: "shop.v1.Shop/Get",
          composes: "shop.v1.Page",
          calls: [CALL],
          permit: {
            steps: [
              { step: "may", kind: "call", call: { method: "acl.v1.AclService/May" } },
              { step: "x", kind: "by" },
            ],
          },
        },
        { rpc: "shop.v1.Shop/Follow", composes: "shop.v1.Item", calls: [], stream: { topic, item_calls: [CALL] } },
        { rpc: "shop.v1.Shop/Watch", composes: "shop.v1.Item", calls: [], stream: { call: "up.v1.UpService/Watch" } },
      ],
      [
        { message: "shop.v1.Page", steps: [{ step: "inner", kind: "compose", composes: "shop.v1.Inner" }] },
        {
          message: "shop.v1.Inner",
          steps: [
            { step: "run", kind: "latest", topic: "runs" },
            { step: "alternative", kind: "call", call: { method: "up.v1.UpService/Other" } },
          ],
        },
      ],
    ),
    "plan.json",
  );
  if ("message" in read) throw new Error(read.message);
  const [get, follow, watch] = read.rpcs;
  expect(get?.methods).toEqual([
    "acl.v1.AclService/May",
    "run.v1.RunService/Watch",
    "up.v1.UpService/Get",
    "up.v1.UpService/Other",
  ]);
  expect(follow?.methods).toEqual(["run.v1.RunService/Watch", "up.v1.UpService/Get"]);
  expect([...(follow?.withoutNats ?? [])]).toEqual(["run.v1.RunService/Watch"]);
  expect(watch?.methods).toEqual(["up.v1.UpService/Watch"]);
});

test.each([
  ["[]", "it is no plan"],
  ['{"version": 1, "file": "x", "rpcs": []}', "it has no predictions"],
  ['{"version": 2, "file": "x", "rpcs": []}', "it has version 2"],
  [plan([{}]), "it is not complete"],
  [plan([{ rpc: "a.B/C", composes: "x", calls: [{}] }]), "it is not complete"],
  [plan([{ rpc: "a.B/\u001b", composes: "x", calls: [] }]), "it is not complete"],
  [plan([{ rpc: "a.B/C", composes: "x", calls: [null] }]), "it is not complete"],
])("%s is no plan", (text, message) => {
  const read = parsePlan(text, "plan.json");
  expect("message" in read && read.message).toContain(message);
});

test("a plan with damaged predictions has unknown outcomes", () => {
  const read = parsePlan(plan([{ rpc: "shop.v1.Shop/Get", composes: "shop.v1.Page", calls: [CALL] }]), "plan.json");
  if ("message" in read) throw new Error(read.message);
  const [rpc] = read.rpcs;
  const [[, entry] = []] = rpc === undefined ? [] : outagesOf("shop", rpc, read);
  expect(entry).toMatchObject({ outcome: "unknown", why: expect.stringContaining("the plan cannot be evaluated") });
});
