import {
  type DescEnum,
  type DescExtension,
  type DescFile,
  type DescMessage,
  getOption,
  hasOption,
  type Registry,
} from "@bufbuild/protobuf";
import {
  enum_value,
  enum$,
  field,
  file as fileOption,
  message,
  method,
  Protocol,
  service,
} from "@protobff/messages/options.js";
import { type Diagnostic, fault, type Report } from "../diagnostic/diagnostic.ts";
import type { Sources } from "../diagnostic/sources.ts";
import type { Ir, IrFile } from "../ir/ir.ts";
import { finish, type Sliced } from "../slices/sliced.ts";
import { readBinding } from "./edge/read-http.ts";
import { readEnum } from "./read-enum.ts";
import { readFileRule } from "./read-file-rule.ts";
import { readMessage } from "./read-message.ts";
import { readPredefined, readRules } from "./read-rules.ts";
import { readService } from "./read-service.ts";
import { type Locator, locate } from "./source/locate.ts";

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
    allEnums(file).some((desc) => carries(desc, enum$) || desc.values.some((value) => carries(value, enum_value)))
  );
}
