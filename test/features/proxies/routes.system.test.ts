// A generated server behind Envoy with the routes of `deploy=gateway-api`, by every protocol.
import { request as httpRequest } from "node:http";
import type { LookupFunction } from "node:net";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { goldenTexts } from "../../support/archive.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { envoyConfig } from "./envoy-routes.ts";
import { envoy, WITHOUT_ENVOY } from "./proxies.ts";

const all = goldenTexts("deploy/routes", "proto");
const [feeds, shops] = [true, false].map((isFeed) =>
  Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith("feed/") === isFeed)),
) as [Record<string, string>, Record<string, string>];
const { registry } = schemaOf(requestFor(all));
const MANIFESTS = "shop/deploy/kubernetes";
const generated = goldenTexts("deploy/routes", `expected/${MANIFESTS}`);
const yaml = ["httproute.yaml", "service.yaml", "service-ws.yaml"].map((file) => generated[file] ?? "");

interface ShopClient {
  getItem(request: { readonly id: string }): Promise<{ readonly title: string }>;
  followItem(request: { readonly id: string }): AsyncIterable<{ readonly title: string }>;
}
type Answer = { readonly status: number; readonly type: string; readonly text: string };

/** Every host name leads to the gateway. */
const lookup: LookupFunction = (_, { all: hasMany }, done) =>
  hasMany === true ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4);

/** Starts the server, and Envoy in front of it. */
async function gateway(manifests = yaml) {
  const project = new GeneratedProject("gateway-routes", shops, feeds);
  onTestFinished(() => project.remove());
  project.generate();
  const served = await project.served("shop/server.ts", {
    "feed.v1.FeedService/Get": ({ id }: { readonly id: string }) =>
      id === "hang" ? new Promise<object>(() => {}) : { title: `item ${id}` },
    async *"feed.v1.FeedService/Watch"({ id }: { readonly id: string }) {
      yield { title: `${id} one` };
      yield { title: `${id} two` };
    },
  } as never);
  const front = await envoy((port) => envoyConfig(manifests, { port, server: Number(new URL(served.url).port) }));
  onTestFinished(() => front.stop());
  const send = (method: string, host: string, path: string, headers: Record<string, string> = {}, body = "") =>
    new Promise<Answer>((resolve, reject) => {
      const options = { port: front.port, host, lookup, method, path, headers: { ...headers, host } };
      const request = httpRequest(options, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.once("end", () =>
          resolve({ status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", text }),
        );
      });
      request.once("error", reject).end(body);
    });
  const client = (host: string, transport: (options: TransportOptions) => Transport): ShopClient => {
    const service = registry.getService("shop.v1.ShopService");
    if (service === undefined) throw new Error("no service");
    const options = { baseUrl: `http://${host}:${front.port}`, nodeOptions: { lookup } };
    return createClient(service, transport(options)) as unknown as ShopClient;
  };
  return { front, send, client };
}
interface TransportOptions {
  readonly baseUrl: string;
  readonly nodeOptions: object;
}
const TRANSPORTS: readonly (readonly [string, (options: TransportOptions) => Transport])[] = [
  ["gRPC", (options) => createGrpcTransport(options)],
  ["gRPC-Web", (options) => createGrpcWebTransport({ ...options, httpVersion: "1.1" })],
  ["Connect over HTTP/1.1", (options) => createConnectTransport({ ...options, httpVersion: "1.1" })],
  ["Connect over HTTP/2", (options) => createConnectTransport({ ...options, httpVersion: "2" })],
];
const JSON_BODY = { "content-type": "application/json" };

describe.skipIf(WITHOUT_ENVOY)("a server behind the routes", () => {
  test("answers by gRPC, gRPC-Web, Connect, REST, server-sent events and WebSocket", async () => {
    const { front, send, client } = await gateway();
    for (const [name, transport] of TRANSPORTS)
      for (const host of ["shop.example.com", "berlin.stores.example"]) {
        const shop = client(host, transport);
        expect(await shop.getItem({ id: "a" }), name).toMatchObject({ title: "item a" });
        const titles: string[] = [];
        for await (const { title } of shop.followItem({ id: "b" })) titles.push(title);
        expect(titles, name).toEqual(["b one", "b two"]);
        const error = await shop.getItem({ id: "hang" }).catch((thrown: unknown) => ConnectError.from(thrown));
        expect((error as ConnectError).code, name).toBe(Code.DeadlineExceeded);
      }

    const host = "shop.example.com";
    const item = { status: 200, type: "application/json", text: '{"title":"item a"}' };
    expect(await send("GET", host, "/v1/items/a")).toEqual(item);
    expect(await send("POST", host, "/v1/items/a:move", JSON_BODY, "{}")).toEqual({
      ...item,
      text: '{"title":"item items/a"}',
    });
    expect((await send("GET", host, "/v1/items")).text).toBe('{"title":"item "}');
    expect((await send("GET", host, "/v1/caf%C3%A9:find,all?id=q")).text).toBe('{"title":"item q"}');

    const follow = `/shop.v1.ShopService/FollowItem?encoding=json&message=${encodeURIComponent('{"id":"c"}')}`;
    const events = await send("GET", host, follow, { accept: "text/event-stream" });
    expect([events.status, events.type]).toEqual([200, "text/event-stream"]);
    expect([...events.text.matchAll(/"title":"(.*?)"/g)].map(([, title]) => title)).toEqual(["c one", "c two"]);

    const socket = new WebSocket(`ws://${host}:${front.port}/bff.v1/follow`, "bff.v1.json", { lookup });
    onTestFinished(() => socket.terminate());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const titles: string[] = [];
    const message = { id: 1, follow: "shop.v1.ShopService/FollowItem", request: { id: "d" } };
    socket.on("open", () => socket.send(JSON.stringify(message))).on("error", reject);
    socket.on("message", (data) => {
      const [, title] = /"title":"(.*?)"/.exec(data.toString()) ?? [];
      if (title !== undefined) titles.push(title);
      if (titles.length === 2) resolve();
    });
    await promise;
    expect(titles).toEqual(["d one", "d two"]);
  });

  test("has the rpcs of each package at its hosts, and nothing else", async () => {
    const { send } = await gateway();
    const echo = (host: string) => send("POST", host, "/shop.v2.ShopService/Echo", JSON_BODY, '{"text":"x"}');
    const report = (host: string) =>
      send("POST", host, "/shop.reports.ReportService/Report67", JSON_BODY, '{"text":"x"}');
    const echoed = { status: 200, type: "application/json", text: '{"text":"x"}' };
    expect(await echo("shop.example.com")).toEqual(echoed);
    expect(await echo("next.shop.example")).toEqual(echoed);
    expect(await report("reports.example")).toEqual(echoed);
    // Envoy answers these itself, with a 404 that has no body.
    const nothing = { status: 404, type: "", text: "" };
    expect(await echo("berlin.stores.example")).toEqual(nothing);
    expect(await report("shop.example.com")).toEqual(nothing);
    expect(await send("GET", "next.shop.example", "/v1/items/a")).toEqual(nothing);
    expect(await send("GET", "elsewhere.example", "/v1/items/a")).toEqual(nothing);
    expect(await send("GET", "shop.example.com", "/healthz")).toEqual(nothing);
  });

  test("has time limits above those of the rpcs, so that the server's answers arrive", async () => {
    const late = async (manifests = yaml) => {
      const { send } = await gateway(manifests);
      const { status, type } = await send("GET", "shop.example.com", "/v1/items/hang");
      return [status, type];
    };
    expect(await late()).toEqual([504, "application/json"]);
    // With a limit below the rpc's, Envoy answers.
    expect(await late(yaml.map((text) => text.replaceAll("request: 6s", "request: 100ms")))).toEqual([
      504,
      "text/plain",
    ]);
  });
});
