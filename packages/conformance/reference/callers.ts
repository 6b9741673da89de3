// Callers by JSON Web Tokens, and permits: who may call.
import type { CelInput } from "@bufbuild/cel";
import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { Code } from "@connectrpc/connect";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { Composition, type Setting } from "./compose.ts";
import { Evaluator } from "./evaluate.ts";
import type { Response } from "./response.ts";
import { present, Refusal, StepFailure } from "./result.ts";
import type { Identity, Permit } from "./rules.ts";
import { parsed } from "./syntax.ts";
import { celOf } from "./values.ts";

const KINDS = ["RS256", "PS256", "ES256", "EdDSA"];
const keySets = new Map<string, ReturnType<typeof createRemoteJWKSet>>();

/** Returns the caller of a request without a credential: undefined. Throws `Refusal` for a bad credential. */
export async function callerOf(
  response: Response,
  { type, source: [source] }: Identity,
  around: string,
  env: Readonly<Record<string, string>>,
): Promise<ReflectMessage | undefined> {
  const token = response.headers.get("authorization");
  if (token === undefined) return undefined;
  const evaluator = new Evaluator(response.program.registry, around);
  const filled = (text: string): string => text.replace(/\{env\.(\w+)\}/g, (_, name) => env[name] ?? "");
  try {
    if (source === undefined) throw new Error("no source");
    const { jwt, set } = source;
    const url = filled(jwt.jwks);
    const keys = keySets.get(url) ?? createRemoteJWKSet(new URL(url));
    keySets.set(url, keys);
    const options = { issuer: jwt.issuer, audience: [...jwt.audience], clockTolerance: 30, algorithms: KINDS };
    const required = { ...options, requiredClaims: ["exp"] };
    const { payload } = await jwtVerify(/^Bearer (\S+)$/i.exec(token)?.[1] ?? "", keys, required);
    const desc = response.messageNamed(jwt.claims, around);
    const claims = present(reflect(desc, fromJson(desc, payload as JsonObject, { ignoreUnknownFields: true })));
    const principal = reflect(response.messageNamed(type, around));
    const place = {
      evaluator,
      scope: (name: string) => (name === "claims" ? Promise.resolve(claims) : undefined),
      globals: { headers: new Map() },
      package: around,
    };
    for (const entry of set)
      for (const { name, result, skip } of await response.bound(entry, place))
        if (!skip && result.value !== undefined && !result.unset)
          response.converter(place).setPath(principal, [name], result.value);
    for (const field of principal.desc.fields) {
      if (field.fieldKind !== "scalar" || principal.get(field) !== "") continue;
      if (field.presence === 2) throw new Error(`${field.name} is empty`);
      principal.clear(field);
    }
    return principal;
  } catch {
    throw new Refusal(Code.Unauthenticated, "", []);
  }
}

/** Throws `Refusal` for a caller who may not call. */
export async function permit(setting: Setting, service: Permit | undefined, rpc: Permit | undefined): Promise<void> {
  const { response, globals, desc } = setting;
  const all = (service?.public ? [rpc ?? service] : [service, rpc]).filter((element) => element !== undefined);
  if (all.length === 0 || all.some((element) => element.public)) return;
  const { caller } = response;
  if (caller === undefined) throw new Refusal(Code.Unauthenticated, "", []);
  const denied = (): Refusal => new Refusal(Code.PermissionDenied, "", []);
  const texts = (name: string): readonly CelInput[] => {
    const field = caller.desc.fields.find((candidate) => candidate.name === name);
    return field === undefined ? [] : [...(celOf(caller, field) as Iterable<CelInput>)];
  };
  for (const { scope = [], role = [] } of all) {
    if (![scope].flat().every((name) => texts("scopes").includes(name))) throw denied();
    const roles = [role].flat();
    if (roles.length > 0 && !roles.some((name) => texts("roles").includes(name))) throw denied();
  }
  const steps = all.flatMap((element) => element.let ?? []);
  const place = new Composition({ ...setting, desc: { ...desc, fields: [] } as never, steps });
  const late = ({ if: condition = "" }: Permit): boolean =>
    parsed(condition).reads.some(({ name }) => steps.some((step) => step.name === name));
  const check = async ({ if: condition, fail = {} }: Permit): Promise<void> => {
    const value = await place.evaluator.strictly(condition ?? "true", place.scope, globals).catch(() => false);
    if (value !== true) throw await response.refusal({ code: "PERMISSION_DENIED", ...fail }, place, undefined);
  };
  const conditions = all.filter((element) => element.if !== undefined);
  for (const element of conditions.filter((candidate) => !late(candidate))) await check(element);
  await Promise.all(steps.map((step) => place.result(step))).catch((error) => {
    if (!(error instanceof StepFailure)) throw error;
    if (error.reason === "INVALID") throw denied();
    const kept = error.code === Code.DeadlineExceeded || error.code === Code.ResourceExhausted;
    throw new Refusal(kept ? error.code : Code.Unavailable, "", []);
  });
  for (const element of conditions.filter(late)) await check(element);
}
