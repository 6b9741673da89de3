/** Work that may pause: after each `yield` its caller may do something else. Returns its result. */
export type Sliced<T> = Generator<undefined, T, undefined>;

/** Returns the result of work, without a pause. */
export function finish<T>(work: Sliced<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}
