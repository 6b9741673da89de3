/** Of one connection, in one turn of the event loop. */
export const AT_ONCE = 8;

/** A request of HTTP/2 that has come whole. */
export interface Whole {
  /** Nothing happens when it has ended meanwhile. */
  begin(): void;
}

/** The requests of one connection that are to begin, the oldest first. */
type Line = Whole[];
const LINE = Symbol();
type WithLine = { [LINE]?: Line };

/** The connections that have such requests. */
let lines: Line[] = [];
let scheduled = false;

/**
 * Begins it in one of the next turns of the event loop: not in this one, since what is reset together with its end begins nothing, and node
 * tells of the end before it has looked at the rest of what it has read; and not before those that came earlier on its connection. In a turn each
 * connection begins so many at most: who asks for much at once makes others wait for that many, and not for all.
 *
 * @param connection its session
 */
export function beginInTurn(connection: object, request: Whole): void {
  const line = lineOf(connection);
  if (line.push(request) === 1) lines.push(line);
  schedule();
}

function lineOf(connection: WithLine): Line {
  connection[LINE] ??= [];
  return connection[LINE];
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setImmediate(turn);
}

function turn(): void {
  scheduled = false;
  const now = lines;
  lines = [];
  let taken = 0;
  try {
    for (const line of now) {
      taken++;
      const first = line.splice(0, AT_ONCE);
      if (line.length > 0) lines.push(line);
      for (const request of first) request.begin();
    }
  } finally {
    lines.push(...now.slice(taken)); // one has thrown
    if (lines.length > 0) schedule();
  }
}
