// Attackers who want a confirmed write to run without its user.
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentProject, EVERY, servedAgent } from "./agent.ts";
import { bearer, calledIn, type Json, MODES, type Mode, type RawAnswer, send, toolCall } from "./raw-client.ts";

const project = agentProject("confirmation");
beforeAll(() => project.generate());
afterAll(() => project.remove());

const ARGS = { itemId: "lamp", count: 2 };
const CONSENT = { confirm: { action: "accept", content: { confirm: true } } };

async function confirmationServer(mode: Mode) {
  const server = await servedAgent(project, { BFF_MCP_TOOLS: mode });
  const mine = bearer(await server.token(EVERY));
  const place = (more: Record<string, Json> = {}, headers = mine, args: Json = ARGS): Promise<RawAnswer> =>
    send(server.mcp, calledIn(mode, toolCall("place_order", args, more)), headers);
  const question = async (headers = mine): Promise<string> => {
    const { body } = await place({}, headers);
    expect(body?.result?.resultType).toBe("input_required");
    return body?.result?.requestState ?? "";
  };
  return { ...server, mine, place, question, placed: () => server.upstreams.requests };
}
type ConfirmationServer = Awaited<ReturnType<typeof confirmationServer>>;

test.each(MODES)("a question has one form, the arguments, and a state that names nothing: %s", async (mode) => {
  const { place } = await confirmationServer(mode);
  const { status, body, headers } = await place();
  expect([status, headers.get("cache-control")]).toEqual([200, "no-store"]);
  const { inputRequests = {}, requestState = "" } = body?.result ?? {};
  expect(Object.entries(inputRequests)).toEqual([
    [
      "confirm",
      {
        method: "elicitation/create",
        params: expect.objectContaining({
          message: expect.stringMatching(/place_order[\s\S]*lamp/),
          requestedSchema: expect.objectContaining({ type: "object", required: ["confirm"] }),
        }),
      },
    ],
  ]);
  expect(Buffer.from(requestState, "base64url").toString("latin1")).not.toMatch(/ann|lamp|place_order/);
});

const STATES: readonly (readonly [name: string, attack: (by: ConfirmationServer) => Promise<RawAnswer>])[] = [
  [
    "another caller's state",
    async ({ place, question, token }) =>
      place({ requestState: await question(), inputResponses: CONSENT }, bearer(await token({ ...EVERY, sub: "eve" }))),
  ],
  [
    "the state of other arguments",
    async ({ place, question, mine }) =>
      place({ requestState: await question(), inputResponses: CONSENT }, mine, { ...ARGS, count: 20 }),
  ],
  [
    "the state of fewer arguments",
    async ({ place, question, mine }) =>
      place({ requestState: await question(), inputResponses: CONSENT }, mine, { itemId: "lamp" }),
  ],
  [
    "a state from another source of credentials",
    async ({ place, question, token }) =>
      place({ requestState: await question(), inputResponses: CONSENT }, { "x-robot-token": await token(EVERY) }),
  ],
  [
    "a state with another last byte",
    async ({ place, question }) => {
      const bytes = Buffer.from(await question(), "base64url");
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      return place({ requestState: bytes.toString("base64url"), inputResponses: CONSENT });
    },
  ],
  [
    "a state that is cut",
    async ({ place, question }) => place({ requestState: (await question()).slice(0, -8), inputResponses: CONSENT }),
  ],
  ["an empty state", ({ place }) => place({ requestState: "", inputResponses: CONSENT })],
  ["a state of 100,000 letters", ({ place }) => place({ requestState: "A".repeat(100_000), inputResponses: CONSENT })],
  ["a number as state", ({ place }) => place({ requestState: 7, inputResponses: CONSENT })],
  [
    "a state that was used",
    async ({ place, question, placed, upstreams }) => {
      const requestState = await question();
      const first = await place({ requestState, inputResponses: CONSENT });
      expect([first.body?.result?.structuredContent?.id, placed()]).toEqual([
        "order of lamp",
        ["place 2 lamp key of ann"],
      ]);
      upstreams.requests.length = 0;
      return place({ requestState, inputResponses: CONSENT });
    },
  ],
];
test.each(MODES)(
  "states of others, changed and used states run nothing, and are errors of JSON-RPC: %s",
  async (mode) => {
    const by = await confirmationServer(mode);
    for (const [name, attack] of STATES) {
      const { body } = await attack(by);
      expect.soft([name, by.placed()]).toEqual([name, []]);
      expect.soft([name, body?.error?.code], JSON.stringify(body)).toEqual([name, -32602]);
      by.upstreams.requests.length = 0;
    }
  },
);

test.each(MODES)("a state runs once, however many requests carry it at once: %s", async (mode) => {
  const { place, question, placed } = await confirmationServer(mode);
  const requestState = await question();
  const answers = await Promise.all(Array.from({ length: 30 }, () => place({ requestState, inputResponses: CONSENT })));
  expect(answers.filter(({ body }) => body?.result?.structuredContent !== undefined)).toHaveLength(1);
  expect(placed()).toEqual(["place 2 lamp key of ann"]);
});

const RESPONSES: readonly (readonly [name: string, inputResponses: Json])[] = [
  ["nothing", null],
  ["a number", 1],
  ["an array", [CONSENT]],
  ["another key", { other: CONSENT.confirm }],
  ["no action", { confirm: { content: { confirm: true } } }],
  ["another action", { confirm: { action: "ACCEPT", content: { confirm: true } } }],
  ["consent without action accept", { confirm: { action: "decline", content: { confirm: true } } }],
  ["acceptance without content", { confirm: { action: "accept" } }],
  ["acceptance with a text", { confirm: { action: "accept", content: { confirm: "true" } } }],
  ["acceptance with a number", { confirm: { action: "accept", content: { confirm: 1 } } }],
  [
    "a consent of Object's prototype",
    JSON.parse('{"confirm":{"action":"accept","content":{"__proto__":{"confirm":true}}}}') as Json,
  ],
];
test.each(MODES)("responses that are no consent run nothing: %s", async (mode) => {
  const { place, question, placed } = await confirmationServer(mode);
  for (const [name, inputResponses] of RESPONSES) {
    const { body } = await place({ requestState: await question(), inputResponses });
    expect.soft([name, body?.result?.structuredContent, placed()]).toEqual([name, undefined, []]);
  }
});

test.each(MODES)("a question shows no redacted argument, and at most 2 KiB: %s", async (mode) => {
  const { place, mine } = await confirmationServer(mode);
  const secret = await place({}, mine, { ...ARGS, coupon: "s3cret" });
  expect(secret.body?.result?.resultType).toBe("input_required");
  expect(JSON.stringify(secret.body?.result?.inputRequests)).not.toContain("s3cret");
  const long = await place({}, mine, { ...ARGS, itemId: "ü".repeat(4_000) });
  expect(Buffer.byteLength(JSON.stringify(long.body?.result?.inputRequests))).toBeLessThan(2_600);
});

test.each(MODES)("consent without a state is a question, and a state without consent too: %s", async (mode) => {
  const { place, question, placed } = await confirmationServer(mode);
  for (const more of [{ inputResponses: CONSENT }, { requestState: await question() }])
    expect((await place(more)).body?.result?.resultType).toBe("input_required");
  expect(placed()).toEqual([]);
});

test.each(MODES)("the caller's scope and the arguments come before the question: %s", async (mode) => {
  const { place, placed, token, mine } = await confirmationServer(mode);
  const denied = await place({}, bearer(await token()));
  expect([denied.status, denied.headers.get("www-authenticate")]).toEqual([
    403,
    expect.stringContaining('error="insufficient_scope", scope="orders.write"'),
  ]);
  for (const count of ["many", 1001]) {
    const wrong = await place({}, mine, { ...ARGS, count });
    expect
      .soft([count, wrong.body?.result?.resultType, wrong.body?.result?.isError])
      .toEqual([count, "complete", true]);
  }
  expect(placed()).toEqual([]);
});

test("a state of run_tool runs the same call by its name, and no other one", async () => {
  const { place, question, placed, mine, mcp } = await confirmationServer("search");
  const answered = { requestState: await question(), inputResponses: CONSENT };
  expect((await place(answered, mine, { ...ARGS, count: 3 })).body?.error?.code).toBe(-32602);
  const { body } = await send(mcp, toolCall("place_order", ARGS, answered), mine);
  expect(body?.result?.structuredContent).toMatchObject({ id: "order of lamp" });
  expect((await place(answered)).body?.error?.code).toBe(-32602);
  expect(placed()).toEqual(["place 2 lamp key of ann"]);
});
