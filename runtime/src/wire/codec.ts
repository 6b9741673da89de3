// The wire: protobuf messages as bytes. What generated codecs are made of, and the frame that gRPC puts around a message. It knows
// protobuf-es, to which it leaves whatever is unusual, and nothing of calls. Here: functions for the usual, protobuf-es for the rest.
import { channel } from "node:diagnostics_channel";
import {
  create,
  type DescMessage,
  fromBinary,
  type Message,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { frame } from "./frame.ts";
import { Reader } from "./reader.ts";
import { markReleasable } from "./release-buffer.ts";
import { Writer } from "./writer.ts";

/** How many messages of this process went through generated functions, and how many protobuf-es had to do after all. */
export interface CodecCounters {
  decoded: number;
  decodedByProtobufEs: number;
  encoded: number;
  encodedByProtobufEs: number;
}
export const codecCounters: CodecCounters = {
  decoded: 0,
  decodedByProtobufEs: 0,
  encoded: 0,
  encodedByProtobufEs: 0,
};

// For those who measure the process from the outside.
channel("protobff.codecs").publish(codecCounters);

// Reading and writing never waits, so one of each is enough; neither is entered again while it is at work.
const READER = new Reader();
const WRITER = new Writer();

/**
 * Decodes as protobuf-es does; of what `read` leaves out nothing is given.
 *
 * @throws what protobuf-es throws
 */
export function decoder<T, M extends Message & T>(
  schema: GenMessage<M>,
  read: (r: Reader) => T,
): (bytes: Uint8Array) => T {
  return (bytes) => {
    try {
      READER.start(bytes);
      const message = read(READER);
      READER.finish();
      if (!READER.kept) markReleasable(bytes);
      codecCounters.decoded++;
      return message;
    } catch {
      codecCounters.decodedByProtobufEs++;
      return fromBinary<GenMessage<M>>(schema, bytes) as unknown as M;
    } finally {
      READER.release();
    }
  };
}

/** For a message that is passed on as it is: refuses what protobuf-es refuses, and decodes only for those who look into it. */
export function passer<M extends Message>(schema: GenMessage<M>): (bytes: Uint8Array) => M {
  return decoder<M, M>(schema, (r) => r.rest(schema));
}

/**
 * Encodes as protobuf-es does, with gRPC's prefix in front.
 *
 * @throws what protobuf-es throws
 */
export function encoder<Desc extends DescMessage>(
  schema: Desc,
  write: (w: Writer, message: MessageInitShape<Desc>) => void,
): (message: MessageInitShape<Desc>) => Buffer {
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

/** For a message that has no generated codec. */
export function otherDecoder<M extends Message>(schema: GenMessage<M>): (bytes: Uint8Array) => M {
  return (bytes) => {
    codecCounters.decodedByProtobufEs++;
    return fromBinary<GenMessage<M>>(schema, bytes) as unknown as M;
  };
}
/** For a message that has no generated codec. */
export function otherEncoder<Desc extends DescMessage>(schema: Desc): (message: MessageInitShape<Desc>) => Buffer {
  return (message) => {
    codecCounters.encodedByProtobufEs++;
    return frame(toBinary(schema, create(schema, message)));
  };
}
