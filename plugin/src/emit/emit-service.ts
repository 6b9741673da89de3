import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { camel } from "../camel.ts";
import { type CelType, emitField, presenceOf, unsetIsNull, type Variable } from "../cel/index.ts";
import { lowerFirst } from "../plan/names.ts";
import type { PlanFile, PlanMethod, PlanService } from "../plan/plan.ts";
import type { PlanCodec } from "../plan/plan-codec.ts";
import type { Args } from "../resolve/model/model.ts";
import { appNames } from "./app-names.ts";
import { codecOf } from "./emit-app.ts";
import { cacheProperty, httpProperty } from "./emit-caching.ts";
import { admitsLater } from "./emit-guard.ts";
import { limitsProperty } from "./emit-limits.ts";
import { permitProperty } from "./emit-permit.ts";
import { group } from "./emit-policies.ts";
import { restProperty } from "./emit-rest.ts";
import { telemetryProperty } from "./emit-telemetry.ts";
import { versionProperty } from "./emit-version.ts";
import type { FileNames } from "./file-names.ts";
import { block, type Line, type Lines, line, property } from "./lines.ts";
import { typeOfRequest } from "./request-type.ts";
import { suppliedType } from "./supplied-type.ts";

function codecProperty({ method: { desc } }: PlanMethod, codec: PlanCodec | undefined, names: FileNames): Lines {
  if (codec?.methods.has(desc) !== true) return [];
  const decode = codecOf(desc.input, "decode", codec, names);
  const encode = codecOf(desc.output, "encode", codec, names);
  return [["codec: { decode: ", ...decode, ", encode: ", ...encode, " },"]];
}

/** How the rpc composes: the function of its message, with what the service starts before. */
function composeProperty({ method, message, start, cache }: PlanMethod, names: FileNames): Lines {
  const { args } = message.composed;
  const compose = names.bff(message.name, message.file);
  const starts = start !== undefined && !start.empty;
  const begins = (start?.before?.length ?? 0) > 0 && message.effectful;
  const direct =
    args.message !== undefined && message.tainted.length === 0 && !message.effectful && start === undefined;
  if (direct && (message.admits === undefined || cache !== undefined)) return [["compose: ", compose, ","]];
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
  if (starts && several) statements.push([`const shared = ${start.name}(cx);`]);
  else if (starts && message.shared.length === 0 && !begins) statements.push([`${start.name}(cx);`]);
  const shared = several ? "shared" : `${start?.name}(cx)`;
  const others = [
    ...(message.shared.length > 0 ? [shared] : []),
    ...(message.tainted.length > 0 ? [`{ ${message.tainted.map((name) => `${camel(name)}: []`).join(", ")} }`] : []),
    ...(message.effectful ? [begins ? `${shared}.before` : "[]"] : []),
  ];
  const call: Line = [compose, "(cx, ", ...handed, ...others.map((other) => `, ${other}`), ")"];
  const own =
    args.message !== undefined || args.members.length > 0 || (message.admits !== undefined && cache === undefined);
  const { callers } = message.composed;
  const cx: Line = callers === undefined ? ["cx"] : ["cx: ", ...typeOfRequest(["App"], method.callers, names)];
  const open: Line = [`compose: ${waits ? "async " : ""}(`, ...cx, `, ${own ? "args" : "_args"}) => `];
  if (statements.length === 0) return [[...open, ...call, ","]];
  return block([...open, "{"], [...statements, ["return ", ...call, ";"]], ["},"]);
}

/** The guards that speak before anything is started. */
function admits(
  { method, message, start }: Pick<PlanMethod, "method" | "message" | "start">,
  handed: Line,
  names: FileNames,
): { readonly statements: Lines; readonly handed: Line; readonly waits: boolean } {
  const { args } = message.composed;
  const statements: Line[] = [];
  let waits = false;
  if (start?.admit !== undefined) {
    const later = admitsLater(start);
    statements.push([`${later ? "await " : ""}${start.admit}(cx);`]);
    waits ||= later;
  }
  if (message.admits === undefined) return { statements, handed, waits };
  // `args` is as good as an object of its members where these are handed on as they are.
  const plain =
    args.message !== undefined || args.members.every(({ name }) => isPlain(fieldOf(method.desc.input, name)));
  const later = admitsLater(message);
  const admit = names.bff(message.admits.name, message.file);
  if (!plain) statements.push(["const given = ", ...handed, ";"]);
  statements.push([later ? "await " : "", admit, `(cx, ${plain ? "args" : "given"});`]);
  return { statements, handed: plain ? handed : ["given"], waits: waits || later };
}

/** Of the identity's principal, where there is one: nothing else in the options says of which. */
function typedRequest({ method: { callers } }: PlanMethod, names: FileNames): Line {
  return callers === undefined ? ["cx"] : ["cx: ", ...typeOfRequest(["App"], callers, names)];
}

/** The same where answers are used again: for each request, whoever has its answer. */
function admitProperty(planned: PlanMethod, names: FileNames): Lines {
  const { method, message, start } = planned;
  if (start?.admit === undefined && message.admits === undefined) return [];
  const { statements, waits } = admits(planned, handedOn(method, message.composed.args, names), names);
  const args = message.admits === undefined ? "" : ", args";
  return block([`admit: ${waits ? "async " : ""}(`, ...typedRequest(planned, names), `${args}) => {`], statements, [
    "},",
  ]);
}

/** What an rpc gives the message that it composes: its request, or an object of the fields in use. */
function handedOn({ desc: { input } }: PlanMethod["method"], { message, members }: Args, names: FileNames): Line {
  if (message !== undefined) return ["args"];
  const type: CelType = { kind: "message", desc: input };
  const request: Variable = { name: "args", role: "args", type, proto: type, absent: false };
  const properties = members.flatMap(({ name, variable }, i): Line => {
    const field = fieldOf(input, name);
    const set = variable.unset === undefined && !unsetIsNull(variable);
    const value = emitField(request, field, set, appNames(names));
    if (value === undefined) throw new Error(`no value for argument "${name}" in "${input.typeName}"`);
    return [i === 0 ? "" : ", ", ...property(camel(name), value.print)];
  });
  return members.length === 0 ? ["{}"] : ["{ ", ...properties, " }"];
}

function fieldOf(input: DescMessage, name: string): DescField {
  const field = input.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new Error(`"${input.typeName}" has no field "${name}"`);
  return field;
}

/** Whether the property of a field is the argument. */
function isPlain(field: DescField): boolean {
  return presenceOf(field) === "implicit" && field.localName === camel(field.name);
}

/** What a service needs of the user's module. */
export function suppliedParts({ desc, resolvers, functions }: PlanFile) {
  return [
    ...(resolvers.length > 0 ? [{ name: "resolvers", type: suppliedType(desc, "Resolvers") }] : []),
    ...(functions.length > 0 ? [{ name: "functions", type: suppliedType(desc, "Functions") }] : []),
  ];
}

/** Whether any of its rpcs has limits. */
export const limitsOf = ({ methods }: PlanService): boolean => methods.some(({ limits }) => limits !== undefined);

/** `createDashboardService`: its endpoints, one for each rpc. */
export function emitService(service: PlanService, file: PlanFile, names: FileNames): Lines {
  const supplied = suppliedParts(file);
  const types = supplied.map(({ name, type }) => `readonly ${name}: ${type}; `).join("");
  const rows = service.methods.flatMap((planned): Lines => {
    const { method, concurrent, maxElements } = planned;
    const field = method.degradedField;
    const result = lowerFirst(method.desc.output.name);
    return block(
      [
        names.runtime("endpoint"),
        "(",
        names.service(service.desc),
        `.method.${method.desc.localName}, app, { // ${names.place(method.ir.at)}`,
      ],
      [
        [`timeoutMs: ${group(method.timeoutMs)},`],
        ...(maxElements === undefined ? [] : line(`maxElements: ${group(maxElements)},`)),
        ...permitProperty(planned),
        ...limitsProperty(planned, names),
        ...(planned.validated === undefined
          ? []
          : line("validate: ", names.rules(`validate${planned.validated.name}`), ",")),
        ...(concurrent === 10 ? [] : line(`concurrent: ${concurrent},`)),
        ...cacheProperty(
          planned.cache,
          { cx: typedRequest(planned, names), admit: admitProperty(planned, names) },
          names,
        ),
        ...httpProperty(planned.http, names),
        ...composeProperty(planned, names),
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
        ...codecProperty(planned, file.codec, names),
        ...versionProperty(planned),
        ...restProperty(planned, names),
        ...telemetryProperty(planned, names),
        ...(file.identity === undefined ? [] : line("identity: deps.identity,")),
        ["observer: deps.observer,"],
      ],
      ["}),"],
    );
  });
  return [
    [`/** ${service.desc.typeName}, ready to serve. */`],
    ...block(
      [
        `export function ${service.create}(deps: { readonly upstreams: Upstreams; readonly env: Env; ${types}`,
        ...(file.identity === undefined
          ? []
          : ["readonly identity: ", names.runtimeType("Identity"), "<", names.shape(file.identity.type), ">; "]),
        ...(limitsOf(service) ? ["readonly limits: ", names.runtimeType("Limits"), "; "] : []),
        ...(service.methods.some(({ cache }) => cache !== undefined)
          ? ["readonly cache?: ", names.runtimeType("Cache"), " | undefined; "]
          : []),
        "readonly observer?: ",
        names.runtimeType("Observer"),
        " | undefined }): ",
        names.runtimeType("Endpoint"),
        "[] {",
      ],
      [
        [
          `const app = createApp(${["upstreams", "env", ...supplied.map(({ name }) => name)].map((name) => `deps.${name}`).join(", ")});`,
        ],
        ...block(["return ["], rows, ["];"]),
      ],
      ["}"],
    ),
  ];
}
