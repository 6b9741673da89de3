// `dashboards=grafana,prometheus`: what is written for servers of every kind. Expressions are read by Prometheus' own grammar, and have no metric and
// no label that docs/telemetry.md does not have, which test/pages/metrics-page.test.ts holds to what servers show.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parser } from "@prometheus-io/lezer-promql";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { compile } from "../../../plugin/src/compile.ts";
import { type GoldenCase, goldenCases, goldenOf, parameterOf, textsBelow, UPSTREAMS } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

const SHOWN = ["branches", "topics"];
const example: GoldenCase = { name: "example", protos: textsBelow(join(root, "proto/example")) };
const cases = [
  example,
  ...goldenCases("emit").filter(({ name }) =>
    /^(branches|cached-answers|identity-sources|limits|names-odd|no-package|packages-in-one-folder|served-together|stream|topics|usage|versions)$/.test(
      name,
    ),
  ),
];

type Files = Readonly<Record<string, string>>;

const known = new Map<GoldenCase, Files>();
function watched(golden: GoldenCase): Files {
  const found = known.get(golden) ?? compiled(golden);
  known.set(golden, found);
  return found;
}
function compiled({ name, protos }: GoldenCase): Files {
  const texts = name === "example" ? protos : { ...UPSTREAMS, ...protos };
  const targets = Object.keys(protos).filter((file) => name !== "example" || /^(web|mobile|account)\//.test(file));
  const request = requestFor(texts, targets);
  const parameter = `${parameterOf({ protos })},dashboards=grafana,prometheus`;
  const { response } = compile({ ...request, parameter }, (file) => texts[file]);
  expect(response.error).toBe("");
  const found = response.file.filter((file) => /(dashboard\.json|alerts\.yaml)$/.test(file.name));
  return Object.fromEntries(found.map((file) => [file.name, file.content]));
}

test.each(cases.filter(({ name }) => SHOWN.includes(name)))("the files of $name match the golden", (golden) => {
  const found = watched(golden);
  expect(found).toEqual(goldenOf(`dashboards/${golden.name}`, "", found));
});

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly datasource?: unknown;
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
  readonly panels?: readonly Panel[];
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string | { readonly query: string } }[];
  };
}
interface Rules {
  readonly groups: readonly {
    readonly name: string;
    readonly rules: readonly { readonly record?: string; readonly alert?: string; readonly expr: string }[];
  }[];
}

const dashboards = (golden: GoldenCase): readonly Dashboard[] =>
  Object.entries(watched(golden)).flatMap(([name, text]) =>
    name.endsWith(".json") ? [JSON.parse(text) as Dashboard] : [],
  );
const rules = (golden: GoldenCase): readonly Rules[] =>
  Object.entries(watched(golden)).flatMap(([name, text]) => (name.endsWith(".yaml") ? [parse(text) as Rules] : []));
const allPanels = ({ panels }: Dashboard): readonly Panel[] =>
  panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);

/** Every expression, as Prometheus gets it. */
function expressions(golden: GoldenCase): readonly string[] {
  const drawn = dashboards(golden).flatMap((dashboard) =>
    allPanels(dashboard).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  );
  const chosen = dashboards(golden).flatMap(({ templating }) =>
    templating.list.flatMap(({ query }) =>
      typeof query === "string" ? [] : [/^label_values\((.*), \w+\)$/.exec(query.query)?.[1] ?? ""],
    ),
  );
  const ruled = rules(golden).flatMap(({ groups }) => groups.flatMap((group) => group.rules.map(({ expr }) => expr)));
  return [...drawn, ...chosen, ...ruled].map((expr) => expr.replaceAll("$__rate_interval", "5m"));
}

/** What an expression names: metrics with the labels of their selectors, and labels that it groups and joins by. */
function namesIn(expr: string): {
  readonly metrics: readonly { readonly name: string; readonly labels: readonly string[] }[];
  readonly grouping: readonly string[];
} {
  const metrics: { name: string; labels: string[] }[] = [];
  const grouping: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ name, type, from, to, node }) => {
      const text = expr.slice(from, to);
      if (type.isError) throw new Error(`${expr}: wrong at ${from}: ${text}`);
      if (name === "VectorSelector") metrics.push({ name: expr.slice(from, to).replace(/\{.*$/s, ""), labels: [] });
      if (name !== "LabelName") return;
      const matcher = node.parent?.name === "UnquotedLabelMatcher";
      if (matcher) metrics.at(-1)?.labels.push(text);
      else grouping.push(text);
    },
  });
  return { metrics, grouping };
}

/** Returns the labels of each metric in docs/metrics.md; a histogram is listed by the names of its series. */
function documented(): ReadonlyMap<string, readonly string[]> {
  const page = readFileSync(join(root, "docs/metrics.md"), "utf8");
  const rows = [...page.matchAll(/^\| `([a-z0-9_]+)` \| (counter|gauge|histogram) \| ([^|]*)\| \S/gm)];
  return new Map([
    ...SUPERVISED,
    ...rows.flatMap(([, name = "", type = "", cell = ""]) => {
      const labels = [...cell.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label);
      const all: (readonly [string, readonly string[]])[] =
        type === "histogram"
          ? [
              [`${name}_count`, labels],
              [`${name}_sum`, labels],
              [`${name}_bucket`, [...labels, "le"]],
            ]
          : [[name, labels]];
      return all;
    }),
  ]);
}
/** What the supervisor of workers tells beside what these have counted. */
const SUPERVISED: ReadonlyMap<string, readonly string[]> = new Map([["bff_worker_restarts_total", []]]);
/** What Prometheus itself says of whom it asks. */
const SCRAPED = ["job", "instance"];

describe.each(cases)("$name", (golden) => {
  test("has expressions over documented metrics and labels only", () => {
    const shown = documented();
    const recorded = new Set(
      rules(golden).flatMap(({ groups }) =>
        groups.flatMap((group) => group.rules.flatMap(({ record }) => record ?? [])),
      ),
    );
    expect(expressions(golden).length).toBeGreaterThan(20);
    for (const expr of expressions(golden)) {
      const { metrics, grouping } = namesIn(expr);
      const labels = new Set<string>(SCRAPED);
      for (const metric of metrics) {
        const metricLabels = recorded.has(metric.name) ? ["rpc_method"] : shown.get(metric.name);
        expect({ expr, metric: metric.name, metricLabels }).toEqual({
          expr,
          metric: metric.name,
          metricLabels: expect.anything(),
        });
        for (const label of metricLabels ?? []) labels.add(label);
        expect({
          expr,
          unknown: metric.labels.filter((label) => ![...SCRAPED, ...(metricLabels ?? [])].includes(label)),
        }).toEqual({ expr, unknown: [] });
      }
      expect({ expr, unknown: grouping.filter((label) => !labels.has(label)) }).toEqual({ expr, unknown: [] });
    }
  });

  test("has dashboards whose panels have unique ids, positions and names", () => {
    for (const dashboard of dashboards(golden)) {
      expect(dashboard.uid).toMatch(/^[a-zA-Z0-9_-]{1,40}$/);
      const all = allPanels(dashboard);
      expect(all.map(({ id }) => id)).toEqual(all.map((_, i) => i + 1));
      const places = new Set<string>();
      for (const { title, type, description, gridPos, datasource, fieldConfig, targets = [] } of all) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++)
          for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
            expect([title, x < 24, places.has(`${x} ${y}`)]).toEqual([title, true, false]);
            places.add(`${x} ${y}`);
          }
        expect(title).not.toBe("");
        if (type === "row") continue;
        expect(datasource).toEqual({ type: "prometheus", uid: "$datasource" });
        expect([title, description, fieldConfig?.defaults.unit]).toEqual([
          title,
          expect.stringMatching(/\.$/),
          expect.stringMatching(/./),
        ]);
        expect(targets.length).toBeGreaterThan(0);
        expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
        for (const { expr } of targets) expect(expr).toContain('{job=~"$job", instance=~"$instance"');
      }
    }
    const uids = dashboards(golden).map(({ uid }) => uid);
    expect(new Set(uids).size).toBe(uids.length);
  });
});

test("the supervisor serves every metric that dashboards read from it", () => {
  const text = readFileSync(join(root, "packages/server/src/workers/workers-admin.ts"), "utf8");
  expect([...SUPERVISED.keys()].filter((name) => !text.includes(`"${name}"`))).toEqual([]);
});

test("the calls of an rpc are in the order of the plan", () => {
  const [web] = dashboards(example).filter(({ panels }) =>
    panels.some(({ title }) => title === "DashboardService/GetDashboard"),
  );
  const calls = (web === undefined ? [] : allPanels(web)).find(({ title }) => title === "Calls");
  expect(calls?.targets?.map(({ refId, legendFormat }) => [refId, legendFormat])).toEqual([
    ["A", "AgentService/GetSummary"],
    ["B", "BillingService/GetUsage"],
    ["C", "NotifyService/CountUnread"],
    ["D", "AgentService/GetSession"],
    ["E", "MemoryService/Search"],
    ["F", "UserService/BatchGetUsers"],
  ]);
});
