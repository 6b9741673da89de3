// Runs generated BFFs with deferred steps, on mocks that answer at random: compares a stream of parts with the unary
// answer.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  create,
  type DescMessage,
  type DescMethod,
  equals,
  type Message,
  mergeFromBinary,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { merged } from "../../../client/src/merge-parts.ts";
import { below, pick, type Random, randomMessage, seeded } from "../../bffs/second/random-message.ts";
import { compileCase, type GoldenCase, UPSTREAMS } from "../../support/golden.ts";
import { messagesOf } from "../../support/messages.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { deferring, TWIN } from "./deferred-steps.ts";

const folder = join(fileURLToPath(new URL("../../..", import.meta.url)), `test/.generated/parts-${process.pid}`);
export const cleanUp = (): void => rmSync(folder, { recursive: true, force: true });

const STREAM_PROTO = 'syntax = "proto3"; import "bff/v1/stream.proto"; message Any { bff.v1.Part part = 1; }';
const streamProto = () => {
  const found = requestFor({ "any.proto": STREAM_PROTO }).protoFile.find(({ name }) => name === "bff/v1/stream.proto");
  if (found === undefined) throw new Error("no stream.proto");
  return found;
};
let ofStream: ReturnType<typeof streamProto> | undefined;

/** An upstream, as createTestBff gives it. */
interface Mock {
  readonly service: string;
  setBehaviour(method: string, behaviour: object): void;
}
type Rpc = (request: object) => Promise<Message> & AsyncIterable<Message>;
interface Bff {
  readonly mocks: Readonly<Record<string, Mock>>;
  readonly close: () => void;
}
type Make = (options: object) => Bff & Readonly<Record<string, Rpc | undefined>>;

/** Counts of a run. */
export interface Seen {
  /** Steps that are deferred, of as many cases. */
  steps: number;
  cases: number;
  answers: number;
  /** Answers among them with more messages than one; with degradations; that failed. */
  several: number;
  degraded: number;
  failed: number;
  /** Names of cases that cannot be created without resolvers. */
  unmade: string[];
  readonly faults: string[];
}

/** Runs one case in `worlds` worlds, and compares its stream of parts with the unary answer. */
export async function hold(golden: GoldenCase, worlds: number, seed: string, seen: Seen): Promise<void> {
  ofStream ??= streamProto();
  const input = requestFor({ ...UPSTREAMS, ...golden.protos }, Object.keys(golden.protos));
  const found = deferring(input, ofStream);
  if (found === undefined) return;
  const { request, steps } = found;
  const makes = await generated(golden.name, request);
  seen.steps += steps;
  seen.cases++;
  const { registry, files } = schemaOf(request);
  const twins = files.flatMap(({ services }) =>
    services.flatMap(({ methods }) => methods.filter(({ name }) => name.startsWith(TWIN))),
  );
  for (const twin of twins) {
    const unary = twin.parent.methods.find(({ name }) => `${TWIN}${name}` === twin.name);
    const make = makes.get(twin.parent.file.name);
    if (unary === undefined || make === undefined) continue;
    for (let i = 0; i < worlds; i++) {
      const at = `${golden.name} ${twin.name} ${i}`;
      const world = new World(`${seed} ${at}`, (name) => registry.getService(name)?.methods ?? []);
      try {
        const fault = await compared(make, world, unary, twin, seen);
        if (fault !== undefined) seen.faults.push(`SEED=${seed} ${at}: ${fault}`);
      } catch (error) {
        if (!(error instanceof Unmade)) {
          seen.faults.push(`SEED=${seed} ${at}: ${(error as Error).stack}`);
          break;
        }
        if (!seen.unmade.includes(golden.name)) seen.unmade.push(golden.name);
        break;
      }
    }
  }
}

/** createTestBff, by the file of the services. */
async function generated(name: string, request: CodeGeneratorRequest): Promise<ReadonlyMap<string, Make>> {
  const { response } = compileCase(request, {}, "import_extension=ts,mock=true");
  if (response.error !== "") throw new Error(response.error);
  const files = {
    ...messagesOf(request),
    ...Object.fromEntries(response.file.map(({ name, content }) => [name, content])),
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), text);
  }
  const makes = new Map<string, Make>();
  for (const path of Object.keys(files).filter((path) => path.endsWith("_mock.ts"))) {
    const { createTestBff } = await import(pathToFileURL(join(folder, name, path)).href);
    makes.set(path.replace(/_mock\.ts$/, ""), createTestBff);
  }
  return makes;
}

class Unmade extends Error {}

/** Answers of upstreams by their methods alone: keys may arrive in one call or in several. */
class World {
  readonly #seed: string;
  readonly #methods: (service: string) => readonly DescMethod[];

  constructor(seed: string, methods: (service: string) => readonly DescMethod[]) {
    this.#seed = seed;
    this.#methods = methods;
  }
  make(make: Make): ReturnType<Make> {
    try {
      const plain = make({ resolvers: {} });
      plain.close();
      const mocks = Object.fromEntries(
        Object.entries(plain.mocks).map(([key, { service }]) => [key, this.#handlers(service)]),
      );
      const bff = make({ resolvers: {}, mocks });
      for (const mock of Object.values(bff.mocks)) this.#behave(mock);
      return bff;
    } catch (error) {
      throw new Unmade(String(error), { cause: error });
    }
  }
  #random(...parts: readonly string[]): Random {
    return seeded(this.#seed, ...parts);
  }
  #handlers(service: string): Record<string, () => Message> {
    const random = this.#methods(service).filter(
      (method) => method.methodKind === "unary" && this.#random(method.name, "sample")() < 0.4,
    );
    return Object.fromEntries(
      random.map((method) => [
        method.localName,
        () => randomMessage(method.output, this.#random(method.name, "answer")).message,
      ]),
    );
  }
  #behave(mock: Mock): void {
    for (const method of this.#methods(mock.service)) {
      if (method.methodKind !== "unary") continue;
      const fails = this.#random(method.name, "fails");
      const afterMs = below(this.#random(method.name, "when"), 6);
      const behaviour = fails() < 0.2 ? { kind: "status", code: pick(fails, [5, 7, 13, 14]) } : { kind: "answer" };
      mock.setBehaviour(`${mock.service}/${method.name}`, { ...behaviour, afterMs });
    }
  }
  request({ input }: DescMethod): Message {
    return randomMessage(input, this.#random("request")).message;
  }
}

type Ended = { readonly messages: Message[] } | { readonly messages: Message[]; readonly code: number };

async function compared(
  make: Make,
  world: World,
  unary: DescMethod,
  twin: DescMethod,
  seen: Seen,
): Promise<string | undefined> {
  const single = await ended(world.make(make), unary, world);
  const streamed = await ended(world.make(make), twin, world);
  seen.answers++;
  if ("code" in single || "code" in streamed) {
    seen.failed++;
    const [unaryCode, streamCode] = [single, streamed].map((of) => ("code" in of ? of.code : "OK"));
    if (unaryCode === streamCode && streamed.messages.length === 0) return undefined;
    return `unary ${unaryCode}, stream ${streamCode} behind ${streamed.messages.length} messages`;
  }
  const { output } = unary;
  const whole = single.messages[0] ?? create(output);
  if (streamed.messages.length > 1) seen.several++;
  const byBytes = create(output);
  for (const message of streamed.messages) mergeFromBinary(output, byBytes, toBinary(output, message));
  let byClient = create(output);
  for await (const message of merged(output, iterate(streamed.messages))) byClient = message;
  if ((listOf(output, whole, "bff.v1.Degradation") ?? []).length > 0) seen.degraded++;
  for (const message of [whole, byBytes, byClient]) sort(output, message);
  for (const found of [byBytes, byClient])
    if (!alike(output, found, whole)) return `unary ${shown(output, whole)}\nstream ${shown(output, found)}`;
  return undefined;
}
async function* iterate(messages: readonly Message[]): AsyncIterable<Message> {
  yield* messages;
}
async function ended(bff: ReturnType<Make>, method: DescMethod, world: World): Promise<Ended> {
  const rpc = bff[named(method)] ?? bff[method.localName];
  if (rpc === undefined) throw new Error(`no ${method.localName}`);
  const messages: Message[] = [];
  try {
    const running = rpc(world.request(method));
    if (method.methodKind === "unary") messages.push(await running);
    else for await (const message of running) messages.push(message);
    return { messages };
  } catch (error) {
    if (error instanceof ConnectError) return { messages, code: error.code };
    throw error;
  } finally {
    bff.close();
  }
}
/** Returns a unique name if two services of a file have an rpc of one name. */
const named = ({ parent, name }: DescMethod): string =>
  `${parent.name[0]?.toLowerCase()}${parent.name.slice(1)}${name}`;

function listOf(desc: DescMessage, message: Message, type: string): { path?: string; name?: string }[] | undefined {
  const field = desc.fields.find((field) => field.fieldKind === "list" && field.message?.typeName === type);
  return field && (message as unknown as Record<string, { path?: string; name?: string }[]>)[field.localName];
}
/** Also where something is no number. */
const alike = (desc: DescMessage, left: Message, right: Message): boolean =>
  equals(desc, left, right) || Buffer.compare(toBinary(desc, left), toBinary(desc, right)) === 0;

/** The order in which parts come is free. */
function sort(desc: DescMessage, message: Message): void {
  for (const type of ["bff.v1.Part", "bff.v1.Degradation"])
    listOf(desc, message, type)?.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
const keyOf = ({ path, name }: { path?: string; name?: string }): string => path ?? name ?? "";
const shown = (desc: DescMessage, message: Message): string => {
  try {
    return toJsonString(desc, message);
  } catch {
    return "(not in JSON)";
  }
};
