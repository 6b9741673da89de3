// Functions of the user: their types, and the steps that run them.
import type { DescField } from "@bufbuild/protobuf";
import { emitValue, fieldType, type Names, type Proto } from "../../cel/index.ts";
import { canBeAbsent } from "../../model/conversion.ts";
import type { Entry, PlanClient, PlanResolver } from "../../plan/model/calls.ts";
import type { PlanCallers } from "../../plan/model/inputs.ts";
import type { PlanStep, ResolverSource } from "../../plan/model/messages.ts";
import type { PlanFile } from "../../plan/model/plan.ts";
import { camel } from "../../text/camel.ts";
import {
  argsType,
  type FileNames,
  principalType,
  protoType,
  readsRequest,
  typeOfRequest,
  variableType,
} from "../names/file-names.ts";
import { block, type Line, type Lines, line, object, property } from "../text/lines.ts";
import { suppliedType } from "../text/supplied-type.ts";
import { presentTest } from "../values/absence.ts";
import type { StepContext } from "./step-context.ts";
import { callsOn } from "./step-parts.ts";

/** Returns the steps that a resolver receives, with their names in its arguments. */
function inputsOf({ reads }: PlanStep["step"]): { readonly name: string; readonly step: PlanStep["step"] }[] {
  const names = new Set<string>();
  return reads.map((step) => {
    let name = camel(step.name ?? "");
    while (names.has(name)) name += "_";
    names.add(name);
    return { name, step };
  });
}

// ---- types ----

/** Prints the types of the functions that the file's services need, and of the calls that these functions can make. */
export function emitResolvers(file: PlanFile, names: FileNames): Lines {
  if (file.resolvers.length === 0) return [];
  const name = suppliedType(file.desc, "Resolvers");
  const clients = byUpstream(file.clients).map(
    ([upstream, [entry]]): Line => [
      `readonly ${upstream}: `,
      names.runtimeType("ResolverClient"),
      "<typeof ",
      entry === undefined ? "never" : names.service(entry.method.parent),
      ">;",
    ],
  );
  return [
    ["/** The upstreams that resolvers can call. */"],
    ...(clients.length === 0
      ? line("export type ResolverClients = object;")
      : block(["export interface ResolverClients {"], clients, ["}"])),
    [],
    ["/** Your functions that supply fields. `npx protobff init resolvers resolvers.ts` writes stubs of them. */"],
    ...block(
      [`export interface ${name} {`],
      file.resolvers.flatMap((resolver) => member(resolver, names)),
      ["}"],
    ),
    [],
  ];
}

function member({ name, step, source, message }: PlanResolver, names: FileNames): Lines {
  const { args, callers } = message;
  const steps = inputsOf(step).map(
    ({ name, step }): Line =>
      step.variable === undefined
        ? []
        : [
            `readonly ${name}: `,
            ...variableType(step.variable, names),
            ...(step.variable.absent ? [" | undefined"] : []),
          ],
  );
  const label =
    source.field === undefined ? source.message.typeName : `${source.message.typeName}.${source.field.name}`;
  return [
    [`/** ${label} (${names.place(step.ir.at)}) */`],
    ...block(
      callers === undefined
        ? [`readonly ${name}: `, names.runtimeType("Resolver"), "<"]
        : [`readonly ${name}: `, names.runtimeType("ResolverFor"), "<"],
      [
        ...(callers === undefined ? [] : [[...principalType(callers, names), ","]]),
        [...(args.message === undefined ? argsType(args.members, names) : [names.shape(args.message)]), ","],
        steps.length === 0 ? ["object,"] : ["{ ", ...steps.flatMap((row, i) => [i === 0 ? "" : "; ", ...row]), " },"],
        ["ResolverClients,"],
        [...valueType(source, names)],
      ],
      [">;"],
    ),
  ];
}

function valueType({ field, message }: ResolverSource, names: FileNames): Line {
  if (field === undefined) return initType({ kind: "message", desc: message }, names);
  const type = initType(fieldType(field).proto, names);
  return canBeAbsent(field) && !isMany(field) ? [...type, " | undefined"] : type;
}
const isMany = ({ fieldKind }: DescField): boolean => fieldKind === "list" || fieldKind === "map";

function initType(proto: Proto, names: FileNames): Line {
  if (isCreated(proto)) return [names.protobufType("MessageInitShape"), "<typeof ", names.schemaType(proto.desc), ">"];
  if (proto.kind === "list" && isCreated(proto.of)) return [...initType(proto.of, names), "[]"];
  if (proto.kind === "map" && isCreated(proto.of)) return ["{ [key: string]: ", ...initType(proto.of, names), " }"];
  return protoType(proto, names);
}
/** Returns true if a function may return an initialiser, from which the message is created. */
export function isCreated(proto: Proto): proto is Proto & { kind: "message" } {
  return proto.kind === "message" && proto.desc.typeName !== "google.protobuf.Struct";
}

// ---- once per process ----

function byUpstream(clients: readonly PlanClient[]): [string, PlanClient[]][] {
  const services = new Map<string, PlanClient[]>();
  for (const entry of clients) services.set(entry.upstream, [...(services.get(entry.upstream) ?? []), entry]);
  return [...services].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The property of the app object that makes clients for a request. */
export function emitClients(
  file: PlanFile,
  names: FileNames,
  policy: (entry: Entry) => Line,
  inApp: () => Names,
): Lines {
  if (file.resolvers.length === 0) return [];
  const rows = byUpstream(file.clients).flatMap(([upstream, entries]): Lines => {
    const [first] = entries;
    if (first === undefined) return [];
    const sending = entries.filter((entry) => entry.sends.length > 0);
    const readOnly = entries.filter((entry) => entry.readOnly).map((entry) => JSON.stringify(entry.method.localName));
    const closed = readOnly.length === 0 ? "})," : `}, [${readOnly.join(", ")}]),`;
    const metadata =
      sending.length === 0
        ? [[readOnly.length === 0 ? closed : `}, {${closed}`]]
        : block(
            ["}, {"],
            sending.map((entry) => [
              `${entry.method.localName}: `,
              ...emitMetadata(entry.sends, inApp(), { file: names, callers: file.resolved }),
              ",",
            ]),
            [closed],
          );
    const opened = block(
      [`${upstream}: `, names.runtime("clientOf"), "(", names.service(first.method.parent), `, ${upstream}, {`],
      entries.map((entry) => [`${entry.method.localName}: `, ...policy(entry), ","]),
      [],
    );
    return [...opened.slice(0, -1), ...metadata];
  });
  if (rows.length === 0) return [["clients: () => ({}),"]];
  return block(["clients: ", names.runtime("clientsOf"), "({"], rows, ["}),"]);
}

/** `(cx) => ({ "x-tenant": cx.header("x-tenant") })`. */
function emitMetadata(
  sends: PlanClient["sends"],
  names: Names,
  { file, callers }: { readonly file: FileNames; readonly callers: PlanCallers | undefined },
): Line {
  const properties = sends.map(({ key, by, if: when }): Line => {
    const value = emitValue(by, names).print;
    // Metadata over a caller is left out if the caller is absent.
    const guards = [...new Set([by, when].flatMap((expression) => expression?.unsafe ?? []))].map((variable) =>
      presentTest(variable, names),
    );
    const tests: Line[] = [...guards, ...(when === undefined ? [] : [["(", ...emitValue(when, names).print, ")"]])];
    const test = tests.flatMap((test, i): Line => (i === 0 ? test : [" && ", ...test]));
    return property(key, tests.length === 0 ? value : [...test, " ? ", ...value, " : undefined"]);
  });
  const used = sends.flatMap(({ by, if: when }) => [...by.reads, ...(when?.reads ?? [])]);
  const request = used.some(({ variable }) => readsRequest(variable));
  const typed = used.some(({ variable }) => variable.role === "principal");
  return [
    ...(typed
      ? ["(cx: ", ...typeOfRequest(["unknown"], callers, file), ") => ({ "]
      : [`(${request ? "cx" : ""}) => ({ `]),
    ...properties.flatMap((property, i): Line => [i === 0 ? "" : ", ", ...property]),
    " })",
  ];
}

// ---- one step ----

/** Returns the result of the function: messages are created from it. */
export function resolverBody(step: PlanStep, source: ResolverSource, cx: StepContext): Lines {
  const { names, message } = cx;
  const resolver = message.resolvers.get(step.step);
  if (resolver === undefined) throw new Error(`the resolver of "${source.message.typeName}" is not planned`);
  const steps = inputsOf(step.step).map(
    ({ name, step: read }): Line => property(name, read.variable === undefined ? [] : [names.variable(read.variable)]),
  );
  const label =
    source.field === undefined ? source.message.typeName : `${source.message.typeName}.${source.field.name}`;
  const [inline, ...more] = object(steps);
  const call = block(
    [`${callsOn(step, cx)}.${step.step.absent ? "resolveIfAny" : "resolve"}({`],
    [
      [`name: ${JSON.stringify(label)},`],
      [`run: (given) => cx.app.resolvers.${resolver.name}(given),`],
      ["args,"],
      ...(more.length === 0
        ? [["steps: ", ...(inline ?? []), ","]]
        : [["steps: ", ...(inline ?? [])], ...more.slice(0, -1), [...(more.at(-1) ?? []), ","]]),
      ["clients: cx.app.clients,"],
      ...(source.sensitive ? [["sensitive: true,"]] : []),
    ],
    ["})"],
  );
  const proto = source.field === undefined ? undefined : fieldType(source.field).proto;
  const local = names.local("given");
  const created = creationOf(source, proto, step.step.absent, local, cx);
  if (created === undefined)
    return [["return ", ...(call[0] ?? [])], ...call.slice(1, -1), [...(call.at(-1) ?? []), ";"]];
  return [
    [`const ${local} = await `, ...(call[0] ?? [])],
    ...call.slice(1, -1),
    [...(call.at(-1) ?? []), ";"],
    ["return ", ...created, ";"],
  ];
}

function creationOf(
  { message }: ResolverSource,
  proto: Proto | undefined,
  absent: boolean,
  answer: string,
  { names }: StepContext,
): Line | undefined {
  const make = (desc: typeof message, value: string): Line => [
    names.file.runtime("supplied"),
    "(",
    names.schema(desc),
    `, ${value})`,
  ];
  if (proto === undefined) return make(message, answer);
  if (isCreated(proto)) return [...(absent ? [`${answer} && `] : []), ...make(proto.desc, answer)];
  if (proto.kind === "list" && isCreated(proto.of))
    return [`${answer}${absent ? "?" : ""}.map((item) => `, ...make(proto.of.desc, "item"), ")"];
  if (proto.kind === "map" && isCreated(proto.of)) {
    const { desc } = proto.of;
    return [
      ...(absent ? [`${answer} && `] : []),
      names.runtime("mapValues"),
      `(${answer}, (item) => `,
      ...make(desc, "item"),
      ")",
    ];
  }
  const isJson = proto.kind === "message" || (proto.kind === "list" && proto.of.kind === "message");
  if (!isJson && proto.kind !== "map") return undefined;
  return [...(absent ? [`${answer} && `] : []), names.file.runtime("suppliedJson"), `(${answer})`];
}
