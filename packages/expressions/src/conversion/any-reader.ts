import { type DescMessage, fromBinary, type Message } from "@bufbuild/protobuf";

type ReadMessage = (desc: DescMessage, bytes: Uint8Array) => Message;
let read: ReadMessage = fromBinary;

/** Sets the function that reads the bytes of an Any. The runtime's is stricter than protobuf-es. */
export function readAnyWith(readMessage: ReadMessage): void {
  read = readMessage;
}
/** Reads the bytes of an Any. */
export const readAny: ReadMessage = (desc, bytes) => read(desc, bytes);
