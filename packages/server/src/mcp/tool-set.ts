import { createHash } from "node:crypto";
import type { DescMethod, Message, Registry } from "@bufbuild/protobuf";
import type { ArrivalCheck, Denied } from "@protobff/runtime/internal/admission/admission";
import {
  hasRoles,
  hasScopes,
  isFromSource,
  type StaticPermit,
} from "@protobff/runtime/internal/admission/static-permit";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { nameOf } from "@protobff/runtime/internal/endpoint/front";
import { answerWriter, type LeftOut } from "@protobff/runtime/internal/endpoint/leave-out";
import type { Caller } from "@protobff/runtime/internal/identity/caller";
import type { Incoming } from "@protobff/runtime/internal/identity/incoming-request";
import type { JsonMembers } from "@protobff/runtime/internal/json/json-tree";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import { HostNames } from "../requests/host-names.ts";
import { readArguments } from "./arguments.ts";
import type { Tool } from "./tool.ts";

/** A tool with the endpoint of its rpc. */
export interface ServedTool {
  readonly tool: Tool<Message, unknown>;
  readonly endpoint: Endpoint | StreamEndpoint;
  /** Undefined: it is served on every host. */
  readonly hosts: HostNames | undefined;
  /** As of `readArguments`. */
  readonly read: (args: JsonMembers) => Message | string;
  /** Returns an answer's JSON, as `answerWriter`. */
  readonly write: (answer: Message, leftOut?: LeftOut) => string;
}

/** Reason for which a caller's credential does not suffice. */
type Lack = "credential" | "scope" | "rest";

/** The tools of a server, by name. */
export class ToolSet {
  readonly #tools = new Map<string, ServedTool>();
  /** In the order of the list. */
  readonly all: readonly ListedTool[];
  /** One of each package. */
  readonly #arrivals: readonly ArrivalCheck[];
  /** True if every tool admits callers without a credential. */
  readonly isPublic: boolean;
  /** Hash of all that agents see of the tools. */
  readonly digest: string;

  /** @throws TypeError for a tool whose rpc nothing serves */
  constructor(
    tools: readonly Tool<Message, unknown>[],
    endpoints: readonly (Endpoint | StreamEndpoint)[],
    registry: Registry,
  ) {
    const served = new Map(endpoints.map((endpoint) => [nameOf(endpoint.method), endpoint]));
    const sorted = [...tools].sort((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1));
    for (const tool of sorted) {
      const endpoint = served.get(tool.method);
      if (endpoint === undefined) throw new TypeError(`nothing serves ${tool.method}`);
      const read = (args: JsonMembers) => readArguments(endpoint.method.input, args, { ...tool, registry });
      const hosts = endpoint.hosts && new HostNames(endpoint.hosts);
      const write = answerWriter(endpoint.method.output, registry);
      this.#tools.set(tool.name, { hosts, tool, endpoint, read, write });
    }
    const byPackage = [...this.#tools.values()].map(
      ({ endpoint: { method, arrival } }) => [packageOf(method), arrival] as const,
    );
    this.#arrivals = [...new Map(byPackage).values()].filter((arrival) => arrival !== undefined);
    this.all = [...this.#tools.values()].map(({ tool, hosts }, id) => ({ id, tool, hosts, text: textOf(tool) }));
    this.isPublic = tools.every(({ permit }) => lackOf(permit, undefined) === undefined);
    this.digest = createHash("sha256").update(listOf(this.all)).digest("hex").slice(0, 16);
  }

  /** Charges the early limits of the packages. Undefined: admitted. */
  arrive(incoming: Incoming, method: string): Denied | undefined | Promise<Denied | undefined> {
    let found: Denied | undefined | Promise<Denied | undefined>;
    for (const check of this.#arrivals) {
      const arrive = () => check.arrive(incoming, method);
      found = found instanceof Promise ? found.then((denied) => denied ?? arrive()) : (found ?? arrive());
    }
    return found;
  }
  /** @param authority host of the request; undefined over standard input, which has all tools */
  get(name: unknown, authority: string | undefined): ServedTool | undefined {
    const found = typeof name === "string" ? this.#tools.get(name) : undefined;
    return found !== undefined && isOn(found, authority) ? found : undefined;
  }
  /** All scopes that tools require. */
  get scopes(): string[] {
    const all = [...this.#tools.values()].flatMap(({ tool }) => tool.permit?.scopes ?? []);
    return [...new Set(all)].sort();
  }
  /**
   * Returns the JSON of the tools that a caller may call.
   *
   * @param authority as of `get`
   */
  listFor(caller: Caller | undefined, authority: string | undefined): string {
    return listOf(this.visibleTo(caller, authority));
  }
  /** Returns the tools of the same list. */
  visibleTo(caller: Caller | undefined, authority: string | undefined): readonly ListedTool[] {
    return this.all.filter((listed) => isOn(listed, authority) && lackOf(listed.tool.permit, caller) === undefined);
  }
}

const packageOf = ({ parent }: DescMethod): string => parent.file.proto.package;

const isOn = ({ hosts }: Pick<ServedTool, "hosts">, authority: string | undefined): boolean =>
  authority === undefined || hosts?.admits(authority) !== false;

/** A tool in the list. */
export interface ListedTool extends Pick<ServedTool, "hosts" | "tool"> {
  /** Position among all tools. */
  readonly id: number;
  /** JSON of the tool. */
  readonly text: string;
}
const listOf = (all: readonly ListedTool[]): string => `[${all.map(({ text }) => text)}]`;

/** Groups are first. */
const rankOf = ({ group, name }: Tool<Message, unknown>): string =>
  group === undefined ? `~${name}` : `${group} ${name}`;

/** Returns the JSON of a tool in the list. */
export function textOf({ name, description, inputSchema, outputSchema, readOnly, idempotent }: Tool<Message, unknown>) {
  const annotations = { readOnlyHint: readOnly, idempotentHint: idempotent, destructiveHint: !readOnly };
  return JSON.stringify({ name, ...(description !== "" && { description }), inputSchema, outputSchema, annotations });
}

/** Returns what a caller lacks for an rpc, as far as its credential decides; undefined: nothing. */
export function lackOf(permit: StaticPermit | undefined, caller: Caller | undefined): Lack | undefined {
  if (permit === undefined || permit.public === true) return undefined;
  if (caller === undefined) return "credential";
  if (!isFromSource(permit, caller) || !hasRoles(permit, caller)) return "rest";
  return hasScopes(permit, caller) ? undefined : "scope";
}
