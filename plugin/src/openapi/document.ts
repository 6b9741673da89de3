// OpenAPI 3.1 document of a server's rpcs over HTTP with JSON, by Connect and at declared paths. It walks the plan, as
// emission does.
import type { DescMessage } from "@bufbuild/protobuf";
import { declaredCodes } from "../faults/index.ts";
import { type Json, type JsonObject, only, unlessEmpty } from "../json-schema/json.ts";
import { type SchemaSources, Schemas } from "../json-schema/schemas.ts";
import { fullName } from "../model/full-name.ts";
import type { RuledMessage } from "../model/rules.ts";
import type { Plan, PlanFile, PlanMethod, PlanServer, PlanService } from "../plan/model/plan.ts";
import { versionText } from "../plan/rpcs/plan-version.ts";
import { DEFAULTS } from "../read/edge/check-places.ts";
import { behaviourOf } from "../report/faults/describe-behaviour.ts";
import { type Degraded, degradedOf } from "../report/rpcs/describe-degraded.ts";
import { laterOf } from "../report/rpcs/describe-parts.ts";
import type { Identity, IdentitySource } from "../resolve/model/edge.ts";
import type { Permit } from "../resolve/model/model.ts";
import { hostText } from "../resolve/packages/hosts.ts";
import { commentOf } from "../text/comment.ts";
import { fieldsParameter } from "./fields-parameter.ts";
import { PathItems } from "./path-items.ts";
import { computedHeaders, type ResponseContext, responsesOf } from "./responses.ts";
import { restOperations } from "./rest-operations.ts";

/** `web/v1/openapi.json` beside each server's file, whether or not that is written. */
export function openapiFiles(plan: Plan, faces: Faces): readonly { readonly name: string; readonly content: string }[] {
  return plan.servers.map((server) => ({
    name: `${server.path.replace(/server$/, "openapi")}.json`,
    content: `${JSON.stringify(documentOf(server, plan, faces), undefined, 2)}\n`,
  }));
}

/** Paths of the document: all, or those of google.api.http alone. */
type Faces = "all" | "rest";

function documentOf(server: PlanServer, plan: Plan, faces: Faces = "all"): JsonObject {
  const services = server.files.flatMap((file) => file.services.map((service) => ({ file, service })));
  const [first] = server.files;
  const schemas = new Schemas(schemaSources(server, plan));
  const paths = new PathItems();
  const codes = codesOf(server, plan);
  const shared = new Set(server.files.map((file) => JSON.stringify(urlsOf(file)))).size <= 1;
  for (const { file, service } of services) {
    for (const planned of service.methods) {
      const name = fullName(planned.method.desc);
      const context = { schemas, codes: codes.get(name) ?? [] };
      const about = aboutOf(service, planned, file.identity, shared ? [] : urlsOf(file));
      if (faces === "all")
        for (const [verb, operation] of connectOperations(planned, about, context, laterOf(planned.method, file)))
          paths.add({ path: `/${name}`, verb, operation });
      if (planned.method.desc.methodKind === "server_streaming") continue;
      for (const path of restOperations(planned, about, context)) paths.add(path);
    }
  }
  const schemes = securitySchemes(server.identity?.identity);
  return only({
    openapi: "3.1.0",
    info: only({
      title: server.name === "" ? "BFF" : server.name,
      version: versionOf(server.name),
      summary: undefined,
    }),
    servers: shared && first !== undefined ? urlsOf(first) : [{ url: "/" }],
    tags: services.map(({ service: { desc } }) => only({ name: desc.typeName, description: commentOf(desc) })),
    paths: paths.all(),
    components: only({ schemas: schemas.all(), securitySchemes: unlessEmpty(schemes) }),
  });
}

/** The hosts of a file's services that are known before the server starts. */
function urlsOf({ hosts }: PlanFile): readonly JsonObject[] {
  const exact = hosts.map(hostText).filter((host) => !/[*{]/.test(host));
  const urls = exact.map((host) => ({ url: `https://${host}` }));
  return urls.length === 0 ? [{ url: "/" }] : urls;
}

/** `v1` of `web.v1`. */
const versionOf = (name: string): string => /(?:^|\.)(v\d\w*)$/.exec(name)?.[1] ?? "unversioned";

/** Returns the members that all operations of an rpc share: `suffix` makes their ids distinct. */
function aboutOf(
  { desc }: PlanService,
  { method, version }: PlanMethod,
  identity: Parameters<typeof securityOf>[0],
  servers: readonly JsonObject[],
): (suffix: string) => JsonObject {
  const parts = [commentOf(method.desc), version && sentence(versionText(version))].filter(
    (part) => part !== undefined,
  );
  const deprecated = version?.deprecation !== undefined || method.desc.proto.options?.deprecated === true;
  return (suffix) =>
    only({
      operationId: `${desc.typeName}.${method.desc.name}${suffix}`,
      tags: [desc.typeName],
      description: unlessEmpty(parts.join("\n\n")),
      deprecated: deprecated ? true : undefined,
      security: securityOf(identity, method.permit),
      servers: unlessEmpty(servers),
    });
}
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const VERSION: JsonObject = {
  name: "connect-protocol-version",
  in: "header",
  schema: { type: "string", const: "1" },
};
const TIMEOUT: JsonObject = {
  name: "connect-timeout-ms",
  in: "header",
  description: "How long the client waits.",
  schema: { type: "integer", minimum: 0 },
};

type Operations = readonly (readonly [verb: string, operation: JsonObject])[];

/** At `/package.Service/Method`. */
function connectOperations(
  planned: PlanMethod,
  about: (suffix: string) => JsonObject,
  context: ResponseContext,
  later: readonly string[],
): Operations {
  const { desc, noSideEffects } = planned.method;
  if (desc.methodKind === "server_streaming")
    return noSideEffects ? [["get", followOf(planned, about(""), context, later)]] : [];
  const post = postOf(planned, about(""), context);
  return [["post", post], ...(noSideEffects ? [["get", getOf(planned, about("_get"), context)] as const] : [])];
}

function postOf(planned: PlanMethod, about: JsonObject, context: ResponseContext): JsonObject {
  const { input, output } = planned.method.desc;
  const { schemas } = context;
  return {
    ...about,
    parameters: [VERSION, TIMEOUT, ...fieldsParameter(planned)],
    requestBody: { required: true, content: { "application/json": { schema: schemas.message(input) } } },
    responses: responsesOf(planned, { face: "connect" }, schemas.message(output), context),
  };
}

/**
 * Returns the GET operation of an rpc without side effects (https://connectrpc.com/docs/protocol#unary-get-request).
 */
function getOf(planned: PlanMethod, about: JsonObject, context: ResponseContext): JsonObject {
  const { input, output } = planned.method.desc;
  const { schemas } = context;
  return {
    ...about,
    parameters: [...queryOf(schemas.message(input)), TIMEOUT, ...fieldsParameter(planned)],
    responses: responsesOf(planned, { face: "connect", verb: "get" }, schemas.message(output), context),
  };
}

/** Codes that each rpc declares, by its full name. */
function codesOf({ files }: PlanServer, plan: Plan): ReadonlyMap<string, readonly number[]> {
  return new Map(
    files.flatMap((file) => {
      const behaviour = behaviourOf(file, plan);
      return behaviour.rpcs.map((rpc) => [rpc.rpc, [...declaredCodes(behaviour, rpc)]] as const);
    }),
  );
}

function schemaSources(server: PlanServer, plan: Plan): SchemaSources {
  const rules = new Map<DescMessage, RuledMessage>(
    server.files.flatMap(({ rules }) => (rules?.messages ?? []).map((entry) => [entry.rules.desc, entry.rules])),
  );
  const degraded = new Map<DescMessage, readonly Degraded[]>(
    plan.messages.map((message) => [message.composed.desc, degradedOf(message)]),
  );
  // If another message is composed in place of a response, the response's fields are those of the same name.
  for (const { services } of server.files)
    for (const { method } of services.flatMap(({ methods }) => methods))
      if (method.response !== undefined && !degraded.has(method.desc.output))
        degraded.set(method.desc.output, degraded.get(method.composed.desc) ?? []);
  const outputs = server.files.flatMap(({ services }) =>
    services.flatMap(({ methods }) => methods.map(({ method }) => method.desc.output)),
  );
  const answered = partsOf(outputs);
  const pageSizes = new Map(
    server.files
      .flatMap(({ services }) => services.flatMap(({ methods }) => methods))
      .flatMap(({ method, pages }) =>
        (pages?.sizes ?? []).map((size) => [`${method.desc.input.typeName}.${size.field}`, size] as const),
      ),
  );
  return {
    pageSize: ({ parent, name }) => pageSizes.get(`${parent.typeName}.${name}`),
    rules: (desc) => rules.get(desc),
    isAnswered: (desc) => answered.has(desc),
    degrades: (desc) => degraded.get(desc) ?? [],
  };
}

/** These messages, and all that they may hold. */
function partsOf(messages: readonly DescMessage[]): ReadonlySet<DescMessage> {
  const found = new Set<DescMessage>();
  const visit = (desc: DescMessage | undefined): void => {
    if (desc === undefined || found.has(desc)) return;
    found.add(desc);
    for (const field of desc.fields) visit(field.message);
  };
  messages.forEach(visit);
  return found;
}

/** Returns the parameters of a request in the query of a GET. */
function queryOf(message: JsonObject): JsonObject[] {
  return [
    { name: "encoding", in: "query", required: true, schema: { type: "string", const: "json" } },
    {
      name: "message",
      in: "query",
      required: true,
      description: "The request, as JSON.",
      content: { "application/json": { schema: message } },
    },
    { name: "connect", in: "query", schema: { type: "string", const: "v1" } },
  ];
}

/** Returns the operation of an rpc that streams, as server-sent events. */
function followOf(
  planned: PlanMethod,
  about: JsonObject,
  context: ResponseContext,
  later: readonly string[],
): JsonObject {
  const { parts, desc } = planned.method;
  const { input, output } = desc;
  const { schemas } = context;
  schemas.message(output);
  const responses = responsesOf(planned, { face: "events" }, {}, context);
  return {
    ...about,
    parameters: [...queryOf(schemas.message(input)), RESUME],
    responses: {
      ...responses,
      "200": {
        ...(planned.headers !== undefined && { headers: computedHeaders(planned) }),
        description:
          parts === undefined
            ? `Server-sent events. The data of each is a ${output.typeName} as JSON, its id a place to go on behind; \`end\` is the last.`
            : `Server-sent events. The data of the first is a ${output.typeName} as JSON, perhaps without ${later.join(", ")}; of each other one the same message with nothing but what has come since: messages are merged, lists appended. \`end\` is the last.`,
        content: { "text/event-stream": { schema: { type: "string" } } },
      },
      "204": { description: "`last-event-id` is the end." },
    },
  };
}
const RESUME: JsonObject = {
  name: "last-event-id",
  in: "header",
  description: "The id of the last event that was taken.",
  schema: { type: "string" },
};

// Permits in OpenAPI: a scheme for each source of the identity, and the schemes that an rpc accepts.

/**
 * Returns `components.securitySchemes`. Clients do not send the headers of proxies in front of the server, so these are
 * left out.
 */
function securitySchemes(identity: Identity | undefined): JsonObject {
  return Object.fromEntries(
    (identity?.sources ?? []).flatMap((source) => {
      const scheme = schemeOf(source);
      return scheme === undefined ? [] : [[keyOf(source), scheme] as const];
    }),
  );
}

/** Component names take fewer characters than names of sources. */
const keyOf = ({ name }: IdentitySource): string => name.replace(/[^a-zA-Z0-9._-]/g, "_");

function schemeOf({ credential, name }: IdentitySource): JsonObject | undefined {
  const header = (name: string): JsonObject => ({ type: "apiKey", in: "header", name });
  switch (credential.kind) {
    case "jwt": {
      if (credential.cookie !== undefined) return { type: "apiKey", in: "cookie", name: credential.cookie.value };
      const at = credential.header?.value.toLowerCase() ?? DEFAULTS.header.jwt;
      return at === "authorization"
        ? { type: "http", scheme: "bearer", bearerFormat: "JWT" }
        : { ...header(at), description: "A JWT, bare or behind `Bearer`." };
    }
    case "session":
      return {
        type: "apiKey",
        in: "cookie",
        name: credential.cookie?.value ?? DEFAULTS.cookie,
        description: `A session of ${name}, begun at /auth/login. Requests of scripts send \`x-csrf: 1\` beside it.`,
      };
    case "api_key":
      return header(credential.header?.value ?? DEFAULTS.header.api_key);
    case "assertion":
      return {
        ...header(credential.header?.value ?? DEFAULTS.header.assertion),
        description: "Signed by another service.",
      };
    case "peer":
      return { type: "mutualTLS" };
    case "trusted":
      return undefined;
  }
}

/**
 * Returns alternatives, of which any one suffices; an empty one needs no credential. Undefined if the server
 * authenticates no callers.
 */
function securityOf(identity: Identity | undefined, permit: Permit | undefined): Json | undefined {
  if (identity === undefined) return undefined;
  const named = permit?.sources;
  const sources = identity.sources.filter(({ name }) => named === undefined || named.includes(name));
  const needs = sources
    .filter((source) => schemeOf(source) !== undefined)
    .map((source): JsonObject => ({ [keyOf(source)]: [...(permit?.scopes ?? [])] }));
  return permit?.public === undefined ? needs : [{}, ...needs];
}
