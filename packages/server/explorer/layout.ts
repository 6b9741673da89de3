// Layout of a graph. The longest path to a step determines its column. Within a column, steps are near their
// neighbours.

interface Placed {
  /** Upper left corner of each node. */
  readonly at: readonly { readonly x: number; readonly y: number }[];
  readonly width: number;
  readonly height: number;
}

export const BOX = { width: 200, height: 56 };
const GAP = { x: 56, y: 16 };
/** Maximum number of nodes in a column, so that a wide graph fits a page. */
const MAX_ROWS = 24;
const SWEEPS = 2;

/**
 * Places the nodes in time linear in nodes and edges, except for sorting. Nodes of a cycle, which no plan has, are in
 * the first column.
 */
export function placed(count: number, edges: readonly { readonly from: number; readonly to: number }[]): Placed {
  const before: number[][] = Array.from({ length: count }, () => []);
  const after: number[][] = Array.from({ length: count }, () => []);
  for (const { from, to } of edges) {
    after[from]?.push(to);
    before[to]?.push(from);
  }
  const ranks = ranksOf(before, after);
  const columns: number[][] = [];
  ranks.forEach((rank, node) => {
    columns[rank] ??= [];
    columns[rank]?.push(node);
  });
  const row = new Array<number>(count).fill(0);
  const number = (column: readonly number[] | undefined): void => {
    column?.forEach((node, index) => {
      row[node] = index;
    });
  };
  columns.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    const order = down ? columns : columns.toReversed();
    for (const column of order) {
      if (column === undefined) continue;
      const middle = new Map(column.map((node) => [node, middleOf((down ? before : after)[node] ?? [], row, node)]));
      column.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0) || (row[a] ?? 0) - (row[b] ?? 0));
      number(column);
    }
  }
  return coordinates(count, columns);
}

/** Returns the number of nodes before each node on the longest path to it. */
function ranksOf(before: readonly (readonly number[])[], after: readonly (readonly number[])[]): number[] {
  const ranks = new Array<number>(before.length).fill(0);
  const waits = before.map(({ length }) => length);
  const ready = waits.flatMap((left, node) => (left === 0 ? [node] : []));
  for (const node of ready) {
    for (const next of after[node] ?? []) {
      ranks[next] = Math.max(ranks[next] ?? 0, (ranks[node] ?? 0) + 1);
      const left = (waits[next] ?? 0) - 1;
      waits[next] = left;
      if (left === 0) ready.push(next);
    }
  }
  return ranks.map((rank, node) => ((waits[node] ?? 0) > 0 ? 0 : rank));
}

/** Returns the mean position of a node's neighbours, or the node's current position if it has none. */
function middleOf(neighbours: readonly number[], row: readonly number[], node: number): number {
  if (neighbours.length === 0) return row[node] ?? 0;
  return neighbours.reduce((sum, neighbour) => sum + (row[neighbour] ?? 0), 0) / neighbours.length;
}

function coordinates(count: number, columns: readonly (readonly number[])[]): Placed {
  const at = Array.from({ length: count }, () => ({ x: 0, y: 0 }));
  const rows = Math.min(MAX_ROWS, Math.max(1, ...columns.map((column) => column?.length ?? 0)));
  let x = 0;
  for (const column of columns) {
    if (column === undefined) continue;
    const beside = Math.ceil(column.length / MAX_ROWS);
    const high = Math.ceil(column.length / beside);
    const top = ((rows - high) / 2) * (BOX.height + GAP.y);
    column.forEach((node, index) => {
      const side = Math.floor(index / high);
      at[node] = { x: x + side * (BOX.width + GAP.y), y: top + (index % high) * (BOX.height + GAP.y) };
    });
    x += beside * (BOX.width + GAP.y) - GAP.y + GAP.x;
  }
  return { at, width: Math.max(BOX.width, x - GAP.x), height: rows * (BOX.height + GAP.y) - GAP.y };
}
