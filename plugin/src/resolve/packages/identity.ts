// Identities of packages: the sources of credentials, and the principal that each source fills.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { CredentialSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { type CelType, type Proto, typeName, type Variable } from "../../cel/index.ts";
import { countErrors } from "../../diagnostic/count-errors.ts";
import { fault, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrCredential, IrIdentity, IrIdentitySource } from "../../ir/edge.ts";
import type { IrFile } from "../../ir/ir.ts";
import { canBeAbsent, type FieldBinding } from "../../model/conversion.ts";
import { bindTo } from "../conversions/bind.ts";
import type { Identity, IdentitySource, TextWithHoles } from "../model/edge.ts";
import { lookupMessage } from "../names/lookup.ts";
import { syntheticText } from "../names/synthetic-text.ts";
import { holes, PRINTABLE } from "../policies/failure.ts";
import { check, type MessageScope } from "../scope/scope.ts";
import type { PackageContext, Run } from "../steps/context.ts";
import { resolveSet } from "../steps/set.ts";
import { seen } from "./env.ts";
import { NO_FUNCTIONS, packageScope } from "./package-scope.ts";

/**
 * Returns the identity that governs a package; each is resolved once. Undefined if there is none, or after a
 * diagnostic.
 */
export function identityOf(
  run: Run,
  declared: readonly { readonly identity: IrIdentity; readonly file: IrFile }[],
  context: (packageName: string) => PackageContext,
): Identity | undefined {
  const [first, second] = declared;
  if (first === undefined) return undefined;
  if (second !== undefined && !run.identities.has(second.identity)) {
    run.identities.set(second.identity, undefined);
    fault(run.report, "BFF220", second.identity.at, {
      message: "this is the second identity of the package",
      related: [{ at: first.identity.at, message: "the first identity" }],
      hint: "declare it in one file, and import that file",
    });
  }
  const { identity, file } = first;
  if (!run.identities.has(identity)) {
    run.identities.set(identity, undefined); // what its own package asks for on the way
    run.identities.set(identity, resolveIdentity(run, identity, file, context(file.desc.proto.package)));
  }
  return run.identities.get(identity);
}

function resolveIdentity(run: Run, ir: IrIdentity, file: IrFile, context: PackageContext): Identity | undefined {
  const type = typeOf(run, ir, file);
  if (type === undefined) return undefined;
  const scope = sourceScope(run, file, context);
  const sources = ir.sources.flatMap((source) => resolveSource(run, source, type, scope, file) ?? []);
  return { ir, file, type, sources };
}

/** The file of the options imports the default's. */
const DEFAULT = PrincipalSchema.typeName;

function typeOf(run: Run, { type, at }: IrIdentity, file: IrFile): DescMessage | undefined {
  return lookupMessage(run.ir, type ?? syntheticText(DEFAULT, at), file.desc.proto.package, run.report);
}

/** Returns the scope for the texts of sources, which has `env` alone. */
function sourceScope(run: Run, file: IrFile, context: PackageContext): MessageScope {
  const builtins = new Map([["env", seen(context.env, context.brokenEnv).group]]);
  return packageScope(run, file, NO_FUNCTIONS, { report: run.report, builtins, brokenEnv: context.brokenEnv });
}

function resolveSource(
  run: Run,
  ir: IrIdentitySource,
  type: DescMessage,
  scope: MessageScope,
  file: IrFile,
): IdentitySource | undefined {
  const { name, credential } = ir;
  if (credential === undefined) return undefined;
  const texts = new Map<Text, TextWithHoles>();
  for (const text of textsOf(credential)) texts.set(text, withHoles(text, scope));
  const claimsMessage =
    credential.claims && lookupMessage(run.ir, credential.claims, file.desc.proto.package, run.report);
  if (credential.claims !== undefined && claimsMessage === undefined) return undefined;
  // Faults of the principal's type have been reported.
  const handsOn = credential.kind === "assertion" || credential.kind === "trusted";
  const claims = claimsMessage ?? (handsOn ? type : undefined);
  const asItComes = handsOn ? claims?.typeName === type.typeName : type.typeName === DEFAULT;
  const set =
    ir.set.length === 0 && asItComes
      ? undefined
      : principalSet(run, ir, type, {
          ...scope,
          builtins: new Map([...scope.builtins, ...credentialVariables(run, claims)]),
        });
  // Claims are left out if they are the principal itself.
  return (
    name && { ir, name: name.value, credential, claims: handsOn && set === undefined ? undefined : claims, set, texts }
  );
}

/** The texts of a credential that may have holes. */
function textsOf(credential: IrCredential): Text[] {
  const all = (): (Text | undefined)[] => {
    switch (credential.kind) {
      case "jwt":
        return [credential.issuer, ...credential.audience, credential.jwks];
      case "session":
        return [credential.issuer, credential.clientId];
      case "assertion":
        return [credential.issuer, credential.keys];
      default:
        return [];
    }
  };
  return all().filter((text) => text !== undefined);
}

function withHoles(text: Text, scope: MessageScope): TextWithHoles {
  return holes(text).flatMap((part): TextWithHoles => {
    if (typeof part === "string") return [part];
    const hole = check(scope, part);
    if (hole === undefined) return [];
    if (PRINTABLE.has(hole.type.kind)) return [hole];
    fault(scope.report, "BFF342", part.at, {
      message: `text cannot contain ${typeName(hole.type)}`,
      hint: "write string(…) around it, or read a variable that is a string",
    });
    return [];
  });
}

/** `claims` and `credential`. */
function credentialVariables(run: Run, claims: DescMessage | undefined): [string, Variable][] {
  const credential = run.ir.registry.getMessage(CredentialSchema.typeName) ?? CredentialSchema;
  const messages: [string, DescMessage | undefined][] = [
    ["claims", claims],
    ["credential", credential],
  ];
  return messages.flatMap(([name, desc]): [string, Variable][] => {
    if (desc === undefined) return [];
    const type: CelType & Proto = { kind: "message", desc };
    return [[name, { name, role: "local", type, proto: type, absent: false }]];
  });
}

const NO_ARGS = {
  message: undefined,
  members: [],
  variable: {
    name: "args",
    role: "args",
    type: { kind: "struct", members: new Map() },
    proto: undefined,
    absent: false,
  },
} as const;

/**
 * Resolves the bindings that make a principal from a credential. The credential fills fields of the default principal
 * that `set` leaves out.
 */
function principalSet(run: Run, ir: IrIdentitySource, type: DescMessage, scope: MessageScope): FieldBinding[] {
  const { report, errors } = countErrors(scope.report);
  const countingScope = { ...scope, report };
  const cx = { run, scope: countingScope, args: NO_ARGS, offered: [], ir: undefined };
  const set = resolveSet(cx, { set: ir.set, batch: undefined }, type, []);
  const defaults = type.typeName === DEFAULT ? fromCredential(run, ir, type, set, countingScope) : [];
  const all = [...defaults, ...set];
  if (errors() === 0) checkFilled(ir, type, all, scope);
  return all;
}

function fromCredential(
  run: Run,
  ir: IrIdentitySource,
  type: DescMessage,
  set: readonly FieldBinding[],
  scope: MessageScope,
): FieldBinding[] {
  const setFields = new Set(set.map(({ path: [field] }) => field));
  const { at } = ir;
  return type.fields.flatMap((field): FieldBinding[] => {
    if (setFields.has(field) || !CredentialSchema.fields.some(({ name }) => name === field.name)) return [];
    const expression = check(scope, syntheticText(`credential.${field.name}`, at));
    const bound = expression && bindTo(expression, field, run.aliases, scope.report);
    return bound === undefined ? [] : [{ path: [field], bound, if: undefined }];
  });
}

/**
 * Reports principal fields that `set` leaves unfilled. Empty strings are equal, so a missing tenant would match a
 * request that names no tenant.
 */
function checkFilled(
  ir: IrIdentitySource,
  type: DescMessage,
  set: readonly FieldBinding[],
  { report }: MessageScope,
): void {
  const filled = new Set(set.map(({ path: [field] }) => field?.name));
  // A field with a faulty binding has been reported.
  for (const { name } of ir.set) filled.add(name?.value.split(".")[0]);
  const missing = type.fields.filter((field) => !filled.has(field.name) && hasToBeFilled(field));
  const [first] = missing;
  if (first === undefined) return;
  const names = missing.map(({ name }) => `"${name}"`).join(", ");
  fault(report, "BFF222", ir.name?.at ?? ir.at, {
    message: `source "${ir.name?.value}" leaves ${names} of "${type.typeName}" empty`,
    related: [],
    hint: `set ${missing.length === 1 ? "it" : "each"}, as in \`set: { name: "${first.name}" by: "credential.subject" }\`, or declare ${missing.length === 1 ? "it" : "them"} \`optional\``,
  });
}

/** Returns true for a string or bytes field that always has a value. */
function hasToBeFilled(field: DescField): boolean {
  if (field.fieldKind !== "scalar" || canBeAbsent(field)) return false;
  return field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES;
}
