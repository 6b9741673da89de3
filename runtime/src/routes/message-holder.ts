import { createContextKey } from "@connectrpc/connect";

/** Account of a connection whose requests are served in turn. */
export interface MessageHolder {
  /** The connection: the same object for all of its requests. */
  readonly connection: object;
  /** True if no other reader uses the chunks of the body. */
  readonly handsOver: boolean;
  /** Why its messages are no longer read: the process holds too many bytes, for example. */
  readonly failure: Error | undefined;
  /** Adds bytes that are kept until the request is answered. */
  hold(bytes: number): void;
  /** Subtracts bytes that are no longer kept. */
  letGo(bytes: number): void;
  /** Runs work that delays the requests of its connection that have not begun. */
  ahead<T>(work: () => Promise<T>): Promise<T>;
  /** Waits until a message of this size may be read. The messages of one connection are read one after the other. */
  turn(bytes: number): Promise<void>;
}
export const HOLDER = createContextKey<MessageHolder | undefined>(undefined);
/** Owner of all requests on custom servers, which do not identify connections. */
const NOBODYS = {};
/** Returns the owner whose messages take turns in compression and decompression. */
export const ownerOf = (holder: MessageHolder | undefined): object => holder?.connection ?? NOBODYS;
