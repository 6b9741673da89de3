// Floods of /mcp: messages that are none, unknown tools and methods, forged credentials and confirmations, bodies that
// come a byte at a time; and a normal client of the same rpcs beside them.
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { calledIn, headersOf, type Json, MODES, messageOf, toolCall } from "../../../features/mcp/raw-client.ts";
import { startIssuer } from "./rig/issuer.ts";
import { ATTACK_MS, attacked, described, expectUnharmed, type Target } from "./rig/rig.ts";

const AT_ONCE = 8;
const SLOW = 200;

type Headers = Readonly<Record<string, string>>;
async function send({ url }: Target, body: string, headers: Headers): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(20_000);
  const answer = await fetch(`${url}/mcp`, { method: "POST", headers, body, signal });
  return { status: answer.status, text: await answer.text() };
}

/** Ways to attack, each with what every answer has. */
const KINDS: Readonly<Record<string, (target: Target, caller: Headers, i: number) => Promise<boolean>>> = {
  "no JSON": async (target, caller) => {
    const answer = await send(target, "{".repeat(5_000), { ...headersOf(toolCall("mine")), ...caller });
    return answer.status === 400;
  },
  "a deep list": async (target, caller) => {
    const answer = await send(target, "[".repeat(50_000), { ...headersOf(toolCall("mine")), ...caller });
    return answer.status === 400;
  },
  "an unknown tool": (target, caller, i) => isError(target, caller, toolCall(`nope${i}`)),
  "a tool without its scope": (target, caller) => isFailure(target, caller, toolCall("limited", { key: "k" })),
  "an unknown method": (target, caller, i) => isError(target, caller, { method: `nope/${i}` }),
  "large arguments": (target, caller, i) =>
    isFailure(target, caller, toolCall("maps", { none: "n".repeat(20_000), key: String(i) })),
  "a forged token": async (target, _, i) => {
    const call = toolCall("mine", { key: "k" });
    const headers = { ...headersOf(call), authorization: `Bearer ${i}.${"x".repeat(4_000)}.x` };
    return (await send(target, JSON.stringify(messageOf(call)), headers)).status === 401;
  },
  "a forged confirmation": (target, caller, i) =>
    isAnswer(
      target,
      caller,
      toolCall("mine", { key: "k" }, { requestState: `${i}${"A".repeat(20_000)}`, inputResponses: { confirm: {} } }),
    ),
};
/** The same through the tools of search mode, and searches. */
const SEARCHES: typeof KINDS = {
  "a long query": (target, caller) => isFailure(target, caller, toolCall("find_tools", { query: "a ".repeat(20_000) })),
  "many words": (target, caller, i) =>
    isAnswer(target, caller, toolCall("find_tools", { query: `${i} ${"map lim min ".repeat(18)}` })),
  "an unknown tool inside": (target, caller, i) => isError(target, caller, calledIn("search", toolCall(`nope${i}`))),
  "a tool inside without its scope": (target, caller) =>
    isFailure(target, caller, calledIn("search", toolCall("limited", { key: "k" }))),
  "tools in tools": (target, caller) =>
    isError(target, caller, calledIn("search", calledIn("search", toolCall("mine")))),
};
type Call = { readonly method: string; readonly params?: { readonly [name: string]: Json } };
const answerOf = (target: Target, caller: Headers, call: Call) =>
  send(target, JSON.stringify(messageOf(call)), { ...headersOf(call), ...caller });
const isError = async (target: Target, caller: Headers, call: Call): Promise<boolean> =>
  (await answerOf(target, caller, call)).text.includes('"error":{');
const isFailure = async (target: Target, caller: Headers, call: Call): Promise<boolean> => {
  const { status, text } = await answerOf(target, caller, call);
  return status === 403 || text.includes('"isError":true') || text.includes('"error":{');
};
/** A result or an error, and no status of a broken server. */
const isAnswer = async (target: Target, caller: Headers, call: Call): Promise<boolean> =>
  (await answerOf(target, caller, call)).status < 500;

function slowBody({ port }: Target, { authorization }: Headers): Socket {
  const socket = connect({ port, host: "127.0.0.1" }).on("error", () => {});
  const head = Object.entries({ host: "a", authorization, ...headersOf(toolCall("mine")), "content-length": "100000" });
  socket.write(`POST /mcp HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n{`);
  return socket;
}

test.each(MODES)("floods of tool calls leave other callers served: %s", { timeout: 120_000 }, async (mode) => {
  const issuer = await startIssuer();
  const caller = { authorization: `Bearer ${await issuer.token("ann")}` };
  const normal = { path: "/req.v1.ReqService/Maps", body: "{}", headers: caller };
  const outcome = await attacked(
    async (target) => {
      const sockets = Array.from({ length: SLOW }, () => slowBody(target, caller));
      const wrong = new Set<string>();
      const kinds = Object.entries({ ...KINDS, ...(mode === "search" && SEARCHES) });
      let sent = 0;
      const until = performance.now() + ATTACK_MS;
      const attack = async (): Promise<void> => {
        while (performance.now() < until) {
          const [name = "", run] = kinds[sent++ % kinds.length] ?? [];
          if (!(await run?.(target, caller, sent))) wrong.add(name);
          for (const socket of sockets) socket.write(" ");
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, attack));
      for (const socket of sockets) socket.destroy();
      return { sent, wrong: [...wrong] };
    },
    {
      server: "req",
      normal,
      env: { OIDC_ISSUER: issuer.address, BFF_PUBLIC_URL: "https://app.example", BFF_MCP_TOOLS: mode },
      heapMb: 256,
    },
  ).finally(() => issuer.close());
  console.log(described(`floods of tool calls: ${mode}`, outcome));
  expectUnharmed(outcome);
  expect(outcome.result.wrong).toEqual([]);
  expect(outcome.result.sent).toBeGreaterThan(Object.keys(KINDS).length);
});
