// Credentials of attackers at `/mcp`.
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentProject, EVERY, servedAgent } from "./agent.ts";
import { bearer, type Call, send, sendBody, toolCall } from "./raw-client.ts";

const project = agentProject("identity");
beforeAll(() => project.generate());
afterAll(() => project.remove());

const CALL = toolCall("get_item", { id: "7" });
const CALLS: readonly Call[] = [
  CALL,
  toolCall("nothing"),
  toolCall("get_owner"),
  toolCall("get_price"),
  { method: "tools/list" },
];
const METADATA = "/.well-known/oauth-protected-resource/mcp";

test("callers without a credential learn of no tool", async () => {
  const { mcp, url } = await servedAgent(project);
  const answers = await Promise.all(CALLS.map((call) => send(mcp, call)));
  for (const { status, headers, body } of answers) {
    // Their messages are not read.
    expect([status, body?.id]).toEqual([401, undefined]);
    expect(headers.get("www-authenticate")).toContain(`Bearer resource_metadata="${url}${METADATA}"`);
  }
  const seen = answers.map(({ headers, text }) => `${headers.get("www-authenticate")} ${text}`);
  expect(new Set(seen).size).toBe(1);
  expect((await send(mcp, { method: "server/discover" })).status).toBe(200);
});

test("bad tokens are refused before the tool is searched", async () => {
  const { mcp, url, token, log } = await servedAgent(project, { BFF_AUDIT: "stderr" });
  const good = await token(EVERY);
  const [head = "", payload = "", signature = ""] = good.split(".");
  const none = Buffer.from('{"alg":"none"}').toString("base64url");
  const bad = [
    "x",
    await token(EVERY, "another-audience"),
    await token(EVERY, `${url}/mcp/`),
    await token(EVERY, url),
    `${none}.${payload}.`,
    `${head}.${payload}.${signature.slice(0, -4)}AAAA`,
    `${head}.${Buffer.from('{"sub":"eve"}').toString("base64url")}.${signature}`,
  ];
  for (const text of bad)
    for (const call of CALLS) {
      const { status, headers } = await send(mcp, call, bearer(text));
      expect([call.method, status]).toEqual([call.method, 401]);
      expect(headers.get("www-authenticate")).toContain('error="invalid_token"');
    }
  expect((await send(mcp, CALL, bearer(good))).status).toBe(200);
  // Calls name the rpc, other methods have none.
  for (const method of ["mcp", "agent.v1.AgentService/GetItem"])
    await expect.poll(log).toMatch(new RegExp(`"event":"unauthenticated".*"method":"${method}"`));
});

test("two credentials, cookies and tokens in the address are refused", async () => {
  const { mcp, url, token, post } = await servedAgent(project);
  const [mine, other] = [await token(EVERY), await token({ sub: "eve" })];
  const robot = { "x-robot-token": other };
  expect((await send(mcp, CALL, robot)).status).toBe(200);
  expect((await send(mcp, CALL, { ...bearer(mine), ...robot })).status).toBe(401);

  const cookie = { cookie: `__Host-token=${mine}`, "x-csrf": "1", origin: url };
  expect(await post("agent.v1.AgentService/GetItem", { id: "7" }, { headers: cookie })).toMatchObject({ status: 200 });
  expect((await send(mcp, CALL, cookie)).status).toBe(401);
  // A cookie beside a token changes nothing.
  expect((await send(mcp, CALL, { ...cookie, ...bearer(mine) })).status).toBe(200);
  expect((await send(`${mcp}?access_token=${mine}`, CALL)).status).toBe(401);
  expect((await send(mcp, { method: "tools/list", params: { token: mine } })).status).toBe(401);
});

test("a token for the resource is one at /mcp alone, also after it was verified there", async () => {
  const { mcp, token, post } = await servedAgent(project);
  const headers = bearer(await token(EVERY, mcp));
  for (let i = 0; i < 2; i++) {
    expect((await send(mcp, CALL, headers)).status).toBe(200);
    expect(await post("agent.v1.AgentService/GetItem", { id: "7" }, { headers })).toMatchObject({ status: 401 });
  }
});

test("the metadata names no host of the request, and takes GET alone", async () => {
  const { mcp, url } = await servedAgent(project);
  const forged = await sendBody(`${url}${METADATA}`, undefined, { "x-forwarded-host": "evil.example" }, "GET");
  expect(forged.body).toMatchObject({ resource: mcp });
  expect((await sendBody(`${url}${METADATA}`, "{}", {}, "POST")).status).toBe(405);
  expect((await send(mcp, CALL, { "x-forwarded-host": "evil.example" })).headers.get("www-authenticate")).toContain(
    url,
  );
});

test("texts of refused callers are those of unknown tools", async () => {
  const { mcp, token } = await servedAgent(project);
  const plain = bearer(await token({ scopes: ["notes.read", "prices.read"] }));
  for (const name of ["get_owner", "get_note"]) {
    const [hidden, unknown] = [await send(mcp, toolCall(name), plain), await send(mcp, toolCall("none"), plain)];
    expect(hidden.text).toBe(unknown.text.replace("none", name));
    expect(hidden.status).toBe(unknown.status);
    expect([...hidden.headers.keys()]).toEqual([...unknown.headers.keys()]);
  }
  // The robot's source lacks the tool, whatever its scopes.
  const robot = { "x-robot-token": await token(EVERY) };
  expect((await send(mcp, toolCall("get_note", { id: "7" }), robot)).body?.error?.message).toBe(
    "Unknown tool: get_note",
  );
});
