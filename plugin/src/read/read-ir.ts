import {
  type DescEnum,
  type DescEnumValue,
  type DescExtension,
  type DescFile,
  type DescMessage,
  getOption,
  hasOption,
  type Registry,
} from "@bufbuild/protobuf";
import {
  field as fieldRules,
  message as messageRules,
  oneof as oneofRules,
  type PredefinedRules,
  predefined,
} from "@protobff/messages/buf/validate/validate_pb.js";
import {
  enum$ as enumOption,
  enum_value as enumValueOption,
  field,
  file as fileOption,
  message,
  method,
  Protocol,
  service,
} from "@protobff/messages/options.js";
import { type Diagnostic, fault, type Report, type Text } from "../diagnostic/diagnostic.ts";
import type { Sources } from "../diagnostic/sources.ts";
import type { IrMessageRules, IrRules } from "../ir/edge.ts";
import type { Ir, IrEnum, IrEnumValue, IrFile, IrService } from "../ir/ir.ts";
import { finish, type Sliced } from "../slices/sliced.ts";
import { readBinding } from "./edge/read-http.ts";
import { readFileRule } from "./read-file-rule.ts";
import { readMessage } from "./read-message.ts";
import { readService } from "./read-service.ts";
import { type Locator, locate } from "./source/locate.ts";
import type { Place } from "./source/place.ts";
import { isEmpty } from "./steps/read-policy.ts";
import { checkListed, checkReference } from "./values/names.ts";
import { sourced, texts } from "./values/values.ts";

/** The descriptors of a run. */
export interface Schema {
  /** The files that code is to be generated for. */
  readonly files: readonly DescFile[];
  /** These and all that they import, in the order of the request. */
  readonly allFiles: readonly DescFile[];
  readonly registry: Registry;
}

/**
 * Reads the author's declarations: the rules of all files, each value with its place in the source. Reports all faults
 * of a declaration alone (`codes.ts`), and leaves faulty values out of the result.
 */
export const readIr = (schema: Schema, sources: Sources, report: Report): Ir =>
  finish(readIrInSlices(schema, sources, report));

/** `readIr`, with a pause after each file. */
export function* readIrInSlices(schema: Schema, sources: Sources, report: Report): Sliced<Ir> {
  const targets = new Set(schema.files.map((file) => file.proto.name));
  const locators = new Map<DescFile, Locator>();
  const locator = (file: DescFile): Locator => {
    const found = locators.get(file) ?? locate(file, sources(file.proto.name), schema.registry);
    locators.set(file, found);
    return found;
  };
  const files: IrFile[] = [];
  for (const file of schema.allFiles.filter(isRuled)) {
    yield;
    const { ir, diagnostics } = readOnce(file, targets.has(file.proto.name), sources(file.proto.name), locator);
    files.push(ir);
    for (const diagnostic of diagnostics) report(diagnostic);
  }
  const rules = readRules(
    files.flatMap((file) => (file.target ? file.services : [])),
    locator,
  );
  const predefined: Ir["predefined"] = rules.size === 0 ? new Map() : readPredefined(schema.registry, locator);
  const bindings = readBindings(schema, files, locator);
  return { registry: schema.registry, allFiles: schema.allFiles, files, rules, predefined, bindings };
}

interface ReadFile {
  readonly text: string | undefined;
  readonly ir: IrFile;
  readonly diagnostics: readonly Diagnostic[];
}
/** Files of earlier runs, whose descriptors an editor or `protobff dev` keeps. */
const earlier = new WeakMap<DescFile, ReadFile>();

function readOnce(
  file: DescFile,
  target: boolean,
  text: string | undefined,
  locator: (file: DescFile) => Locator,
): ReadFile {
  const known = earlier.get(file);
  if (known?.text === text && known?.ir.target === target) return known;
  const diagnostics: Diagnostic[] = [];
  const ir = readFile(file, target, locator(file), (diagnostic) => diagnostics.push(diagnostic));
  const read = { text, ir, diagnostics };
  earlier.set(file, read);
  return read;
}

function readBindings(
  { allFiles }: Schema,
  files: readonly IrFile[],
  locator: (file: DescFile) => Locator,
): Ir["bindings"] {
  const hasHttp = files.some(({ upstreams }) =>
    upstreams.some((upstream) =>
      [upstream, ...upstream.policy.branches].some(({ protocol }) => protocol?.value === Protocol.HTTP_JSON),
    ),
  );
  if (!hasHttp) return new Map();
  const methods = allFiles.flatMap(({ services }) => services.flatMap(({ methods }) => methods));
  return new Map(
    methods.flatMap((method) => {
      const binding = readBinding(method, locator(method.parent.file));
      return binding === undefined ? [] : [[method, binding] as const];
    }),
  );
}

function readFile(desc: DescFile, target: boolean, locator: Locator, report: Report): IrFile {
  for (const extension of allExtensions(desc)) {
    if (!hasOption(extension, field)) continue;
    fault(report, "BFF136", locator.rule(extension, field).at, {
      message: `"${extension.name}" is an extension, not a field`,
      hint: "leave out the rule, or declare the field in its message",
    });
  }
  const rule = hasOption(desc, fileOption)
    ? readFileRule({ value: getOption(desc, fileOption), place: locator.rule(desc, fileOption) }, report)
    : {
        upstreams: [],
        env: [],
        functions: [],
        identity: undefined,
        limits: [],
        telemetry: undefined,
        usage: undefined,
        maxElements: undefined,
        hosts: [],
        purges: [],
        fairShare: undefined,
      };
  return {
    kind: "file",
    desc,
    target,
    ...rule,
    services: desc.services
      .map((service) => readService(service, locator, report))
      .filter((service) => service !== undefined),
    messages: allMessages(desc).map((message) => readMessage(message, locator, report)),
    enums: allEnums(desc).map((enumDesc) => readEnum(enumDesc, locator, report)),
  };
}

/** Depth first in file order; protobuf-es leaves out map entries by itself. */
function allMessages(scope: DescFile | DescMessage): DescMessage[] {
  const messages = scope.kind === "file" ? scope.messages : scope.nestedMessages;
  return messages.flatMap((message) => [message, ...allMessages(message)]);
}

function allEnums(file: DescFile): DescEnum[] {
  return [...file.enums, ...allMessages(file).flatMap((message) => message.nestedEnums)];
}

function allExtensions(file: DescFile): DescExtension[] {
  return [...file.extensions, ...allMessages(file).flatMap((message) => message.nestedExtensions)];
}

/** Returns true if any element of the file carries a rule. */
function isRuled(file: DescFile): boolean {
  const carries = (desc: Parameters<typeof hasOption>[0], option: DescExtension) => hasOption(desc, option);
  return (
    carries(file, fileOption) ||
    file.services.some((desc) => carries(desc, service) || desc.methods.some((rpc) => carries(rpc, method))) ||
    allMessages(file).some((desc) => carries(desc, message) || desc.fields.some((member) => carries(member, field))) ||
    allExtensions(file).some((desc) => carries(desc, field)) ||
    allEnums(file).some(
      (desc) => carries(desc, enumOption) || desc.values.some((value) => carries(value, enumValueOption)),
    )
  );
}

// Declarations of requests in buf.validate. They are read with protobff's copy of validate.proto, even if the user has
// another one. Numbers of its fields are never reused, and resolve reports rules that are missing in this copy.

/** Returns the rules of these services' requests that are to be checked, and of all messages inside of them. */
function readRules(services: readonly IrService[], locator: (file: DescFile) => Locator): Ir["rules"] {
  const checked = services.flatMap(({ methods }) => methods.filter(({ validate }) => validate?.value !== false));
  const reached = new Set(checked.map(({ desc }) => desc.input));
  for (const desc of reached) for (const { message: inner } of desc.fields) if (inner !== undefined) reached.add(inner);
  const ruled = [...reached].flatMap((desc): [DescMessage, IrMessageRules][] => {
    const rules = rulesOf(desc, () => locator(desc.file));
    return rules === undefined ? [] : [[desc, rules]];
  });
  return new Map(ruled);
}

function rulesOf(desc: DescMessage, locator: () => Locator): IrMessageRules | undefined {
  const fields = desc.fields.filter((member) => hasOption(member, fieldRules));
  const oneofs = desc.oneofs.filter((group) => hasOption(group, oneofRules));
  const ruled = hasOption(desc, messageRules);
  if (fields.length + oneofs.length === 0 && !ruled) return undefined;
  const { rule } = locator();
  return {
    desc,
    message: ruled ? { value: getOption(desc, messageRules), place: rule(desc, messageRules) } : undefined,
    oneofs: oneofs.map((group) => ({
      desc: group,
      rules: { value: getOption(group, oneofRules), place: rule(group, oneofRules) },
    })),
    fields: new Map(
      fields.map((member) => [member, { value: getOption(member, fieldRules), place: rule(member, fieldRules) }]),
    ),
  };
}

/** Extensions that are rules, by their full names. */
function readPredefined(registry: Registry, locator: (file: DescFile) => Locator): Ir["predefined"] {
  const found = new Map<string, IrRules<PredefinedRules>>();
  for (const type of registry) {
    if (type.kind !== "extension" || !hasOption(type, predefined)) continue;
    found.set(type.typeName, { value: getOption(type, predefined), place: locator(type.file).rule(type, predefined) });
  }
  return found;
}

function readEnum(desc: DescEnum, locator: Locator, report: Report): IrEnum {
  const values = desc.values.map((value) => readEnumValue(value, locator, report));
  checkTexts(values, report);
  const at = locator.name(desc);
  if (!hasOption(desc, enumOption)) return { kind: "enum", desc, at, alias: [], values };
  const rule = getOption(desc, enumOption);
  const place = locator.rule(desc, enumOption);
  if (isEmpty(rule)) empty(place, report);
  return { kind: "enum", desc, at, alias: readAliases(rule.alias, place, "an enum", report), values };
}

function readEnumValue(desc: DescEnumValue, locator: Locator, report: Report): IrEnumValue {
  const at = locator.name(desc);
  if (!hasOption(desc, enumValueOption)) {
    return { kind: "enum_value", desc, at, alias: [], default: undefined, noAlias: undefined, text: undefined };
  }
  const rule = getOption(desc, enumValueOption);
  const place = locator.rule(desc, enumValueOption);
  if (isEmpty(rule)) empty(place, report);
  const value: IrEnumValue = {
    kind: "enum_value",
    desc,
    at,
    alias: readAliases(rule.alias, place, "an enum value", report),
    default: sourced(rule.default, place, "default"),
    noAlias: sourced(rule.noAlias, place, "no_alias"),
    text: sourced(rule.text, place, "text"),
  };
  const [alias] = value.alias;
  if (value.noAlias?.value === true && alias !== undefined) {
    fault(report, "BFF126", value.noAlias.at, {
      message: `the value "${desc.name}" has both an "alias" and "no_alias"`,
      related: [{ at: alias.at, message: "the alias" }],
      hint: "leave out one of them",
    });
  }
  return value;
}

/** All values have a text or none has. */
function checkTexts(values: readonly IrEnumValue[], report: Report): void {
  const first = values.find(({ text }) => text !== undefined);
  const without = values.find(({ text }) => text === undefined);
  if (first?.text === undefined || without === undefined) return;
  fault(report, "BFF149", without.at, {
    message: `the value "${without.desc.name}" has no text, and "${first.desc.name}" has one`,
    related: [{ at: first.text.at, message: "a text" }],
    hint: 'add [(bff.v1.enum_value).text = "…"] to the value; the text may be empty',
  });
}

function readAliases(values: readonly string[], place: Place, what: string, report: Report): readonly Text[] {
  const aliases = texts(values, place, "alias");
  for (const alias of aliases) checkReference(alias, what, report);
  checkListed(aliases, "BFF130", report);
  return aliases;
}

function empty(place: Place, report: Report): void {
  fault(report, "BFF124", place.at, { message: "this rule sets no option", hint: "leave it out" });
}
