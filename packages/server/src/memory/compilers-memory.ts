import { setFlagsFromString } from "node:v8";

/**
 * V8's middle compiler, Maglev, frees what it has compiled a function with on a thread of its own, and there only when no other function waits to be
 * compiled: in a process that has just begun, hundreds do. malloc gives little of that back. From here on it is freed as soon as the code is there.
 *
 * Of this process, for as long as it runs. Node 22 does not use Maglev, and knows the flag.
 */
export function freeAfterCompiling(): void {
  setFlagsFromString("--no-maglev-destroy-on-background");
}
