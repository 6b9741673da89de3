// The parts of a permit that are names alone: sources, scopes and roles, and `public`.

import { type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { didYouMean, fault, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrPermit } from "../../ir/edge.ts";
import type { IrMethod, IrService } from "../../ir/ir.ts";
import type { Identity } from "../model/edge.ts";
import type { Permit } from "../model/model.ts";
import type { PackageContext, Run } from "../steps/context.ts";

/**
 * Reports permits in packages without identity, and faults in the permit of a service. Returns false if the service's
 * RPCs cannot be checked.
 */
export function checkAccepts(run: Run, service: IrService, { identified, identity }: PackageContext): boolean {
  const all = [service.permit, ...service.methods.map(({ permit }) => permit)].filter((permit) => permit !== undefined);
  if (!identified) {
    for (const permit of all) {
      fault(run.report, "BFF233", permit.at, {
        message: "a permit needs an identity, and this package has none",
        hint: "add `identity` to the file rule of this package, or leave out the permit",
      });
    }
    return false;
  }
  // A faulty one has been reported.
  if (identity === undefined) return false;
  for (const permit of all) checkNames(run, permit, identity);
  return true;
}

function checkNames({ report }: Run, permit: IrPermit, identity: Identity): void {
  // Faulty sources have been reported, one without a name too.
  const names = identity.ir.sources.map(({ name }) => name?.value);
  const known = names.filter((name) => name !== undefined);
  for (const source of permit.sources) {
    if (names.includes(source.value) || names.includes(undefined)) continue;
    const like = didYouMean(source.value, known);
    fault(report, "BFF230", source.at, {
      message: `the identity has no source "${source.value}"`,
      related: [{ at: identity.ir.at, message: "the identity" }],
      hint: like !== undefined ? `did you mean "${like}"?` : `name one of: ${known.join(", ")}`,
    });
  }
  for (const [field, [first]] of [["scopes", permit.scopes] as const, ["roles", permit.roles] as const]) {
    if (first === undefined || hasTexts(identity.type, field)) continue;
    fault(report, "BFF234", first.at, {
      message: `"${identity.type.typeName}" has no \`repeated string ${field}\``,
      hint: `add the field to the message, and fill it by \`set\`; or write a condition in \`if\``,
    });
  }
}

function hasTexts(type: DescMessage, name: string): boolean {
  const field = type.fields.find((candidate) => candidate.name === name);
  return field?.fieldKind === "list" && field.listKind === "scalar" && field.scalar === ScalarType.STRING;
}

/** Both together; undefined after a diagnostic. */
export function resolveAccepts(
  { run, service, method }: { readonly run: Run; readonly service: IrService; readonly method: IrMethod },
  { identity }: PackageContext,
): Pick<Permit, "public" | "sources" | "scopes" | "roles"> | undefined {
  const outer = service.permit;
  const inner = method.permit;
  const nearestPermit = inner ?? outer;
  if (nearestPermit === undefined) {
    // Without a source, no permit could admit any caller.
    if ((identity?.sources.length ?? 0) > 0) reportUncovered(run, service, method);
    return undefined;
  }
  if (inner?.public !== undefined && outer !== undefined && outer.public === undefined)
    return fault(run.report, "BFF231", inner.public.at, {
      message: `"${method.desc.name}" is public, but its service has a permit`,
      related: [{ at: outer.at, message: "the permit of the service" }],
      hint: "move it to another service without a permit: a public rpc among protected rpcs is easily overlooked",
    });
  if (nearestPermit.public !== undefined)
    return { public: nearestPermit.public.at, sources: undefined, scopes: [], roles: [] };
  const around = outer?.public === undefined ? outer : undefined;
  const within = (inner?.sources ?? []).filter((source) => isWithin(run, source, around, identity));
  if (within.length < (inner?.sources.length ?? 0)) return undefined;
  const sources = inner !== undefined && within.length > 0 ? within : (around?.sources ?? []);
  const both = [around, inner].filter((permit) => permit !== undefined);
  return {
    public: undefined,
    sources: sources.length === 0 ? undefined : sources.map(({ value }) => value),
    scopes: [...new Set(both.flatMap(({ scopes }) => scopes.map(({ value }) => value)))],
    roles: both.flatMap(({ roles }) => (roles.length === 0 ? [] : [roles.map(({ value }) => value)])),
  };
}

function isWithin(
  { report }: Run,
  source: Text,
  around: IrPermit | undefined,
  identity: Identity | undefined,
): boolean {
  // For an unknown source, the same fault has been reported.
  if (identity?.sources.every(({ name }) => name !== source.value)) return true;
  if (around === undefined || around.sources.length === 0) return true;
  if (around.sources.some(({ value }) => value === source.value)) return true;
  fault(report, "BFF231", source.at, {
    message: `the service does not accept source "${source.value}"`,
    related: around.sources.map(({ at }) => ({ at, message: "accepted by the service" })),
    hint: `leave it out, or move the rpc to another service: the permit of an rpc narrows that of its service`,
  });
  return false;
}

function reportUncovered({ report }: Run, service: IrService, method: IrMethod): void {
  fault(report, "BFF232", method.at, {
    message: `"${method.desc.name}" has no permit`,
    related: [{ at: service.at, message: "the service has no permit either" }],
    hint: 'add `option (bff.v1.method).permit = {};` for any authenticated caller, or restrict it, as in `{ scope: "read" }`; a permit of the service covers all its rpcs',
  });
}
