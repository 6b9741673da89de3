// Evaluates a stream by language.md: an opening, then one message for each item of its source that counts, then an end.
// Items are composed one by one, each as a separate response; `ahead`, pace and time do not exist here.
import type { CelInput } from "@bufbuild/cel";
import { type DescMessage, type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import type { IrCall, IrFollow, IrStep, IrStream, IrTopic } from "../../../plugin/src/ir/step.ts";
import { requestOf } from "./call.ts";
import { expression } from "./cel/expression.ts";
import { none, some } from "./cel/macros.ts";
import { Composition } from "./compose.ts";
import { concluded, globals, prepared, responding, type Started } from "./oracle.ts";
import { methodName, type Outcomes } from "./outcomes.ts";
import { readsOfStep } from "./reads.ts";
import type { Resolvers, Response } from "./response.ts";
import { type Args, dead, INTERNAL, type Locals, members, type Result, type Value, value } from "./result.ts";
import { withRank } from "./scope.ts";
import { sharedPlace } from "./service-steps.ts";
import type { Place } from "./static.ts";
import type { AnswerVerdict, Verdict } from "./verdict.ts";

/** One opening of a source. */
export interface Play {
  /** Encoded. */
  readonly items: readonly Uint8Array[];
  readonly end:
    | { readonly kind: "ended" }
    /** `breaks`: it may be there again soon, so that it is opened once more where that may be. */
    | { readonly kind: "failed"; readonly clientCode: number; readonly breaks: boolean };
}

/** The world around one follower. */
export interface Around {
  readonly headers: ReadonlyMap<string, string>;
  readonly env: Readonly<Record<string, unknown>>;
  readonly now: Timestamp | undefined;
  /** Returns the ends of the opening's calls, or of those of the item with this number, from 0. */
  readonly outcomes: (item: number | "opening") => Outcomes;
  /**
   * Returns the items and the end of an opening of the source, for the request `asked` of the call, after `nth` earlier
   * openings. Undefined: the same as the last one.
   */
  readonly plays: (request: Message, nth: number) => Play | undefined;
  readonly resolvers?: Resolvers;
}

/** One message. */
export interface StreamItem {
  readonly answer: AnswerVerdict;
  /** Position of its token; undefined if it has none. */
  readonly position: CelInput | undefined;
  /** True if the following items replace the client's state. */
  readonly reset: boolean;
  /** Nothing comes behind it. */
  readonly last: boolean;
}
export interface StreamVerdict {
  readonly schema: DescMessage;
  readonly items: readonly StreamItem[];
  /** OK, or any of these codes. */
  readonly end: "ended" | readonly number[];
  /** True if the stream has ended and the client's state is no longer valid, but no item could announce it. */
  readonly untold: boolean;
  /** Requests that opened the source; for a topic as if it had no other follower. */
  readonly openings: readonly Message[];
  /** Calls that had to be made and were not, or must not have been: first found. */
  readonly calls: Pick<Verdict, "missing" | "unasked"> | undefined;
}

/** Position of the item after which a client resumes; `unreadable`: the token is no longer valid. */
export type Resume = { readonly position: CelInput } | "unreadable" | undefined;

/** Throws only on what generation would have refused. */
export function followOracle(
  ir: Ir,
  method: DescMethod,
  request: Message,
  around: Around,
  resume?: Resume,
): StreamVerdict {
  const follower = new FollowOracle(ir, method, request, around);
  return follower.run(resume);
}

class FollowOracle {
  readonly #ir: Ir;
  readonly #rpc: DescMethod;
  readonly #stream: IrStream;
  readonly #around: Around;
  readonly #composes: DescMessage;
  readonly #place: Place;
  readonly #request: Args;
  readonly #items: StreamItem[] = [];
  readonly #openings: Message[] = [];
  #number = 0;

  constructor(ir: Ir, method: DescMethod, request: Message, around: Around) {
    const { program } = prepared(ir);
    const rpcs = ir.files.flatMap((file) => file.services.flatMap((service) => service.methods));
    const found = rpcs.find(({ desc }) => methodName(desc) === methodName(method));
    if (found?.stream === undefined) throw new Error(`${methodName(method)} follows nothing`);
    this.#ir = ir;
    this.#rpc = found.desc;
    this.#stream = found.stream;
    this.#around = around;
    this.#composes = program.composes(found.desc);
    this.#place = program.place(this.#composes);
    const message = reflect(found.desc.input, fromBinary(found.desc.input, toBinary(method.input, request)));
    this.#request = { kind: "request", message };
  }

  run(resume: Resume): StreamVerdict {
    const response = this.#response("opening");
    const { verdict, opened } = this.#open(response);
    if (verdict !== undefined) return this.#ends(verdict);
    return this.#follow(response, opened, resume);
  }

  #response(number: number | "opening"): Response {
    const { headers, env, now, outcomes, resolvers = new Map() } = this.#around;
    const { program, converter } = prepared(this.#ir);
    return responding(program, converter, outcomes(number), globals(this.#ir, headers, env, now), resolvers);
  }
  #ends(end: Verdict | StreamVerdict["end"], reset = false): StreamVerdict {
    const untold = reset && end === "ended";
    const common = { schema: this.#rpc.output, items: this.#items, untold, openings: this.#openings };
    if (end === "ended" || !("acceptable" in end)) return { ...common, end, calls: undefined };
    const codes = end.acceptable.flatMap((option) => (option.kind === "status" ? [option.code] : []));
    return { ...common, end: codes, calls: codes.length > 0 ? undefined : end };
  }

  // ---- the opening ----

  /** Runs the part that does not depend on items, and the steps of the service: a verdict if that fails. */
  #open(response: Response): { verdict: Verdict | undefined; opened: ReadonlyMap<IrStep, Result> } {
    const { program } = response;
    const place = sharedPlace(program, this.#rpc, this.#composes);
    if (place !== undefined) response.shared = new Composition(response, place, this.#request);
    const perItem = restingOn(this.#place, this.#stream.var?.value ?? "");
    const steps = this.#place.message.steps.filter((step) => !perItem.has(step));
    const { message } = this.#place;
    // Items read what they read of it whichever case is chosen.
    const texts = message.fields.flatMap(({ by, if: condition }) =>
      [by, condition].flatMap((text) => text?.value ?? []),
    );
    const elsewhere = [
      ...texts.flatMap((text) => expression(text).reads.map(({ name }) => name)),
      ...[...perItem].flatMap((step) => readsOfStep(step).map(({ name }) => name)),
    ];
    const once = { ...this.#place, elsewhere, message: { ...message, steps, fields: [], resolver: undefined } };
    const opening = new Composition(response, once, this.#request);
    const started = this.#started(response, opening);
    const root: Result = started === undefined ? dead : value(reflect(this.#rpc.output));
    const nothing: Started = { failures: [], missing: [], stuck: false };
    const verdict = concluded(response, this.#rpc.output, this.#rpc.output, root, started ?? nothing);
    const goesOn = verdict.acceptable.some(({ kind }) => kind === "answer");
    // For items each opened step is one step, whatever its inputs are.
    const opened = new Map([...opening.results].map(([step, result]) => [step, withRank(result, step.index)]));
    return { verdict: goesOn ? undefined : verdict, opened };
  }
  #started({ shared }: Response, opening: Composition): Started | undefined {
    if (shared?.admits() === false || !opening.admits()) return undefined;
    const [a, b] = [shared?.runShared(), opening.runShared()];
    return {
      failures: [...(a?.failures ?? []), ...b.failures],
      missing: [...(a?.missing ?? []), ...b.missing],
      stuck: a?.stuck === true || b.stuck,
    };
  }

  // ---- the source ----

  #follow(response: Response, opened: ReadonlyMap<IrStep, Result>, resume: Resume): StreamVerdict {
    const { plays } = this.#around;
    const source = this.#source();
    let behind = resume === undefined || resume === "unreadable" ? undefined : resume.position;
    let reset = resume === "unreadable";
    let any = false;
    for (let nth = 0; ; nth++) {
      const request = this.#requestFor(response, source, behind);
      if (typeof request === "number") return this.#ends([request]);
      this.#openings.push(request);
      const play = plays(request, nth);
      if (play === undefined) throw new Error("it stays broken: say how it ends");
      for (const bytes of play.items) {
        const item = reflect(source.type, fromBinary(source.type, bytes));
        any = true;
        const result = this.#item(response, opened, item, source, reset);
        reset &&= !result.emits;
        if (result.position !== undefined) behind = result.position;
        if (result.end !== undefined) return this.#ends(result.end, reset);
      }
      if (play.end.kind === "ended") return this.#ends("ended", reset);
      const again = play.end.breaks && source.reopens && (!any || behind !== undefined);
      if (!again || plays(request, nth + 1) === undefined) return this.#ends([play.end.clientCode]);
    }
  }

  #source(): Source {
    const { program } = prepared(this.#ir);
    const { source, position, until, var: name } = this.#stream;
    if (source?.kind === "call") {
      const method = program.method(this.#place, source);
      const reopens = !program.hasEffect(this.#place, source);
      return {
        call: source,
        type: method.output,
        position: position?.value,
        until: until?.value,
        reopens,
        name: name?.value ?? "",
      };
    }
    const topic = topicOf(this.#ir, this.#rpc, source);
    const { call } = topic;
    if (call === undefined) throw new Error("a topic without a call: its items come from NATS");
    const type = program.method(this.#place, call).output;
    return {
      call,
      follow: source as IrFollow,
      topic,
      type,
      position: topic.position?.value,
      until: until?.value,
      reopens: true,
      name: name?.value ?? "",
    };
  }

  /** The request of the call; a number: the code with which that fails. */
  #requestFor(response: Response, { call, follow }: Source, behind: CelInput | undefined): Message | number {
    const { program } = response;
    const nothing = { ...this.#place, message: { ...this.#place.message, steps: [] } };
    const at = new Composition(response, nothing, this.#request);
    const locals = new Map([["resume", value(behind === undefined ? none : some(behind))]]);
    if (follow !== undefined) {
      const key = at.evaluate(follow.key?.value ?? "");
      if (key.state !== "value") return INTERNAL;
      if (!isKey(String(key.value))) return INVALID_ARGUMENT;
      locals.set("key", key);
    }
    const made = requestOf(at, call, program.method(this.#place, call), locals);
    return made.state === "value" ? made.message : INTERNAL;
  }

  // ---- an item ----

  #item(
    opening: Response,
    opened: ReadonlyMap<IrStep, Result>,
    item: ReturnType<typeof reflect>,
    source: Source,
    reset: boolean,
  ): { emits: boolean; position: CelInput | undefined; end?: Verdict | StreamVerdict["end"] } {
    const response = this.#response(this.#number++);
    response.shared = opening.shared;
    // Fields of messages that were composed once are missing in each item.
    for (const [composed, entries] of opening.touched) response.touched.set(composed, entries);
    const { message } = this.#place;
    const steps = message.steps.filter((step) => step.source?.kind !== "guard" || !isOpened(this.#place, step, source));
    const place = { ...this.#place, message: { ...message, steps } };
    const args = this.#withItem(source.name, value(item));
    const at = new Composition(response, place, args, undefined, opened);
    const locals: Locals = new Map([
      [source.name, value(item)],
      ["event", value(item)],
    ]);
    // Every item is tested, with expressions over the item alone.
    const resultOf = (text: string | undefined): Result | undefined =>
      text === undefined ? undefined : at.evaluate(text, locals);
    const [condition, last, place_] = [
      resultOf(this.#stream.if?.value),
      resultOf(source.until),
      resultOf(source.position),
    ];
    const topicLast = resultOf(source.topic?.until?.value);
    const position = place_?.state === "value" ? place_.value : undefined;
    for (const result of [place_, condition, last, topicLast])
      if (result?.state === "failed") return { emits: false, position, end: [INTERNAL] };
    const ends = holds(last) || holds(topicLast) ? ({ end: "ended" } as const) : {};
    if (condition !== undefined && !holds(condition)) return { emits: false, position, ...ends };
    if (!at.admits())
      return { emits: false, position, end: concluded(response, this.#rpc.output, this.#composes, dead, NOTHING) };
    const verdict = concluded(response, this.#rpc.output, this.#composes, at.run(), NOTHING);
    const [answer] = verdict.acceptable;
    if (answer?.kind !== "answer") return { emits: false, position, end: verdict };
    this.#items.push({ answer, position, reset, last: "end" in ends });
    return { emits: true, position, ...ends };
  }

  /** The fields of the request, and the item. */
  #withItem(name: string, item: Value): Args {
    const fields = this.#request.kind === "request" ? members(value(this.#request.message)) : [];
    return {
      kind: "given",
      names: new Map<string, Result>([...fields, [name, item]]),
      others: { state: "absent", taint: [] },
    };
  }
}

const INVALID_ARGUMENT = 3;
const NOTHING: Started = { failures: [], missing: [], stuck: false };

interface Source {
  readonly call: IrCall;
  readonly follow?: IrFollow;
  readonly topic?: IrTopic;
  /** Type of an item. */
  readonly type: DescMessage;
  readonly position: string | undefined;
  readonly until: string | undefined;
  /** True if the source may be opened again by itself. */
  readonly reopens: boolean;
  /** Name of an item. */
  readonly name: string;
}

const holds = (result: Result | undefined): boolean => result?.state === "value" && result.value === true;

/** Reports whether a text is a key: 1 to 256 bytes, without characters that have a meaning in a subject. */
function isKey(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text !== "" && Buffer.byteLength(text) <= 256 && !/[.*>\s\u0000-\u001f\u007f]/.test(text);
}

export function topicOf(ir: Ir, rpc: DescMethod, source: { readonly topic: IrFollow["topic"] } | undefined): IrTopic {
  const services = ir.files.flatMap((file) => file.services);
  const service = services.find(({ desc }) => desc.typeName === rpc.parent.typeName);
  const topic = service?.topics.find(({ name }) => name.value === source?.topic?.value);
  if (topic === undefined) throw new Error(`no topic ${source?.topic?.value}`);
  return topic;
}

const isOpened = (place: Place, step: IrStep, { name }: Source): boolean => !restingOn(place, name).has(step);

/** Returns the steps that read the item, or follow it, or depend on such steps. */
function restingOn({ message }: Place, item: string): ReadonlySet<IrStep> {
  const found = new Set<IrStep>();
  const names = new Set([`args.${item}`, item]);
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const step of message.steps) {
      if (found.has(step)) continue;
      const named = readsOfStep(step).map(({ name }) => name);
      if (!named.some((name) => names.has(name))) continue;
      found.add(step);
      if (step.name !== undefined) names.add(step.name.value);
    }
  }
  return found;
}
