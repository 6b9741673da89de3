import { FakeClock } from "@protobff/runtime/internal/testing/fake-clock";
import { Traffic } from "@protobff/runtime/internal/wire/traffic";
import { expect, it, onTestFinished } from "vitest";
import { Metrics } from "./metrics.ts";
import { renderPrometheus } from "./render.ts";
import { mergeSnapshots } from "./snapshot.ts";

function metricsOf(): Metrics {
  const metrics = new Metrics(new FakeClock());
  onTestFinished(() => metrics.close());
  return metrics;
}
const text = (...all: readonly Metrics[]): string =>
  renderPrometheus(mergeSnapshots(all.map((metrics) => metrics.snapshot())));
const linesOf = (...all: readonly Metrics[]): string[] =>
  text(...all)
    .split("\n")
    .filter((line) => line.startsWith("bff_meter_"))
    .sort();

type RpcMeters = NonNullable<Parameters<Metrics["rpc"]>[0]["meters"]>;
const MODEL = { name: "model", values: ["SMALL", "LARGE", "unknown"] };
const PAID = { name: "paid", values: ["false", "true"] };
const rpc = (method: string, meters: RpcMeters) => ({
  ...{ method, streams: false, cached: false, limits: [], sources: [], traffic: new Traffic(), meters },
});
const CHAT = "chat.v1.Chat/Ask";
const tokens = (value: number, model = "LARGE", paid = "true") => {
  return { request: {}, method: CHAT, meter: "tokens", labels: ["model", model, "paid", paid], value };
};

it("meters begin with 0 for each combination of labels, and add numbers", () => {
  const metrics = metricsOf();
  metrics.rpc(
    rpc(CHAT, [
      { name: "tokens", labels: [MODEL, PAID] },
      { name: "asks", labels: [] },
    ]),
  );
  for (const value of [3, 0.5]) metrics.metered(tokens(value));
  metrics.metered(tokens(7, "unknown", "false"));
  const of = `bff_meter_tokens_total{rpc_method="${CHAT}",model=`;
  expect(linesOf(metrics)).toEqual([
    `bff_meter_asks_total{rpc_method="${CHAT}"} 0`,
    `${of}"LARGE",paid="false"} 0`,
    `${of}"LARGE",paid="true"} 3.5`,
    `${of}"SMALL",paid="false"} 0`,
    `${of}"SMALL",paid="true"} 0`,
    `${of}"unknown",paid="false"} 7`,
    `${of}"unknown",paid="true"} 0`,
  ]);
});

it("packages of one server may give meters of one name other labels", () => {
  const metrics = metricsOf();
  metrics.rpc(rpc(CHAT, [{ name: "tokens", labels: [PAID] }]));
  metrics.rpc(rpc("shop.v1.Shop/Get", [{ name: "tokens", labels: [] }]));
  metrics.metered({ ...tokens(2), labels: ["paid", "true"] });
  expect(text(metrics).match(/# TYPE bff_meter_tokens_total/g)).toHaveLength(1);
  expect(linesOf(metrics)).toEqual([
    `bff_meter_tokens_total{rpc_method="${CHAT}",paid="false"} 0`,
    `bff_meter_tokens_total{rpc_method="${CHAT}",paid="true"} 2`,
    'bff_meter_tokens_total{rpc_method="shop.v1.Shop/Get"} 0',
  ]);
});

it("meters of several workers are added up", () => {
  const workers = [metricsOf(), metricsOf()];
  for (const [i, worker] of workers.entries()) {
    worker.rpc(rpc(CHAT, [{ name: "tokens", labels: [PAID] }]));
    worker.metered({ ...tokens(2 + i), labels: ["paid", "true"] });
  }
  expect(linesOf(...workers)).toContain(`bff_meter_tokens_total{rpc_method="${CHAT}",paid="true"} 5`);
});

it("all combinations of a meter are counted, also of many rpcs", () => {
  const metrics = metricsOf();
  const values = Array.from({ length: 1_000 }, (_, i) => `V${i}`);
  for (let i = 0; i < 7; i++) {
    const method = `chat.v1.Chat/Ask${i}`;
    metrics.rpc(rpc(method, [{ name: "tokens", labels: [{ name: "model", values }] }]));
    for (const value of values) metrics.metered({ ...tokens(1), method, labels: ["model", value] });
  }
  const lines = linesOf(metrics);
  expect([lines.length, lines.filter((line) => line.endsWith(" 1")).length]).toEqual([7_000, 7_000]);
});
