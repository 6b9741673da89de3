// The plugin's options, a row for each, in the order in which a fault lists them. `npm run docs` writes the tables of
// docs/options.md and docs/diagnostics.md from the rows.
import { budget, choice, codes, flag, flagOr, type Kind, list, mappings, path, servers } from "./kinds.ts";

export interface Option<T> {
  readonly name: string;
  readonly kind: Kind<T>;
  /** True if the option decides the text of `.ts` files. Options about checks and reports leave no trace in them. */
  readonly shapes?: true;
  /** The page that documents the option: docs/options.md unless set. */
  readonly page?: "diagnostics.md";
  /** Rows of the page's table: a form of the option, and its effect. */
  readonly documented: readonly (readonly [form: string, effect: string])[];
}

export const OPTIONS = {
  importExtension: {
    name: "import_extension",
    kind: choice(["ts", "js", "none"], "none", (text) => text.replace(/^\./, "")),
    shapes: true,
    documented: [
      [
        "`import_extension=ts`, `js` or `none`",
        "extension of import specifiers, as in protoc-gen-es; default `none`. Set the same for both plugins",
      ],
    ],
  },
  mapImports: {
    name: "map_imports",
    kind: mappings(),
    shapes: true,
    documented: [
      [
        "`map_imports=bff/v1/:@protobff/messages`",
        "imports the messages of protos below `bff/v1/` from that package, as in protoc-gen-es; may be repeated. Set the same for both plugins",
      ],
    ],
  },
  server: {
    name: "server",
    kind: servers(),
    shapes: true,
    documented: [
      [
        "`server=true`",
        "also emits a `server.ts` beside each proto package that has BFF services, so that `web/v1/server.ts` and `mobile/v1/server.ts` are separate deployables. If one folder has the files of several such packages, each server has the name of its package, `web_v1_server.ts`, and BFF821 reports it; see [deploying.md](deploying.md)",
      ],
      [
        "`server=web`",
        "emits one `server.ts` for all BFF packages that are `web` or below it (`web.v1`, `web.v2`), in `web/`: they are [served on one port](deploying.md#several-packages-on-one-port). `server=web+shop` writes two; with an additional `server=true`, each package that no name covers has a separate server",
      ],
    ],
  },
  embed: {
    name: "embed",
    kind: flag(),
    shapes: true,
    documented: [
      [
        "`embed=true`",
        "also writes `bff.ts` beside each `server.ts`, whose `openBff` serves the same RPCs [inside another program](frameworks.md): Next.js, Fastify, Express, Hono; default false",
      ],
    ],
  },
  lock: {
    name: "lock",
    kind: path("bff.lock.json", "bff.lock.json"),
    documented: [["`lock=<path>`", "the file of the [lock](language.md#drift-bfflockjson); default `bff.lock.json`"]],
  },
  lockMode: {
    name: "lock_mode",
    kind: choice(["check", "update"], "check"),
    documented: [
      [
        "`lock_mode=check` or `update`",
        "reports [drift](language.md#drift-bfflockjson), or accepts it into the lock; default `check`",
      ],
    ],
  },
  plan: {
    name: "plan",
    kind: list(["json", "mermaid", "text", "weight", "faults"]),
    documented: [
      [
        "`plan=json`, `mermaid` or `text`",
        "also writes [the plan](language.md#the-plan); default none. Several forms, also of the next two rows, have `+` between them: `plan=text+weight`",
      ],
      ["`plan=faults`", "also writes the [effects of faults](testing.md#faults) on each rpc, `web_faults.txt`"],
      ["`plan=weight`", "also writes `bff_weight.txt`, the [amount of logic](language.md#weight) in the options"],
    ],
  },
  weight: {
    name: "weight",
    kind: budget(["logic", "overlap", "headers"], "logic:40+overlap:60+headers:0"),
    documented: [
      [
        "`weight=logic:40+overlap:60+headers:0`",
        "warns if the [weight](language.md#weight) exceeds one of these maximums; each of the three is optional; default none",
      ],
    ],
  },
  openapi: {
    name: "openapi",
    kind: flagOr("rest"),
    documented: [
      [
        "`openapi=true`",
        "also writes an [OpenAPI document](edge.md#openapi) of each server, `openapi.json`; `openapi=rest`: without the paths of Connect; default false",
      ],
    ],
  },
  mock: {
    name: "mock",
    kind: flag(),
    shapes: true,
    documented: [
      [
        "`mock=true`",
        "also writes mocks of the upstreams of each file with services, `web_mock.ts`, for [tests](testing.md) and for servers that run without upstreams; default false",
      ],
    ],
  },
  explorer: {
    name: "explorer",
    kind: flag(),
    shapes: true,
    documented: [
      [
        "`explorer=true`",
        "also writes the plan of each server, `server_plan.ts`, which only its [live page](cli.md#live-page) loads; default false",
      ],
    ],
  },
  uses: {
    name: "uses",
    kind: flag(),
    shapes: true,
    documented: [
      [
        "`uses=true`",
        "also writes what each server uses of its upstreams, `server_uses.ts`, for the comparison with [deployed upstreams](telemetry.md#deployed-upstreams); default false",
      ],
    ],
  },
  faults: {
    name: "faults",
    kind: choice(["vitest", "node"], undefined),
    shapes: true,
    documented: [
      [
        "`faults=vitest` or `node`",
        "with `mock=true`: also writes [tests of faults](testing.md#faults), `web_faults.ts`, and `web_faults.test.ts` for that runner; default none",
      ],
    ],
  },
  deploy: {
    name: "deploy",
    kind: list(["docker", "kubernetes", "gateway-api"]),
    documented: [
      [
        "`deploy=docker+kubernetes+gateway-api`",
        "also writes [deploy files](deploying.md#deploy-files) for each generated server, for some or all targets. Without a server [BFF575](diagnostics.md#bff575) is reported; default none",
      ],
    ],
  },
  dashboards: {
    name: "dashboards",
    kind: list(["grafana", "prometheus"]),
    documented: [
      [
        "`dashboards=grafana+prometheus`",
        "also writes a dashboard, alert rules or both for each server: [dashboards and alerts](telemetry.md#dashboards-and-alerts); default none",
      ],
    ],
  },
  errorFormat: {
    name: "error_format",
    kind: choice(["text", "github"], "text"),
    page: "diagnostics.md",
    documented: [
      [
        "`error_format=text` or `github`",
        "text for people (the default), or workflow commands that GitHub shows beside the changed lines",
      ],
    ],
  },
  errorOutput: {
    name: "error_output",
    kind: path(undefined, "diagnostics.json"),
    page: "diagnostics.md",
    documented: [
      [
        "`error_output=<path>`",
        "also writes all diagnostics, warnings too, as one document: SARIF when the path ends in `.sarif`, else JSON",
      ],
    ],
  },
  warn: {
    name: "warn",
    kind: codes(),
    page: "diagnostics.md",
    documented: [
      [
        "`warn=BFF501+BFF502`",
        "these errors become warnings; only codes of 5xx and 7xx to 9xx are allowed, because other errors prevent generation",
      ],
    ],
  },
  error: {
    name: "error",
    kind: codes(),
    page: "diagnostics.md",
    documented: [["`error=BFF343`", "these warnings become errors"]],
  },
  off: {
    name: "off",
    kind: codes(),
    page: "diagnostics.md",
    documented: [["`off=BFF803`", "these warnings are omitted"]],
  },
} satisfies Readonly<Record<string, Option<unknown>>>;
