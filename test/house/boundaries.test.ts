// Who may import whom: no stage of the compiler knows a later one, the runtime knows nothing of the compiler, and what judges the
// generated code shares nothing with what made it.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readManifest, root, workspaces } from "../../scripts/workspaces.ts";
import { circles, type Import, imports, importsOf } from "./imports.ts";
import { sources } from "./shapes.ts";

const isTest = (path: string): boolean => path.endsWith(".test.ts") || /\/src\/(.*\/)?testing\//.test(path);
const below = (path: string, ...folders: string[]): boolean => folders.some((folder) => path.startsWith(`${folder}/`));
/** The folders right below a package's sources; a file that stands beside them is a room of its own. */
const room = (path: string): string =>
  path
    .replace(/^packages\//, "")
    .split("/")
    .slice(2, 3)
    .join("");
/** The file of the core behind a specifier that only packages of this repository use. */
function coreFile(to: string): string {
  const [, entry] = /^@protobff\/runtime\/internal\/(.*)$/.exec(to) ?? [];
  return entry === undefined ? to : join("runtime", CORE[`./internal/${entry}`] ?? `./src/${entry}.ts`);
}
const { exports: CORE = {} } = readManifest(join(root, "runtime"));
const shown = (found: readonly Import[]): string[] => found.map(({ from, to }) => `${from} imports ${to}`);

describe("imports", () => {
  const plugin = imports("plugin/src").filter(({ from }) => !isTest(from));
  const runtime = imports("runtime/src");
  const shipped = runtime.filter(({ from }) => !isTest(from));
  const server = imports("packages/server/src")
    .filter(({ from }) => !isTest(from))
    .map((edge) => ({ ...edge, to: coreFile(edge.to) }));
  const faults = plugin.filter(({ from }) => below(from, "plugin/src/faults"));
  const replay = imports("packages/replay/src").filter(({ from }) => !isTest(from));
  const testing = imports("packages/testing/src").filter(({ from }) => !isTest(from));
  const whatif = imports("packages/replay/src/whatif").filter(({ from }) => !isTest(from));
  const generated = imports("generated");

  test("are found with their kinds", () => {
    expect(shown(plugin)).toContain("plugin/src/compile.ts imports plugin/src/read/read-ir.ts");
    expect(shown(generated)).toContain("generated/web/v1/web_bff.ts imports @protobff/runtime");
    expect(shown(imports("test/proofs/oracle")).length).toBeGreaterThan(20);
    const text = `
      import a, { type B } from "./value.ts";
      import { type C } from "./names.ts";
      import type { D } from "./type.ts";
      import "./bare.ts";
      export * as e from "./out.ts";
      export type { F } from "./out-type.ts";
      type G = import("./inline.ts").G;
      const h = async () => (await import("./later.ts")).h;
      const text = 'import x from "./no.ts"';`;
    expect(importsOf(text).map(({ specifier, typeOnly }) => `${specifier}${typeOnly ? " by type" : ""}`)).toEqual([
      "./value.ts",
      "./names.ts",
      "./type.ts by type",
      "./bare.ts",
      "./out.ts",
      "./out-type.ts by type",
      "./inline.ts by type",
      "./later.ts",
    ]);
  });
  test("are checked for circles", () => {
    const edges = ["ab", "bc", "cb", "cd", "ee", "fg", "gh", "hf", "gd"].map(([from = "", to = ""]) => ({ from, to }));
    expect(circles(edges)).toEqual([["b", "c"], ["e"], ["f", "g", "h"]]);
  });

  const order = ["read", "resolve", "check", "lock", "plan", "report", "emit", "openapi", "deploy", "dashboards"];
  const stages = order.map((stage) => `plugin/src/${stage}`);
  test.each(stages.map((stage, i) => ({ stage, later: stages.slice(i + 1) })))(
    "$stage imports no later stage",
    ({ stage, later }) => {
      expect(shown(plugin.filter(({ from, to }) => below(from, stage) && below(to, ...later)))).toEqual([]);
    },
  );

  test("the interpreter of faults imports only the runtime's functions of expressions", () => {
    const found = faults.filter(({ to }) => !below(to, "plugin/src/faults") && to !== "@protobff/runtime/expressions");
    expect(faults.length).toBeGreaterThan(50);
    expect(shown(found)).toEqual([]);
  });

  test("the suite of bff.v1 and its reference import nothing else of this repository", () => {
    for (const [folder, ...more] of [
      ["packages/conformance/src"],
      ["packages/conformance/transcoding"],
      ["packages/conformance/reference", "packages/conformance/transcoding"],
    ] as const) {
      const found = imports(folder).filter(
        ({ to }) =>
          !below(to, folder, ...more) &&
          !/^(node:|jose$|@bufbuild\/(cel|cel-spec|protobuf)(\/|$)|@connectrpc\/)/.test(to),
      );
      expect(imports(folder).length).toBeGreaterThan(5);
      expect(shown(found)).toEqual([]);
    }
  });

  test("the printer imports the plan and its reports, and no earlier stage", () => {
    const earlier = order.slice(0, order.indexOf("plan")).map((stage) => `plugin/src/${stage}`);
    const found = plugin.filter(({ from, to }) => below(from, "plugin/src/emit") && below(to, ...earlier));
    expect(shown(found)).toEqual([]);
    const declarations = plugin.filter(({ from, to }) => below(from, "plugin/src/emit") && below(to, "plugin/src/ir"));
    expect(shown(declarations)).toEqual([]);
  });

  test("expressions import no stage", () => {
    expect(shown(plugin.filter(({ from, to }) => below(from, "plugin/src/cel") && below(to, ...stages)))).toEqual([]);
  });

  test("the shared model imports expressions and source positions only", () => {
    const found = plugin.filter(
      ({ from, to, typeOnly }) =>
        below(from, "plugin/src/model") &&
        below(to, "plugin/src") &&
        !below(to, "plugin/src/model", "plugin/src/cel") &&
        !(typeOnly && to === "plugin/src/diagnostic/diagnostic.ts"),
    );
    expect(shown(found)).toEqual([]);
    const reporting = sources("plugin/src/model").filter(({ text }) => /\b(Report|Diagnostic)\b/.test(text));
    expect(reporting.map(({ path }) => path)).toEqual([]);
  });

  test("readers of declarations do not import expressions", () => {
    const found = plugin.filter(({ from, to }) => below(from, "plugin/src/read") && below(to, "plugin/src/cel"));
    expect(shown(found.filter(({ to }) => to !== "plugin/src/cel/types/functions/reserved-names.ts"))).toEqual([]);
  });

  test("diagnostics import no stage", () => {
    const found = plugin.filter(
      ({ from, to }) => below(from, "plugin/src/diagnostic") && below(to, ...stages, "plugin/src/cel"),
    );
    expect(shown(found)).toEqual([]);
  });

  test("the plugin has only its entry files outside its rooms", () => {
    const files = new Set(plugin.map(({ from }) => from).filter((path) => room(path).endsWith(".ts")));
    expect([...files].map(room).sort()).toEqual(["compile.ts", "index.ts", "language.ts", "main.ts"]);
  });

  test("only main.ts, file-sources.ts and protos.ts do IO", () => {
    const allowed = ["main", "command/file-sources", "package/protos"].map((name) => `plugin/src/${name}.ts`);
    const found = plugin.filter(
      ({ from, to }) => /^node:(fs|child_process|process|net|http)/.test(to) && !allowed.includes(from),
    );
    expect(shown(found)).toEqual([]);
  });

  test("the plugin imports of the runtime only samples and expressions, for predictions; the runtime imports no compiler", () => {
    const predicting = ({ from, to }: Import): boolean =>
      (below(from, "plugin/src/faults") && to === "@protobff/runtime/expressions") ||
      (below(from, "plugin/src/report/faults") && to === "@protobff/runtime/internal/samples");
    const tools = (to: string): boolean =>
      below(to, "runtime", "packages/server") || /^@protobff\/(runtime|server)/.test(to);
    expect(shown(plugin.filter((edge) => tools(edge.to) && !predicting(edge)))).toEqual([]);
    const compiler = (to: string): boolean => below(to, "plugin", "test") || to.startsWith("@protobff/plugin");
    expect(shown([...shipped, ...server].filter(({ to }) => compiler(to)))).toEqual([]);
  });

  test("runtime and server read no bytes by protobuf-es, which reads a field whatever its wire type", () => {
    const reads = /\b(fromBinary|mergeFromBinary|anyUnpack|anyUnpackTo|sizeDelimitedDecodeStream|BinaryReader)\b/;
    const found = ["runtime/src", "packages/server/src"]
      .flatMap(sources)
      .filter(({ text }) => reads.test(text.replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, "")))
      .map(({ path }) => path);
    // Options of descriptors, which no client sends.
    expect(found).toEqual(["runtime/src/samples/wire-rules.ts"]);
  });

  test("only these files convert JSON by protobuf-es; runtime/src/json converts for all others", () => {
    const files = {
      "client/src/decode.ts": "runs in browsers, without the runtime",
      "client/src/events.ts": "the same",
      "client/src/web-socket.ts": "the same",
      "plugin/src/cel/types/literals/literal.ts": "a Timestamp alone, in an expression",
      "plugin/src/report/faults/describe-callers.ts": "a sample, as an example of a request",
      "plugin/src/report/faults/predictions.ts": "faults.json, whose numbers keep their digits or are refused",
      "plugin/src/resolve/rules/cel/rule-constants.ts": "a Timestamp or Duration alone, in a rule",
      "runtime/src/endpoint/connect-json.ts": "what Connect would write, for `route` in a router without `routes`",
      "runtime/src/expressions/conversion/json.ts": "a FieldMask alone",
      "runtime/src/expressions/time/time.ts": "a Timestamp or Duration alone, checked before",
      "runtime/src/json/write-json.ts": "wraps toJson",
    };
    const found = [...workspaces().map(({ folder }) => `${folder}/src`), "packages/server/explorer"]
      .filter((folder) => folder !== "packages/conformance/src") // a judge that shares nothing with the runtime
      .flatMap(sources)
      .filter(({ path, text }) => !isTest(path) && /\b(?:toJson|fromJson|mergeFromJson)(?:String)?\(/.test(text))
      .map(({ path }) => path);
    expect(found.sort()).toEqual(Object.keys(files));
  });

  test("no package imports another by a relative path, and the core imports only messages", () => {
    const leaves = ({ from, to }: Import): boolean =>
      below(to, "runtime", "packages", "plugin", "cli", "client", "test") &&
      !below(
        to,
        from
          .split("/")
          .slice(0, from.startsWith("packages/") ? 2 : 1)
          .join("/"),
      );
    const direct = imports("packages/server/src").filter(({ from }) => !isTest(from));
    expect(shown([...direct, ...testing, ...replay, ...shipped].filter(leaves))).toEqual([]);
    expect(shown(shipped.filter(({ to }) => /^@protobff\/(?!messages)/.test(to)))).toEqual([]);
  });

  test("there are at most nine packages", () => expect(workspaces().length).toBeLessThanOrEqual(9));
  test("each package imports only packages that its package.json names, and uses every package of this repository that it names", () => {
    const ours = new Set(workspaces().map(({ manifest }) => manifest.name));
    for (const { folder, manifest } of workspaces()) {
      const named = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
      const imported = new Set(
        imports(`${folder}/src`)
          .filter(({ from, to }) => !isTest(from) && !/^(node:|\.|#)/.test(to) && !below(to, folder))
          .map(({ to }) => /^(@[^/]+\/)?[^/]+/.exec(to)?.[0] ?? to),
      );
      expect(
        [...imported].filter((name) => !named.includes(name)),
        folder,
      ).toEqual([]);
      expect(
        named.filter((name) => ours.has(name) && !imported.has(name)),
        folder,
      ).toEqual([]);
    }
  });

  test("only the server's mocks load the package of mocks", () => {
    const found = server.filter(({ to, typeOnly }) => to.startsWith("@protobff/testing") && !typeOnly);
    expect([...new Set(found.map(({ from }) => from))]).toEqual(["packages/server/src/process/open-mocks.ts"]);
  });

  test("only the parts of a process load captures, and the capture imports nothing of the replay", () => {
    const into = server.filter(({ from, to, typeOnly }) => {
      const folder = "packages/server/src/capture";
      return below(to, folder) && !below(from, folder) && !typeOnly;
    });
    expect(shown(into)).toEqual([
      "packages/server/src/parts/open-parts.ts imports packages/server/src/capture/open-capture.ts",
    ]);
    expect(shown([...server, ...shipped].filter(({ to }) => to.startsWith("@protobff/replay")))).toEqual([]);
  });

  test.each([
    ["messages", /^@bufbuild\/protobuf/],
    [
      "replay",
      /^(node:|@bufbuild\/protobuf|@protobff\/(messages\/|runtime\/internal\/|server$|server\/capture$|testing$)|cborg$)/,
    ],
    ["replay/src/whatif", /^(node:|@bufbuild\/protobuf|@protobff\/(runtime\/internal\/|testing$))/],
    [
      "testing",
      /^(node:(crypto|timers)$|@bufbuild\/protobuf|@connectrpc\/connect|@protobff\/(messages|runtime\/internal)\/)/,
    ],
  ])("the sources of %s import only these parts of other packages: %s", (name, allowed) => {
    const folder = `packages/${name.includes("/") ? name : `${name}/src`}`;
    const found = imports(folder).filter(({ from, to }) => !isTest(from) && !below(to, folder));
    expect(shown(found.filter(({ to }) => !allowed.test(to)))).toEqual([]);
    expect(found.length).toBeGreaterThan(2);
  });

  test.each([
    ["expressions", /^(node:crypto$|@bufbuild\/(protobuf|re2))/],
    ["http2", /^node:(net|tls)$/],
    ["samples", /^@bufbuild\/(protobuf|re2)/],
  ])("the room %s of the runtime imports only these packages: %s", (name, allowed) => {
    const found = shipped.filter(({ from, to }) => below(from, `runtime/src/${name}`) && !below(to, "runtime/src"));
    expect(shown(found.filter(({ to }) => !allowed.test(to)))).toEqual([]);
    expect(found.length).toBeGreaterThan(2);
  });

  // One way down: an import by type alone counts as any other, so that no room's files wait for another's.
  const observers = ["observer.ts", "observer-requests.ts", "observer-calls.ts", "observer-upstreams.ts"];
  const bottom = ["clock.ts", "error-info.ts", "failure.ts", "lru.ts", "states.ts", ...observers, "json", "wire"];
  const rooms: Readonly<Record<string, readonly string[]>> = {
    routes: ["endpoint", "http-rule", "identity", "stream", ...bottom],
    environment: ["redis", "identity", "limits", "topic", "sealing", "usage", ...bottom],
    live: [
      ...["stream", "endpoint", "admission", "compose", "selection", "source", "call", "cache", "scope", "guard"],
      ...["identity", "response-cache", ...bottom],
    ],
    stream: [
      "endpoint",
      "admission",
      "compose",
      "selection",
      "source",
      "scope",
      "guard",
      "identity",
      "limits",
      ...bottom,
    ],
    endpoint: ["admission", "response-cache", "compose", "selection", "http-rule", "identity", "guard", ...bottom],
    "response-cache": ["compose", "selection", "cache", "scope", "identity", ...bottom],
    admission: ["compose", "selection", "identity", "limits", "sealing", "usage", "expressions", ...bottom],
    compose: [
      ...["topic", "call", "scope", "selection", "transport", "guard", "identity", "sealing", "expressions"],
      ...bottom,
    ],
    selection: bottom,
    usage: ["topic", ...bottom],
    validate: ["expressions", ...bottom],
    topic: ["source", "call", "scope", "transport", "guard", ...bottom],
    source: ["call", "transport", "guard", ...bottom],
    call: ["scope", "cache", "transport", "guard", "identity", "expressions", ...bottom],
    scope: bottom,
    identity: ["redis", "postgres.ts", ...bottom],
    sealing: ["identity", "expressions", ...bottom],
    limits: ["guard", "redis", "postgres.ts", ...bottom],
    cache: ["guard", "redis", "sealing", ...bottom],
    transport: ["http-rule", "http2", "guard", ...bottom],
    "http-rule": bottom,
    guard: bottom,
    "observer-upstreams.ts": ["wire"],
    "observer-requests.ts": ["failure.ts", "wire"],
    "observer-calls.ts": ["observer-requests.ts", "failure.ts"],
    "observer.ts": ["observer-requests.ts", "observer-calls.ts", "observer-upstreams.ts"],
    "error-info.ts": ["failure.ts", "wire"],
    "failure.ts": ["wire"],
    "clock.ts": ["timers.ts"],
    "timers.ts": [],
    "engine-buffer.ts": [],
    redis: [],
    "postgres.ts": [],
    expressions: ["wire"],
    http2: ["engine-buffer.ts"],
    samples: [],
    wire: ["engine-buffer.ts"],
    json: ["wire"],
  };
  const ENTRIES = ["index.ts", "entries"];
  test("the table of rooms covers all rooms of the runtime", () => {
    const all = new Set(shipped.map(({ from }) => room(from)));
    expect([...all].filter((name) => !ENTRIES.includes(name) && rooms[name] === undefined)).toEqual([]);
  });
  test("each room of the runtime imports rooms below it only, and only the entry points import all", () => {
    const found = shipped.filter(({ from, to }) => {
      const [above, other] = [room(from), room(to)];
      return below(to, "runtime/src") && above !== other && !ENTRIES.includes(above) && !rooms[above]?.includes(other);
    });
    expect(shown(found)).toEqual([]);
  });
  test("the table of rooms has no circle", () => {
    expect(circles(Object.entries(rooms).flatMap(([from, all]) => all.map((to) => ({ from, to }))))).toEqual([]);
  });

  const planned = ["model", "names"];
  const printing = ["values", "names", "text"];
  const clients = [
    "balance",
    "call-headers.ts",
    "error-text.ts",
    "stream-client.ts",
    "throw-later.ts",
    "unary-client.ts",
  ];
  const preparation = ["model", "names", "conversions", "scope", "policies", "graph"];
  const inside: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
    "runtime/src/expressions": {
      value: [],
      time: ["value"],
      text: ["value"],
      conversion: ["text", "time", "value"],
      collections: ["conversion", "value"],
    },
    "plugin/src/faults": {
      "behaviour.ts": [],
      values: ["behaviour.ts"],
      expressions: ["values", "behaviour.ts"],
      composition: ["expressions", "values", "behaviour.ts"],
    },
    "packages/replay/src/whatif": {
      "input-error.ts": [],
      "play-module.ts": [],
      world: ["input-error.ts", "play-module.ts"],
      play: ["world", "play-module.ts"],
      result: ["play", "world", "play-module.ts"],
      tune: ["result", "world"],
    },
    "plugin/src/cel": { syntax: [], types: ["syntax"], check: ["syntax", "types"], emit: ["types"] },
    "plugin/src/cel/types": {
      model: [],
      functions: ["model"],
      literals: ["model"],
      forms: ["model"],
      facts: ["model"],
    },
    "plugin/src/cel/emit": {
      pieces: [],
      emitter: ["pieces"],
      control: ["emitter", "pieces"],
      optionals: ["control", "emitter", "pieces"],
      calls: ["optionals", "control", "emitter", "pieces"],
      messages: ["optionals", "emitter", "pieces"],
    },
    "plugin/src/read": {
      "codes.ts": [],
      "fault.ts": ["codes.ts"],
      source: [],
      values: ["source", "codes.ts", "fault.ts"],
      steps: ["values", "source", "fault.ts"],
      edge: ["steps", "values", "source", "fault.ts"],
    },
    "plugin/src/resolve": {
      model: [],
      names: [],
      conversions: ["model", "names"],
      scope: ["model", "conversions"],
      policies: ["model", "names", "conversions", "scope"],
      graph: ["names", "scope", "policies"],
      steps: preparation,
      packages: [...preparation, "steps"],
      subsets: [...preparation, "steps"],
      messages: [...preparation, "steps", "packages", "subsets"],
      edge: [...preparation, "steps", "packages", "messages"],
      streams: [...preparation, "steps", "packages"],
      rules: ["model"],
    },
    "plugin/src/check": {
      unused: ["check.ts", "all-expressions.ts"],
      surface: ["check.ts", "tool-hint.ts"],
      exposure: ["check.ts"],
      streams: ["check.ts", "all-expressions.ts", "request-names.ts"],
      caching: ["check.ts", "request-names.ts"],
      callers: ["check.ts", "request-names.ts", "tool-hint.ts"],
      calls: ["check.ts", "all-expressions.ts", "callers"],
    },
    "plugin/src/plan": {
      names: [],
      model: ["names"],
      calls: planned,
      messages: ["calls", ...planned],
      codec: planned,
      rpcs: ["messages", ...planned],
      check: ["model"],
      edits: ["model"],
    },
    "plugin/src/report": {
      "time-text.ts": [],
      calls: [],
      rpcs: ["calls", "time-text.ts"],
      faults: ["calls", "rpcs"],
    },
    "plugin/src/emit": {
      text: [],
      names: ["text"],
      values: ["names", "text"],
      codec: printing,
      rules: printing,
      steps: printing,
      app: ["steps", ...printing],
      messages: ["steps", ...printing],
      services: ["messages", "steps", ...printing],
      server: ["services", "messages", ...printing],
      mocks: ["server", "services", "steps", "codec", ...printing],
    },
    "runtime/src/transport": {
      balance: [],
      "call-headers.ts": [],
      "error-text.ts": [],
      "throw-later.ts": [],
      "stream-client.ts": ["call-headers.ts"],
      "unary-client.ts": ["balance", "call-headers.ts", "stream-client.ts"],
      grpc: clients,
      connect: clients,
      http: clients,
      "connect-unary": ["http", ...clients],
      "http-json": ["http", ...clients],
    },
  };
  test.each(Object.entries(inside))("each room of %s imports rooms below it only", (stage, all) => {
    const part = (path: string): string => path.slice(stage.length + 1).replace(/\/.*/, "");
    const found = [...plugin, ...whatif, ...shipped].filter(
      ({ from, to }) => below(from, stage) && below(to, stage) && part(from) !== part(to),
    );
    // A file beside the rooms is the door to all of them, unless the table has it.
    const within = found.filter(({ from }) => part(from) in all || !part(from).endsWith(".ts"));
    expect(within.length).toBeGreaterThan(["plugin/src/report", "packages/replay/src/whatif"].includes(stage) ? 4 : 20);
    expect(shown(within.filter(({ from, to }) => !all[part(from)]?.includes(part(to))))).toEqual([]);
    expect(circles(Object.entries(all).flatMap(([from, others]) => others.map((to) => ({ from, to }))))).toEqual([]);
  });

  // The server's rooms, and for those that hold one concern alone the rooms of the core that they use.
  const requests = ["requests", "carrier", "turns"];
  const serverRooms: Readonly<Record<string, readonly string[]>> = {
    gen: [],
    "random-ids.ts": [],
    carrier: [],
    memory: [],
    logs: [],
    metrics: [],
    explorer: [],
    session: [],
    transcoding: [],
    turns: ["carrier"],
    overload: ["turns"],
    telemetry: ["random-ids.ts"],
    headers: ["carrier", "random-ids.ts"],
    requests: ["carrier", "transcoding", "turns"],
    http2: [...requests, "logs"],
    listener: ["http2", "overload", ...requests, "logs"],
    fast: ["headers", "overload", ...requests],
    streams: ["fast", "headers", "overload", "transcoding", "gen", "logs", ...requests],
    services: ["streams", "overload", "gen", ...requests],
    adapter: ["streams", "overload", ...requests],
    rest: ["streams", "fast", "headers", "overload", "transcoding", "gen", "logs", ...requests],
    mcp: ["streams", "fast", "services", "explorer", "session", "headers", "logs", ...requests],
    paths: [...["mcp", "rest", "adapter", "services", "streams", "fast", "headers", "overload"], ...requests],
    "listen.ts": ["paths", "streams", "listener", "http2"],
    config: ["streams", "http2", "session", "telemetry", "overload", "logs", ...requests],
    process: [
      "listen.ts",
      "mcp",
      "config",
      "deployed",
      "listener",
      "explorer",
      "metrics",
      "telemetry",
      "overload",
      "logs",
    ],
    workers: ["process", "config", "listener", "metrics", "overload", "logs"],
    "warm-up": ["listen.ts"],
    capture: ["process", "config", "explorer", "telemetry"],
    deployed: ["streams", "metrics", "explorer", "gen"],
    parts: ["capture", "deployed", "config", "process"],
    embed: ["paths", "mcp", "parts", "process", "config", "metrics", "services", "http2", ...requests],
    "serve.ts": ["parts", "listen.ts", "config", "process", "workers", "warm-up", "listener", "memory", "logs"],
    "start.ts": ["config", "workers"],
    command: ["logs"],
  };
  const lent: Readonly<Record<string, readonly string[]>> = {
    metrics: bottom,
    telemetry: bottom,
    explorer: ["samples", ...bottom],
    transcoding: ["routes", "http-rule", ...bottom],
    session: ["identity", "environment", "redis", "sealing", ...bottom],
    logs: ["environment", "expressions", ...bottom],
    memory: [],
    command: ["identity", "environment", ...bottom],
  };
  test("each room of the server imports rooms below it only, and only index.ts imports its entry files", () => {
    const all = new Set(server.map(({ from }) => room(from)));
    expect([...all].filter((name) => name !== "index.ts" && serverRooms[name] === undefined)).toEqual([]);
    const found = server.filter(({ from, to }) => {
      const [above, other] = [room(from), room(to)];
      if (above === "index.ts" || above === other) return false;
      if (below(to, "runtime/src")) return lent[above]?.includes(other) === false;
      return below(to, "packages/server/src") && !serverRooms[above]?.includes(other);
    });
    expect(shown(found)).toEqual([]);
    expect(server.filter(({ to }) => below(to, "runtime/src")).length).toBeGreaterThan(100);
    const edges = Object.entries(serverRooms).flatMap(([from, others]) => others.map((to) => ({ from, to })));
    expect(circles(edges)).toEqual([]);
  });

  test("rooms of the server have at most 25 files, and only entry files and id generators are outside them", () => {
    const files = new Set(server.map(({ from }) => from));
    const sizes = Map.groupBy(files, (path) => path.slice(0, path.lastIndexOf("/")));
    expect(sizes.size).toBeGreaterThan(20);
    expect(sizes.get("packages/server/src")?.sort()).toEqual(
      ["index.ts", "listen.ts", "random-ids.ts", "serve.ts", "start.ts"].map((name) => `packages/server/src/${name}`),
    );
    expect([...sizes].filter(([, inside]) => inside.length > 25).map(([folder]) => folder)).toEqual([]);
  });

  test("folders have at most 25 files", () => {
    const found = ["plugin", "runtime", "packages", "cli", "client"].flatMap(sources).map(({ path }) => path);
    const sizes = Map.groupBy(found, (path) => path.slice(0, path.lastIndexOf("/")));
    expect(sizes.size).toBeGreaterThan(50);
    const all = [...sizes].map(([folder, files]) => [folder, files.length] as const);
    expect(all.filter(([, files]) => files > 25)).toEqual([]);
  });

  test("no file loads itself through other files", () => {
    expect(
      circles([...shipped, ...server, ...plugin, ...testing, ...replay].filter(({ typeOnly }) => !typeOnly)),
    ).toEqual([]);
  });
  test.each([
    "plugin/src",
    "packages/testing/src",
    "packages/replay/src",
    "runtime/src",
    "packages/server/src",
    "cli/src",
  ])("no file of %s imports itself through other files, not even types", (folder) => {
    const inside = [
      ...shipped,
      ...server,
      ...plugin,
      ...testing,
      ...replay,
      ...imports("cli/src").filter(({ from }) => !isTest(from)),
    ].filter(({ from, to }) => below(from, folder) && below(to, folder));
    expect(inside.length).toBeGreaterThan(20);
    expect(circles(inside)).toEqual([]);
  });
  test("no room of the plugin imports itself through another room, not even types", () => {
    const between = plugin
      .filter(({ from, to }) => below(to, "plugin/src") && room(from) !== room(to))
      .map(({ from, to }) => ({ from: room(from), to: room(to) }));
    expect(circles(between)).toEqual([]);
  });

  const cli = imports("cli/src").filter(({ from }) => !isTest(from));
  const words: Readonly<Record<string, readonly string[]>> = {
    "main.ts": ["commands"],
    commands: [
      ...[
        "dev",
        "init",
        "diff",
        "contract",
        "golden",
        "routes",
        "mirror",
        "project",
        "descriptors",
        "resolvers",
        "whatif",
        "lsp",
        "upstream",
        "rates",
        "fleet",
        "clients",
        "check",
        "explain",
        "add",
      ],
      "workflow-command.ts",
    ],
    "buf-plugin.ts": ["project", "check-plugin", "gen"],
    dev: ["check", "diff", "project"],
    check: ["lsp"],
    explain: [],
    add: ["init", "lsp", "project"],
    init: ["project", "descriptors", "upstream", "resolvers"],
    upstream: ["project", "golden", "workflow-command.ts"],
    clients: ["project", "contract", "diff", "resolvers"],
    project: ["check-plugin", "descriptors", "resolvers", "gen"],
    "check-plugin": ["gen"],
    contract: ["workflow-command.ts"],
    golden: ["contract"],
    fleet: ["contract", "project"],
    lsp: ["project", "resolvers"],
    routes: [],
    rates: [],
    mirror: [],
    whatif: ["project", "dev"],
    diff: [],
    descriptors: [],
    resolvers: [],
    reference: [],
    gen: [],
    "refusal.ts": [],
    "terminal.ts": [],
    "workflow-command.ts": [],
  };
  test("each room of protobff imports rooms below it only, plus refusals and terminal output", () => {
    expect([...new Set(cli.map(({ from }) => room(from)))].filter((name) => words[name] === undefined)).toEqual([]);
    const found = cli.filter(({ from, to }) => {
      const [above, other] = [room(from), room(to)];
      const known = ["refusal.ts", "terminal.ts", ...(words[above] ?? [])];
      return below(to, "cli/src") && above !== other && !known.includes(other);
    });
    expect(shown(found)).toEqual([]);
    expect(circles(Object.entries(words).flatMap(([from, all]) => all.map((to) => ({ from, to }))))).toEqual([]);
  });
  test("protobff imports only the published entry of the compiler, and JSON of the runtime; simulations by type", () => {
    const inside = cli.filter(
      ({ to, typeOnly }) =>
        below(to, "plugin", "runtime", "packages", "test") ||
        (/^@protobff\/(?!runtime\/internal\/json\/)/.test(to) && !(typeOnly && to === "@protobff/replay/whatif")),
    );
    expect(shown(inside)).toEqual([]);
    const entries = (from: string): string[] =>
      below(from, "cli/src/lsp")
        ? ["protoc-gen-bff/compiler", "protoc-gen-bff/internal/language"]
        : ["protoc-gen-bff/compiler"];
    const compiler = cli.filter(({ from, to }) => to.startsWith("protoc-gen-bff") && !entries(from).includes(to));
    expect(shown(compiler)).toEqual([]);
    expect(shown(plugin.filter(({ to }) => below(to, "cli") || to.startsWith("protobff")))).toEqual([]);
  });
  test("protobff evaluates and renders without IO", () => {
    const pure = ["check-plugin", "contract", "descriptors", "diff", "golden", "init", "resolvers", "routes"];
    const found = cli.filter(
      ({ from, to }) => pure.includes(room(from)) && /^node:(fs|child_process|process|net|http)/.test(to),
    );
    expect(shown(found)).toEqual([]);
  });

  test("the client imports only Connect and protobuf, its hooks React, and nothing that browsers lack", () => {
    const found = imports("client/src").filter(({ from }) => !isTest(from));
    const allowed = ({ from, to }: Import): boolean =>
      (["client/src/degraded.ts", "client/src/react.ts"].includes(from) && to === "react") ||
      below(to, "client/src") ||
      /^@(bufbuild\/protobuf|connectrpc\/connect)(\/|$)/.test(to);
    expect(found.length).toBeGreaterThan(10);
    expect(shown(found.filter((edge) => !allowed(edge)))).toEqual([]);
    expect(circles(found)).toEqual([]);
  });

  test("generated code imports the runtime, messages, protobuf and generated code; servers and sessions also import the server", () => {
    const allowed = ({ from, to }: Import): boolean =>
      /^@protobff\/runtime(\/[a-z]+)?$/.test(to) ||
      (/_(mock|faults\.test)\.ts$/.test(from) && to === "@protobff/testing") ||
      to.startsWith("@protobff/messages/") ||
      (from.endsWith("/server.ts") && to === "@protobff/server/start") ||
      (from.endsWith("/server_main.ts") && to === "@protobff/server") ||
      (from.endsWith("/server_tools.ts") && to === "@protobff/server/mcp") ||
      (from.endsWith("/identity.ts") && to === "@protobff/server/session") ||
      /^@bufbuild\/protobuf(\/|$)/.test(to) ||
      below(to, "generated");
    expect(shown(generated.filter((edge) => !allowed(edge)))).toEqual([]);
  });

  test("the oracle imports nothing that it verifies", () => {
    const subjects = ["resolve", "check", "plan", "emit", "cel"].map((folder) => `plugin/src/${folder}`);
    const found = imports("test/proofs/oracle").filter(
      ({ to }) => below(to, ...subjects, "runtime", "packages") || /^@protobff\/(runtime|server)/.test(to),
    );
    expect(shown(found)).toEqual([]);
  });
});
