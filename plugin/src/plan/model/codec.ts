// The messages that a file puts on the wire with functions of their own.
import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";

/** What `<file>_codec.ts` holds. */
export interface PlanCodec {
  /** Whole messages that are sent, and that are received; each once. */
  readonly encodes: readonly CodecRoot[];
  readonly decodes: readonly CodecRoot[];
  /** Those and what is inside of them, as far as they have functions of their own. */
  readonly writers: ReadonlyMap<DescMessage, CodecMessage>;
  readonly readers: ReadonlyMap<DescMessage, CodecMessage>;
  /** Messages that are passed on as they are. */
  readonly passed: ReadonlySet<DescMessage>;
  /** The methods, called or served, that it is for; of others protobuf-es does all. */
  readonly methods: ReadonlySet<DescMethod>;
}
export interface CodecMessage {
  readonly desc: DescMessage;
  /** `Summary` of `readSummary`. */
  readonly name: string;
  /** What is read of it, or set, by number; undefined: all of it. */
  readonly fields: readonly DescField[] | undefined;
}
export interface CodecRoot extends Omit<CodecMessage, "fields"> {
  /** Why protobuf-es does it; undefined: there are functions for it. */
  readonly why: string | undefined;
}
