// The rules of `dashboards=prometheus`, by Prometheus' own tool: all are valid, each alert fires when it has to, and is silent when it has not.
// Needs promtool (Debian: prometheus).
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { compile } from "../../../plugin/src/compile.ts";
import { goldenCases, parameterOf, UPSTREAMS } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";

let folder: string;
const files: string[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "protobff-alerts-"));
  for (const { name, protos } of goldenCases("emit").filter((golden) =>
    /^(absence|versions|branches|cached-answers|limits|names-odd|no-package|served-together|stream|topics|usage)$/.test(
      golden.name,
    ),
  )) {
    const texts = { ...UPSTREAMS, ...protos };
    const parameter = `${parameterOf({ protos })},dashboards=prometheus`;
    const { response } = compile({ ...requestFor(texts, Object.keys(protos)), parameter }, (file) => texts[file]);
    expect(response.error).toBe("");
    for (const file of response.file.filter((file) => file.name.endsWith("alerts.yaml"))) {
      const path = join(folder, name, file.name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, file.content);
      files.push(path);
    }
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function promtool(...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr, error } = spawnSync("promtool", args, { cwd: folder, encoding: "utf8" });
  if (error !== undefined)
    throw new Error(`there is no promtool (Debian: apt-get install prometheus): ${error.message}`);
  return { status, output: stdout + stderr };
}

test("promtool accepts the rules, including those of the example", () => {
  const generated = fileURLToPath(new URL("../../../generated", import.meta.url));
  const example = readdirSync(generated, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith("alerts.yaml"),
  );
  expect([files.length, example.length]).toEqual([13, 5]);
  const { status, output } = promtool("check", "rules", ...files, ...example.map((path) => join(generated, path)));
  expect({ status, output }).toEqual({ status: 0, output: expect.not.stringContaining("FAILED") });
});

/** Series as promtool writes them: `0+6x10` is 0, 6, 12, … in eleven values. */
type Series = Readonly<Record<string, string>>;
interface Situation {
  readonly name: string;
  /** The golden whose rules are asked. */
  readonly of: string;
  readonly input: Series;
  /** From the first value on. */
  readonly at: string;
  /** Names of alerts, each with labels that tell it from others. */
  readonly fires: readonly { readonly alert: string; readonly labels: Readonly<Record<string, string>> }[];
}

const rpc = (method: string, code: string, labels = ""): string =>
  `rpc_server_call_duration_seconds_count{job="bff", instance="a"${labels}, rpc_method="${method}", rpc_response_status_code="${code}"}`;
const GET = "desk.v1.DeskService/Get";
const UP = 'job="bff", instance="a", upstream="up.v1.ItemService"';
const ready = 'bff_ready{job="bff", instance="a"}';
const page = (window: string) => ({
  alert: "BffErrorBudgetBurns",
  labels: { severity: "page", window, rpc_method: GET },
});
const ticket = (window: string) => ({
  alert: "BffErrorBudgetBurns",
  labels: { severity: "ticket", window, rpc_method: GET },
});

const FOLLOW = "web.v1.RunService/FollowRun";
const streamed = (what: string, method = FOLLOW): string =>
  `bff_stream_${what}_total{job="bff", instance="a", rpc_method="${method}"}`;
const ended = (end: string, code: string, method = FOLLOW): string =>
  `bff_stream_ends_total{job="bff", instance="a", rpc_method="${method}", end="${end}", rpc_response_status_code="${code}"}`;
const limited = (method: string, outcome: string): string =>
  `bff_rate_limited_total{job="bff", instance="a", rpc_method="${method}", limit="shop.v1/user", outcome="${outcome}"}`;
const cached = (method: string, outcome: string): string =>
  `bff_cache_total{job="bff", instance="a", rpc_method="${method}", upstream="${method.split("/")[0]}", outcome="${outcome}"}`;
const WATCHED = 'job="bff", instance="a", upstream="agent.v1.AgentService"';

const situations: readonly Situation[] = [
  {
    name: "two of a hundred requests fail for two hours",
    of: "branches",
    input: { [rpc(GET, "OK")]: "0+588x180", [rpc(GET, "UNAVAILABLE")]: "0+12x180" },
    at: "2h",
    fires: [page("1h"), page("6h"), ticket("1d")],
  },
  {
    name: "eight of a thousand fail: more than six times the budget, less than 14.4 times",
    of: "branches",
    input: { [rpc(GET, "OK")]: "0+992x400", [rpc(GET, "INTERNAL")]: "0+8x400" },
    at: "6h",
    fires: [page("6h"), ticket("1d"), ticket("3d")],
  },
  {
    name: "a tenth of the budget is used",
    of: "branches",
    input: { [rpc(GET, "OK")]: "0+9999x400", [rpc(GET, "INTERNAL")]: "0+1x400" },
    at: "6h",
    fires: [],
  },
  {
    name: "refusals of the server do not count as errors",
    of: "branches",
    input: {
      [rpc(GET, "OK")]: "0+500x400",
      [rpc(GET, "INVALID_ARGUMENT")]: "0+100x400",
      [rpc(GET, "UNAUTHENTICATED")]: "0+100x400",
      [rpc(GET, "RESOURCE_EXHAUSTED")]: "0+100x400",
      [rpc(GET, "NOT_FOUND")]: "0+100x400",
    },
    at: "6h",
    fires: [],
  },
  {
    name: "one of five requests in the night fails",
    of: "branches",
    input: { [rpc(GET, "OK")]: "0 0 1 1 2 3 4 4x60", [rpc(GET, "INTERNAL")]: "0 0 0 1 1 1 1 1x60" },
    at: "30m",
    fires: [],
  },
  {
    name: "the failures are over",
    of: "branches",
    input: { [rpc(GET, "OK")]: "0+500x120", [rpc(GET, "UNAVAILABLE")]: "0+100x50 5000x70" },
    at: "2h",
    fires: [ticket("1d")],
  },
  {
    name: "failures of another server",
    of: "branches",
    input: {
      [rpc("other.v1.S/Get", "INTERNAL")]: "0+100x400",
      [rpc("deskXv1.DeskService/Get", "INTERNAL")]: "0+100x400",
    },
    at: "6h",
    fires: [],
  },
  {
    name: "a breaker that does not close while calls are refused",
    of: "branches",
    input: {
      [`bff_breaker_state{${UP}, state="closed"}`]: "1 1 1 0x60",
      [`bff_breaker_state{${UP}, state="open"}`]: "0 0 0 1x60",
      [`bff_breaker_state{${UP}, state="half-open"}`]: "0x60",
      [`bff_attempts_total{${UP}, rpc_method="up.v1.ItemService/GetItem", kind="first", outcome="refused"}`]: "0+10x60",
    },
    at: "30m",
    fires: [{ alert: "BffBreakerOpen", labels: { severity: "page", upstream: "up.v1.ItemService" } }],
  },
  {
    name: "the breaker of a method of a branch is open in one of two processes",
    of: "branches",
    input: {
      [`bff_breaker_state{${UP}, branch="canary", rpc_method="up.v1.ItemService/GetItem", state="closed"}`]: "0x60",
      'bff_breaker_state{job="bff", instance="b", upstream="up.v1.ItemService", branch="canary", rpc_method="up.v1.ItemService/GetItem", state="closed"}':
        "1x60",
      [`bff_attempts_total{${UP}, branch="canary", rpc_method="up.v1.ItemService/GetItem", kind="first", outcome="refused"}`]:
        "0+10x60",
    },
    at: "30m",
    fires: [
      {
        alert: "BffBreakerOpen",
        labels: {
          severity: "page",
          upstream: "up.v1.ItemService",
          branch: "canary",
          rpc_method: "up.v1.ItemService/GetItem",
        },
      },
    ],
  },
  {
    name: "one breaker opens and closes, and another is open without calls",
    of: "branches",
    input: {
      [`bff_breaker_state{${UP}, state="closed"}`]: "1 0 0 1 0 0 1 0 0 1 0 0 1 0 0 1 0 0 1 0 0 1 0 0 1 0 0 1 0 0 1x10",
      [`bff_attempts_total{${UP}, rpc_method="up.v1.ItemService/GetItem", kind="first", outcome="refused"}`]: "0+10x60",
      'bff_breaker_state{job="bff", instance="a", upstream="up.v1.OrderService", state="closed"}': "0x60",
      'bff_attempts_total{job="bff", instance="a", upstream="up.v1.OrderService", rpc_method="up.v1.OrderService/GetOrder", kind="first", outcome="refused"}':
        "7x60",
    },
    at: "30m",
    fires: [],
  },
  {
    name: "an address that is ejected again and again",
    of: "branches",
    input: {
      [`bff_addresses{${UP}, state="ejected"}`]: "0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1",
      [`bff_addresses{${UP}, state="connected"}`]: "3 2 3 2 3 2 3 2 3 2 3 2 3 2 3 2 3 2 3 2 3 2 3 2",
    },
    at: "20m",
    fires: [{ alert: "BffAddressEjected", labels: { severity: "ticket", upstream: "up.v1.ItemService" } }],
  },
  {
    name: "a budget that stops every hedge",
    of: "branches",
    input: { [`bff_budget_refused_total{${UP}, kind="hedge"}`]: "0+5x60" },
    at: "30m",
    fires: [{ alert: "BffBudgetExhausted", labels: { severity: "ticket", upstream: "up.v1.ItemService" } }],
  },
  {
    name: "a budget that stops a hedge now and then",
    of: "branches",
    input: { [`bff_budget_refused_total{${UP}, kind="hedge"}`]: "0 1 1 2 2 3 3 4 4 5x50" },
    at: "30m",
    fires: [],
  },
  {
    name: "an address that was ejected once",
    of: "branches",
    input: { [`bff_addresses{${UP}, state="ejected"}`]: "0 1 1 0x40" },
    at: "20m",
    fires: [],
  },
  {
    name: "a tenth of the answers are degraded",
    of: "absence",
    input: {
      [rpc("shop.v1.ShopService/GetPage", "OK")]: "0+100x60",
      'bff_degraded_responses_total{job="bff", instance="a", rpc_method="shop.v1.ShopService/GetPage"}': "0+10x60",
    },
    at: "30m",
    fires: [{ alert: "BffDegraded", labels: { severity: "ticket", rpc_method: "shop.v1.ShopService/GetPage" } }],
  },
  {
    name: "one of a hundred answers is degraded",
    of: "absence",
    input: {
      [rpc("shop.v1.ShopService/GetPage", "OK")]: "0+1000x60",
      'bff_degraded_responses_total{job="bff", instance="a", rpc_method="shop.v1.ShopService/GetPage"}': "0+10x60",
    },
    at: "30m",
    fires: [],
  },
  {
    name: "limits refuse a tenth of an rpc's requests, few of another's, and a dry run would refuse a third's",
    of: "limits",
    input: {
      [rpc("shop.v1.ShopService/GetPage", "OK")]: "0+90x60",
      [rpc("shop.v1.ShopService/GetPage", "RESOURCE_EXHAUSTED")]: "0+10x60",
      [limited("shop.v1.ShopService/GetPage", "exceeded")]: "0+6x60",
      [limited("shop.v1.ShopService/GetPage", "unreachable")]: "0+4x60",
      [rpc("shop.v1.ShopService/GetLine", "OK")]: "0+99x60",
      [rpc("shop.v1.ShopService/GetLine", "RESOURCE_EXHAUSTED")]: "0+1x60",
      [limited("shop.v1.ShopService/GetLine", "exceeded")]: "0+1x60",
      [rpc("shop.v1.OpenService/About", "OK")]: "0+100x60",
      [limited("shop.v1.OpenService/About", "dry")]: "0+50x60",
      [limited("shop.v1.OpenService/About", "alone")]: "0+50x60",
    },
    at: "30m",
    fires: [{ alert: "BffCallersLimited", labels: { severity: "ticket", rpc_method: "shop.v1.ShopService/GetPage" } }],
  },
  {
    name: "a tenth of an rpc's cached answers are stale, and few of another's",
    of: "cached-answers",
    input: {
      [cached("shop.v1.ShopService/GetPage", "fresh")]: "0+80x60",
      [cached("shop.v1.ShopService/GetPage", "missed")]: "0+10x60",
      [cached("shop.v1.ShopService/GetPage", "stale")]: "0+10x60",
      [cached("shop.v1.OpenService/GetMenu", "fresh")]: "0+99x60",
      [cached("shop.v1.OpenService/GetMenu", "stale")]: "0+1x60",
    },
    at: "30m",
    fires: [{ alert: "BffStaleServed", labels: { severity: "ticket", rpc_method: "shop.v1.ShopService/GetPage" } }],
  },
  {
    name: "a tenth of the messages of a stream are degraded, which does not count as requests",
    of: "stream",
    input: {
      [rpc(FOLLOW, "OK")]: "0+1x60",
      [streamed("items")]: "0+100x60",
      [streamed("items_degraded")]: "0+10x60",
      [streamed("items", "web.v1.RunService/StartRun")]: "0+1000x60",
      [streamed("items_degraded", "web.v1.RunService/StartRun")]: "0+10x60",
    },
    at: "30m",
    fires: [{ alert: "BffDegraded", labels: { severity: "ticket", rpc_method: FOLLOW } }],
  },
  {
    name: "a fifth of the ending streams are broken off",
    of: "stream",
    input: {
      [ended("ended", "OK")]: "0+4x60",
      [ended("drained", "UNAVAILABLE")]: "0+4x60",
      [ended("failed", "UNAVAILABLE")]: "0+1x60",
      [ended("idle", "UNAVAILABLE")]: "0+1x60",
    },
    at: "30m",
    fires: [{ alert: "BffStreamsBreak", labels: { severity: "ticket", rpc_method: FOLLOW } }],
  },
  {
    name: "streams end because of guards, of a stopping server, and seldom of a broken connection",
    of: "stream",
    input: {
      [ended("failed", "PERMISSION_DENIED")]: "0+10x60",
      [ended("drained", "UNAVAILABLE")]: "0+10x60",
      [ended("age", "UNAVAILABLE")]: "0+10x60",
      [ended("failed", "UNAVAILABLE", "web.v1.RunService/StartRun")]: "0 0 0 1 1 1 2 2 2 2 3 3x60",
    },
    at: "30m",
    fires: [],
  },
  {
    name: "nearly all streams of an upstream are open in one of two processes",
    of: "stream",
    input: {
      [`bff_upstream_streams_open{${WATCHED}}`]: "480x60",
      [`bff_upstream_streams_most{${WATCHED}}`]: "500x60",
      [`bff_upstream_streams_open{${WATCHED.replace('"a"', '"b"')}}`]: "100x60",
      [`bff_upstream_streams_most{${WATCHED.replace('"a"', '"b"')}}`]: "500x60",
    },
    at: "30m",
    fires: [
      {
        alert: "BffUpstreamStreamsFull",
        labels: { severity: "ticket", instance: "a", upstream: "agent.v1.AgentService" },
      },
    ],
  },
  {
    name: "a topic whose followers begin anew, one of the same name elsewhere, and one where that is seldom",
    of: "topics",
    input: {
      'bff_topic_resets_total{job="bff", instance="a", topic="run", rpc_service="web.v1.RunService"}': "0+2x60",
      'bff_topic_resets_total{job="bff", instance="a", topic="run", rpc_service="other.v1.RunService"}': "0+2x60",
      'bff_topic_resets_total{job="bff", instance="a", topic="notices", rpc_service="web.v1.RunService"}':
        "0 1 1 2 2x60",
    },
    at: "30m",
    fires: [{ alert: "BffTopicResets", labels: { severity: "ticket", topic: "run" } }],
  },
  {
    name: "the event loops of a BFF and of another process are late",
    of: "branches",
    input: {
      [ready]: "1x60",
      'nodejs_eventloop_delay_p99_seconds{job="bff", instance="a"}': "0.4x60",
      'nodejs_eventloop_delay_p99_seconds{job="other", instance="c"}': "0.4x60",
    },
    at: "20m",
    fires: [{ alert: "BffEventLoopDelayed", labels: { severity: "ticket", instance: "a" } }],
  },
  {
    name: "a process that refuses requests under overload, and one that does not",
    of: "branches",
    input: {
      [ready]: "1x60",
      'bff_shed_total{job="bff", instance="a", rpc_method="web.v1.WebService/Get", priority="low"}': "0+9x60",
      'bff_shed_total{job="bff", instance="b", rpc_method="web.v1.WebService/Get", priority="low"}': "0x60",
    },
    at: "20m",
    fires: [{ alert: "BffShedding", labels: { severity: "page", instance: "a" } }],
  },
  {
    name: "a heap that fills up",
    of: "branches",
    input: {
      [ready]: "1x60",
      'v8js_memory_heap_used_bytes{job="bff", instance="a"}': "95x60",
      'v8js_memory_heap_limit_bytes{job="bff", instance="a"}': "100x60",
    },
    at: "20m",
    fires: [{ alert: "BffHeapNearlyFull", labels: { severity: "ticket", instance: "a" } }],
  },
  {
    name: "connections and followers of two processes, of which one is nearly full",
    of: "branches",
    input: {
      'bff_connections{job="bff", instance="a"}': "28000x60",
      'bff_connections_most{job="bff", instance="a"}': "30000x60",
      'bff_followers{job="bff", instance="a"}': "19000x60",
      'bff_followers_most{job="bff", instance="a"}': "20000x60",
      'bff_connections{job="bff", instance="b"}': "20000x60",
      'bff_connections_most{job="bff", instance="b"}': "30000x60",
      'bff_followers{job="bff", instance="b"}': "0x60",
      'bff_followers_most{job="bff", instance="b"}': "20000x60",
    },
    at: "20m",
    fires: [
      { alert: "BffConnectionsFull", labels: { severity: "page", instance: "a" } },
      { alert: "BffFollowersFull", labels: { severity: "page", instance: "a" } },
    ],
  },
  {
    name: "usage events that are lost",
    of: "usage",
    input: {
      'bff_usage_lost_total{job="bff", instance="a"}': "0x60 3x10",
      'bff_usage_lost_total{job="other", instance="a"}': "7x100",
    },
    at: "61m",
    fires: [{ alert: "BffUsageLost", labels: { severity: "page" } }],
  },
  {
    name: "spans that are lost, a certificate that ends, keys that are old, processes that die",
    of: "branches",
    input: {
      'bff_spans_dropped_total{job="bff", instance="a"}': "0+5x300",
      'bff_certificate_days_left{job="bff", instance="a", variable="TLS_CERT_FILE"}': "6x300",
      'bff_certificate_days_left{job="bff", instance="a", variable="OTHER_CERT_FILE"}': "30x300",
      'bff_key_set_age_seconds{job="bff", instance="a", source="user"}': "90000x300",
      'bff_key_set_age_seconds{job="bff", instance="a", source="partner"}': "300x300",
      'bff_worker_restarts_total{job="bff", instance="a"}': "0+1x300",
      'bff_worker_restarts_total{job="bff", instance="b"}': "0x100 1x200",
    },
    at: "2h",
    fires: [
      { alert: "BffSpansDropped", labels: { severity: "ticket" } },
      { alert: "BffCertificateEnds", labels: { severity: "page", variable: "TLS_CERT_FILE" } },
      { alert: "BffKeySetOld", labels: { severity: "ticket", source: "user" } },
      { alert: "BffWorkersRestart", labels: { severity: "page", instance: "a" } },
    ],
  },
];

const rulesOf = (golden: string): readonly string[] => files.filter((path) => path.includes(`/${golden}/`));
const FIRING =
  'count by (alertname, severity, window, upstream, branch, rpc_method, instance, source, variable, topic) (ALERTS{alertstate="firing"})';

test.each(situations)("$name", ({ of, input, at, fires }) => {
  const expected = fires.map(({ alert, labels }) => {
    const all = Object.entries({ alertname: alert, ...labels }).map(
      ([name, value]) => `${name}=${JSON.stringify(value)}`,
    );
    return { labels: `{${all.join(", ")}}`, value: 1 };
  });
  const path = join(folder, "situation.json");
  writeFileSync(
    path,
    JSON.stringify({
      rule_files: rulesOf(of),
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          input_series: Object.entries(input).map(([series, values]) => ({ series, values })),
          promql_expr_test: [{ expr: FIRING, eval_time: at, exp_samples: expected }],
        },
      ],
    }),
  );
  const { status, output } = promtool("test", "rules", path);
  expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining("SUCCESS") });
});

test("the alert for a call of a sunset rpc fires from its day on and names the caller and the day", () => {
  const texts = rulesOf("versions").map((path) => readFileSync(path, "utf8"));
  const rules = texts.flatMap((text) => (parse(text) as Rules).groups.flatMap((group) => group.rules));
  // promtool's clock begins in 1970: the day is the tenth of that year instead.
  const day = `vector(time()) >= ${Date.parse("2027-03-31") / 1000}`;
  const moved = JSON.stringify(rules.filter(({ alert }) => alert === "BffSunsetRpcCalled"));
  expect(moved.split(day)).toHaveLength(2);
  const path = join(folder, "sunset.json");
  writeFileSync(
    path,
    `{"groups": [{"name": "sunset", "rules": ${moved.replace(day, `vector(time()) >= ${10 * 86_400}`)}}]}`,
  );
  // page.v1.PageService/Get ends later, on 2027-05-01.
  const calls = (method: string): string =>
    `bff_deprecated_calls_total{job="bff", instance="a", rpc_method="page.v1.PageService/${method}", source="partner"}`;
  const sunsetAlert = {
    exp_labels: {
      severity: "ticket",
      sunset: "2027-03-31",
      job: "bff",
      rpc_method: "page.v1.PageService/List",
      source: "partner",
    },
    exp_annotations: {
      summary: "page.v1.PageService/List is still called, and was to end on 2027-03-31",
      description: "By callers of the source partner: 24 times in a day.",
    },
  };
  const alertTest = (time: string, alerts: readonly object[]) => ({
    eval_time: time,
    alertname: "BffSunsetRpcCalled",
    exp_alerts: alerts,
  });
  writeFileSync(
    join(folder, "situation.json"),
    JSON.stringify({
      rule_files: [path],
      evaluation_interval: "1h",
      tests: [
        {
          interval: "1h",
          input_series: ["List", "Get"].map((method) => ({ series: calls(method), values: "0+1x500" })),
          alert_rule_test: [alertTest("9d", []), alertTest("11d", [sunsetAlert])],
        },
      ],
    }),
  );
  const { status, output } = promtool("test", "rules", join(folder, "situation.json"));
  expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining("SUCCESS") });
});

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert?: string }[] }[];
}

test("each alert fires in a situation", () => {
  const all = files.flatMap((path) =>
    (parse(readFileSync(path, "utf8")) as Rules).groups.flatMap(({ rules }) =>
      rules.flatMap(({ alert }) => alert ?? []),
    ),
  );
  const fired = new Set([...situations.flatMap(({ fires }) => fires.map(({ alert }) => alert)), "BffSunsetRpcCalled"]);
  expect([...new Set(all)].filter((alert) => !fired.has(alert))).toEqual([]);
});
