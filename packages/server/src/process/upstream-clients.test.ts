import { afterEach, expect, it } from "vitest";
import { readConfig } from "../config/config.ts";
import { EchoService } from "../testing/test-echo.ts";
import { closeClients, connect, type UpstreamClient } from "./upstream-clients.ts";

let clients: Readonly<Record<string, UpstreamClient>> = {};
afterEach(() => closeClients(Object.values(clients), 1_000));

it("an upstream with shards has a client of each shard, in the order of the list", async () => {
  const spec = { upstreams: { echo: EchoService }, shards: { echo: 8 }, env: () => ({}) };
  const source = {
    ECHO_V1_ECHOSERVICE_SHARDS: "z,a",
    ECHO_V1_ECHOSERVICE_A_URL: "http://127.0.0.1:1",
    ECHO_V1_ECHOSERVICE_Z_URL: "http://127.0.0.1:2",
  };
  const { config } = readConfig(source, spec, () => Buffer.alloc(0));
  if (config === undefined) throw new Error("no configuration");
  clients = await connect(spec, config);
  const { echo } = clients;
  expect([...(echo?.shards ?? [])]).toEqual([
    ["z", clients["echo.z"]],
    ["a", clients["echo.a"]],
  ]);
  expect(() =>
    echo?.send("/a.B/C", Buffer.alloc(5), 1, undefined, 1, { replied: () => {}, faulted: () => {} }),
  ).toThrow("has no shard");
});
