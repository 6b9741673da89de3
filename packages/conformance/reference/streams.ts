// Responses in several messages: streams that follow a source, and messages in parts.
import { setTimeout as sleep } from "node:timers/promises";
import { type CelInput, celUint, isCelUint } from "@bufbuild/cel";
import type { DescField, DescMethod, FileRegistry } from "@bufbuild/protobuf";
import { create, toBinary } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { Code } from "@connectrpc/connect";
import { type Composed, Composition, type Setting } from "./compose.ts";
import type { Scope } from "./evaluate.ts";
import { none, some } from "./functions.ts";
import type { Response } from "./response.ts";
import { present, type Result, StepFailure } from "./result.ts";
import { durationMs, type Step, type Stream } from "./rules.ts";
import type { Begun } from "./server.ts";
import { namesIn } from "./static.ts";
import { parsed } from "./syntax.ts";
import { celOf } from "./values.ts";

/** Composes the response for each item of the upstream's stream. */
export async function* followed({ response, setting, request }: Begun, method: DescMethod): AsyncGenerator<Composed> {
  const { stream } = response.program.rules.methods.get(`${method.parent.typeName}.${method.name}`) ?? {};
  if (stream === undefined) return;
  const args = new Map(
    request.desc.fields.map((field): [string, Result] => [`args.${field.name}`, present(celOf(request, field))]),
  );
  const globals = { headers: setting.globals.headers };
  const item = `args.${stream.var}`;
  const late = new Set<Step>();
  for (let before = -1; before < late.size; ) {
    before = late.size;
    const names = new Set([item, stream.var, ...[...late].flatMap(({ name }) => name ?? [])]);
    for (const step of setting.steps) if (namesIn(step).some((name) => names.has(name))) late.add(step);
  }
  const early = setting.steps.filter((step) => !late.has(step));
  const opening = new Composition({ ...setting, steps: early, args, globals });
  await opening.admit();
  for (const step of early) if (step.guard === undefined) opening.result(step);
  for (const step of early) {
    const refusal = step.guard === undefined ? undefined : await opening.guard(step);
    if (refusal !== undefined) throw refusal;
  }
  await Promise.all(
    early.filter(({ guard, supplementary }) => !guard && !supplementary).map((step) => opening.result(step)),
  );
  for await (const { value, place } of itemsOf(response, stream, opening)) {
    const all: Setting = {
      ...setting,
      globals,
      args: new Map([...args, [item, present(value)], [stream.var, present(value)]]),
      before: opening.results,
    };
    const composition = new Composition({
      ...all,
      steps: setting.steps.filter((step) => step.guard === undefined || late.has(step)),
    });
    const holds = async (condition: string | undefined) =>
      condition !== undefined && (await composition.evaluator.holds(condition, composition.scope, globals)).is;
    const left = stream.if !== undefined && !(await holds(stream.if));
    const last = await holds(stream.until);
    const token = last ? LAST : place.token;
    if (!left) yield placed(response.program.registry, await composition.run(), { ...place, ...(token && { token }) });
    if (last) return;
  }
}

/** Composes the answer again and again, and yields those that differ from the one before. */
export async function* live(
  registry: FileRegistry,
  compose: () => Promise<Composed>,
  { every }: NonNullable<Stream["live"]>,
): AsyncGenerator<Composed> {
  let last: string | undefined;
  for (;;) {
    try {
      const composed = await compose();
      const { message, entries } = composed;
      const next = `${Buffer.from(toBinary(message.desc, message.message)).toString("base64")} ${JSON.stringify(entries)}`;
      if (next !== last) yield placed(registry, composed, { reset: last !== undefined });
      last = next;
    } catch (error) {
      if (last === undefined) throw error;
    }
    await sleep(durationMs(every));
  }
}

/** An item of a source, and its place: the token after it, and whether items before it may be lost. */
interface Item {
  readonly value: ReflectMessage;
  readonly place: { readonly token?: string; readonly reset: boolean };
}

/** Items of a stream's call. After a break, and for a client with a token, the call begins after the last position. */
async function* itemsOf(
  response: Response,
  { call, position, var: name }: Stream,
  opening: Composition,
): AsyncGenerator<Item> {
  const sent = response.headers.get("bff-resume");
  if (call === undefined || sent === LAST) return;
  let last = sent === undefined ? undefined : positionIn(sent);
  let reset = sent !== undefined && last === undefined;
  const scope: Scope = (read) =>
    read === "resume" ? Promise.resolve(present(last === undefined ? none : some(last))) : opening.scope(read);
  for (;;) {
    const { method, message, headers } = await response.opened(call, { ...opening, scope });
    try {
      for await (const event of response.program.upstreams.stream(method, message, headers, response.ending.signal)) {
        const value = reflect(method.output, event);
        const read: Scope = (other) => (other === name ? Promise.resolve(present(value)) : undefined);
        if (position !== undefined)
          last = (await opening.evaluator.value(position, read, { headers: new Map() })).value;
        yield { value, place: { ...(last !== undefined && { token: tokenOf(last) }), reset } };
        reset = false;
      }
      return;
    } catch (error) {
      if (position === undefined || !(error instanceof StepFailure) || error.original !== Code.Unavailable) throw error;
      await sleep(REOPEN_MS);
    }
  }
}
const REOPEN_MS = 100;
/** The token after the last item. */
const LAST = "last";

const tokenOf = (position: CelInput): string =>
  Buffer.from(
    isCelUint(position) ? `u${position.value}` : `${typeof position === "bigint" ? "i" : "s"}${position}`,
  ).toString("base64url");
/** Returns the position of a token; undefined for an unreadable one. */
function positionIn(token: string): CelInput | undefined {
  const [, kind, text = ""] = /^([uis])(.*)$/.exec(Buffer.from(token, "base64url").toString()) ?? [];
  if (kind === "s") return text;
  if (kind === undefined || !/^-?\d+$/.test(text)) return undefined;
  return kind === "u" ? celUint(BigInt(text)) : BigInt(text);
}

/** Fills the field for the client's position. */
function placed(registry: FileRegistry, composed: Composed, place: Item["place"]): Composed {
  const field = composed.message.desc.fields.find(({ message }) => message?.typeName === "bff.v1.Position");
  const type = registry.getMessage("bff.v1.Position");
  if (field !== undefined && type !== undefined)
    composed.message.set(field, reflect(type, create(type, place as never)) as never);
  return composed;
}

/** Returns the fields by the names of the deferred steps that they depend on. */
function fieldsByParts(composition: Composition): ReadonlyMap<string, readonly DescField[]> {
  const { desc, steps } = composition.setting;
  return Map.groupBy(desc.fields, (field) => {
    const reads = parsed(composition.ruleOf(field).by ?? "null").reads.map(({ name }) => name);
    const direct = steps.filter((step) => step.name !== undefined && reads.includes(step.name));
    const waits = (step: Step): boolean =>
      direct.some((element) => element === step || composition.statics.dependsOn(element, step, steps));
    return steps
      .filter((step) => step.defer && waits(step))
      .map(({ name }) => name)
      .join();
  });
}

/** Adds the names of all parts: a unary response has all of them. */
export function withAllParts(composition: Composition, composed: Composed): Composed {
  const late = [...fieldsByParts(composition)].flatMap(([key, fields]) => (key === "" ? [] : fields));
  const { response, desc } = composition.setting;
  const nothing = { message: reflect(desc), entries: [] };
  return merged(
    response.program.registry,
    composed,
    nothing,
    late.map(({ name }) => name),
  );
}

/** Composes the fields that no deferred step delays, then each part as it ends. */
export async function* inParts({ response, setting }: Begun): AsyncGenerator<Composed> {
  const composition = new Composition(setting);
  const { desc, steps } = setting;
  const groups = fieldsByParts(composition);
  await composition.admit();
  composition.start();
  const waiting = new Map(
    [...groups].flatMap(([key, fields]) => {
      if (key === "") return [];
      const part = { fields, ended: undefined as Composed | undefined };
      const done = composition.fields(fields).then((composed) => {
        part.ended = composed;
        return part;
      });
      done.catch(() => undefined);
      return [[part, done] as const];
    }),
  );
  const early = await composition.fields(groups.get("") ?? []);
  await Promise.all(
    steps.filter((step) => !step.defer && !step.supplementary && !step.guard).map((step) => composition.result(step)),
  );
  for (const step of steps) {
    const refusal = step.guard === undefined ? undefined : await composition.guard(step);
    if (refusal !== undefined) throw refusal;
  }
  let next: Composed = early;
  for (;;) {
    const ended = [...waiting.keys()].filter((part) => part.ended !== undefined);
    for (const part of ended) {
      waiting.delete(part);
      if (part.ended !== undefined)
        next = merged(
          response.program.registry,
          next,
          part.ended,
          part.fields.map(({ name }) => name),
        );
    }
    yield next;
    if (waiting.size === 0) return;
    await Promise.race(waiting.values());
    next = { message: reflect(desc), entries: [] };
  }
}

function merged(registry: FileRegistry, into: Composed, part: Composed, names: readonly string[]): Composed {
  const { message } = into;
  for (const field of message.desc.fields)
    if (part.message.isSet(field)) message.set(field, part.message.get(field) as never);
  const parts = message.desc.fields.find((field) => field.message?.typeName === "bff.v1.Part");
  const type = registry.getMessage("bff.v1.Part");
  const name = type?.fields[0];
  if (parts?.fieldKind === "list" && type !== undefined && name !== undefined)
    for (const path of names)
      (message.get(parts) as { add: (item: ReflectMessage) => void }).add(
        reflect(type, create(type, { [name.localName]: path } as never)),
      );
  return { message, entries: [...into.entries, ...part.entries] };
}
