/** Memoises a function of a part of a plan or of an expression; neither changes. */
export function once<Part extends object, Said>(say: (part: Part) => Said): (part: Part) => Said {
  const all = new WeakMap<Part, { readonly said: Said }>();
  return (part) => {
    const found = all.get(part) ?? { said: say(part) };
    all.set(part, found);
    return found.said;
  };
}
