// `protobff replay --page` over HTTP: orders of replays, and requests that are refused.
import { once } from "node:events";
import { request } from "node:http";
import { readCapture } from "@protobff/replay";
import { expect, test } from "vitest";
import type { ReplayOrder, ShownReplay, ShownRequest } from "../../../packages/server/src/explorer/page-data.ts";
import { captured, servedPage } from "./served-page.ts";

const USAGE = "billing.v1.BillingService/GetUsage";

test("the page replays captured requests, with changes and up to an answer", { timeout: 60_000 }, async () => {
  const file = await captured();
  const { url, stop } = await servedPage(file);
  const { replays } = (await (await fetch(`${url}/explorer/overview`)).json()) as { replays: ShownRequest[] };
  const { requests } = readCapture(file);
  expect(replays.map(({ id }) => id)).toEqual(requests.map(({ id }) => id).reverse());
  const id = replays[0]?.id ?? 0;
  const word = /content="([\w-]{43})"/.exec(await (await fetch(url)).text())?.[1] ?? "";
  const send = async (order: unknown, headers: Record<string, string> = { "x-bff-explorer": word }) => {
    const answer = await fetch(`${url}/explorer/replay`, { method: "POST", headers, body: JSON.stringify(order) });
    return { status: answer.status, body: (await answer.json()) as ShownReplay & { readonly error: string } };
  };
  const run = async (order: ReplayOrder) => (await send(order)).body;

  const first = await run({ id, changes: [] });
  expect(first).toMatchObject({ status: "OK", degraded: "" });
  expect(first.difference).toBeUndefined();
  const usage = ({ calls }: ShownReplay) =>
    calls.find(({ name }) => name === USAGE)?.attempts.map((sent) => sent.status);
  // Three attempts fit into its timeout.
  const failing = [`${USAGE}: status=UNAVAILABLE`, `${USAGE}: delay=1ms`];
  expect(usage(await run({ id, changes: failing }))).toEqual(["UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE"]);
  const second = await run({ id, changes: [...failing, `${USAGE}#2: answer={"spentCents": "42"}`] });
  expect(usage(second)).toEqual(["UNAVAILABLE", "OK"]);
  expect(JSON.parse(second.answer)).toHaveProperty("spentCents", "42");
  expect(second.degraded).toBe("");

  const silent = await run({ id, changes: [], answers: 0 });
  expect(silent).toMatchObject({ status: "DEADLINE_EXCEEDED", tookMs: expect.closeTo(400, 2) });

  for (const [order, error] of [
    [{ id: 99_999, changes: [] }, "the capture has no request 99999"],
    [{ id, changes: ["user.v1.UserService/BatchGetUsers: delay=1ms"] }, /the capture has no answer of user\.v1\.User/],
    [{ id, changes: ["nonsense"] }, /^--set "nonsense": is no change; write /],
    [{ id }, "write an id, and up to 20 changes"],
    [{ id, changes: Array(21).fill(`${USAGE}: hang`) }, "write an id, and up to 20 changes"],
  ] as const)
    expect(await send(order)).toEqual({ status: 400, body: { error: expect.stringMatching(error) } });
  expect((await send({ id, changes: [] }, {})).status).toBe(403);
  const foreign = request(`${url}/explorer/overview`, { headers: { host: "attacker.example" } }).end();
  const [{ statusCode }] = await once(foreign, "response");
  expect(statusCode).toBe(421);
  expect(await stop()).toBe(0);
});
