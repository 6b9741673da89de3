// Fields of requests that their proto marks as `deprecated`.
import { type DescField, type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import { fieldValue } from "../selection/field-value.ts";
import { holdsField } from "../wire/holds-field.ts";

/** Maximum number of fields that are reported of one request. */
const MAX_FIELDS = 20;

/** Message type at a path of the request. */
interface Place {
  readonly desc: DescMessage;
  /** `items[*].` */
  readonly path: string;
  readonly outer: Place | undefined;
}

/** Fields of one message type. */
interface Tracked {
  readonly deprecated: readonly DescField[];
  /** Fields whose messages may have deprecated fields. */
  readonly holders: readonly DescField[];
}

/** Deprecated fields of one request type. Only fields that can lead to them are visited. */
export class DeprecatedFields {
  readonly #root: Place;
  readonly #tracked = new Map<DescMessage, Tracked>();

  constructor(input: DescMessage) {
    this.#root = { desc: input, path: "", outer: undefined };
  }

  /**
   * Returns the paths of the fields that a request sets, near ones first and 20 at most. Clients cannot create paths:
   * `[*]` is any item, and a message inside its own type has the path of the outer one.
   */
  of(request: Message): readonly string[] {
    const found = new Set<string>();
    const open: [Place, readonly Message[]][] = [[this.#root, [request]]];
    for (const [place, messages] of open) {
      const { deprecated, holders } = this.#trackedOf(place.desc);
      for (const field of deprecated) {
        if (messages.some((message) => isFieldSet(message, field))) found.add(`${place.path}${field.name}`);
        if (found.size === MAX_FIELDS) return [...found];
      }
      for (const field of holders) {
        const inner = messages.flatMap((message) => messagesIn(message, field));
        if (inner.length > 0) open.push([innerPlace(place, field), inner]);
      }
    }
    return [...found];
  }
  #trackedOf(desc: DescMessage): Tracked {
    let tracked = this.#tracked.get(desc);
    if (tracked === undefined) {
      const { fields } = desc;
      const holders = fields.filter(({ message }) => message !== undefined && holdsField(message, isDeprecated));
      tracked = { deprecated: fields.filter(isDeprecated), holders };
      this.#tracked.set(desc, tracked);
    }
    return tracked;
  }
}

const isDeprecated = ({ deprecated }: DescField): boolean => deprecated;

function innerPlace(outer: Place, { name, fieldKind, message: desc = outer.desc }: DescField): Place {
  for (let at: Place | undefined = outer; at !== undefined; at = at.outer) if (at.desc === desc) return at;
  return { desc, path: `${outer.path}${name}${fieldKind === "message" ? "" : "[*]"}.`, outer };
}

function messagesIn(message: Message, field: DescField): readonly Message[] {
  const value = fieldValue(message, field);
  if (typeof value !== "object" || value === null) return NONE;
  if (field.fieldKind === "message") return [value as Message];
  return field.fieldKind === "list" ? (value as readonly Message[]) : Object.values(value as Record<string, Message>);
}
const NONE: readonly never[] = [];
