// Messages that a file sends or receives with generated functions.
import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";

/** Contents of `<file>_codec.ts`. */
export interface PlanCodec {
  /** Messages that are sent or received as a whole, each once. */
  readonly encodes: readonly CodecRoot[];
  readonly decodes: readonly CodecRoot[];
  /** These messages and the messages inside them, if they have generated functions. */
  readonly writers: ReadonlyMap<DescMessage, CodecMessage>;
  readonly readers: ReadonlyMap<DescMessage, CodecMessage>;
  /** Messages whose bytes are passed on unchanged. */
  readonly passed: ReadonlySet<DescMessage>;
  /** Methods, called or served, with generated functions; protobuf-es handles the other methods. */
  readonly methods: ReadonlySet<DescMethod>;
}
export interface CodecMessage {
  readonly desc: DescMessage;
  /** Suffix of the function names, such as `Summary` in `readSummary`. */
  readonly name: string;
  /** Fields that are read or set, by number; undefined: all fields. */
  readonly fields: readonly DescField[] | undefined;
}
export interface CodecRoot extends Omit<CodecMessage, "fields"> {
  /** The reason why protobuf-es handles the message; undefined: generated functions handle it. */
  readonly why: string | undefined;
}

/** Fields of a method's answers in which mirrors are compared. */
export interface ComparedFields {
  /** Messages that are compared in part, each with the fields. Other messages are compared whole. */
  readonly parts: ReadonlyMap<DescMessage, readonly DescField[]>;
  /** Fields that would be compared, but are ignored. */
  readonly ignored: ReadonlySet<DescField>;
}
