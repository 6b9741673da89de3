// A contract: the elements of an upstream's services that a consumer uses, as a document that the upstream's team
// keeps. It is JSON, for people to review.
import { isMembers, type JsonMembers, type JsonTree, plainTree } from "@protobff/runtime/internal/json/json-tree";
import { parseExact } from "@protobff/runtime/internal/json/parse-exact";
import { type Facts, isFacts } from "protoc-gen-bff/compiler";
import { Refusal } from "../terminal.ts";
import type { ContractElement, ContractMethod } from "./elements.ts";
import { type Example, faultIn, MAX_EXAMPLES } from "./example.ts";
import { isObject } from "./json.ts";

export interface Contract {
  /** Name of the project that uses the services. */
  readonly consumer: string;
  /** `billing.v1.BillingService`; at least one. */
  readonly services: readonly string[];
  /** Methods by name, such as `billing.v1.BillingService/GetUsage`. */
  readonly methods: ReadonlyMap<string, ContractMethod>;
  /** Fields, extensions, messages, enums and their values, by name. */
  readonly elements: ReadonlyMap<string, ContractElement>;
  readonly examples: readonly Example[];
}
const CONTRACT_VERSION = 1;
/** Maximum size of a contract, in bytes (16 MiB). */
export const MAX_CONTRACT_BYTES = 16 << 20;
const MAX_ELEMENTS = 100_000;

type Json = Readonly<Record<string, unknown>>;

/** The same contract gives the same bytes. */
export function renderContract({ consumer, services, methods, elements, examples }: Contract): string {
  const document = {
    protobff_contract: CONTRACT_VERSION,
    consumer,
    services,
    methods: Object.fromEntries(
      [...methods].map(([name, { facts, sets, reads, reliesOn, vouchedBy, usedBy }]) => [
        name,
        {
          ...withoutKind(facts),
          sets,
          reads,
          relies_on: reliesOn,
          used_by: usedBy,
          ...(vouchedBy.length > 0 && { vouched_by: vouchedBy }),
        },
      ]),
    ),
    elements: Object.fromEntries(
      [...elements].map(([name, { facts, usedBy }]) => [name, { ...facts, used_by: usedBy }]),
    ),
    ...(examples.length > 0 && { examples }),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
const withoutKind = ({ kind: _, ...facts }: Facts): object => facts;

/** Parses a contract. Throws a `Refusal` with the file's name if the text is no contract that this version reads. */
export function parseContract(text: string, path: string): Contract {
  const refuse = (message: string): never => {
    throw new Refusal(`${path} cannot be read as a contract: ${message}`);
  };
  const { examples = [], ...tree } = parsed(text, refuse);
  const document = plainTree(tree) as Json;
  const { protobff_contract: version, consumer, services, methods, elements } = document;
  if (typeof version !== "number") return refuse(`it has no "protobff_contract"; \`protobff contract\` writes one`);
  if (version > CONTRACT_VERSION)
    return refuse(`it is of version ${version}, and this protobff reads ${CONTRACT_VERSION}: update protobff`);
  if (version !== CONTRACT_VERSION) return refuse(`there is no version ${version}`);
  if (typeof consumer !== "string" || !isPrintable(consumer) || !isTexts(services) || services.length === 0)
    return refuse(`"consumer" has to be a text, and "services" a list of names`);
  if (!isObject(methods) || !isObject(elements)) return refuse(`"methods" and "elements" have to be objects`);
  // All of it is printed, on terminals and in workflows, and none of it is trusted.
  const names = [...services, ...Object.keys(methods), ...Object.keys(elements)];
  const odd = names.find((name) => !/^[\w.]+(\/\w+)?$/.test(name));
  if (odd !== undefined) return refuse(`${JSON.stringify(odd)} is no name of a service, a method or an element`);
  const count = Object.keys(methods).length + Object.keys(elements).length;
  if (count > MAX_ELEMENTS) return refuse(`it has ${count} elements, and at most ${MAX_ELEMENTS} are read`);
  if (!isList(examples)) return refuse(`"examples" has to be a list`);
  if (examples.length > MAX_EXAMPLES)
    return refuse(`it has ${examples.length} examples, and at most ${MAX_EXAMPLES} are read`);
  for (const [i, example] of examples.entries()) {
    const fault = faultIn(example);
    if (fault !== undefined) return refuse(`example ${i + 1}: ${fault}`);
  }
  return {
    consumer,
    services,
    methods: new Map(
      Object.entries(methods).map(([name, method]) => [name, readMethod(method) ?? refuse(`${name} is not complete`)]),
    ),
    elements: new Map(
      Object.entries(elements).map(([name, element]) => [
        name,
        readElement(element) ?? refuse(`${name} is not complete`),
      ]),
    ),
    examples: examples as unknown as readonly Example[],
  };
}

function parsed(text: string, refuse: (message: string) => never): JsonMembers {
  let document: JsonTree;
  try {
    document = parseExact(text);
  } catch {
    return refuse("it is no JSON");
  }
  return isMembers(document) ? document : refuse("it is no JSON object");
}

function readMethod(value: unknown): ContractMethod | undefined {
  if (!isObject(value)) return undefined;
  const { sets, reads, relies_on: reliesOn, vouched_by: vouchedBy = [], ...rest } = value;
  const element = readElement({ ...rest, kind: "method" });
  if (element === undefined || ![sets, reads, reliesOn, vouchedBy].every(isTexts)) return undefined;
  return { ...element, sets, reads, reliesOn, vouchedBy } as ContractMethod;
}

function readElement(value: unknown): ContractElement | undefined {
  if (!isObject(value)) return undefined;
  const { used_by: usedBy, ...facts } = value;
  if (!isTexts(usedBy) || !isFacts(facts)) return undefined;
  const isClean = Object.values(facts).every((fact) => typeof fact !== "string" || isPrintable(fact));
  return isClean ? { facts, usedBy } : undefined;
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isTexts = (value: unknown): value is readonly string[] =>
  isList(value) && value.every((item) => typeof item === "string" && isPrintable(item));
const isPrintable = (text: string): boolean => !/\p{Cc}/u.test(text);
