// Examples of a contract: calls with their expected results, as readable ProtoJSON.
import {
  clearField,
  type DescField,
  type DescMessage,
  type DescMethod,
  isFieldSet,
  type Message,
  type Registry,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { JsonTree } from "@protobff/runtime/internal/json/json-tree";
import { readJsonTree } from "@protobff/runtime/internal/json/read-json";
import { jsonOf } from "@protobff/runtime/internal/json/write-json";
import { Refusal } from "../terminal.ts";
import type { ContractMethod } from "./elements.ts";
import { isObject } from "./json.ts";

/**
 * Comparison of a response with the recorded one. `values`: the fields that are read have equal values. `shape`: they
 * are present where they were; for examples with invented values.
 */
export type Compare = "values" | "shape";

export interface Example {
  /** `billing.v1.BillingService/GetUsage` */
  readonly method: string;
  readonly request: JsonTree;
  /** The part of the response that the consumer reads; undefined: the expected result is `error`. */
  readonly response?: JsonTree;
  /** "NOT_FOUND" */
  readonly error?: string;
  /** Default: `values`. */
  readonly compare?: Compare;
}

/** Names of gRPC's status codes, by number. */
export const STATUSES: readonly string[] = [
  ...["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"],
  ...["PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"],
  ...["INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"],
];
/** Maximum number of examples in one contract. */
export const MAX_EXAMPLES = 1_000;

/**
 * Returns the fault in the form of an example; undefined: none.
 *
 * @param isOpen true if the expected result may be missing
 */
export function faultIn(example: unknown, isOpen = false): string | undefined {
  if (!isObject(example)) return "it is no object";
  const { method, request, response, error, compare } = example;
  if (typeof method !== "string" || !/^[\w.]+\/\w+$/.test(method))
    return `"method" has to be as in a.v1.Service/Method`;
  if (!isObject(request)) return `"request" has to be an object: the request as JSON`;
  if ((response === undefined) === (error === undefined) && !(isOpen && response === undefined))
    return `either "response" or "error" has to be there`;
  if (response !== undefined && !isObject(response)) return `"response" has to be an object: the answer as JSON`;
  if (error !== undefined && !(typeof error === "string" && STATUSES.indexOf(error) > 0))
    return `"error" has to be a status such as NOT_FOUND`;
  if (compare !== undefined && compare !== "values" && compare !== "shape") return `"compare" is values or shape`;
  return undefined;
}

/**
 * Returns the examples for a contract. Responses keep only the fields that the consumer reads, so the contract reveals
 * no others. Fields with `debug_redact` are in neither requests nor responses.
 *
 * Throws a `Refusal` for an example of another method, and for a request with fields that the consumer never sets.
 *
 * @param path of the file, for messages
 */
export function cutExamples(
  examples: unknown,
  { methods }: { readonly methods: ReadonlyMap<string, ContractMethod> },
  registry: Registry,
  path: string,
): readonly Example[] {
  if (!Array.isArray(examples)) throw new Refusal(`${path} has to be a list of examples`);
  if (examples.length > MAX_EXAMPLES)
    throw new Refusal(`${path} has ${examples.length} examples, and a contract at most ${MAX_EXAMPLES}`);
  return examples.map((example: unknown, i) => {
    const refuse = (message: string): never => {
      throw new Refusal(`${path}: example ${i + 1}: ${message}`);
    };
    const fault = faultIn(example);
    if (fault !== undefined) return refuse(fault);
    const { method: name, request, response, error, compare } = example as Example;
    const used = methods.get(name) ?? refuse(`the contract has no ${name}; it has ${[...methods.keys()].join(", ")}`);
    const method = methodOf(name, registry) ?? refuse(`${name} is in none of the protos`);
    const sent = parsed(method.input, request, registry);
    if (typeof sent === "string") return refuse(`its request is none of ${method.input.typeName}: ${sent}`);
    prune(reflect(method.input, sent), isAmong(used.sets), (field) =>
      refuse(`its request sets ${fullName(field)}, which this project never does`),
    );
    let redacted = false;
    prune(reflect(method.input, sent), isNotRedacted, () => {
      redacted = true;
    });
    const shown = redacted ? jsonOf(method.input, sent, registry) : request;
    const shared = { method: name, request: shown, ...(compare !== undefined && { compare }) };
    if (response === undefined) return { ...shared, error: error ?? "" };
    const answer = parsed(method.output, response, registry);
    if (typeof answer === "string") return refuse(`its response is none of ${method.output.typeName}: ${answer}`);
    const isRead = isAmong(used.reads);
    prune(reflect(method.output, answer), (field) => isRead(field) && isStored(field));
    return { ...shared, response: jsonOf(method.output, answer, registry) };
  });
}

export function methodOf(name: string, registry: Registry): DescMethod | undefined {
  const [service = "", methodName = ""] = name.split("/");
  return registry.getService(service)?.methods.find((method) => method.name === methodName);
}

/** Returns the message, or the reason why the JSON is invalid. */
export function parsed(desc: DescMessage, json: JsonTree, registry: Registry): Message | string {
  try {
    return readJsonTree(desc, json, { registry, ignoreUnknownFields: false });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const isNotRedacted = ({ proto }: DescField): boolean => proto.options?.debugRedact !== true;

/**
 * Returns true for a field of a response that files contain and comparisons print. The type in an Any may have redacted
 * fields.
 */
export const isStored = (field: DescField): boolean =>
  isNotRedacted(field) && field.message?.typeName !== "google.protobuf.Any";

const fullName = (field: DescField): string => `${field.parent.typeName}.${field.name}`;

/** Returns a test whether a field is among the names. */
export function isAmong(names: Iterable<string>): (field: DescField) => boolean {
  const all = new Set(names);
  return (field) => all.has(fullName(field));
}

/** Removes, at all depths, the fields that are not kept, and reports each of them first. */
export function prune(
  message: ReflectMessage,
  keeps: (field: DescField) => boolean,
  report: (field: DescField) => void = () => {},
): void {
  for (const field of message.desc.fields) {
    if (!isFieldSet(message.message, field)) continue;
    if (keeps(field)) for (const inner of messagesIn(message, field)) prune(inner, keeps, report);
    else {
      report(field);
      clearField(message.message, field);
    }
  }
}

/** Returns the message of a field; undefined for a message of google.protobuf, which is used as one value. */
export const ownMessage = ({ message }: DescField): DescMessage | undefined =>
  message?.file.proto.package === "google.protobuf" ? undefined : message;

/** Returns the messages in a field, except those of google.protobuf. */
export function messagesIn(message: ReflectMessage, field: DescField): readonly ReflectMessage[] {
  if (ownMessage(field) === undefined) return [];
  switch (field.fieldKind) {
    case "list":
      return [...message.get(field)] as ReflectMessage[];
    case "map":
      return [...message.get(field).values()] as ReflectMessage[];
    case "message":
      return [message.get(field)];
    default:
      return [];
  }
}
