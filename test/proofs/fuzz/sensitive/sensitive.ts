// npm run fuzz -- sensitive: random BFFs with random marks `debug_redact`. Each runs in two worlds that differ in
// redacted values alone: accepted BFFs give equal bytes everywhere, and some of the refused BFFs do not.
import { type DescField, type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { eachRandom, type Generated, type RunOptions } from "../rich/rich-run.ts";
import { RichWorld, requestIn } from "../rich/rich-world.ts";
import { ChannelRecorder, type Channels } from "./sensitive-channels.ts";
import { clientFields, hasMark, marked } from "./sensitive-marks.ts";
import { canonical, inWorld, isRedacted, textOf, WORLDS, type World, without } from "./sensitive-values.ts";

export interface Sensitivity {
  readonly bffs: number;
  /** BFFs without an error, and with marks. */
  readonly accepted: number;
  readonly answers: number;
  /** BFFs whose errors were demoted, and which give other bytes in the second world. */
  readonly leaks: number;
  /** BFFs that give other bytes when they run again. */
  readonly undecided: number;
  readonly faults: readonly string[];
}

const CODES = ["BFF582", "BFF583", "BFF584"];
/** Waits before the requests of one client, in milliseconds: caches hold 10 ms or 5 s, some of them 60 s more. */
const WAITS = [0, 20, 6_000];

export async function fuzzSensitive(options: RunOptions, progress: (text: string) => void): Promise<Sensitivity> {
  const so = { bffs: 0, accepted: 0, answers: 0, leaks: 0, undecided: 0 };
  const marks = ({ index }: { readonly index: number }): string => `${options.seed} ${index}`;
  const faults = await eachRandom(
    options,
    {
      name: "sensitive",
      demoted: `,warn=${CODES.join("+")}`,
      prepare: (testCase, request, diagnose) => marked(request, marks(testCase), diagnose),
      use: async (made) => {
        so.bffs++;
        const { differs, verdict, answers } = await compared(made, marks(made.testCase));
        so.answers += answers;
        if (verdict === "accepted") so.accepted++;
        if (verdict === "undecided") so.undecided++;
        if (differs !== undefined && verdict === "refused") so.leaks++;
        return differs !== undefined && verdict === "accepted"
          ? `marks: ${marksOf(made).join(", ")}\n${differs}`
          : undefined;
      },
      summary: (failed) =>
        `${so.bffs} BFFs, ${so.accepted} accepted, ${so.leaks} refused ones differ, ${failed} failed`,
    },
    progress,
  );
  return { ...so, faults };
}

const marksOf = ({ ir }: Generated): readonly string[] =>
  [...ir.registry].flatMap((desc) => (desc.kind === "message" ? desc.fields.filter(isRedacted).map(String) : []));

interface Compared {
  readonly verdict: "accepted" | "refused" | "undecided";
  readonly answers: number;
  /** The first difference between the worlds. */
  readonly differs: string | undefined;
}

async function compared(made: Generated, seed: string): Promise<Compared> {
  const codes = new Set(made.diagnostics.map(({ code }) => code).filter((code) => CODES.includes(code)));
  // A mark on a field that receives no value is no reason to compare.
  const isMarked = made.methods.some(({ input }) => hasMark(input)) || marksOf(made).length > 0;
  const verdict = codes.size === 0 && isMarked ? "accepted" : "refused";
  const hidden = hiddenFields(made);
  const [first, second] = [await ran(made, seed, WORLDS[0], hidden), await ran(made, seed, WORLDS[1], hidden)];
  const differs = difference(first.channels, second.channels);
  const { answers } = first;
  if (differs === undefined || codes.size > 0) return { verdict, answers, differs };
  const again = await ran(made, seed, WORLDS[0], hidden);
  const isStable = difference(first.channels, again.channels) === undefined;
  return { verdict: isStable ? verdict : "undecided", answers, differs };
}

/** Returns a test for fields whose values may differ: they are marked, or the compiler refuses them. */
function hiddenFields({ ir, diagnostics }: Generated): (field: DescField) => boolean {
  const places = new Set(diagnostics.filter(({ code }) => code === "BFF582").map(({ at }) => JSON.stringify(at)));
  const refused = new Set(
    clientFields(ir)
      .filter(({ at }) => places.has(JSON.stringify(at)))
      .map(({ field }) => field.toString()),
  );
  // Values of refused fields are compared, too: they show that the comparison can fail.
  // A token is sealed for its request, redacted fields included.
  return (field) => field.name === "next" || (isRedacted(field) && !refused.has(field.toString()));
}

type AllChannels = Channels & { readonly answers: readonly string[] };

function difference(first: AllChannels, second: AllChannels): string | undefined {
  for (const [name, lines] of Object.entries(first)) {
    const others = second[name as keyof AllChannels];
    const at = lines.findIndex((line, i) => line !== others[i]);
    if (at >= 0) return `${name} differ:\n${lines[at]}\n${others[at]}`;
    if (lines.length !== others.length) return `${name} have ${lines.length} lines, and ${others.length}`;
  }
  return undefined;
}

/** Sends the same requests to a BFF in one world again and again. */
async function ran(made: Generated, seed: string, world: World, hidden: (field: DescField) => boolean) {
  const upstream = new SensitiveWorld(made, seed, world);
  const recorder = new ChannelRecorder();
  const bff = made.create({ mocks: upstream.mocks(), observer: recorder.observer });
  upstream.clock = recorder.clock = bff.clock;
  const answers: string[] = [];
  for (const wait of WAITS) {
    (bff.clock as unknown as { skip: (ms: number) => void }).skip(wait);
    for (const method of made.methods.filter(({ methodKind }) => methodKind === "unary"))
      answers.push(await answerOf(bff[method.localName] as Call, method, { seed, world, hidden }));
  }
  bff.close();
  return { answers: answers.length, channels: { answers, ...recorder.end(made.ir, made.methods) } };
}

type Call = (request: object, call: object) => Promise<Message>;

async function answerOf(
  call: Call,
  { input, output }: DescMethod,
  {
    seed,
    world,
    hidden,
  }: { readonly seed: string; readonly world: World; readonly hidden: (field: DescField) => boolean },
): Promise<string> {
  const { message, headers } = requestIn(input, seed);
  const seen: [string, string][] = [];
  const onHeader = (all: Headers): void => void seen.push(...all);
  try {
    const answer = await call(inWorld(input, message, world), { headers, onHeader });
    const read = fromBinary(output, toBinary(output, answer));
    return textOf([without(output, read, hidden), seen]);
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return textOf([error.code, error.rawMessage, error.details, seen]);
  }
}

/** The random upstream in one world: its answers depend on nothing that is redacted, but errors quote it. */
class SensitiveWorld extends RichWorld {
  readonly #made: Generated;
  readonly #world: World;

  constructor(made: Generated, seed: string, world: World) {
    super(seed);
    this.#made = made;
    this.#world = world;
  }
  override mocks(): object {
    const { ir, testCase } = this.#made;
    // Rules may forward an upstream's text, which is the upstream's word.
    const isForwarded = Object.values(testCase.protos).some((text) => text.includes("error."));
    return Object.fromEntries(
      Object.entries(super.mocks()).map(([service, methods]) => [
        service,
        Object.fromEntries(
          Object.entries(methods as Readonly<Record<string, (request: Message) => Promise<object>>>).map(
            ([name, answer]) => [
              name,
              async (request: Message) => {
                const method = ir.registry
                  .getService(SERVICES[service] ?? "")
                  ?.methods.find((rpc) => rpc.localName === name);
                try {
                  const made = await answer(canonical(request));
                  return method === undefined ? made : inWorld(method.output, made, this.#world);
                } catch (error) {
                  if (isForwarded || !(error instanceof ConnectError) || method === undefined) throw error;
                  const world = hasMark(method.input) || hasMark(method.output) ? this.#world : "";
                  throw new ConnectError(`no ${textOf(request)} ${world}`, error.code);
                }
              },
            ],
          ),
        ),
      ]),
    );
  }
}
const SERVICES: Readonly<Record<string, string>> = { item: "up.v1.ItemService", order: "up.v1.OrderService" };
