// npm run fuzz -- fresh: random BFFs with caches, where each value names its upstream call. Every computed field is
// declared fresh, and the proof's errors are demoted: accepted fields never show a call from before their request, and
// some of the refused fields do.
import {
  type DescField,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { ConnectError } from "@connectrpc/connect";
import { seeded } from "../../bffs/second/random-message.ts";
import type { Case } from "./cases.ts";
import type { Bff } from "./rich/rich-request.ts";
import { eachRandom, type Generated, type RunOptions } from "./rich/rich-run.ts";
import { RichWorld, requestIn } from "./rich/rich-world.ts";

export interface Freshness {
  readonly bffs: number;
  readonly answers: number;
  /** Values of accepted fields that name a call. */
  readonly accepted: number;
  /** Values of refused fields that name a call from before the request. */
  readonly old: number;
  readonly faults: readonly string[];
}

/** Waits before the requests of one client, in milliseconds: caches hold 10 ms or 5 s, some of them 60 s more. */
const WAITS = [0, 0, 20, 6_000];

export async function fuzzFresh(options: RunOptions, progress: (text: string) => void): Promise<Freshness> {
  const so = { bffs: 0, answers: 0, accepted: 0, old: 0 };
  const { seed } = options;
  const faults = await eachRandom(
    options,
    {
      name: "fresh",
      demoted: ",warn=BFF806",
      change: (testCase) => promising(testCase, seed),
      use: async (made) => {
        so.bffs++;
        const { fault, ...came } = await follow(made, `${seed} ${made.testCase.index}`);
        so.answers += came.answers;
        so.accepted += came.accepted;
        so.old += came.old;
        return fault;
      },
      summary: (failed) => `${so.bffs} BFFs, ${so.accepted} values accepted, ${so.old} old, ${failed} failed`,
    },
    progress,
  );
  return { ...so, faults };
}

/** Declares every computed field fresh, and caches a third of the calls if none is cached. */
function promising(testCase: Case, seed: number): Case {
  const random = seeded("caches", seed, testCase.index);
  const cached = Object.values(testCase.protos).some((text) => text.includes("cache:"));
  const protos = Object.fromEntries(
    Object.entries(testCase.protos).map(([name, text]) => [
      name,
      text
        .replaceAll("(bff.v1.field) = { by:", "(bff.v1.field) = { fresh: true by:")
        .replaceAll(READS, (call) => (cached || random() < 0.67 ? call : `${call} cache: { ttl: "5s" }`)),
    ]),
  );
  return { ...testCase, base: { ...testCase.base, protos }, protos };
}
const READS = /call: \{ method: "up\.v1\.(?:ItemService\/(?:Get|Find|Map|BatchGet)Items?|OrderService\/GetOrder)"/g;

interface Followed {
  readonly answers: number;
  readonly accepted: number;
  readonly old: number;
  readonly fault: string | undefined;
}

/** Sends the same requests to one BFF again and again, while its caches fill and expire. */
async function follow(made: Generated, seed: string): Promise<Followed> {
  const upstream = new CountingUpstream(seed);
  const bff = made.create({ mocks: upstream.mocks(), observer: {} });
  upstream.clock = bff.clock;
  const refused = refusedFields(made);
  const so = { answers: 0, accepted: 0, old: 0, fault: undefined as string | undefined };
  for (const wait of WAITS) {
    (bff.clock as unknown as { skip: (ms: number) => void }).skip(wait);
    for (const method of made.methods.filter(({ methodKind }) => methodKind === "unary")) {
      const before = upstream.calls;
      const answer = await answerOf(bff, method, seed);
      if (answer === undefined) continue;
      so.answers++;
      for (const { field, calls } of shownCalls(answer)) {
        const older = calls.filter((call) => call <= before).length;
        if (refused.has(field.toString())) so.old += older;
        else if (older === 0) so.accepted += calls.length;
        else
          so.fault ??= `${field.toString()} shows call ${Math.min(...calls)}, which was before its request at ${before}`;
      }
    }
  }
  bff.close();
  return so;
}

async function answerOf(bff: Bff, method: DescMethod, seed: string): Promise<ReflectMessage | undefined> {
  const { message, headers } = requestIn(method.input, seed);
  const call = bff[method.localName] as (request: object, call: object) => Promise<Message>;
  try {
    const answer = await call(message, { headers });
    return reflect(method.output, fromBinary(method.output, toBinary(method.output, answer)));
  } catch (error) {
    if (error instanceof ConnectError) return undefined;
    throw error;
  }
}

/** Returns the fields whose promise the compiler refuses. */
function refusedFields({ ir, diagnostics }: Generated): ReadonlySet<string> {
  const places = new Set(diagnostics.filter(({ code }) => code === "BFF806").map(({ at }) => JSON.stringify(at)));
  return new Set(
    ir.files
      .flatMap(({ messages }) => messages)
      .flatMap(({ fields }) => fields)
      .filter(({ fresh }) => fresh !== undefined && places.has(JSON.stringify(fresh.at)))
      .map(({ desc }) => desc.toString()),
  );
}

/** Returns the fresh fields of an answer and of messages inside it, with the calls that their values name. */
function shownCalls(message: ReflectMessage): { readonly field: DescField; readonly calls: readonly number[] }[] {
  return message.fields
    .filter((field) => message.isSet(field))
    .flatMap((field) => {
      const value = message.get(field);
      const inside = messagesIn(value).flatMap(shownCalls);
      return isComputed(message.desc) ? [{ field, calls: callsNamed(value) }, ...inside] : inside;
    });
}
const isComputed = ({ name }: DescMessage): boolean => name === "Page" || name === "Sub";

function messagesIn(value: unknown): readonly ReflectMessage[] {
  if (isReflectMessage(value)) return [value];
  return isIterable(value) ? [...value].flatMap(messagesIn) : [];
}
function callsNamed(value: unknown): readonly number[] {
  if (typeof value === "string") return [...value.matchAll(/~(\d+)~/g)].map(([, call]) => Number(call));
  if (isReflectMessage(value))
    return value.fields.filter((field) => value.isSet(field)).flatMap((field) => callsNamed(value.get(field)));
  return isIterable(value) ? [...value].flatMap(callsNamed) : [];
}
/** Lists, maps, and the entries of maps. */
const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.iterator in value && !(value instanceof Uint8Array);

/** The random upstream, with the number of the call in most texts: `a~12~`. Ids stay, because batches match by them. */
class CountingUpstream extends RichWorld {
  calls = 0;

  override mocks(): object {
    return Object.fromEntries(
      Object.entries(super.mocks()).map(([service, methods]) => [
        service,
        Object.fromEntries(
          Object.entries(methods as Readonly<Record<string, Answering>>).map(([name, answer]) => [
            name,
            async (request: Message) => {
              const call = ++this.calls;
              return numbered(await answer(request), call);
            },
          ]),
        ),
      ]),
    );
  }
}
type Answering = (request: Message) => Promise<object>;

function numbered(value: object, call: number): object {
  const inside = (part: unknown, name: string): unknown => {
    if (typeof part === "string") return name === "id" || name === "case" ? part : `${part}~${call}~`;
    if (Array.isArray(part)) return part.map((element) => inside(element, ""));
    return typeof part === "object" && part !== null ? numbered(part, call) : part;
  };
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, inside(part, name)]));
}
