// `identity.ts` of a package: its sources, and the principal that each source makes of a credential.
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import { type Expression, emitValue } from "../../cel/index.ts";
import type { Sourced, Text } from "../../diagnostic/diagnostic.ts";
import type { FieldBinding } from "../../model/conversion.ts";
import type { PlanIdentitySource, PlanText } from "../../plan/model/inputs.ts";
import type { Plan, PlanIdentity, PlanServer } from "../../plan/model/plan.ts";
import { appNames, FileNames, protoType } from "../names/file-names.ts";
import { around, block, commas, group, type Line, type Lines, mentions, object, protectWords } from "../text/lines.ts";
import { templateText } from "../text/template-text.ts";
import { propertiesOf, treeOf } from "../values/emit-set.ts";
import { readParameters } from "../values/lambda.ts";
import type { ValueNames } from "../values/value.ts";

export function emitIdentity(
  { identity, path, reads, signs }: PlanIdentity,
  server: PlanServer,
  f: GeneratedFile,
  { convert, enumConversion }: Pick<Plan, "convert" | "enumConversion">,
): void {
  const [first] = server.files;
  if (first === undefined) return;
  const names = new FileNames(f, first.desc, { reads: new Map(), convert, enumConversion, functions: [], apart: true });
  const schema = names.schema(identity.type);
  const services = server.files.flatMap((file) => file.services.map(({ desc }) => desc.typeName));
  const sources = identity.sources.flatMap((source) => emitSource(source, services, schema, names, f));
  const env = server.env.flatMap(({ variable }): Line[] => {
    if (!reads.has(variable.name) || variable.proto === undefined) return [];
    return [[`readonly ${variable.name.slice("env.".length)}: `, ...protoType(variable.proto, names)]];
  });
  const parameter: Line =
    env.length === 0
      ? []
      : ["env: { ", ...env.flatMap((member, i): Line => (i === 0 ? member : ["; ", ...member])), " }"];
  const body = block(["return ", names.runtime("identity"), "(", schema, ", ["], sources, [
    signs ? "], { signs: true });" : "]);",
  ]);
  const rows: Line[] = [
    [`/** Identifies the callers of the services of ${server.name} (${names.place(identity.ir.at)}). */`],
    ...block(
      [
        "export function createIdentity(",
        ...parameter,
        "): ",
        names.runtimeType("IdentitySpec"),
        "<",
        names.shape(identity.type),
        "> {",
      ],
      body,
      ["}"],
    ),
  ];
  const registry = names.messagesFor(rows);
  if (registry.length > 0) rows.push([], ...registry);
  f.preamble(first.desc);
  for (const row of protectWords(rows, f, `./${path}.js`)) f.print(...row);
}

/** The functions of the runtime that open a source; a session is the server's. */
const FUNCTIONS = { jwt: "jwt", api_key: "apiKey", assertion: "assertion", peer: "peer", trusted: "trusted" } as const;

function emitSource(
  source: PlanIdentitySource,
  services: readonly string[],
  schema: Printable,
  names: FileNames,
  f: GeneratedFile,
): Lines {
  const { credential, ir, claims, set } = source;
  const open =
    credential.kind === "session"
      ? f.import("session", "@protobff/server/session")
      : names.runtime(FUNCTIONS[credential.kind]);
  const rows: Line[] = [
    [`name: ${JSON.stringify(source.name)},`],
    ...optionsOf(source, names),
    ...issuerVariables(source),
    // The signer of an assertion names the called service as its audience.
    ...(credential.kind === "assertion"
      ? [[`audience: [${services.map((service) => JSON.stringify(service)).join(", ")}],`]]
      : []),
    ...(ir.from.length === 0 ? [] : [["from: ", ...listOf(ir.from), ","]]),
    ...(claims === undefined ? [] : [["claims: ", names.schema(claims), ","]]),
    ...(set === undefined ? [] : principalOf(set, schema, names)),
  ];
  const [first, ...rest] = block([open, "({"], rows, ["}),"]);
  return [[...(first ?? []), ` // ${names.place(ir.name?.at ?? ir.at)}`], ...rest];
}

/**
 * Prints the variables of an issuer, which the startup error names. They may make the issuer empty, malformed, or equal
 * to the issuer of another source.
 */
function issuerVariables({ credential, texts }: PlanIdentitySource): Lines {
  if (!("issuer" in credential)) return [];
  const parts = credential.issuer === undefined ? undefined : texts.get(credential.issuer);
  const reads = (parts ?? []).flatMap((part) => (typeof part === "string" ? [] : part.reads));
  const variables = [...new Set(reads.map(({ variable }) => variable.name.slice("env.".length)))];
  return variables.length === 0 ? [] : [["issuerVariables: ", JSON.stringify(variables).replaceAll(",", ", "), ","]];
}

/** Prints the options of the source's kind, in the order of the options. All numbers are durations. */
function optionsOf({ credential, texts }: PlanIdentitySource, names: FileNames): Lines {
  const written = (text: Text): Line => withHoles(texts.get(text) ?? [text.value], names);
  const { kind, at, claims, ...options } = credential;
  return Object.entries<Text | Sourced<number> | readonly Text[] | undefined>(options).flatMap(
    ([key, value]): Lines => {
      if (value === undefined) return [];
      if (!("value" in value)) return value.length === 0 ? [] : [[`${key}: [`, ...commas(value.map(written)), "],"]];
      if (typeof value.value === "number") return [[`${key}Ms: ${group(value.value)},`]];
      return [[`${key}: `, ...written(value as Text), ","]];
    },
  );
}
const listOf = (texts: readonly Text[]): Line => ["[", texts.map(({ value }) => JSON.stringify(value)).join(", "), "]"];

/** `env.OIDC_ISSUER`, or a text with such in it. */
function withHoles(parts: PlanText, names: FileNames): Line {
  const [only] = parts;
  if (parts.length === 1 && typeof only === "object" && only.type.kind === "string") return print(only, names);
  return templateText(parts.map((part) => (typeof part === "string" ? part : { print: print(part, names) })));
}
const print = (expression: Expression, names: FileNames): Line => emitValue(expression, sourceNames(names)).print;

/** The principal, over `claims` and `credential`. */
function principalOf(set: readonly FieldBinding[], schema: Printable, names: FileNames): Lines {
  const values = sourceNames(names);
  const desc = set[0]?.path[0]?.parent;
  const create = names.runtime("create");
  if (desc === undefined) return [["principal: () => ", create, "(", schema, "),"]];
  const { properties, optional } = propertiesOf(treeOf(set), desc, values);
  const literal = object(properties);
  const fields = optional ? around([names.runtime("defined"), "("], literal, [")"]) : literal;
  const body = around([create, "(", schema, ", "], fields, [")"]);
  const reads = (name: string): boolean => mentions(body, name);
  const parameters = readParameters(["claims", "credential"], reads);
  return around(["principal: (", ...parameters, ") => "], body, [","]);
}

function sourceNames(names: FileNames): ValueNames {
  const locals = new Set(["claims", "credential", "env"]);
  return { ...appNames(names), file: names, local: (name) => (locals.has(name) ? `${name}_` : name) };
}
