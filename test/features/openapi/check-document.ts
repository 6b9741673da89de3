// A document and a server that it is of: requests that fit the schemas, and some that do not, with all that is wrong about the answers.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { numbers } from "../../support/random-message.ts";
import { type Random, type Schema, type Schemas, sample } from "./sample.ts";

interface Media {
  readonly schema: Schema;
}
interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly schema?: Schema;
  readonly content?: Readonly<Record<string, Media>>;
}
interface Response {
  readonly headers?: Readonly<Record<string, { readonly schema: Schema }>>;
  readonly content?: Readonly<Record<string, Media>>;
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, Response>>;
}
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Schemas };
}

export interface Verdict {
  /** Violations of the document, each once. */
  readonly faults: readonly string[];
  /** Requests that fit the document and were refused with 400, with the server's words: rules that no schema has words for. */
  readonly refused: readonly string[];
  /** Number of answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
}

interface HttpRequest {
  readonly url: string;
  readonly init: { readonly headers: Readonly<Record<string, string>>; readonly body?: string };
}

/** @param headers of all requests, as credentials are */
export async function verify(
  document: Document,
  address: string,
  headers: Readonly<Record<string, string>> = {},
  each = 12,
): Promise<Verdict> {
  const faults = new Set<string>();
  const refused = new Set<string>();
  const statuses: Record<string, number> = {};
  const { fits, compiled } = validators(document);
  const random = numbers(11);
  for (const [path, item] of Object.entries(document.paths))
    for (const [verb, operation] of Object.entries(item)) {
      const of = `${verb.toUpperCase()} ${path}`;
      const send = async (what: string, { url, init }: HttpRequest, valid: boolean): Promise<void> => {
        const answer = await fetch(`${address}${url}`, { ...init, method: verb.toUpperCase() });
        // Events may come for ever.
        const follows = answer.headers.get("content-type") === "text/event-stream";
        if (follows) await answer.body?.cancel();
        const body = follows ? "" : await answer.text();
        statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
        for (const fault of faultsOf(operation, answer, body, compiled)) faults.add(`${of}: ${what}: ${fault}`);
        if (valid && [404, 405, 500, 501].includes(answer.status))
          faults.add(`${of}: ${what}: ${answer.status} ${body} <- ${url} ${init.body ?? ""}`);
        if (valid && answer.status === 400) refused.add(`${of}: ${body} <- ${url} ${init.body ?? ""}`);
        if (!valid && answer.status === 200) faults.add(`${of}: ${what} is answered with 200`);
      };
      for (let i = 0; i < each; i++) {
        const request = requestOf(path, operation, document, random, fits, headers);
        if (request !== undefined) await send("a request that fits", request, true);
      }
      for (const [what, request] of Object.entries(unfit(path, operation, document, random, fits, headers)))
        await send(what, request, false);
    }
  return { faults: [...faults], refused: [...refused], statuses };
}

type Fits = (schema: Schema, value: unknown) => boolean;
type Compiled = (schema: Schema) => ValidateFunction;

function validators(document: Document): { fits: Fits; compiled: Compiled } {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true, ownProperties: true });
  ajv.addSchema(document, "document");
  const known = new Map<Schema, ValidateFunction>();
  const compiled: Compiled = (schema) => {
    const found =
      known.get(schema) ??
      ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#', '"$ref":"document#')) as object);
    known.set(schema, found);
    return found;
  };
  return { compiled, fits: (schema, value) => compiled(schema)(value) };
}

function requestOf(
  path: string,
  { parameters = [], requestBody, responses }: Operation,
  { components: { schemas } }: Document,
  random: Random,
  fits: Fits,
  headers: Readonly<Record<string, string>>,
): HttpRequest | undefined {
  let [filled, query] = [path, new URLSearchParams()];
  const accept = Object.keys(responses["200"]?.content ?? {}).join();
  const sent: Record<string, string> = { ...headers, ...(accept !== "" && { accept }) };
  const value = (schema: Schema): unknown => {
    for (let i = 0; i < 50; i++) {
      const found = sample(schema, schemas, random);
      if (fits(schema, found)) return found;
    }
    return undefined;
  };
  for (const { name, in: place, required, schema, content } of parameters) {
    if (required !== true && random(3) === 0) continue;
    const media = content?.["application/json"]?.schema;
    const found = value(media ?? schema ?? {});
    if (found === undefined) {
      if (required === true) return undefined;
      continue;
    }
    const texts = media === undefined ? [found].flat().map(String) : [JSON.stringify(found)];
    if (place === "path") filled = filled.replace(`{${name}}`, encodeURIComponent(texts[0] ?? ""));
    if (place === "query") for (const text of texts) query.append(name, text);
    if (place === "header" && /^[\x21-\x7e]+$/.test(texts[0] ?? "")) sent[name] = texts[0] ?? "";
  }
  // A deadline that has passed is none of the document's matters.
  if ("connect-timeout-ms" in sent) sent["connect-timeout-ms"] = "9000";
  const url = query.size === 0 ? filled : `${filled}?${query}`;
  const schema = requestBody?.content["application/json"]?.schema;
  if (schema === undefined) return { url, init: { headers: sent } };
  const body = value(schema);
  if (body === undefined) return undefined;
  return { url, init: { headers: { ...sent, "content-type": "application/json" }, body: JSON.stringify(body) } };
}

/** Returns requests that no document of ours allows. */
function unfit(...args: Parameters<typeof requestOf>): Readonly<Record<string, HttpRequest>> {
  const fine = requestOf(...args);
  if (fine === undefined) return {};
  const { url, init } = fine;
  const [, { parameters = [] }] = args;
  const json = { ...init.headers, "content-type": "application/json" };
  if (init.body !== undefined)
    return {
      "text that is no JSON": { url, init: { headers: json, body: "{" } },
      "JSON of another type": { url, init: { headers: json, body: "[[1]]" } },
      "JSON with a comma too many": { url, init: { headers: json, body: "{}," } },
      "another type of content": { url, init: { headers: { ...json, "content-type": "text/plain" }, body: "{}" } },
    };
  const required = parameters.filter((parameter) => parameter.in === "query" && parameter.required === true);
  return Object.fromEntries(
    required.map(({ name }) => {
      const at = new URL(url, "http://x");
      at.searchParams.delete(name);
      return [`no ${name} in the query`, { url: `${at.pathname}${at.search}`, init }];
    }),
  );
}

function faultsOf({ responses }: Operation, answer: globalThis.Response, body: string, compiled: Compiled): string[] {
  const { status } = answer;
  const described = responses[status] ?? responses.default;
  if (described === undefined) return [`${status} is in no word of the document`];
  // A client with a wrong content type must learn the expected one, and not "another failure".
  if (status === 415 && described === responses.default) return ["415 is not said by itself"];
  const faults: string[] = [];
  for (const [name, { schema }] of Object.entries(described.headers ?? {})) {
    const value = answer.headers.get(name);
    if (value === null) continue;
    if (!compiled(schema)(schema.type === "integer" ? Number(value) : value))
      faults.push(`${status}: header ${name} is ${value}`);
  }
  const type = answer.headers.get("content-type");
  if (described.content === undefined) {
    if (body !== "") faults.push(`${status} has a body: ${body.slice(0, 200)}`);
    return faults;
  }
  const media = described.content[type ?? ""];
  if (media === undefined) return [...faults, `${status} is ${type}: ${body.slice(0, 200)}`];
  if (type !== "application/json") return faults;
  const validate = compiled(media.schema);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return [...faults, `${status} is no JSON: ${body.slice(0, 200)}`];
  }
  if (!validate(value)) {
    const [first] = validate.errors ?? [];
    faults.push(`${status}: ${first?.instancePath} ${first?.message}: ${body.slice(0, 300)}`);
  }
  return faults;
}
