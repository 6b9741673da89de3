/**
 * Strongly connected components by Tarjan's algorithm (SIAM J. Comput. 1(2), 1972), without recursion; linear in nodes
 * and edges.
 */
interface Sorted<T> {
  /** Every node once, after its dependencies; ties in the given order. */
  readonly order: readonly T[];
  /** Every cycle's nodes, in the order of one walk around it; a node that depends on itself is a cycle of one. */
  readonly cycles: readonly (readonly T[])[];
}

export function sortByDependency<T>(nodes: readonly T[], dependencies: (node: T) => Iterable<T>): Sorted<T> {
  const members = new Set(nodes);
  const index = new Map<T, number>();
  const low = new Map<T, number>();
  const onStack = new Set<T>();
  const stack: T[] = [];
  const order: T[] = [];
  const cycles: T[][] = [];
  let next = 0;
  const visit = (root: T): void => {
    const frames: { node: T; rest: Iterator<T> }[] = [];
    const enter = (node: T): void => {
      index.set(node, next);
      low.set(node, next);
      next++;
      stack.push(node);
      onStack.add(node);
      frames.push({ node, rest: dependencies(node)[Symbol.iterator]() });
    };
    enter(root);
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const { node, rest } = frame;
      const step = rest.next();
      if (!step.done) {
        const to = step.value;
        if (!members.has(to)) continue;
        const position = index.get(to);
        if (position === undefined) enter(to);
        else if (onStack.has(to)) low.set(node, Math.min(low.get(node) ?? 0, position));
        continue;
      }
      frames.pop();
      const parent = frames.at(-1)?.node;
      if (parent !== undefined) low.set(parent, Math.min(low.get(parent) ?? 0, low.get(node) ?? 0));
      if (low.get(node) !== index.get(node)) continue;
      const component: T[] = [];
      for (let popped = stack.pop(); popped !== undefined; popped = stack.pop()) {
        onStack.delete(popped);
        component.push(popped);
        if (popped === node) break;
      }
      component.reverse();
      order.push(...component);
      const [only] = component;
      if (component.length > 1) cycles.push(around(component, dependencies));
      else if (only !== undefined && [...dependencies(only)].includes(only)) cycles.push([only]);
    }
  };
  for (const node of nodes) if (!index.has(node)) visit(node);
  return { order, cycles };
}

/** Every node that the roots lead to, each once, before what it leads to and in the order given. */
export function reachable<T>(roots: readonly T[], next: (node: T) => readonly T[]): T[] {
  const found = new Set<T>();
  const open = [...roots].reverse();
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    open.push(...[...next(node)].reverse());
  }
  return [...found];
}

/** A shortest walk from the component's first node back to it. */
function around<T>(component: readonly T[], dependencies: (node: T) => Iterable<T>): T[] {
  const members = new Set(component);
  const [first] = component;
  if (first === undefined) return [];
  const from = new Map<T, T>();
  const queue: T[] = [first];
  for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
    for (const to of dependencies(node)) {
      if (to === first) {
        const path = [node];
        for (let back = node; back !== first; ) {
          const previous = from.get(back);
          if (previous === undefined) break;
          path.push(previous);
          back = previous;
        }
        return path.reverse();
      }
      if (!members.has(to) || from.has(to)) continue;
      from.set(to, node);
      queue.push(to);
    }
  }
  return [...component];
}
