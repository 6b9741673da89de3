// For tests only: an RPC with an identity whose sources recognize credentials by their texts, and the outcome of its
// requests.
import { create, createFileRegistry, type DescService, type MessageInitShape } from "@bufbuild/protobuf";
import type { GenService } from "@bufbuild/protobuf/codegenv2";
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_source_context,
  MethodOptions_IdempotencyLevel as Level,
  type SourceContext,
  SourceContextSchema,
} from "@bufbuild/protobuf/wkt";
import { CredentialSchema, type Principal, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import type { Permit } from "../admission/admission.ts";
import type { Limited } from "../admission/limit-uses.ts";
import type { Clock } from "../clock.ts";
import type { Request } from "../compose/request.ts";
import { endpoint } from "../endpoint/endpoint.ts";
import type { Endpoint, EndpointOptions } from "../endpoint/endpoint-options.ts";
import type { HttpCaching } from "../endpoint/http-caching.ts";
import type { Version } from "../endpoint/version.ts";
import { openIdentity } from "../environment/open-identity.ts";
import { identity } from "../identity/identity-spec.ts";
import { callerOf } from "../identity/principal.ts";
import { unauthenticated, unavailable } from "../identity/refusals.ts";
import type { Place, Source } from "../identity/source.ts";
import type { OpenIdentity, SourceSpec } from "../identity/spec.ts";
import type { Observer } from "../observer.ts";
import type { AuditEvent, LimitEvent, ResponseEvent } from "../observer-requests.ts";

const file = create(FileDescriptorProtoSchema, {
  name: "gate/v1/gate.proto",
  package: "gate.v1",
  syntax: "proto3",
  dependency: ["google/protobuf/source_context.proto"],
  service: [
    {
      name: "GateService",
      method: [
        {
          name: "Get",
          inputType: ".google.protobuf.SourceContext",
          outputType: ".google.protobuf.SourceContext",
          options: { idempotencyLevel: Level.NO_SIDE_EFFECTS },
        },
      ],
    },
  ],
});
type Gate = GenService<{
  get: { methodKind: "unary"; input: typeof SourceContextSchema; output: typeof SourceContextSchema };
}>;
const found: DescService | undefined = createFileRegistry(file, (name) =>
  name === "google/protobuf/source_context.proto" ? file_google_protobuf_source_context : undefined,
).getService("gate.v1.GateService");
if (found === undefined) throw new Error("no service");
export const GateService = found as Gate;
export const GATE_PATH = "/gate.v1.GateService/Get";

export const BEARER: Place = { kind: "header", name: "authorization", scheme: "bearer" };

/**
 * A source of credentials `<prefix>-<subject>`, with scopes behind `+` and roles behind `@`. `bad` proves nothing,
 * `ended` is a session that has ended, `away` cannot be checked, and `slow` waits for `released`.
 */
export function sourceOf(
  name: string,
  place: Place,
  { prefix = name, from = [], released }: { prefix?: string; from?: readonly string[]; released?: Promise<void> } = {},
): SourceSpec<Principal> {
  return {
    name,
    open: ({ type }): Source => {
      const verified = (text: string) => {
        const [, subject = "", scopes = "", roles = ""] = /^\w+-([^+@]*)(?:\+([^@]*))?(?:@(.*))?$/.exec(text) ?? [];
        if (subject === "bad") throw unauthenticated(`${name}: proves nothing`);
        if (subject === "away") throw unavailable(`${name}: the keys are away`);
        if (subject === "ended") return undefined;
        const init: MessageInitShape<typeof CredentialSchema> = {
          source: name,
          issuer: "tests",
          subject,
          id: `id-${subject}`,
        };
        const credential = create(CredentialSchema, { ...init, scopes: scopes.split(",").filter(Boolean) });
        const principal = () =>
          create(PrincipalSchema, { ...init, scopes: credential.scopes, roles: roles.split(",").filter(Boolean) });
        return callerOf({ type, credential, principal, token: text });
      };
      return {
        name,
        place,
        from,
        ambient: place.kind === "cookie",
        opened: Promise.resolve(),
        close: async () => {},
        owns: (credential) => credential.startsWith(`${prefix}-`),
        verify: (credential) =>
          credential.includes("slow") && released !== undefined
            ? released.then(() => verified(credential))
            : verified(credential),
      };
    },
  };
}

/** Part of a request that its composition has seen. */
export interface Seen {
  readonly subject: string | undefined;
  readonly source: string | undefined;
  readonly address: string;
  /** Values of the headers that the request's message names. */
  readonly headers: Readonly<Record<string, string | null>>;
}

export interface GateOptions {
  readonly sources: readonly SourceSpec<Principal>[];
  readonly permit?: Permit<undefined, SourceContext, Principal> | undefined;
  readonly limits?: Limited<undefined, SourceContext, SourceContext, Principal> | undefined;
  readonly clock?: Clock;
  readonly timeoutMs?: number;
  readonly version?: Version;
  readonly environment?: Readonly<Record<string, string>>;
  readonly compose?: (cx: Request<undefined, Principal>) => Promise<void>;
  /** Its answers are no messages of their type, and cannot be written; `json`: not as JSON. */
  readonly unwritable?: boolean | "json";
  readonly cache?: EndpointOptions<
    undefined,
    typeof SourceContextSchema,
    typeof SourceContextSchema,
    typeof SourceContextSchema,
    Principal
  >["cache"];
  readonly http?: HttpCaching | undefined;
}

const NO_TEXT = {
  toString(): string {
    throw new TypeError("no text");
  },
};

/** An endpoint behind a gate. The message of a request names the headers to return, separated by commas. */
export async function gate({
  sources,
  permit,
  limits,
  clock,
  timeoutMs = 10_000,
  version,
  environment = {},
  compose,
  unwritable = false,
  cache,
  http,
}: GateOptions) {
  const opened: OpenIdentity<Principal> = await openIdentity(identity(PrincipalSchema, sources), { environment });
  const seen: Seen[] = [];
  const audited: AuditEvent[] = [];
  const responses: ResponseEvent[] = [];
  const starts: object[] = [];
  const limited: LimitEvent[] = [];
  const observer: Observer = {
    audit: (event) => audited.push(event),
    responseStart: ({ request }) => void starts.push(request),
    response: (event) => responses.push(event),
    limited: (event) => limited.push(event),
  };
  const gated: Endpoint = endpoint(GateService.method.get, undefined, {
    timeoutMs,
    identity: opened,
    observer,
    ...(permit !== undefined && { permit }),
    ...(version !== undefined && { version }),
    cache,
    http,
    ...(limits !== undefined && { limits }),
    ...(clock !== undefined && { clock }),
    compose: async (cx: Request<undefined, Principal>, args: SourceContext) => {
      const names = args.fileName.split(",").filter(Boolean);
      const { authentication } = cx.exchange.headers;
      const entry: Seen = {
        subject: cx.principal?.subject,
        source: authentication?.caller?.credential.source,
        address: cx.peer.address,
        headers: Object.fromEntries(names.map((header) => [header, cx.exchange.headers.get(header)])),
      };
      seen.push(entry);
      await compose?.(cx);
      if (unwritable === "json") return { ...create(SourceContextSchema), fileName: 5 as unknown as string };
      if (unwritable) return { ...create(SourceContextSchema), fileName: NO_TEXT as unknown as string };
      return create(SourceContextSchema, { fileName: JSON.stringify(entry) });
    },
  });
  return { identity: opened, endpoint: gated, seen, audited, responses, starts, limited };
}
