import { describe, expect, it } from "vitest";
import { formatFor, renderPrometheus } from "./render.ts";
import { Counter } from "./series.ts";
import { type Family, mergeSnapshots } from "./snapshot.ts";

const gauge = (merge: Family["merge"], value: number, labels: string[] = []): Family => ({
  name: `of_${merge}`,
  help: "h",
  type: "gauge",
  merge,
  samples: [{ labels, value }],
});
const histogram = (labels: string[], counts: number[], value: number): Family => ({
  name: "took_seconds",
  help: "h",
  type: "histogram",
  merge: "sum",
  bounds: [0.5, 1],
  samples: [{ labels, value, counts }],
});

describe("snapshots of several processes", () => {
  it("snapshots are merged, even after a round trip through JSON", () => {
    const item = [gauge("sum", 1), gauge("max", 1), gauge("min", 1), histogram(["a", "x"], [1, 0, 2], 7)];
    const other = [
      ...[gauge("sum", 2), gauge("max", 2), gauge("min", 2)],
      ...[histogram(["a", "x"], [1, 1, 0], 1), gauge("sum", 5, ["a", "y"])],
    ];
    const sent = [item, other].map((families) => JSON.parse(JSON.stringify({ families })));
    expect(renderPrometheus(mergeSnapshots(sent)).replace(/^#.*\n/gm, "")).toBe(
      [
        ...["of_sum 3", 'of_sum{a="y"} 5', "of_max 2", "of_min 1"],
        'took_seconds_bucket{a="x",le="0.5"} 2',
        'took_seconds_bucket{a="x",le="1.0"} 3',
        'took_seconds_bucket{a="x",le="+Inf"} 5',
        ...['took_seconds_sum{a="x"} 8', 'took_seconds_count{a="x"} 5', ""],
      ].join("\n"),
    );
  });
  it("an empty list of snapshots merges to no families", () => {
    expect(mergeSnapshots([])).toEqual({ families: [] });
  });
});

describe("the exposition format", () => {
  const counter = new Counter("bff_things_total", 'Things, "so" called.', ["path", "kind"]);
  counter.add('a\\b"c\nd', "");
  counter.add('a\\b"c\nd', "");
  counter.add("\ud800", "k");
  const families = [counter.family, { ...counter.family, name: "empty_total", samples: [] }];

  it("the format is Prometheus' text", () => {
    expect(renderPrometheus({ families })).toBe(
      '# HELP bff_things_total Things, "so" called.\n# TYPE bff_things_total counter\n' +
        'bff_things_total{path="a\\\\b\\"c\\nd"} 2\nbff_things_total{path="\ufffd",kind="k"} 1\n',
    );
  });
  it("the format is OpenMetrics if requested", () => {
    expect(renderPrometheus({ families }, "openmetrics")).toBe(
      '# HELP bff_things Things, \\"so\\" called.\n# TYPE bff_things counter\n' +
        'bff_things_total{path="a\\\\b\\"c\\nd"} 2\nbff_things_total{path="\ufffd",kind="k"} 1\n# EOF\n',
    );
    const unit = renderPrometheus({ families: [histogram([], [1, 2, 3], 4)] }, "openmetrics");
    expect(unit).toContain("# UNIT took_seconds seconds\n");
  });

  it.each([
    [undefined, "prometheus"],
    ["", "prometheus"],
    ["*/*", "prometheus"],
    ["application/openmetrics-text", "openmetrics"],
    // Prometheus 2.42 and 3.
    [
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
      "openmetrics",
    ],
    [
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=2.0.0;q=0.5,text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
      "prometheus",
    ],
    ["text/html,application/xhtml+xml,*/*;q=0.8", "prometheus"],
    ["text/plain;version=0.0.4;q=1, application/openmetrics-text;q=0.5", "prometheus"],
    ["application/openmetrics-text;q=0", "prometheus"],
    ["application/openmetrics-text;q=nonsense, text/plain", "prometheus"],
  ])("the format for accept: %s is %s", (accept, format) => {
    expect(formatFor(accept)).toBe(format);
  });
});
