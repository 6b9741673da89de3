// Kinds of rpcs of a random BFF: one answer; an answer whole, and in parts; a message for each item of a stream or of a
// topic.
import type { Expressions } from "./rich-expressions.ts";

export const KINDS = ["answer", "parts", "stream", "topic"] as const;
export type Kind = (typeof KINDS)[number];

export const followsItems = (kind: Kind): boolean => kind === "stream" || kind === "topic";

/** Declarations of a kind. */
export interface Rpcs {
  readonly kind: Kind;
  readonly rpcs: string;
  /** Part of the service's option. */
  readonly topic: string;
  /** Fields of the response. */
  readonly fields: readonly string[];
}

export function rpcsOf(e: Expressions, kind: Kind): Rpcs {
  const whole = "rpc GetPage(GetPageRequest) returns (Page) {}";
  if (kind === "answer") return { kind, rpcs: whole, topic: "", fields: [] };
  if (kind === "parts") {
    const parts = "rpc StreamPage(GetPageRequest) returns (stream Page) {}";
    return { kind, rpcs: `${whole}\n  ${parts}`, topic: "", fields: ["repeated bff.v1.Part parts = 98;"] };
  }
  const { stream, topic, placed } = kind === "topic" ? ofTopic(e) : ofCall(e);
  const rpcs = `rpc GetPage(GetPageRequest) returns (stream Page) { option (bff.v1.method).stream = { var: "event" ${stream} }; }`;
  return { kind, rpcs, topic, fields: placed && e.chance(0.9) ? ["bff.v1.Position position = 97;"] : [] };
}

/** Items of the source have numbers, which are the positions for resuming. */
const POSITION = `position: "event.price_cents"`;
const BEHIND = `{ name: "locale" by: "string(resume.orValue(0))" }`;

function ofCall(e: Expressions) {
  restrict(e);
  const placed = e.chance(0.7);
  const safe = placed || e.chance(0.5) ? "read_only: true " : "";
  const call = `call: { method: "up.v1.ItemService/WatchItem" ${safe}set: [{ name: "id" by: "${e.of("string", 1)}" }${placed ? `, ${BEHIND}` : ""}] }`;
  const stream = `${call} ${placed ? POSITION : ""} ${until(e)} ${some(e)} ${ahead(e)}`;
  return { stream, topic: "", placed };
}
function ofTopic(e: Expressions) {
  restrict(e);
  const key = `'k' + ${e.pick(["args.id", "args.id", "string(args.n)", "headers['x-a']"])}`;
  const stream = `follow: { topic: "run" key: "${key}" } ${e.chance(0.3) ? until(e) : ""} ${some(e)} ${ahead(e)}`;
  const call = `call: { method: "up.v1.ItemService/WatchItem" read_only: true set: [{ name: "id" by: "key" }, ${BEHIND}] }`;
  const over = e.pick(["", `until: "event.name == 'x'"`, `until: "event.stock == 1 || has(event.placeholder)"`]);
  return { stream, topic: `topic: { name: "run" ${call} ${POSITION} ${over} }`, placed: true };
}
/** Restricts expressions to the inputs of a stream: the item, the request, and no steps. */
function restrict(e: Expressions): void {
  e.known.clear();
  e.steps = [];
  e.conditions = [];
  e.plain = ["args.flag", "args.id == 'a'"];
  e.knows("string", "args.id");
  e.knows("bool", "args.flag");
  e.knows("int", "args.n");
}
function until(e: Expressions): string {
  if (e.chance(0.4)) return "";
  return `until: "${e.with("Item", "event", () => (e.chance(0.5) ? "event.name == 'x'" : `(${e.bool(1)}) && event.kind == up.v1.Kind.KIND_FILM`))}"`;
}
function some(e: Expressions): string {
  if (e.chance(0.5)) return "";
  return `if: "${e.with("Item", "event", () => e.pick(["has(event.note) || args.flag", "event.name != 'a'", e.bool(2)]))}"`;
}
const ahead = (e: Expressions): string => (e.chance(0.3) ? `ahead: ${e.pick(["1", "2", "16"])}` : "");
