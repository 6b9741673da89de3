// Identity of followers: by server-sent events and over a WebSocket, with cookies, which browsers add automatically,
// and with tokens.
// Holds docs/runtime.md#streams
import { once } from "node:events";
import * as http from "node:http";
import { type Principal, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import type { Request } from "@protobff/runtime/internal/compose/request";
import { openIdentity } from "@protobff/runtime/internal/environment/open-identity";
import { identity } from "@protobff/runtime/internal/identity/identity-spec";
import { streamEndpoint } from "@protobff/runtime/internal/stream/endpoint";
import { SHOW } from "@protobff/runtime/internal/testing/follow-rig";
import { page } from "@protobff/runtime/internal/testing/front";
import { BEARER, sourceOf } from "@protobff/runtime/internal/testing/gate-rig";
import { Front } from "@protobff/runtime/internal/testing/gen/test_pb";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { type Listening, listen } from "../listen.ts";

const NAME = `${Front.typeName}/${SHOW.name}`;

/** Serves a stream that sends each follower its own identity. */
async function serve(): Promise<Listening> {
  const sources = [sourceOf("browser", { kind: "cookie", name: "sid" }), sourceOf("app", BEARER)];
  const opened = await openIdentity(identity(PrincipalSchema, sources), { environment: {} });
  const { follow, authenticate, refused, route } = streamEndpoint(
    SHOW,
    {},
    {
      timeoutMs: 10_000,
      maxAgeMs: 60_000,
      ahead: 1,
      overflow: "wait",
      identity: opened,
      source: (_cx, _args, _opened, _resume, items) => {
        let over = false;
        queueMicrotask(() => !over && items.item(1, { token: "1", reset: false }));
        return {
          next: () => {},
          cancel: () => {
            over = true;
          },
        };
      },
      compose: async (cx: Request<object, Principal>) => page({ title: cx.principal?.subject ?? "nobody" }),
    },
  );
  const method = { ...SHOW, idempotency: 1 } as typeof SHOW;
  const endpoint = { method, follow, authenticate, refused, route };
  const server = await listen([endpoint], { corsOrigins: ["https://app.example"] });
  onTestFinished(() => server.close(0));
  return server;
}

type Headers = Readonly<Record<string, string>>;
const SAME_ORIGIN = { cookie: "sid=browser-ann", "sec-fetch-site": "same-origin" };

test.each<[string, Headers, number, string | undefined]>([
  ["a page of its own", SAME_ORIGIN, 200, "ann"],
  ["a page of another site", { ...SAME_ORIGIN, "sec-fetch-site": "cross-site" }, 401, undefined],
  ["a page of another site, in a browser that says nothing of it", { cookie: "sid=browser-ann" }, 401, undefined],
  ["an app with a token", { authorization: "Bearer app-bob" }, 200, "bob"],
  ["an app with a token that proves nothing", { authorization: "Bearer app-bad" }, 401, undefined],
])("server-sent events: %s", async (_, headers, status, subject) => {
  const server = await serve();
  const options = { agent: false, headers: { accept: "text/event-stream", ...headers } };
  const request = http.get(`${server.url}/${NAME}?encoding=json&message={}`, options);
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  expect(response.statusCode).toBe(status);
  expect(response.headers["www-authenticate"]).toBe(status === 401 ? "Bearer" : undefined);
  let text = "";
  for await (const chunk of response) {
    text += String(chunk);
    if (text.includes("data:")) break;
  }
  expect(/"title":"(\w+)"/.exec(text)?.[1]).toBe(subject);
});

test.each<[string, (server: Listening) => Headers, object, string]>([
  ["a page of its own, by its cookie", ({ url }) => ({ cookie: "sid=browser-ann", origin: url }), {}, "ann"],
  [
    "a page that may connect, whose cookie does not count",
    () => ({ cookie: "sid=browser-ann", origin: "https://app.example" }),
    {},
    "unauthenticated",
  ],
  ["no page, whose cookie does not count", () => ({ cookie: "sid=browser-ann" }), {}, "unauthenticated"],
  [
    "a page that may connect, by the token of its follow",
    () => ({ origin: "https://app.example" }),
    { authorization: "Bearer app-bob" },
    "bob",
  ],
  ["an app, by the token of its upgrade", () => ({ authorization: "Bearer app-bob" }), {}, "bob"],
  [
    "an app with another token by now",
    () => ({ authorization: "Bearer app-ended" }),
    { authorization: "Bearer app-bob" },
    "bob",
  ],
])("a WebSocket: %s", async (_, headersOf, more, expected) => {
  const server = await serve();
  const url = `${server.url.replace("http", "ws")}/bff.v1/follow`;
  const socket = new WebSocket(url, "bff.v1.json", { headers: headersOf(server) });
  onTestFinished(() => socket.terminate());
  socket.on("open", () => socket.send(JSON.stringify({ id: 1, follow: NAME, ...more })));
  const text = await new Promise<string>((resolve) =>
    socket.on("message", (data) => {
      const { item, error } = JSON.parse(String(data));
      if (item !== undefined) resolve(item.title);
      if (error !== undefined) resolve(error.code);
    }),
  );
  expect(text).toBe(expected);
});
