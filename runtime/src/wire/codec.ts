// The wire: protobuf messages as bytes, for generated codecs, and gRPC's frame around a message. Usual values have
// functions here. Unusual messages are read by their descriptor, and written by protobuf-es. This folder depends on
// protobuf-es, not on calls.
import { channel } from "node:diagnostics_channel";
import { create, type DescMessage, type Message, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { frame } from "./frame.ts";
import { Reader, readMessage } from "./reader.ts";
import { markReleasable } from "./release-buffer.ts";
import { Writer } from "./writer.ts";

/**
 * Number of messages of this process that generated functions handled, of those that were read by their descriptor, and
 * of those that protobuf-es wrote.
 */
export interface CodecCounters {
  decoded: number;
  decodedByDescriptor: number;
  encoded: number;
  encodedByProtobufEs: number;
}
/**
 * The counters of this process. Their object is published on the channel `protobff.codecs` (node:diagnostics_channel).
 */
export const codecCounters: CodecCounters = {
  decoded: 0,
  decodedByDescriptor: 0,
  encoded: 0,
  encodedByProtobufEs: 0,
};

// For tools that measure the process from the outside.
channel("protobff.codecs").publish(codecCounters);

// Reading and writing is synchronous, so one of each suffices. Neither is entered again while it runs.
const READER = new Reader();
const WRITER = new Writer();

/** Returns the message of bytes. */
export type Decoder<T> = (bytes: Uint8Array) => T;
/** Returns the bytes of a message, with gRPC's prefix in front. */
export type Encoder<Desc extends DescMessage> = (message: MessageInitShape<Desc>) => Buffer;

/** Types of messages, by the functions that decode them. */
const SCHEMAS = new WeakMap<object, DescMessage>();
/** Returns the type of messages that a generated function decodes. */
export const schemaOf = (decode: object): DescMessage | undefined => SCHEMAS.get(decode);
function decodes<F extends object>(schema: DescMessage, decode: F): F {
  SCHEMAS.set(decode, schema);
  return decode;
}
/** Functions of generated decoders, which return no value that its own type forbids unless they fall back. */
const READS = new WeakMap<object, (r: Reader) => unknown>();
/**
 * Returns a generated decoder that also checks the messages for which it falls back; undefined if it is not generated.
 *
 * @param check throws for a message that is refused
 */
export function checkedBy<T>(
  schema: DescMessage,
  decode: Decoder<T>,
  check: (message: object) => void,
): Decoder<T> | undefined {
  const read = READS.get(decode) as ((r: Reader) => T) | undefined;
  return read && decoding(schema, read, check);
}

/**
 * Returns a decoder with the results of `readMessage`, without the fields that `read` leaves out.
 *
 * @throws what `readMessage` throws
 * @example
 * const decodeRunEvent = decoder(RunEventSchema, readRunEvent);
 */
export function decoder<T, M extends Message & T>(schema: GenMessage<M>, read: (r: Reader) => T): Decoder<T> {
  const decode = decodes(schema, decoding(schema, read));
  READS.set(decode, read);
  return decode;
}
function decoding<T>(schema: DescMessage, read: (r: Reader) => T, check?: (message: object) => void): Decoder<T> {
  return (bytes) => {
    try {
      READER.start(bytes);
      const message = read(READER);
      READER.finish();
      if (!READER.kept) markReleasable(bytes);
      codecCounters.decoded++;
      return message;
    } catch {
      codecCounters.decodedByDescriptor++;
      const message = readMessage(schema, bytes);
      check?.(message);
      return message as T;
    } finally {
      READER.release();
    }
  };
}

/**
 * Returns a decoder for a message that is passed on as it is. It rejects what `readMessage` rejects, and decodes fields
 * only on access.
 *
 * @throws what `readMessage` throws
 * @example
 * const decodeItem = passer(ItemSchema);
 */
export function passer<M extends Message>(schema: GenMessage<M>): Decoder<M> {
  return decoder<M, M>(schema, (r) => r.rest(schema));
}

/**
 * Returns an encoder that works as protobuf-es does, with gRPC's prefix in front.
 *
 * @throws what protobuf-es throws
 * @example
 * const encodeStartRequest = encoder(StartRequestSchema, writeStartRequest);
 * const framed = encodeStartRequest({ task: "build" });
 */
export function encoder<Desc extends DescMessage>(
  schema: Desc,
  write: (w: Writer, message: MessageInitShape<Desc>) => void,
): Encoder<Desc> {
  const slow = otherEncoder(schema);
  return (message) => {
    try {
      WRITER.start();
      write(WRITER, message);
      codecCounters.encoded++;
      return WRITER.frame();
    } catch {
      return slow(message);
    }
  };
}

/**
 * Returns a decoder by the descriptor, for a message that has no generated codec.
 *
 * @throws what `readMessage` throws
 * @example
 * const decodeItem = otherDecoder(ItemSchema);
 */
export function otherDecoder<M extends Message>(schema: GenMessage<M>): Decoder<M> {
  return decodes(schema, (bytes: Uint8Array): M => {
    codecCounters.decodedByDescriptor++;
    return readMessage<GenMessage<M>>(schema, bytes) as unknown as M;
  });
}
/**
 * Returns the encoder of protobuf-es, with gRPC's prefix in front, for a message that has no generated codec.
 *
 * @throws what protobuf-es throws
 * @example
 * const encodeItem = otherEncoder(ItemSchema);
 */
export function otherEncoder<Desc extends DescMessage>(schema: Desc): Encoder<Desc> {
  return (message) => {
    codecCounters.encodedByProtobufEs++;
    return frame(toBinary(schema, create(schema, message)));
  };
}
