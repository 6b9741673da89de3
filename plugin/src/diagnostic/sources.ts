/** The text of a .proto file by its name in the descriptor; undefined when it cannot be read. */
export interface Sources {
  (protoFile: string): string | undefined;
  /** Its path from the working directory, for people and editors to open; without it, the name in the descriptor. */
  readonly path?: (protoFile: string) => string;
}
