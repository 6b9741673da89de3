import type { Socket } from "node:net";

/** The connections of HTTP/2 that clients have: node's, or those of our own frames. */
export interface ClientHttp2 {
  /** How many there are. */
  readonly size: number;
  /** @param socket a connection that speaks HTTP/2, of which nothing has been read */
  accept(socket: Socket): void;
  /** They end when what runs has been answered, and nothing new is taken. */
  close(): void;
  /** The same, where somebody else has taken over, and nobody is in a hurry. */
  leave(): void;
  /** At once. */
  destroy(): void;
}
