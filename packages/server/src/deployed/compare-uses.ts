// Compares what a server uses of an upstream with the descriptors of a deployed one. Pure.
import {
  createMutableRegistry,
  type DescFile,
  type DescService,
  type FileRegistry,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import {
  changesOf,
  elementName,
  type Facts,
  factsOf,
  findElement,
  findParent,
  findRenamed,
  lostReliances,
  parentName,
  type Reliance,
  shortName,
  unsetRequired,
} from "@protobff/messages/upstream-facts.js";
import type { ShallowFile } from "../gen/bff/shallow/v1/shallow_pb.ts";
import { neededParts } from "./needed-parts.ts";

/** The use of one method. */
interface MethodUse {
  /** Fields and enum values of its requests, like `catalog.v1.GetRequest.id`. */
  readonly sets: readonly string[];
  readonly reliesOn: readonly Reliance[];
  /** True if the BFF declares itself that calls have no side effects. */
  readonly vouched: boolean;
}
/** The used parts of an upstream. */
export interface UpstreamUses {
  /** By names like `catalog.v1.CatalogService/Get`. */
  readonly methods: Readonly<Record<string, MethodUse>>;
  /** Fields, enum values and types of requests and answers. */
  readonly elements: readonly string[];
}

/** An element that the deployed upstream does not have as this server expects it. */
export interface Drift {
  readonly element: string;
  readonly kind: DriftKind;
  /** A sentence without its end. */
  readonly text: string;
}
type DriftKind = (typeof KINDS)[keyof typeof KINDS] | "removed" | "renamed";

const KINDS = {
  BFF913: "number",
  BFF914: "type",
  BFF915: "cardinality",
  BFF916: "presence",
  BFF917: "streaming",
  BFF918: "idempotency",
  BFF922: "default",
} as const;
const isDrift = (code: string): code is keyof typeof KINDS => Object.hasOwn(KINDS, code);

/** The protos that this server was generated from, as far as a service imports them. */
export class BuiltProtos {
  readonly #files = new Map<string, DescFile>();
  readonly #registry: Registry;
  readonly #service: string;

  constructor(service: DescService) {
    this.#service = service.typeName;
    const open = [service.file];
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      if (this.#files.has(file.proto.name)) continue;
      this.#files.set(file.proto.name, file);
      open.push(...file.dependencies);
    }
    this.#registry = createMutableRegistry(...this.#files.values());
  }
  /** Returns a file as bytes. */
  file(name: string): Uint8Array | undefined {
    const file = this.#files.get(name)?.proto;
    return file && toBinary(FileDescriptorProtoSchema, file);
  }

  /**
   * Returns the drifts of an upstream, once per element. Elements that the service's files do not reach are left out.
   *
   * @param files each after its imports
   * @throws for files that contradict each other, and without the service
   */
  compare({ methods, elements }: UpstreamUses, files: readonly ShallowFile[]): readonly Drift[] {
    const names = [...Object.keys(methods), ...elements];
    const deployed = neededParts(
      files,
      new Set([...names.flatMap((name) => [name, parentName(name)]), ...this.#requests(methods)]),
    );
    const found = new Map<string, Drift>();
    const report = (drift: Drift): void => {
      if (!found.has(drift.element)) found.set(drift.element, drift);
    };
    if (deployed.getService(this.#service) === undefined)
      throw new Error(`its reflection does not describe ${this.#service}`);
    const before = new Map<string, { readonly facts: Facts }>();
    for (const name of names) {
      const element = elementIn(this.#registry, name);
      if (element !== undefined) before.set(name, { facts: factsOf(element) });
    }
    for (const [name, { facts }] of before) {
      const now = findElement(deployed, name, facts.kind);
      const drift =
        now === undefined ? missing(deployed, name, facts, before) : changed(name, facts, factsOf(now), methods[name]);
      if (drift !== undefined) report(drift);
    }
    for (const [method, { sets }] of Object.entries(methods)) {
      const facts = before.get(method)?.facts;
      if (facts?.kind !== "method") continue;
      for (const field of unsetRequired(deployed, facts.request, new Set(sets))) {
        const element = elementName(field);
        report({ element, kind: "presence", text: `field "${element}" is required, and is not set` });
      }
    }
    return [...found.values()];
  }
  /** Returns the names of requests, and of the messages that are set in them. */
  #requests(methods: UpstreamUses["methods"]): readonly string[] {
    return Object.entries(methods).flatMap(([method, { sets }]) => {
      const messages = sets.map((name) => findElement(this.#registry, name, "field"));
      const found = findElement(this.#registry, method, "method");
      return [
        ...(found?.kind === "rpc" ? [found.input.typeName] : []),
        ...messages.flatMap((field) =>
          field?.kind === "field" && field.message !== undefined ? [field.message.typeName] : [],
        ),
      ];
    });
  }
}

function changed(name: string, facts: Facts, now: Facts, use: MethodUse | undefined): Drift | undefined {
  const { reliesOn = [], vouched = false } = use ?? {};
  for (const { code, text } of changesOf(facts, now)) {
    if (!isDrift(code) || (code === "BFF918" && lostReliances(facts, now, reliesOn, vouched).length === 0)) continue;
    return { element: name, kind: KINDS[code], text: `${facts.kind} "${name}" ${text}` };
  }
  return undefined;
}

/** Returns the drift of a missing element, or of the type around it, if that is missing as well. */
function missing(
  deployed: FileRegistry,
  name: string,
  facts: Facts,
  before: ReadonlyMap<string, { readonly facts: Facts }>,
): Drift {
  const parent = parentName(name);
  if (PARENTS[facts.kind] !== undefined && findParent(deployed, name, facts.kind) === undefined)
    return { element: parent, kind: "removed", text: `${PARENTS[facts.kind]} "${parent}" is removed` };
  const other = findRenamed(deployed, name, facts, before);
  if (other === undefined) return { element: name, kind: "removed", text: `${facts.kind} "${name}" is removed` };
  const called = shortName(elementName(other));
  return { element: name, kind: "renamed", text: `${facts.kind} "${name}" is called "${called}"` };
}
const PARENTS: Readonly<Partial<Record<Facts["kind"], string>>> = { field: "message", value: "enum" };

function elementIn(registry: Registry, name: string) {
  for (const kind of ["method", "field", "value", "message", "enum", "extension"] as const) {
    const found = findElement(registry, name, kind);
    if (found !== undefined) return found;
  }
  return undefined;
}
