/** Memoises a function of a part of a plan or of an expression; neither changes. */
export function once<Part extends object, Result>(compute: (part: Part) => Result): (part: Part) => Result {
  const all = new WeakMap<Part, { readonly result: Result }>();
  return (part) => {
    const found = all.get(part) ?? { result: compute(part) };
    all.set(part, found);
    return found.result;
  };
}
