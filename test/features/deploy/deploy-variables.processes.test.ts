// One list of variables: what servers read of their environment, what docs/variables.md says, and what their ConfigMaps and Deployments have.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { readConfig } from "../../../packages/server/src/config/config.ts";
import { compile } from "../../../plugin/src/compile.ts";
import { FIXED_VARIABLES } from "../../../plugin/src/deploy/variables.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { goldenCases, UPSTREAMS } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Those of its variables that a process reads which others than whoever runs servers write: a supervisor tells its workers so with BFF_WORKER. */
const NOT_OURS =
  /^(NODE_|npm_|PATH$|HOME$|TERM|FORCE_COLOR$|NO_COLOR$|COLORTERM$|CI$|TZ$|WATCH_REPORT_DEPENDENCIES$|toJSON$|BUF_BIGINT_DISABLE$|BFF_WORKER$)/;

const protosOf = (suite: string, name: string) =>
  goldenCases(suite).find((golden) => golden.name === name)?.protos ?? {};

test.each([
  { name: "everything", protos: protosOf("deploy", "everything"), server: "desk/v1" },
  { name: "batch", protos: protosOf("emit", "batch"), server: "shop/v1" },
  { name: "tools", protos: protosOf("emit", "tools"), server: "app/v1" },
  { name: "sensitive-caches", protos: protosOf("emit", "sensitive-caches"), server: "app/v1" },
])("the manifests of $name set every variable that the server reads", ({ name, protos, server }) => {
  const project = new GeneratedProject(`deploy-${name}`, protos);
  onTestFinished(() => project.remove());
  project.generate();
  const texts = { ...UPSTREAMS, ...protos };
  const { response } = compile(
    { ...requestFor(texts, Object.keys(protos)), parameter: "import_extension=ts,server=true,deploy=kubernetes" },
    (file) => texts[file],
  );
  const text = (file: string): string =>
    response.file.find((output) => output.name === `${server}/deploy/kubernetes/${file}`)?.content ?? "";
  const config = parse(text("configmap.yaml")).data as Record<string, string>;
  const inConfigMap = [...text("configmap.yaml").matchAll(/^ {2}(?:# )?"?([A-Z][A-Z0-9_]*)"?: "/gm)].map(
    ([, key = ""]) => key,
  );
  const secret = [...text("deployment.yaml").matchAll(/secretKeyRef: \{ name: \S+, key: "?(\w+)/g)].map(
    ([, key = ""]) => key,
  );
  // It ends for want of a port, having read all that it reads.
  const recorded = join(project.folder, "recorded.json");
  const declared = {
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318",
    OTEL_TRACES_SAMPLER: "traceidratio",
    OIDC_ISSUER: "https://id.example",
    LOOKUP_API_KEY: "k",
    WAIT: "1s",
    PAGE_SIZE: "",
  };
  const hook = join(root, "test/features/deploy/recorded-environment.mjs");
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--import", hook, join(project.folder, server, "server.ts")],
    {
      cwd: project.folder,
      encoding: "utf8",
      env: { ...config, ...declared, PORT: "x", RECORDED: recorded },
    },
  );
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('"variable":"PORT"') });
  const read = (JSON.parse(readFileSync(recorded, "utf8")) as string[]).filter((variable) => !NOT_OURS.test(variable));
  // What alternates are called stands behind the variable that they are for.
  const alternates = [...`${text("configmap.yaml")}${text("deployment.yaml")}`.matchAll(/, or ([A-Z][A-Z0-9_]+)/g)].map(
    ([, key = ""]) => key,
  );
  const old = FIXED_VARIABLES.filter((variable) => variable.old).map(({ name }) => name);
  expect(read.sort()).toEqual([...inConfigMap, ...secret, ...alternates, ...old].sort());
});

/** Rows of the tables of variables, of which those of upstreams, of a session's secret and of `env` are patterns. */
function documented(page: string): readonly { readonly names: readonly string[]; readonly default: string }[] {
  const text = readFileSync(join(root, "docs", page), "utf8");
  const tables = [...text.matchAll(/^\| variable \|.*\n\|---.*\n((?:\|.*\n)+)/gm)].map(([, rows = ""]) => rows);
  return tables
    .flatMap((table) => table.trimEnd().split("\n"))
    .flatMap((row) => {
      const [, first = "", , byDefault = ""] = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
      const names = [...first.matchAll(/`([A-Z][A-Z0-9_]*)`/g)].map(([, name = ""]) => name);
      return /the same with|client secret|BILLING/.test(first)
        ? []
        : [{ names, default: byDefault.replaceAll("`", "").replace(/:.*$/, "") }];
    });
}

test("the documented variables are those of the table, with their defaults", () => {
  const rows = [...documented("deploying.md"), ...documented("variables.md"), ...documented("telemetry.md")];
  // The endpoint for traces alone takes its text as it is, and has a row of its own.
  const names = new Set(
    rows.flatMap((row) => row.names).filter((name) => name !== "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
  );
  expect([...names].sort()).toEqual(FIXED_VARIABLES.map(({ name }) => name).sort());
  const defaults = new Map(rows.flatMap((row) => row.names.map((name) => [name, row.default] as const)));
  for (const { name, default: value } of FIXED_VARIABLES) {
    if (value !== undefined) expect([name, defaults.get(name)]).toEqual([name, value]);
    else expect([name, defaults.get(name)]).not.toEqual([name, expect.stringMatching(/^(\d\S*|true|false|text)$/)]);
  }
});

test("the default of a variable equals its effect when unset", () => {
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318", OTEL_TRACES_SAMPLER: "traceidratio" };
  const read = (env: Readonly<Record<string, string>>) =>
    readConfig({ ...traced, ...env }, { upstreams: {}, env: () => ({}) }, () => Buffer.alloc(0)).config;
  const unset = read({});
  expect(unset).toBeDefined();
  for (const { name, default: value } of FIXED_VARIABLES)
    if (value !== undefined) expect([name, read({ [name]: value })]).toEqual([name, unset]);
});
