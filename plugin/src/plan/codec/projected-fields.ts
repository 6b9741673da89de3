// Collects the fields of messages that a file's code needs, and the messages of which it needs every field.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { unusual } from "./unusual-fields.ts";

/** Fields of messages, or the whole of them. */
export class ProjectedFields {
  readonly #parts = new Map<DescMessage, Set<DescField>>();
  readonly #whole = new Set<DescMessage>();
  readonly #passed = new Set<DescMessage>();
  readonly #made = new Set<DescMessage>();

  add(field: DescField): void {
    const known = this.#parts.get(field.parent) ?? new Set();
    this.#parts.set(field.parent, known);
    // The code must detect which member of a oneof is set, so it needs all members.
    for (const member of field.oneof?.fields ?? [field]) {
      known.add(member);
      if (field.oneof !== undefined && member.message !== undefined) this.whole(member.message);
    }
    if (field.message !== undefined) this.some(field.message);
  }
  /** Adds the message without any fields. */
  some(desc: DescMessage): void {
    if (unusual(desc) !== undefined || desc.file.proto.package === "google.protobuf") this.whole(desc);
    else if (!this.#parts.has(desc)) this.#parts.set(desc, new Set());
  }
  whole(root: DescMessage): void {
    const open = [root];
    for (let desc = open.pop(); desc !== undefined; desc = open.pop()) {
      if (this.#whole.has(desc)) continue;
      this.#whole.add(desc);
      for (const { message } of desc.fields) if (message !== undefined) open.push(message);
    }
  }
  /** Adds a message that the code creates: it has all of its fields, and their contents come from elsewhere. */
  made(desc: DescMessage): void {
    this.#made.add(desc);
  }
  pass(desc: DescMessage): void {
    this.some(desc);
    this.#passed.add(desc);
  }
  /**
   * Returns the messages that are only passed on. A passed message that is also read becomes a whole message from now
   * on.
   */
  passed(): ReadonlySet<DescMessage> {
    for (const desc of this.#passed) if ((this.#parts.get(desc)?.size ?? 0) > 0) this.whole(desc);
    return new Set([...this.#passed].filter((desc) => !this.#whole.has(desc) && !this.#made.has(desc)));
  }
  parts(): ReadonlyMap<DescMessage, ReadonlySet<DescField>> {
    return new Map([...this.#parts].filter(([desc]) => !this.#whole.has(desc) && !this.#made.has(desc)));
  }
}
