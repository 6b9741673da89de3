// Messages between `dev` and the process of a server.

export type Order =
  /** Import these modules now, so that `begin` is fast; absolute paths. */
  | { readonly kind: "prepare"; readonly modules: readonly string[] }
  /** Import these modules of packages, by their URLs, and ignore their faults. */
  | { readonly kind: "preload"; readonly urls: readonly string[] }
  /** Run as `node <file> …args`. */
  | {
      readonly kind: "begin";
      readonly file: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
    };

export type Report =
  /** Files that were loaded since the last report: those outside of packages, and URLs in protobff's packages. */
  | { readonly kind: "loaded"; readonly paths: readonly string[]; readonly urls: readonly string[] }
  | { readonly kind: "prepared" }
  /** Its ports are closed; Node takes a moment more to end the process. */
  | { readonly kind: "exiting" }
  /** A module threw an error; `code` is that of Node. */
  | { readonly kind: "unprepared"; readonly message: string; readonly code: string | undefined };
