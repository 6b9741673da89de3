import { type Expression, emitValue, type Names } from "../../cel/index.ts";
import type { PlanAnswerHeaders, PlanFile, PlanMethod, PlanService } from "../../plan/model/plan.ts";
import { lowerFirst } from "../../plan/names/name-scope.ts";
import { camel } from "../../text/camel.ts";
import { permitProperty } from "../messages/emit-permit.ts";
import { FAIR_SHARE, type FileNames, typeOfRequest } from "../names/file-names.ts";
import { needsArgument, rootSelection } from "../steps/emit-selection.ts";
import { composeFunction } from "../steps/step-parts.ts";
import { around, block, commas, group, type Line, type Lines, line, object } from "../text/lines.ts";
import { suppliedType } from "../text/supplied-type.ts";
import { templateText } from "../text/template-text.ts";
import { amount } from "../values/amount.ts";
import { absentAs, applies, lambda, requestNames } from "../values/lambda.ts";
import { cacheProperty, httpProperty } from "./emit-caching.ts";
import { limitsProperty } from "./emit-limits.ts";
import { liveProperties } from "./emit-live.ts";
import { checkProperties, needsPageKeys } from "./emit-pages.ts";
import { restProperty } from "./emit-rest.ts";
import { hasStreams, streamProperties } from "./emit-stream.ts";
import { telemetryProperty } from "./emit-telemetry.ts";
import { admits, codecProperty, handedOn, typedRequest } from "./endpoint-parts.ts";

/** Prints the property `compose`: the function of the rpc's message, after the start of the service's steps. */
function composeProperty(planned: PlanMethod, names: FileNames): Lines {
  const { method, message, start, cache } = planned;
  const { args } = message.composed;
  const compose = composeFunction(message, names);
  const starts = start !== undefined && !start.empty;
  const begins = (start?.before?.length ?? 0) > 0 && message.effectful;
  const selection = rootSelection(planned, names);
  const plain = message.tainted.length === 0 && !message.effectful && selection === undefined;
  const direct = args.message !== undefined && plain && start === undefined;
  if (direct && (message.admits === undefined || cache !== undefined)) return [["compose: ", ...compose, ","]];
  const statements: Line[] = [];
  let handed = handedOn(method, args, names);
  let waits = false;
  if (cache === undefined) {
    const admission = admits({ method, message, start }, handed, names);
    statements.push(...admission.statements);
    waits = admission.waits;
    handed = admission.handed;
  }
  const several = begins && message.shared.length > 0;
  const started = start === undefined ? "" : `${start.name}(cx${needsArgument(planned, start)})`;
  if (starts && several) statements.push([`const shared = ${started};`]);
  else if (starts && message.shared.length === 0 && !begins) statements.push([`${started};`]);
  const shared = several ? "shared" : started;
  const others: Line = [
    ...(message.shared.length > 0 ? [shared] : []),
    ...(message.tainted.length > 0 ? [`{ ${message.tainted.map((name) => `${camel(name)}: []`).join(", ")} }`] : []),
    ...(message.effectful ? [begins ? `${shared}.before` : "[]"] : []),
    ...(selection === undefined ? [] : [[...selection]]),
  ];
  const call: Line = [...compose, "(cx, ", ...handed, ...others.flatMap((other) => [", ", other]), ")"];
  const options =
    args.message !== undefined || args.members.length > 0 || (message.admits !== undefined && cache === undefined);
  const { callers } = message.composed;
  const cx: Line = callers === undefined ? ["cx"] : ["cx: ", ...typeOfRequest(["App"], method.callers, names)];
  const open: Line = [`compose: ${waits ? "async " : ""}(`, ...cx, `, ${options ? "args" : "_args"}) => `];
  if (statements.length === 0) return [[...open, ...call, ","]];
  return block([...open, "{"], [...statements, ["return ", ...call, ";"]], ["},"]);
}

/** Prints the guards of cached answers, which run for each request, even if its answer is in the cache. */
function admitProperty(planned: PlanMethod, names: FileNames): Lines {
  const { method, message, start } = planned;
  if (start?.admit === undefined && message.admits === undefined) return [];
  const { statements, waits } = admits(planned, handedOn(method, message.composed.args, names), names);
  const args = message.admits === undefined ? "" : ", args";
  return block([`admit: ${waits ? "async " : ""}(`, ...typedRequest(planned, names), `${args}) => {`], statements, [
    "},",
  ]);
}

/** Returns the parts of the user's module that a service needs. */
export function suppliedParts({ desc, resolvers, functions }: PlanFile) {
  return [
    ...(resolvers.length > 0 ? [{ name: "resolvers", type: suppliedType(desc, "Resolvers") }] : []),
    ...(functions.length > 0 ? [{ name: "functions", type: suppliedType(desc, "Functions") }] : []),
  ];
}

/** Returns true if any rpc of a service has limits. */
export const limitsOf = ({ methods }: PlanService): boolean => methods.some(({ limits }) => limits !== undefined);
/** Returns true if any rpc of a service has usage events. */
export const reportsUsage = ({ methods }: PlanService): boolean =>
  methods.some(({ limits }) => limits?.usage !== undefined);

function endpointFunction({ method, stream, live }: PlanMethod): string {
  if (live !== undefined) return "liveEndpoint";
  if (stream !== undefined) return "streamEndpoint";
  return method.parts !== undefined ? "partsEndpoint" : "endpoint";
}

const answerProperties = (planned: PlanMethod, names: FileNames): Lines => [
  ...httpProperty(planned.http, names),
  ...composeProperty(planned, names),
  ...liveProperties(planned, names),
];

function emitEndpoint(planned: PlanMethod, file: PlanFile, names: FileNames): Lines {
  const { method, concurrent, maxElements, priority, stream } = planned;
  const field = method.degradedField;
  const result = lowerFirst(method.desc.output.name);
  const open: Line = [
    names.runtime(endpointFunction(planned)),
    "(",
    names.service(method.desc.parent),
    `.method.${method.desc.localName}, app, { // ${names.place(method.ir.at)}`,
  ];
  const answers =
    stream === undefined
      ? [
          ...cacheProperty(
            planned.cache,
            { cx: typedRequest(planned, names), admit: admitProperty(planned, names), tags: planned.tags },
            names,
          ),
          ...answerProperties(planned, names),
        ]
      : streamProperties(planned, stream, names);
  const rows = [
    ["timeoutMs: ", ...amount(method.timeout, names, "deps.env"), ","],
    ...(method.parts === undefined ? [] : line(`partsTimeoutMs: ${group(method.parts.timeoutMs)},`)),
    ...(file.hosts.length === 0 ? [] : line("hosts,")),
    ...(maxElements === undefined ? [] : line(`maxElements: ${group(maxElements)},`)),
    ...(priority === undefined ? [] : line(`priority: ${JSON.stringify(priority)},`)),
    ...permitProperty(planned),
    ...limitsProperty(planned, names),
    ...fieldsProperty(planned),
    ...checkProperties(planned, names),
    ...(concurrent === 10 ? [] : line(`concurrent: ${concurrent},`)),
    ...answers,
    ...(method.response === undefined
      ? []
      : line(
          "respond: { schema: ",
          names.schema(method.response.from),
          ", as: ",
          names.conversion(method.response),
          " },",
        )),
    ...(field === undefined
      ? []
      : line(`degraded: (${result}, entries) => { ${result}.${field.localName} = entries; },`)),
    ...partsProperty(planned, result),
    ...codecProperty(planned, file.codec, names),
    ...versionProperty(planned),
    ...deprecatedFieldsProperty(planned),
    ...restProperty(planned, names),
    ...shareProperty(planned, names),
    ...headersProperty(planned, names),
    ...telemetryProperty(planned, names),
    ...(file.identity === undefined ? [] : line("identity: deps.identity,")),
    ["observer: deps.observer,"],
  ];
  return block(open, rows, ["}),"]);
}

/** Prints the property that writes the names of arrived parts into the response. */
function partsProperty({ method: { partsField: field }, hasParts }: PlanMethod, result: string): Lines {
  if (!hasParts || field === undefined) return [];
  const response = result === "parts" ? "message" : result;
  return line(`parts: (${response}, parts) => { ${response}.${field.localName} = parts; },`);
}

/** `const hosts = ["shop.example.com", `${deps.env.HOST}`];` */
function hostLines({ hosts }: PlanFile): Lines {
  if (hosts.length === 0) return [];
  const printed = hosts.map((host) =>
    templateText(host.map((part) => (typeof part === "string" ? part : { print: [`deps.env.${part.env}`] }))),
  );
  return line("const hosts = [", ...commas(printed), "];");
}

/** `createDashboardService`: its endpoints, one for each rpc. */
export function emitService(service: PlanService, file: PlanFile, names: FileNames): Lines {
  const supplied = suppliedParts(file);
  const types = supplied.map(({ name, type }) => `readonly ${name}: ${type}; `).join("");
  const rows = service.methods.flatMap((planned): Lines => emitEndpoint(planned, file, names));
  return [
    [`/** ${service.desc.typeName}, ready to serve. */`],
    ...block(
      [
        `export function ${service.create}(deps: { readonly upstreams: Upstreams; readonly env: Env; ${types}`,
        ...(file.identity === undefined
          ? []
          : ["readonly identity: ", names.runtimeType("Identity"), "<", names.shape(file.identity.type), ">; "]),
        ...(limitsOf(service) ? ["readonly limits: ", names.runtimeType("Limits"), "; "] : []),
        ...(reportsUsage(service) ? ["readonly usage: ", names.runtimeType("UsageEvents"), "; "] : []),
        ...(needsPageKeys(service) ? ["readonly pages: ", names.runtimeType("Sealer"), "; "] : []),
        ...(file.topics.length > 0 ? ["readonly topics: ", names.runtimeType("Topics"), "; "] : []),
        ...(service.methods.some(({ cache }) => cache !== undefined)
          ? ["readonly cache?: ", names.runtimeType("Cache"), " | undefined; "]
          : []),
        "readonly observer?: ",
        names.runtimeType("Observer"),
        " | undefined }): ",
        ...(hasStreams(service)
          ? ["(", names.runtimeType("Endpoint"), " | ", names.runtimeType("StreamEndpoint"), ")"]
          : [names.runtimeType("Endpoint")]),
        "[] {",
      ],
      [
        [
          `const app = createApp(${["upstreams", "env", ...supplied.map(({ name }) => name), ...(file.topics.length > 0 ? ["topics"] : [])].map((name) => `deps.${name}`).join(", ")});`,
        ],
        ...hostLines(file),
        ...block(["return ["], rows, ["];"]),
      ],
      ["}"],
    ),
  ];
}

/** `fields: { mask: "fields", onRequest: ["web.v1.Dashboard.usage"] },` */
function fieldsProperty({ fields }: PlanMethod): Lines {
  if (fields === undefined) return [];
  const { mask, onRequest, needed, read } = fields;
  const lists = Object.entries({ onRequest, needed }).filter(([, names]) => names.length > 0);
  const parts = [
    ...(mask === undefined ? [] : [`mask: ${JSON.stringify(mask)}`]),
    ...lists.map(([name, names]) => `${name}: [${names.map((each) => JSON.stringify(each)).join(", ")}]`),
    ...(read ? ["read: true"] : []),
  ];
  const properties = parts.map((part): Line => [part]);
  return around(["fields: "], object(properties), [","]);
}

/** `share: FAIR_SHARE.rule((cx) => cx.principal.tenant),` */
function shareProperty({ method, share }: PlanMethod, names: FileNames): Lines {
  if (share === undefined) return [];
  const { key, weight } = share.of;
  const within = requestNames(names, share.functions);
  const cx: Line = ["cx: ", ...typeOfRequest(["App"], method.callers, names)];
  const text = emitValue(key, within).print;
  const rules = [
    rule(key, key.type.kind === "string" ? text : ["String(", ...text, ")"], cx, within),
    ...(weight === undefined ? [] : [[", ", ...rule(weight, emitValue(weight, within).print, cx, within)]]),
  ];
  return [[`share: ${FAIR_SHARE}.rule(`, ...rules.flat(), "),"]];
}

const rule = (expression: Expression, print: Line, cx: Line, names: Names): Line =>
  lambda(cx, [], absentAs("undefined", expression, names, print));

/** `headers: [["x-tokens-used", (_cx, _args, result) => cel.int_to_string(result.tokens)]],` */
function headersProperty({ method, headers }: PlanMethod, names: FileNames): Lines {
  if (headers === undefined) return [];
  const cx: Line = method.callers === undefined ? ["cx"] : ["cx: ", ...typeOfRequest(["App"], method.callers, names)];
  const within = requestNames(names, headers.functions);
  return block(
    ["headers: ["],
    headers.of.headers.map((header) => headerLine(header, cx, within, names)),
    ["],"],
  );
}

/** A header without a value is left out. */
function headerLine(
  { ir, name, by, if: condition }: PlanAnswerHeaders["of"]["headers"][number],
  cx: Line,
  within: Names,
  names: FileNames,
): Line {
  const value = absentAs("undefined", by, within, emitValue(by, within).print);
  const body: Line =
    condition === undefined ? value : ["(", ...applies(condition, within), ") ? ", ...value, " : undefined"];
  return [`[${JSON.stringify(name)}, `, ...lambda(cx, ["args", "result"], body), "],", ` // ${names.place(ir.at)}`];
}

/** `deprecatedFields: ["filter.old_id", "items[*].sku"],` */
function deprecatedFieldsProperty({ deprecatedFields }: PlanMethod): Lines {
  if (deprecatedFields === undefined) return [];
  return block(
    ["deprecatedFields: ["],
    deprecatedFields.map((path) => [`${JSON.stringify(path)},`]),
    ["],"],
  );
}

/** `version: { headers: ["deprecation", "@1793491200"], deprecation: { since: "2026-11-01" } },` */
function versionProperty({ version }: PlanMethod): Lines {
  if (version === undefined) return [];
  const { headers, deprecation } = version;
  const pairs = headers.flatMap((name, i) =>
    i % 2 === 0 ? [[`${JSON.stringify(name)}, ${JSON.stringify(headers[i + 1] ?? "")},`]] : [],
  );
  const properties = Object.entries(deprecation ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${JSON.stringify(value)}`],
  );
  return block(
    ["version: {"],
    [
      ...block(["headers: ["], pairs, ["],"]),
      ...(deprecation === undefined ? [] : [[`deprecation: { ${properties.join(", ")} },`]]),
    ],
    ["},"],
  );
}
